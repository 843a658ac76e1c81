import type { ImageSplit } from '../shared/model-input/image-split.ts';

/** Colors of the page's style sheet, as light, dark and paper have them just now. */
export type Theme = {
  ground: string;
  ink: string;
  muted: string;
  line: string;
  accent: string;
  splits: Record<ImageSplit, string>;
  choices: { left: string; right: string; same: string };
};

export const currentTheme = (): Theme => themeOf(document.documentElement);

/** Paper is light, whatever the screen is: of an element that the style sheet keeps light. */
export function paperTheme(): Theme {
  const paper = document.createElement('div');
  paper.className = 'paper';
  document.body.append(paper);
  const theme = themeOf(paper);
  paper.remove();
  return theme;
}

function themeOf(element: Element): Theme {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: color('ground'),
    ink: color('ink'),
    muted: color('muted'),
    line: color('line'),
    accent: color('accent'),
    splits: {
      train: color('train'),
      val: color('val'),
      'test-in': color('test-in'),
      'test-out': color('test-out'),
    },
    choices: { left: color('left'), right: color('right'), same: color('same') },
  };
}
