import type { EChartsCoreOption } from 'echarts/core';
import { thin } from '../shared/report/data/decimation.ts';
import type { Facts, FigureRow } from './figure-data.ts';
import type { Place } from './places.ts';
import type { Theme } from './theme.ts';
import type { ValueScale } from './value-scale.ts';

/** What a point stands for: its words, and what a click on it does; `at` is where in the window it was clicked. */
export type About = { describe(index: number): Facts; open?(index: number, at: Place): void };

/** An axis of ECharts; `read` gives the number or text at a place on it, for the data of the figure. */
export type Axis = Record<string, unknown> & { read?: (place: number) => string | number };

/** A point that can be walked to by key. */
export type Stop = { seriesIndex: number; dataIndex: number; index: number };
/** Place on the x axis, on the y axis, and the index that `About` knows. */
export type Point = [x: number, y: number | null, index: number];

export type Box = { left: number; top: number; width: number; height: number };
type PointStyle = {
  name: string;
  color: string;
  symbol?: string;
  size?: number | number[];
  opacity?: number;
};

/** Above this, points are drawn as one shape. */
const LARGE = 3000;
const FONT = 12;
/** Between two lines of a legend, pixels. */
const LEGEND_LINE = 16;

/** One chart of one or more panels in the making: an option of ECharts, and what its points stand for. */
export class Sheet {
  readonly width: number;
  readonly theme: Theme;
  height = 0;
  /** Above all plots, where a legend would lie on the title of the first one, pixels. */
  headroom = 0;
  option: EChartsCoreOption & {
    grid: object[];
    xAxis: object[];
    yAxis: object[];
    series: object[];
    title: object[];
  };
  /** Words that stand in the place of the whole chart; empty if there is one. */
  instead = '';
  /** Whether some points are left out, as there are more than the theme draws. */
  isThinned = false;
  /** What stands in a panel that has nothing where others have. */
  emptyPanel = 'Nothing in this period';
  private readonly about: (About | undefined)[] = [];
  /** Series that are drawn whether there are data or not. */
  private readonly guides = new Set<number>();
  private readonly panels: { name: string; x: Axis; y: Axis }[] = [];

  constructor(width: number, theme: Theme) {
    this.width = width;
    this.theme = theme;
    this.option = {
      animation: false,
      useUTC: true,
      textStyle: { fontFamily: 'system-ui, sans-serif', fontSize: FONT, color: theme.ink },
      tooltip: {
        trigger: 'item',
        confine: true,
        // Below the tools and the photo.
        extraCssText: 'z-index: 4',
        backgroundColor: theme.ground,
        borderColor: theme.line,
        textStyle: { color: theme.ink, fontSize: FONT },
        formatter: (point: { seriesIndex: number; value: unknown }) => this.describe(point) ?? '',
      },
      grid: [],
      xAxis: [],
      yAxis: [],
      series: [],
      title: [],
    };
  }

  /** Too narrow for panels side by side. */
  get isNarrow(): boolean {
    return this.width < 560;
  }

  /** As on a tablet and on paper, where labels of many panels in a row lie on each other, and one figure fills a page. */
  get isMiddle(): boolean {
    return !this.isNarrow && this.width < 960;
  }

  /**
   * @param box of the plot itself, pixels; its labels lie outside
   * @param name in the data of the figure; the title unless given
   * @returns index of the panel
   */
  panel(box: Box, x: Axis, y: Axis, title = '', name = title): number {
    const index = this.option.grid.length;
    // Panels above each other share their edges, whatever the width of their labels.
    this.option.grid.push({ ...box, outerBoundsMode: 'none' });
    this.panels.push({ name, x, y });
    this.option.xAxis.push({ gridIndex: index, ...x });
    this.option.yAxis.push({ gridIndex: index, ...y });
    if (title)
      this.option.title.push({
        text: title,
        left: box.left,
        top: box.top - 22,
        padding: 0,
        textStyle: { fontSize: 13, fontWeight: 600, color: this.theme.ink },
      });
    return index;
  }

