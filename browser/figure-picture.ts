import type { Imprint } from './imprint.ts';
import type { Theme } from './theme.ts';

/** Pixels of the picture for one of the page: sharp enough for slides and paper. */
export const PICTURE_SCALE = 2;

/** Around the words, and between them and the chart, pixels. */
const MARGIN = 12;
const FONT_FAMILY = 'system-ui, sans-serif';
const TITLE = { font: `600 15px ${FONT_FAMILY}`, height: 20 };
const SOURCE = { font: `12px ${FONT_FAMILY}`, height: 17 };

type Line = { text: string; font: string; height: number; color: string };

/** A chart with the words that tell, wherever the picture goes, what it shows and of which station and model. */
export function figurePicture(chart: HTMLCanvasElement, imprint: Imprint, theme: Theme): HTMLCanvasElement {
  const picture = document.createElement('canvas');
  const context = picture.getContext('2d') as CanvasRenderingContext2D;
  const width = chart.width / PICTURE_SCALE;
  const lines = linesOf(context, imprint, theme, width - 2 * MARGIN);
  const height = lines.reduce((sum, line) => sum + line.height, 2 * MARGIN);
  picture.width = chart.width;
  picture.height = chart.height + height * PICTURE_SCALE;
  context.fillStyle = theme.ground;
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(chart, 0, height * PICTURE_SCALE);
  context.scale(PICTURE_SCALE, PICTURE_SCALE);
  context.textBaseline = 'top';
  let top = MARGIN;
  for (const line of lines) {
    context.font = line.font;
    context.fillStyle = line.color;
    context.fillText(line.text, MARGIN, top);
    top += line.height;
  }
  return picture;
}

function linesOf(
  context: CanvasRenderingContext2D,
  { title, source, selection }: Imprint,
  theme: Theme,
  width: number,
): Line[] {
  const texts = [
    { text: title, ...TITLE, color: theme.ink },
    { text: source, ...SOURCE, color: theme.muted },
    ...(selection === '' ? [] : [{ text: `Selected: ${selection}`, ...SOURCE, color: theme.muted }]),
  ];
  return texts.flatMap(({ text, ...style }) => {
    context.font = style.font;
    return wrapped(text, (part) => context.measureText(part).width <= width).map((part) => ({
      text: part,
      ...style,
    }));
  });
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
