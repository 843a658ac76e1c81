import type { Imprint } from './imprint.ts';
import type { Theme } from './theme.ts';

/** Around the words of an imprint, and between them and the chart, pixels. */
export const MARGIN = 12;
const FONT_FAMILY = 'system-ui, sans-serif';
const TITLE = { size: 15, weight: 600, height: 20 };
const SOURCE = { size: 12, weight: 400, height: 17 };

/** A line of an imprint; `top` is where it begins, pixels below the top of the picture. */
export type ImprintLine = {
  text: string;
  size: number;
  weight: number;
  height: number;
  color: string;
  top: number;
};

export const fontOf = ({ size, weight }: Pick<ImprintLine, 'size' | 'weight'>): string =>
  `${weight} ${size}px ${FONT_FAMILY}`;

/**
 * What stands above a saved chart, in lines as wide as it is, and the room that they take.
 *
 * @param remark on the drawing itself; empty for none
 */
export function imprintLines(
  { title, source, selection }: Imprint,
  theme: Theme,
  width: number,
  remark = '',
): { lines: ImprintLine[]; height: number } {
  const context = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;
  const texts = [
    { text: title, ...TITLE, color: theme.ink },
    { text: source, ...SOURCE, color: theme.muted },
    { text: selection && `Selected: ${selection}`, ...SOURCE, color: theme.muted },
    { text: remark, ...SOURCE, color: theme.muted },
  ].filter(({ text }) => text !== '');
  let top = MARGIN;
  const lines = texts.flatMap(({ text, ...style }) => {
    context.font = fontOf(style);
    const fits = (part: string) => context.measureText(part).width <= width - 2 * MARGIN;
    return wrapped(text, fits).map((part): ImprintLine => {
      const line = { text: part, ...style, top };
      top += line.height;
      return line;
    });
  });
  return { lines, height: top + MARGIN };
}

/** Words in lines, each as long as it fits; a word that fits nowhere has a line of its own. */
function wrapped(text: string, fits: (line: string) => boolean): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
