import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  DataZoomSliderComponent,
  GraphicComponent,
  GridComponent,
  TitleComponent,
  TooltipComponent,
} from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { Sheet } from './sheet.ts';
import { currentTheme, type Theme } from './theme.ts';

use([
  BarChart,
  LineChart,
  ScatterChart,
  DataZoomSliderComponent,
  GraphicComponent,
  GridComponent,
  TitleComponent,
  TooltipComponent,
  CanvasRenderer,
]);

export type Draw = (width: number, theme: Theme) => Sheet;

/** Charts are drawn when they come near the window, which spares a phone the fifteen that nobody looks at. */
const NEAR = '600px';

/** One chart of the page, in its place of the markup. */
export class Chart {
  readonly id: string;
  private readonly place: HTMLElement;
  private readonly draw: Draw;
  private readonly onPeriod: ((from: number, to: number) => void) | undefined;
  private chart: ECharts | undefined;
  private sheet: Sheet | undefined;
  private isNear = false;
  private isStale = true;
  private width = 0;

  /** @param onPeriod hears of the window that a reader drags in the strip of this chart, wall-clock milliseconds */
  constructor(place: HTMLElement, draw: Draw, onPeriod?: (from: number, to: number) => void) {
    this.place = place;
    this.id = place.dataset.chart as string;
    this.draw = draw;
    this.onPeriod = onPeriod;
    new IntersectionObserver(
      ([entry]) => {
        this.isNear = entry?.isIntersecting ?? false;
        if (this.isNear && this.isStale) this.render();
      },
      { rootMargin: NEAR },
    ).observe(place);
    new ResizeObserver(() => {
      if (this.place.clientWidth !== this.width) this.refresh();
    }).observe(place);
  }

  /** Draws anew, now or when it comes near. */
  refresh(): void {
    this.isStale = true;
    if (this.isNear) this.render();
  }

  render(): void {
    this.isStale = false;
    this.width = this.place.clientWidth;
    if (this.width === 0) return;
    this.sheet = this.draw(this.width, currentTheme());
    this.sheet.sayIfEmpty();
    this.place.style.height = `${this.sheet.height}px`;
    this.chart ??= this.create();
    this.chart.resize({ width: this.width, height: this.sheet.height });
    this.chart.setOption(this.sheet.option, { notMerge: true });
    this.place.dataset.drawn = 'true';
  }

  private create(): ECharts {
    const chart = init(this.place, null, {
      renderer: 'canvas',
      width: this.width,
      height: (this.sheet as Sheet).height,
      // Sharp enough for paper and telephones, at a third of the memory of three.
      devicePixelRatio: Math.min(2, Math.max(1.5, window.devicePixelRatio)),
    });
    chart.on('click', (point) => {
      chart.dispatchAction({ type: 'hideTip' });
      this.sheet?.open(point as { seriesIndex?: number; value?: unknown });
    });
    chart.on('datazoom', () => {
      const [zoom] = (chart.getOption() as { dataZoom: { startValue: number; endValue: number }[] }).dataZoom;
      if (zoom) this.onPeriod?.(zoom.startValue, zoom.endValue);
    });
    return chart;
  }
}
