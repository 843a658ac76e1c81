import { formatCount } from '../../shared/formats/numbers.ts';
import { envelope, MOST_OF_SPLIT, thin } from '../../shared/report/data/decimation.ts';
import { type About, type Axis, box, boxes, LABEL_END, type Point, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { allRows, photosBySplit, type View } from '../view.ts';
import { cloud, linePoints, splitLegend, splitTitle } from './panels.ts';
import { type Actions, aboutPhotos } from './photos.ts';

/** The figure's layout, in pixels. */
const TOP = 34;
const VALUES_HEIGHT = 250;
const RUG_HEIGHT = 110;
const STRIP_HEIGHT = 32;
/** From below; and where there is little room. */
const RUG_ROWS = ['Unannotated', 'Annotated'];
const SHORT_RUG_ROWS = ['none', 'pairs'];

/** What the parts of the first figure have in common. */
type Timeseries = {
  sheet: Sheet;
  view: View;
  theme: Theme;
  left: number;
  width: number;
  /** With a strip below all photos, whatever the period: the figure only moves its window. */
  splits: ReturnType<typeof photosBySplit>;
  /** Ends of the time axes. */
  ends: { from: number; to: number };
  about: About;
};

/** Figure 1: observed values and, below, a rug of all photos; the strip at the bottom chooses the period. */
export function imagesTimeseries(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { whole, selection, hasValues } = view;
  const left = sheet.isNarrow ? 66 : 92;
  const about = aboutPhotos(view, actions);
  // Without a strip, as on paper and in files, the axes themselves are those of the period.
  const ends = theme.isStill ? selection : whole;
  const splits = photosBySplit(view, () => true, { ...selection, ...ends });
  const figure: Timeseries = {
    sheet,
    view,
    theme,
    left,
    width: width - left - LABEL_END,
    splits,
    ends,
    about,
  };
  if (hasValues) drawValues(figure);
  const rugTop = hasValues ? TOP + VALUES_HEIGHT + 16 : TOP;
  drawRug(figure, rugTop);
  splitLegend(sheet, splits, left);
  const stripTop = rugTop + RUG_HEIGHT + 34;
  sheet.height = stripTop;
  if (theme.isStill) return sheet;
  sheet.option.dataZoom = [periodStrip(figure, hasValues ? [0, 1] : [0], stripTop)];
  sheet.height = stripTop + STRIP_HEIGHT + 16;
  return sheet;
}

function drawValues({ sheet, view, theme, left, width, splits, ends, about }: Timeseries): void {
  const { photos, scale } = view;
  const place = photos.values.map(scale.place);
  const name = `Obs. ${view.page.variable.label}`;
  const panel = sheet.panel(
    { left, width, top: TOP, height: VALUES_HEIGHT },
    sheet.timeAxis(ends.from, ends.to, { axisLabel: { show: false } }),
    sheet.valueAxis(scale, name, 6, left - 18),
    '',
    name,
  );
  const valued = splits.map((split) => ({
    ...split,
    rows: split.rows.filter((row) => !Number.isNaN(place[row] as number)),
  }));
  const rows = envelope(allRows(valued), place, 2000);
  sheet.line(panel, linePoints(rows, photos.timestamps, place), {
    name: 'Observed',
    color: theme.muted,
    width: 0.8,
  });
  for (const { id, label, rows } of valued)
    sheet.points(
      panel,
      cloud(rows, photos.timestamps, place, MOST_OF_SPLIT),
      { name: label, color: theme.splits[id], size: 4 },
      about,
    );
}

/** All photos by time: annotated ones in one row, the others in the row below. */
function drawRug({ sheet, view, theme, left, width, splits, ends, about }: Timeseries, top: number): void {
  const { photos } = view;
  const rug = sheet.panel(
    { left, width, top, height: RUG_HEIGHT },
    sheet.timeAxis(ends.from, ends.to),
    sheet.categoryAxis(RUG_ROWS, {
      axisTick: { show: false },
      axisLabel: {
        color: theme.muted,
        ...(sheet.isNarrow && { formatter: (_: string, row: number) => SHORT_RUG_ROWS[row] }),
      },
    }),
    '',
    'Photos',
  );
  for (const { id, label, rows } of splits) {
    const row = id.startsWith('test') ? 0 : 1;
    const points = thin(rows, MOST_OF_SPLIT).map((at): Point => [photos.timestamps[at] as number, row, at]);
    sheet.points(
      rug,
      points,
      { name: label, color: theme.splits[id], symbol: 'rect', size: [1.5, 48], opacity: 0.5 },
      about,
    );
  }
}

/** @param axes indices of the time axes that it moves */
function periodStrip(
  { view: { selection }, theme, left }: Timeseries,
  axes: readonly number[],
  top: number,
): object {
  return {
    type: 'slider',
    xAxisIndex: axes,
    filterMode: 'none',
    startValue: selection.from,
    endValue: selection.to,
    left,
    right: LABEL_END,
    top,
    height: STRIP_HEIGHT,
    brushSelect: true,
    showDataShadow: false,
    labelFormatter: (wallMs: number) => new Date(wallMs).toISOString().slice(0, 10),
    borderColor: theme.line,
    backgroundColor: 'transparent',
    fillerColor: `${theme.accent}33`,
    handleStyle: { color: theme.accent, borderColor: theme.accent },
    moveHandleStyle: { color: theme.accent, opacity: 0.6 },
    emphasis: {
      handleStyle: { color: theme.ink, borderColor: theme.ink },
      moveHandleStyle: { color: theme.ink },
    },
    textStyle: { color: theme.muted },
  };
}

const BINS = 30;

/** Figure 2: photos by observed value, a panel for each split. */
export function valueDistributions(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const { scale, photos } = view;
  const place = photos.values.map(scale.place);
  const splits = photosBySplit(view, (row) => !Number.isNaN(place[row] as number));
  const filled = splits.filter(({ rows }) => rows.length > 0);
  const [low, high] = scale.range;
  const step = (high - low) / BINS;
  const centers = Array.from({ length: BINS }, (_, bin) => low + (bin + 0.5) * step);
  const columns = sheet.isNarrow ? 1 : 2;
  const areas = boxes(sheet, Math.ceil(filled.length / columns), columns, 150, {
    left: 60,
    top: 30,
    bottom: 44,
  });
  for (const [index, split] of filled.entries()) {
    const counts = new Array<number>(BINS).fill(0);
    for (const row of split.rows) {
      const bin = Math.min(BINS - 1, Math.floor(((place[row] as number) - low) / step));
      counts[bin] = (counts[bin] as number) + 1;
    }
    const axis: Axis = sheet.valueAxis(scale, `Obs. ${view.page.variable.label}`, 5, 26);
    const panel = sheet.panel(
      areas[index] as (typeof areas)[number],
      { ...axis, splitLine: { show: false } },
      sheet.numberAxis('Photos', 38, { scale: false, minInterval: 1 }),
      splitTitle(split),
    );
    const bins: About = {
      describe: (bin) => [
        ['Photos', formatCount(counts[bin] as number)],
        [
          `Obs. ${view.page.variable.label}`,
          `${scale.label((centers[bin] as number) - step / 2)} – ${scale.label((centers[bin] as number) + step / 2)}`,
        ],
      ],
    };
    sheet.addSeries(panel, bins, {
      type: 'bar',
      name: split.label,
      data: counts.map((count, bin) => [centers[bin], count, bin]),
      barWidth: Math.max(1, ((areas[index] as (typeof areas)[number]).width / BINS) * 0.92),
      itemStyle: { color: theme.splits[split.id] },
    });
  }
  return sheet;
}

/** Figure 3: cumulative frequencies of observed values. */
export function valueFrequencies(view: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const { scale, photos } = view;
  const place = photos.values.map(scale.place);
  const splits = photosBySplit(view, (row) => !Number.isNaN(place[row] as number));
  const panel = sheet.panel(
    box(sheet, 260, { left: 72, top: 34, bottom: 46 }),
    sheet.valueAxis(scale, `Obs. ${view.page.variable.label}`, sheet.isNarrow ? 5 : 10, 28),
    sheet.percentAxis('Share of photos', 50),
  );
  for (const { id, label, rows } of splits) {
    const ascending = Float64Array.from(rows, (row) => place[row] as number).sort();
    const points = thin([...ascending.keys()], 1000).map((at): [number, number] => [
      ascending[at] as number,
      (at + 1) / ascending.length,
    ]);
    const last = ascending.at(-1);
    if (last !== undefined) points.push([last, 1]);
    sheet.line(panel, points, { name: label, color: theme.splits[id], width: 2, step: true });
  }
  splitLegend(sheet, splits, 72, 'line');
  return sheet;
}
