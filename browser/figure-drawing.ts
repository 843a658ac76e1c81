import type { Imprint } from './imprint.ts';
import { fontOf, imprintLines, MARGIN } from './imprint-lines.ts';
import type { Theme } from './theme.ts';

/** What XML cannot hold in any form, and names of stations may. */
const UNWRITABLE = /[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu;

const NAMESPACE = 'http://www.w3.org/2000/svg';

/**
 * A chart and its imprint as one SVG: lines, points and words stay such in programs that draw.
 *
 * @param chart as ECharts renders it, an element `svg` of its own
 * @param remark on what is drawn; empty for none
 */
export function figureDrawing(
  chart: string,
  size: { width: number; height: number },
  imprint: Imprint,
  theme: Theme,
  remark: string,
): string {
  const { lines, height } = imprintLines(imprint, theme, size.width, remark);
  const whole = { width: size.width, height: size.height + height };
  const drawing = document.createElementNS(NAMESPACE, 'svg');
  for (const [name, value] of Object.entries(whole)) drawing.setAttribute(name, String(value));
  drawing.setAttribute('viewBox', `0 0 ${whole.width} ${whole.height}`);
  const add = (name: string, attributes: Record<string, string | number>, text = '') => {
    const part = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, String(value));
    part.textContent = text.replaceAll(UNWRITABLE, '');
    drawing.append(part);
    return part;
  };
  add('title', {}, `${imprint.title}. ${imprint.source}`);
  add('rect', { ...whole, fill: theme.ground });
  // Programs agree on the line that letters stand on, not on the top of a text.
  for (const { text, top, height, color, ...style } of lines)
    add('text', { x: MARGIN, y: top + 0.7 * height, fill: color, style: `font: ${fontOf(style)}` }, text);
  const place = add('g', { transform: `translate(0 ${height})` });
  const { documentElement } = new DOMParser().parseFromString(chart, 'image/svg+xml');
  place.append(document.importNode(documentElement, true));
  return new XMLSerializer().serializeToString(drawing);
}
