import { LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { Html, html } from './html.ts';

use([LineChart, ScatterChart, GridComponent, LegendComponent, SVGRenderer]);

/** CSS properties of the page: a chart follows its light and dark colours. Splits in ColorBrewer's Set1 (contract 8.3). */
export const COLOURS = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  line: 'var(--line)',
  train: 'var(--train)',
  val: 'var(--val)',
  'test-in': 'var(--test-in)',
  'test-out': 'var(--test-out)',
} as const;

/** Pixels; the narrow one is for phones, where shrinking the wide one would leave its letters unreadable. */
const SIZES = { wide: { width: 760, height: 360 }, narrow: { width: 340, height: 280 } } as const;
export type ChartSize = keyof typeof SIZES;

/** Looks that all axes share. */
export const axisStyle = (name: string, nameGap: number) => ({
  name,
  nameLocation: 'middle' as const,
  nameGap,
  nameTextStyle: { color: COLOURS.ink },
  axisLine: { show: true, lineStyle: { color: COLOURS.muted } },
  axisTick: { lineStyle: { color: COLOURS.muted } },
  axisLabel: { color: COLOURS.muted },
  splitLine: { lineStyle: { color: COLOURS.line } },
});

/**
 * Draws a chart as inline SVG, once for wide and once for narrow windows; the page's style shows one of them.
 *
 * @param id unique in the page, letters and dashes
 * @param description what the chart shows, for those who cannot see it
 */
export function chart(id: string, description: string, option: (size: ChartSize) => EChartsCoreOption): Html {
  const drawings = (Object.keys(SIZES) as ChartSize[]).map(
    (size) => html`<div class="${size}">${drawSvg(`${id}-${size}`, SIZES[size], option(size))}</div>`,
  );
  return html`<div class="chart" role="img" aria-label="${description}">${drawings}</div>`;
}

function drawSvg(id: string, size: { width: number; height: number }, option: EChartsCoreOption): Html {
  const canvas = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    canvas.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', fontSize: 13, color: COLOURS.ink },
      ...option,
    });
    return new Html(cleanSvg(canvas.renderToSVGString(), id));
  } finally {
    canvas.dispose();
  }
}

/**
 * Leaves out what only serves hovering, and names clip paths after the chart: echarts numbers them by how many charts
 * the process has drawn, so two of them would share names, and the same run would not give the same bytes.
 */
const cleanSvg = (svg: string, id: string): string =>
  svg
    .replaceAll(/<style[\s\S]*?<\/style>/g, '')
    .replaceAll(/ (?:class|pointer-events|ecmeta_\w+|xmlns:xlink|version|baseProfile)="[^"]*"/g, '')
    .replaceAll(/\bzr\d+-/g, `${id}-`);