  points(panel: number, points: Point[], style: PointStyle, about?: About): void {
    const shown = thin(points, this.theme.mostPoints);
    if (shown.length < points.length) this.isThinned = true;
    const size = style.size ?? (points.length > 5000 ? 3 : points.length > 500 ? 5 : 7);
    this.addSeries(panel, about, {
      type: 'scatter',
      name: style.name,
      data: shown,
      dimensions: ['x', 'y', 'index'],
      encode: { x: 0, y: 1 },
      symbol: style.symbol ?? 'circle',
      symbolSize: size,
      large: points.length > LARGE,
      largeThreshold: LARGE,
      progressive: 0,
      itemStyle: { color: style.color, opacity: style.opacity ?? (points.length > 2000 ? 0.45 : 0.75) },
      cursor: about?.open ? 'pointer' : 'default',
      z: 3,
    });
  }

  line(
    panel: number,
    points: (Point | [number, number | null])[],
    style: { name: string; color: string; width?: number; dashed?: boolean; step?: boolean },
  ): void {
    this.addSeries(panel, undefined, {
      type: 'line',
      name: style.name,
      data: points,
      showSymbol: false,
      silent: true,
      step: style.step ? 'end' : undefined,
      lineStyle: { color: style.color, width: style.width ?? 1.2, type: style.dashed ? 'dashed' : 'solid' },
      itemStyle: { color: style.color },
      z: 2,
    });
  }

  /** A line to read others by, such as that of zero: it is no data. */
  guide(
    panel: number,
    points: [number, number][],
    style: { name: string; color: string; width?: number; dashed?: boolean },
  ): void {
    this.guides.add(this.option.series.length);
    this.line(panel, points, style);
  }

  bars(
    panel: number,
    data: (number | null)[],
    style: { name: string; color: string | ((bar: { dataIndex: number }) => string); stack?: string },
    about?: About,
  ): void {
    this.addSeries(panel, about, {
      type: 'bar',
      name: style.name,
      data,
      stack: style.stack,
      barCategoryGap: '12%',
      itemStyle: { color: style.color, opacity: 0.85 },
    });
  }

  /** Any other series of ECharts, in a panel; `about` is asked with the third number of a point, or with its place in the data. */
  addSeries(panel: number, about: About | undefined, series: Record<string, unknown>): void {
    this.about[this.option.series.length] = about;
    this.option.series.push({ ...series, xAxisIndex: panel, yAxisIndex: panel });
  }

  /** Names and colors of what is drawn, at the top left of the sheet; in a second line what the first has no room for. */
  legend(entries: { name: string; color: string; symbol?: string }[], left: number): void {
    const first = this.isNarrow ? 4 : left;
    let [at, line] = [first, 0];
    this.option.graphic = entries.flatMap(({ name, color, symbol }) => {
      const width = (this.isNarrow ? 26 : 34) + name.length * 6.5;
      if (at > first && at + width > this.width) [at, line] = [first, line + LEGEND_LINE];
      const x = at;
      at += width;
      const mark =
        symbol === 'line'
          ? { type: 'rect', left: x, top: line + 10, shape: { width: 12, height: 2 }, style: { fill: color } }
          : { type: 'circle', left: x + 2, top: line + 7, shape: { r: 4 }, style: { fill: color } };
      return [
        { ...mark, silent: true },
        {
          type: 'text',
          left: x + 16,
          top: line + 5,
          silent: true,
          style: { text: name, fill: this.theme.ink, fontSize: FONT },
        },
      ];
    });
  }

  /**
   * A period or a choice of splits may leave nothing to draw: then words stand in the place of axes, or in those of a panel that
   * alone has nothing.
   *
   * @param why of the whole sheet
   */
  sayIfEmpty(why: string): void {
    const filled = new Set(
      this.drawn()
        .filter(({ data }, series) => !this.guides.has(series) && data.some(isDrawn))
        .map(({ xAxisIndex }) => xAxisIndex),
    );
    if (filled.size === 0) {
      this.sayInstead(why);
      return;
    }
    for (const [panel, box] of (this.option.grid as Box[]).entries())
      if (!filled.has(panel))
        this.option.title.push({
          text: this.emptyPanel,
          left: box.left + box.width / 2,
          top: box.top + box.height / 2 - FONT,
          textAlign: 'center',
          padding: 0,
          textStyle: { fontSize: FONT, fontWeight: 400, color: this.theme.muted },
        });
  }

