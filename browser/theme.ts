import type { ImageSplit } from '../shared/model-input/image-split.ts';

/** Colours of the page's style sheet, as light, dark and paper have them just now. */
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
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: colour('ground'),
    ink: colour('ink'),
    muted: colour('muted'),
    line: colour('line'),
    accent: colour('accent'),
    splits: {
      train: colour('train'),
      val: colour('val'),
      'test-in': colour('test-in'),
      'test-out': colour('test-out'),
    },
    choices: { left: colour('left'), right: colour('right'), same: colour('same') },
  };
}
