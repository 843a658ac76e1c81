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

export function currentTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
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