  private sayInstead(why: string): void {
    this.instead = why;
    this.height = this.isNarrow ? 80 : 48;
    this.option = {
      ...this.option,
      ...{ grid: [], xAxis: [], yAxis: [], series: [], graphic: [], dataZoom: [] },
      title: [
        {
          text: why,
          left: 0,
          top: 12,
          padding: 0,
          textStyle: {
            ...{ fontSize: 14, fontWeight: 400, color: this.theme.muted },
            ...{ width: this.width, overflow: 'break', lineHeight: 19 },
          },
        },
      ],
    };
  }

  /** A click on a point. */
  open(point: { seriesIndex?: number | undefined; value?: unknown }, at: Place): void {
    const index = (point.value as Point | undefined)?.[2];
    if (point.seriesIndex !== undefined && index !== undefined)
      this.about[point.seriesIndex]?.open?.(index, at);
  }

  /** What a point says of itself. */
  factsOf({ seriesIndex, index }: Stop): Facts {
    return this.about[seriesIndex]?.describe(index) ?? [];
  }

  /** The points of each series that tell anything of themselves, from left to right. */
  stops(): Stop[][] {
    return this.drawn().flatMap(({ data }, seriesIndex) => {
      if (!this.about[seriesIndex]) return [];
      const points = data.flatMap((point, dataIndex) => {
        if (point === null) return [];
        const [x, y, index] = Array.isArray(point) ? point : [dataIndex, point, dataIndex];
        return y === null ? [] : [{ x, seriesIndex, dataIndex, index: index ?? dataIndex }];
      });
      return points.length === 0 ? [] : [points.sort((a, b) => a.x - b.x)];
    });
  }

  /** Where a point lies on the axes of its panel. */
  pointAt(seriesIndex: number, dataIndex: number): [x: number, y: number] {
    const point = this.drawn()[seriesIndex]?.data[dataIndex] ?? null;
    return Array.isArray(point) ? [point[0], point[1] ?? 0] : [dataIndex, point ?? 0];
  }

  /** Whether any point tells anything of itself. */
  get isWalkable(): boolean {
    return this.drawn().some(({ data }, series) => this.about[series] !== undefined && data.length > 0);
  }

  /** Whether there is a photo behind any point. */
  get opensPhotos(): boolean {
    return this.drawn().some(({ data }, series) => this.about[series]?.open !== undefined && data.length > 0);
  }

  /** Everything that is drawn, as a table. */
  rows(): FigureRow[] {
    return this.drawn().flatMap(({ name, data, xAxisIndex }, seriesIndex) => {
      const { name: panel, x: axisX, y: axisY } = this.panels[xAxisIndex] as (typeof this.panels)[number];
      const read = (axis: Axis, place: number) => axis.read?.(place) ?? place;
      return data.flatMap((point, dataIndex): FigureRow[] => {
        const [x, y, index = dataIndex] = Array.isArray(point) ? point : [dataIndex, point];
        if (y === null) return [];
        const facts = this.about[seriesIndex]?.describe(index) ?? [];
        return [{ panel, series: name, x: read(axisX, x), y: read(axisY, y), facts }];
      });
    });
  }

  private drawn() {
    return this.option.series as {
      name: string;
      xAxisIndex: number;
      data: ([x: number, y: number | null, index?: number] | number | null)[];
    }[];
  }

  /** An element rather than markup: nothing that a user wrote is ever parsed. */
  private describe({
    seriesIndex,
    value,
    dataIndex,
  }: {
    seriesIndex: number;
    value: unknown;
    dataIndex?: number;
  }) {
    const index = Array.isArray(value) ? (value as Point)[2] : dataIndex;
    const facts = index === undefined ? undefined : this.about[seriesIndex]?.describe(index);
    if (!facts) return undefined;
    const table = document.createElement('table');
    table.className = 'tip';
    for (const [term, text] of facts) {
      const row = table.insertRow();
      const head = document.createElement('th');
      head.textContent = term;
      row.append(head);
      row.insertCell().textContent = text;
    }
    return table;
  }

  // Axes.

