import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  DataZoomSliderComponent,
  GraphicComponent,
  GridComponent,
  TitleComponent,
  TooltipComponent,
} from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';
import { ChartKeys } from './chart-keys.ts';
import { downloadButtons } from './downloads.ts';
import { element } from './elements.ts';
import { figureCsv } from './figure-data.ts';
import { figureDrawing } from './figure-drawing.ts';
import { figurePicture, PICTURE_SCALE } from './figure-picture.ts';
import type { Imprint } from './imprint.ts';
import { middleOf, type Place } from './places.ts';
import type { Sheet, Stop } from './sheet.ts';
import { currentTheme, drawnTheme, savedTheme, type Theme } from './theme.ts';

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
  SVGRenderer,
]);

export type Draw = (width: number, theme: Theme) => Sheet;

/** Charts are drawn when they come near the window, which spares a phone the fifteen that nobody looks at. */
const NEAR = '600px';

/** Of a chart on paper, pixels: letters come out as large as those around it. */
const PAPER_WIDTH = 720;

/** One chart of the page, in its place of the markup. */
export class Chart {
  readonly id: string;
  private readonly place: HTMLElement;
  private readonly draw: Draw;
  private readonly imprint: () => Imprint;
  private readonly onPeriod: ((from: number, to: number) => void) | undefined;
  private readonly keys: ChartKeys;
  private readonly downloads: ReturnType<typeof downloadButtons>;
  private chart: ECharts | undefined;
  private sheet: Sheet | undefined;
  private isNear = false;
  private isStale = true;
  private width = 0;

  /**
   * @param imprint what the figure says of itself where it is saved
   * @param onPeriod hears of the window that a reader drags in the strip of this chart, wall-clock milliseconds
   */
  constructor(
    place: HTMLElement,
    draw: Draw,
    imprint: () => Imprint,
    onPeriod?: (from: number, to: number) => void,
  ) {
    this.place = place;
    this.id = place.dataset.chart as string;
    this.draw = draw;
    this.imprint = imprint;
    this.onPeriod = onPeriod;
    this.keys = new ChartKeys(place, {
      arrive: () => this.isStale && this.render(),
      show: (stop) => this.showTip(stop),
      hide: () => this.chart?.dispatchAction({ type: 'hideTip' }),
      open: (stop) =>
        this.sheet?.open({ seriesIndex: stop.seriesIndex, value: [0, 0, stop.index] }, this.placeOf(stop)),
    });
    this.downloads = downloadButtons({
      fileName: () => this.imprint().fileName,
      whyNothing: () => this.draw(this.place.clientWidth, savedTheme()).instead,
      picture: () => this.picture(),
      drawing: () => this.drawing(),
      data: () => this.data(),
    });
    place.after(this.downloads.place);
    new IntersectionObserver(
      ([entry]) => {
        this.isNear = entry?.isIntersecting ?? false;
        if (this.isNear && this.isStale) this.render();
      },
      { rootMargin: NEAR },
    ).observe(place);
    new ResizeObserver(() => {
      // Paper has widths of its own, for which the charts are drawn already.
      if (this.place.clientWidth !== this.width && !matchMedia('print').matches) this.refresh();
    }).observe(place);
  }

  /** What it shows is another now, which it draws already. */
  change(): void {
    this.downloads.unsay();
  }

  /** Draws anew, now or when it comes near. */
  refresh(): void {
    this.change();
    this.isStale = true;
    if (this.isNear) this.render();
  }

  /** Takes the room that the chart will need, so that nothing below it moves once it is drawn. */
  reserve(): void {
    if (!this.isStale || this.place.clientWidth === 0) return;
    const sheet = this.draw(this.place.clientWidth, currentTheme());
    this.place.style.height = `${sheet.height}px`;
    this.keys.offer(sheet);
  }

  /** Draws now, wherever it stands. */
  render(): void {
    this.isStale = false;
    this.width = this.place.clientWidth;
    if (this.width > 0) this.renderAs(currentTheme());
  }

  /** Draws for a sheet of paper, whatever the window; the next `refresh` makes it one of the window again. */
  renderForPaper(theme: Theme): void {
    this.width = PAPER_WIDTH;
    this.renderAs(theme);
  }

  private renderAs(theme: Theme): void {
    this.sheet = this.draw(this.width, theme);
    this.place.style.height = `${this.sheet.height}px`;
    this.chart ??= this.create();
    this.chart.resize({ width: this.width, height: this.sheet.height });
    this.chart.setOption(this.sheet.option, { notMerge: true });
    // At once rather than in the next frame, which paper does not wait for.
    this.chart.getZr().flush();
    this.keys.walk(this.sheet);
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
      const { left, top } = this.place.getBoundingClientRect();
      const { offsetX = 0, offsetY = 0 } = point.event ?? {};
      this.sheet?.open(point as { seriesIndex?: number; value?: unknown }, {
        x: left + offsetX,
        y: top + offsetY,
      });
    });
    chart.on('datazoom', () => {
      const [zoom] = (chart.getOption() as { dataZoom: { startValue: number; endValue: number }[] }).dataZoom;
      if (zoom) this.onPeriod?.(zoom.startValue, zoom.endValue);
    });
    return chart;
  }

  private showTip({ seriesIndex, dataIndex, index }: Stop): string {
    this.chart?.dispatchAction({ type: 'showTip', seriesIndex, dataIndex });
    const facts = this.sheet?.factsOf({ seriesIndex, dataIndex, index }) ?? [];
    return facts.map(([term, text]) => `${term} ${text}`).join(', ');
  }

  private placeOf({ seriesIndex, dataIndex }: Stop): Place {
    const { left, top } = this.place.getBoundingClientRect();
    const point = this.chart?.convertToPixel(
      { seriesIndex },
      this.sheet?.pointAt(seriesIndex, dataIndex) ?? [],
    );
    return Array.isArray(point)
      ? { x: left + (point[0] as number), y: top + (point[1] as number) }
      : middleOf(this.place);
  }

  private picture(): HTMLCanvasElement {
    const theme = savedTheme();
    const width = this.place.clientWidth;
    const sheet = this.draw(width, theme);
    // Many small points are lost where a chart is drawn anew for another scale than its own.
    const chart = init(element('div', {}), null, {
      ...{ renderer: 'canvas', width, height: sheet.height, devicePixelRatio: PICTURE_SCALE },
    });
    chart.setOption(sheet.option);
    const canvas = chart.renderToCanvas({ pixelRatio: PICTURE_SCALE, backgroundColor: theme.ground });
    const picture = figurePicture(canvas, this.imprint(), theme);
    chart.dispose();
    return picture;
  }

  private drawing(): string {
    const theme = drawnTheme();
    const width = this.place.clientWidth;
    const sheet = this.draw(width, theme);
    const chart = init(element('div', {}), null, { renderer: 'svg', width, height: sheet.height });
    chart.setOption(sheet.option);
    const remark = sheet.isThinned
      ? `Of each series ${theme.mostPoints.toLocaleString('en-US')} points at most are drawn; the data as CSV have more.`
      : '';
    const drawing = figureDrawing(
      chart.renderToSVGString(),
      { width, height: sheet.height },
      this.imprint(),
      theme,
      remark,
    );
    chart.dispose();
    return drawing;
  }

  private data(): string {
    return figureCsv(this.draw(this.place.clientWidth, savedTheme()).rows(), this.imprint().columns);
  }
}
