import type { ImageSplit } from '../shared/model-input/image-split.ts';

/** How charts are drawn on light, dark and paper; the colors are those of the page's style sheet. */
export type Theme = {
  ground: string;
  ink: string;
  muted: string;
  line: string;
  accent: string;
  splits: Record<ImageSplit, string>;
  choices: { left: string; right: string; same: string };
  /** Points of one series that are drawn at most. */
  mostPoints: number;
  /** Nothing can be dragged: on paper, and in a file. */
  isStill: boolean;
};

/** On paper and in SVG points are shapes rather than pixels, and tens of megabytes of them show no more. */
const MOST_SHAPES = 3000;

export const currentTheme = (): Theme => ({
  ...colorsOf(document.documentElement),
  mostPoints: Number.POSITIVE_INFINITY,
  isStill: false,
});

/** Of a figure that is saved: as the page shows it. */
export const savedTheme = (): Theme => ({ ...currentTheme(), isStill: true });

/** Of one that is saved as shapes. */
export const drawnTheme = (): Theme => ({ ...savedTheme(), mostPoints: MOST_SHAPES });

/** Paper is light, whatever the screen is: of an element that the style sheet keeps light. */
export function paperTheme(): Theme {
  const paper = document.createElement('div');
  paper.className = 'paper';
  document.body.append(paper);
  const colors = colorsOf(paper);
  paper.remove();
  return { ...colors, mostPoints: MOST_SHAPES, isStill: true };
}

function colorsOf(element: Element): Omit<Theme, 'mostPoints' | 'isStill'> {
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
