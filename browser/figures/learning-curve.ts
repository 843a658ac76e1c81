import { formatCount, formatLoss, formatShare } from '../../shared/formats/numbers.ts';
import { type LearningPoint, meanAndRange, type Spread } from '../../shared/report/data/learning-curve.ts';
import { type About, type Axis, type Box, boxes, type Point, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import type { View } from '../view.ts';

const HEIGHT = 210;
const MARGINS = { left: 64, top: 34, bottom: 46 };

/** How held-out pairs are ordered after learning from fewer pairs: mean and range over shuffles, each number twice the one before. */
export function learningCurve({ page: { learningCurve } }: View, width: number, theme: Theme): Sheet {
  const sheet = new Sheet(width, theme);
  const { points } = learningCurve;
  sheet.emptyPanel = 'Too few held-out pairs';
  const [rows, columns] = sheet.isNarrow ? [2, 1] : [1, 2];
  const [left, right] = boxes(sheet, rows as number, columns as number, HEIGHT, MARGINS) as [Box, Box];
  const accuracy = points.map((point) => meanAndRange(point.accuracy));
  const loss = points.map((point) => meanAndRange(point.loss));
  const lowest = accuracy.reduce((least, spread) => Math.min(least, spread?.low ?? 1), 0.5);
  drawSpreads(sheet, left, points, accuracy, {
    title: 'Ordered right',
    axis: sheet.percentAxis('', 0, { min: Math.floor(lowest * 10) / 10, interval: 0.1 }),
  });
  drawSpreads(sheet, right, points, loss, {
    title: 'Loss',
    axis: sheet.numberAxis('', 0, { scale: false, min: 0 }),
  });
  return sheet;
}

function drawSpreads(
  sheet: Sheet,
  area: Box,
  points: readonly LearningPoint[],
  spreads: readonly (Spread | null)[],
  { title, axis }: { title: string; axis: Axis },
): void {
  const { theme } = sheet;
  const labels = points.map(({ pairs }) => formatCount(pairs));
  const pairs = sheet.categoryAxis(labels, {
    name: 'Training pairs',
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: theme.ink },
  });
  const panel = sheet.panel(area, pairs, axis, title);
  const shown = spreads.flatMap((spread, at) => (spread ? [{ at, ...spread }] : []));
  sheet.line(
    panel,
    shown.map(({ at, mean }): [number, number] => [at, mean]),
    { name: `${title}: mean`, color: theme.splits.val, width: 2 },
  );
  sheet.line(
    panel,
    shown.flatMap(({ at, low, high }): [number, number | null][] => [
      [at, low],
      [at, high],
      [at, null],
    ]),
    { name: `${title}: range`, color: theme.ink, width: 1.5 },
  );
  sheet.points(
    panel,
    shown.map(({ at, mean }): Point => [at, mean, at]),
    { name: title, color: theme.splits.val, size: 9, opacity: 1 },
    { describe: (index) => factsOf(points[index] as LearningPoint) },
  );
}

function factsOf(point: LearningPoint): ReturnType<About['describe']> {
  const [accuracy, loss] = [meanAndRange(point.accuracy), meanAndRange(point.loss)];
  return [
    ['Training pairs', formatCount(point.pairs)],
    ['Shuffles', formatCount(point.loss.length)],
    ...(accuracy
      ? ([
          ['Ordered right', formatShare(accuracy.mean)],
          ['from – to', `${formatShare(accuracy.low)} – ${formatShare(accuracy.high)}`],
        ] as [string, string][])
      : []),
    ['Loss', formatLoss(loss?.mean ?? null)],
  ];
}