  timeAxis(from: number, to: number, more: Axis = {}, labels: Axis = {}): Axis {
    return this.axis({
      read: (wallMs: number) => new Date(wallMs).toISOString().slice(0, 19),
      type: 'time',
      min: from,
      max: to,
      splitNumber: Math.max(2, Math.floor(this.width / 110)),
      axisLabel: {
        color: this.theme.muted,
        hideOverlap: true,
        // Of two labels that all but touch, such as the first of a month and the day before it, one is hidden.
        textMargin: [4, 6],
        // Within the plot: centered, the last one would be cut off at the edge of the chart.
        alignMinLabel: 'left',
        alignMaxLabel: 'right',
        formatter: {
          year: '{MMM} {yyyy}',
          month: '{MMM} {yyyy}',
          day: '{d} {MMM}',
          hour: '{HH}:{mm}',
          minute: '{HH}:{mm}',
        },
        ...labels,
      },
      splitLine: { show: false },
      ...more,
    });
  }

  valueAxis(scale: ValueScale, name: string, count: number, gap: number): Axis {
    const customValues = scale.ticks(count);
    return this.axis({
      ...this.named(name, gap),
      read: scale.value,
      type: 'value',
      min: scale.range[0],
      max: scale.range[1],
      splitNumber: count,
      axisLabel: {
        color: this.theme.muted,
        hideOverlap: true,
        formatter: scale.label,
        customValues,
      },
      axisTick: { customValues },
      splitLine: { lineStyle: { color: this.theme.line }, customValues },
    });
  }

  percentAxis(name: string, gap: number, more: Axis = {}): Axis {
    return this.axis({
      ...this.named(name, gap),
      type: 'value',
      min: 0,
      max: 1,
      interval: 0.25,
      axisLabel: { color: this.theme.muted, formatter: (share: number) => `${Math.round(share * 100)} %` },
      ...more,
    });
  }

  numberAxis(name: string, gap: number, more: Axis = {}): Axis {
    return this.axis({
      ...this.named(name, gap),
      type: 'value',
      scale: true,
      splitNumber: 4,
      axisLabel: { color: this.theme.muted, hideOverlap: true },
      ...more,
    });
  }

  categoryAxis(data: string[], more: Axis = {}): Axis {
    return this.axis({
      read: (place: number) => data[place] as string,
      type: 'category',
      data,
      splitLine: { show: false },
      ...more,
    });
  }

  private axis(more: Axis): Axis {
    return {
      axisLine: { show: true, onZero: false, lineStyle: { color: this.theme.muted } },
      axisTick: { show: true, lineStyle: { color: this.theme.muted } },
      axisLabel: { color: this.theme.muted },
      splitLine: { lineStyle: { color: this.theme.line } },
      ...more,
    };
  }

  private named(name: string, nameGap: number): Axis {
    return name
      ? { name, nameLocation: 'middle', nameGap, nameTextStyle: { color: this.theme.ink, fontSize: FONT } }
      : {};
  }
}

const isDrawn = (point: [number, number | null, number?] | number | null): boolean =>
  (Array.isArray(point) ? point[1] : point) !== null;

/** Room for labels around a plot, pixels. */
type Margins = { left: number; top: number; bottom: number };

/** To the right of a plot: the last label of an axis is centered at its end, and `100,000` is twice as wide. */
export const LABEL_END = 24;

/** Plots in rows and columns of equal size. */
export function boxes(sheet: Sheet, rows: number, columns: number, height: number, margins: Margins): Box[] {
  const cellWidth = sheet.width / columns;
  const cellHeight = height + margins.top + margins.bottom;
  sheet.height = sheet.headroom + rows * cellHeight;
  return Array.from({ length: rows * columns }, (_, index) => ({
    left: (index % columns) * cellWidth + margins.left,
    top: sheet.headroom + Math.floor(index / columns) * cellHeight + margins.top,
    width: cellWidth - margins.left - LABEL_END,
    height,
  }));
}

/** The one plot of a sheet; `width` where it is not as wide as the sheet. */
export function box(sheet: Sheet, height: number, margins: Margins, width?: number): Box {
  const [whole] = boxes(sheet, 1, 1, height, margins) as [Box];
  return { ...whole, ...(width !== undefined && { width }) };
}
