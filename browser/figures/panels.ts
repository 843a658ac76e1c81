import { DAY_MS } from '../../shared/formats/durations.ts';
import { formatCount } from '../../shared/formats/numbers.ts';
import { envelope, thin } from '../../shared/report/data/decimation.ts';
import { type About, type Axis, box, boxes, type Point, type Sheet } from '../sheet.ts';
import { allRows, type SplitRows, type View } from '../view.ts';

/** What figures have in common: clouds and lines of rows, panels in time, panels by split, squares of ranks. */

/** Points of one series that a browser draws and finds again without delay. */
export const MOST_POINTS = 20_000;
/** A line is broken where nothing was observed for longer. */
const LONGEST_GAP_MS = 3 * DAY_MS;

/** Rows in time with a break wherever the line must not go on. */
export function linePoints(
  rows: readonly number[],
  x: Float64Array,
  y: Float64Array,
  gapMs = LONGEST_GAP_MS,
) {
  const points: [number, number | null][] = [];
  let before = Number.NaN;
  for (const row of rows) {
    const at = x[row] as number;
    if (at - before > gapMs) points.push([(at + before) / 2, null]);
    points.push([at, y[row] as number]);
    before = at;
  }
  return points;
}

export const cloud = (
  rows: readonly number[],
  x: Float64Array,
  y: Float64Array,
  most = MOST_POINTS,
): Point[] => thin(rows, most).map((row) => [x[row] as number, y[row] as number, row]);

/** Splits that have nothing to show are not named. */
export const splitLegend = (
  sheet: Sheet,
  splits: readonly SplitRows[],
  left: number,
  symbol?: 'line',
): void =>
  sheet.legend(
    splits
      .filter(({ rows }) => rows.length > 0)
      .map(({ id, label }) => ({ name: label, color: sheet.theme.splits[id], ...(symbol && { symbol }) })),
    left,
  );

/** Splits that have panels of their own: drawn over each other, the last would hide the others. */
export const facets = (splits: readonly SplitRows[]): (SplitRows & { title: string })[] =>
  splits.filter(({ rows }) => rows.length > 0).map((split) => ({ ...split, title: splitTitle(split) }));

export const splitTitle = ({ label, rows }: SplitRows): string =>
  `${label} (n = ${formatCount(rows.length)})`;

/** A panel of numbers in time: points by split, and a line through all rows. */
export type TimePanel = { title: string; y: Axis; points: Float64Array; line: Float64Array | null };

const LINE_BUCKETS = 2000;
const LEGEND_HEIGHT = 26;

/**
 * Panels above each other with the period as their common axis.
 *
 * @param rows.times wall-clock milliseconds of each row
 * @param rows.gapMs a line is broken where rows are further apart
 */
export function drawTimePanels(
  sheet: Sheet,
  { selection }: View,
  panels: readonly TimePanel[],
  rows: {
    times: Float64Array;
    splitsOf(keep: (row: number) => boolean): SplitRows[];
    about: About;
    gapMs?: number;
  },
): void {
  const { theme } = sheet;
  const { times, splitsOf, about, gapMs } = rows;
  sheet.headroom = LEGEND_HEIGHT;
  const areas = boxes(sheet, panels.length, 1, 195, { left: 72, top: 34, bottom: 30 });
  const splitsWith = (numbers: Float64Array) => splitsOf((row) => !Number.isNaN(numbers[row] as number));
  for (const [index, { title, y, points, line }] of panels.entries()) {
    const panel = sheet.panel(
      areas[index] as (typeof areas)[number],
      sheet.timeAxis(selection.from, selection.to),
      y,
      title,
    );
    if (line) {
      const kept = envelope(allRows(splitsWith(line)), line, LINE_BUCKETS);
      sheet.line(panel, linePoints(kept, times, line, gapMs), {
        name: title,
        color: theme.muted,
        width: 0.9,
      });
    }
    for (const { id, label, rows } of splitsWith(points))
      sheet.points(
        panel,
        cloud(rows, times, points),
        { name: label, color: theme.splits[id], size: 4 },
        about,
      );
  }
  splitLegend(
    sheet,
    splitsOf(() => true),
    72,
  );
}

/** Two ranks of each row against each other; on the line they are equal. */
export function drawRankSquare(
  sheet: Sheet,
  splits: readonly SplitRows[],
  x: { name: string; ranks: Float64Array },
  y: { name: string; ranks: Float64Array },
  about: About,
): void {
  const side = Math.min(460, sheet.width - 96);
  const panel = sheet.panel(
    box(sheet, side, { left: 72, top: 34, bottom: 46 }, side),
    sheet.percentAxis(x.name, 28),
    sheet.percentAxis(y.name, 50),
  );
  drawDiagonal(sheet, panel);
  for (const { id, label, rows } of splits)
    sheet.points(panel, cloud(rows, x.ranks, y.ranks), { name: label, color: sheet.theme.splits[id] }, about);
  splitLegend(sheet, splits, 72);
}

/** Where two shares are equal. */
export const drawDiagonal = (sheet: Sheet, panel: number): void =>
  sheet.guide(
    panel,
    [
      [0, 0],
      [1, 1],
    ],
    { name: '1:1', color: sheet.theme.ink, width: 1.4 },
  );
