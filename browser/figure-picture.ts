import type { Imprint } from './imprint.ts';
import { fontOf, imprintLines, MARGIN } from './imprint-lines.ts';
import type { Theme } from './theme.ts';

/** Pixels of the picture for one of the page: sharp enough for slides and paper. */
export const PICTURE_SCALE = 2;

/** A chart with the words that tell, wherever the picture goes, what it shows and of which station and model. */
export function figurePicture(chart: HTMLCanvasElement, imprint: Imprint, theme: Theme): HTMLCanvasElement {
  const picture = document.createElement('canvas');
  const context = picture.getContext('2d') as CanvasRenderingContext2D;
  const { lines, height } = imprintLines(imprint, theme, chart.width / PICTURE_SCALE);
  picture.width = chart.width;
  picture.height = chart.height + height * PICTURE_SCALE;
  context.fillStyle = theme.ground;
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(chart, 0, height * PICTURE_SCALE);
  context.scale(PICTURE_SCALE, PICTURE_SCALE);
  context.textBaseline = 'top';
  for (const { text, top, color, ...style } of lines) {
    context.font = fontOf(style);
    context.fillStyle = color;
    context.fillText(text, MARGIN, top);
  }
  return picture;
}
