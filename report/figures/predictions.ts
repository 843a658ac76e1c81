import { fitLine } from '../../shared/line-fit.ts';
import { envelope } from '../../shared/report/decimation.ts';
import { type Axis, boxes, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { extentOf, roundAxis } from '../value-scale.ts';
import { allRows, photosBySplit, type SplitRows, type View } from '../view.ts';
import { cloud, linePoints, splitTitle } from './images.ts';
import { type Actions, aboutPhotos } from './photos.ts';

const LINE_BUCKETS = 2000;

/** Figure 6: observed values, scores and ranks above each other. */
export function predictionsTimeseries(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, scale, ranks, scoreRanks, selection, hasValues, page } = view;
  const about = aboutPhotos(view, actions);
  const time = photos.timestamps;
  const gap = 46;
  const place = photos.values.map(scale.place);
  const splits = photosBySplit(view, (row) => !Number.isNaN((photos.scores[row] as number) && 1));
  const within = (numbers: Float64Array) =>
    photosBySplit(view, (row) => !Number.isNaN(numbers[row] as number));
  const predicted = hasValues ? ranks.predicted : scoreRanks;
  const panels: { y: Axis; numbers: Float64Array; line: Float64Array | null; title: string }[] = [
    ...(hasValues
      ? [
          {
            y: sheet.valueAxis(scale, `Obs. ${page.variable.label}`, 5, gap),
            numbers: place,
            line: place,
            title: `Observed ${page.variable.label}`,
          },
        ]
      : []),
    {
      y: sheet.numberAxis('Score', gap, roundAxis(photos.scores)),
      numbers: photos.scores,
      line: photos.scores,
      title: 'Predicted score',
    },
    {
      y: sheet.percentAxis('Percentile rank', gap),
      numbers: predicted,
      line: hasValues ? ranks.observed : null,
      title: hasValues ? 'Rank: obs. line, pred. points' : 'Rank of the score',
    },
  ];
  const areas = boxes(sheet, panels.length, 1, 190, { left: gap + 20, right: 16, top: 34, bottom: 30 });
  for (const area of areas) area.top += 26;
  sheet.height += 26;
  for (const [index, { y, numbers, line, title }] of panels.entries()) {
    const panel = sheet.panel(
      areas[index] as (typeof areas)[number],
      sheet.timeAxis(selection.from, selection.to),
      y,
      title,
    );
    const shown = within(numbers);
    if (line) {
      const rows = allRows(within(line));
      sheet.line(panel, linePoints(envelope(rows, line, LINE_BUCKETS), time, line), {
        name: title,
        colour: theme.muted,
        width: 0.8,
      });
    }
    for (const { id, label, rows } of shown)
      sheet.points(
        panel,
        cloud(rows, time, numbers),
        { name: label, colour: theme.splits[id], size: 4 },
        about,
      );
  }
  splitLegend(sheet, splits, gap + 20);
  return sheet;
}

export const splitLegend = (sheet: Sheet, splits: readonly SplitRows[], left: number): void =>
  sheet.legend(
    splits.map(({ id, label }) => ({ name: label, colour: sheet.theme.splits[id] })),
    left,
  );

/** Splits in panels of their own, or all in one panel where there is no room. */
export function facets(sheet: Sheet, splits: SplitRows[]): { title: string; splits: SplitRows[] }[] {
  const filled = splits.filter(({ rows }) => rows.length > 0);
  if (!sheet.isNarrow) return filled.map((split) => ({ title: splitTitle(split), splits: [split] }));
  return [{ title: 'All shown splits', splits: filled }];
}

/** Figure 7: score against observed value, and rank against rank. */
export function scatterPlots(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, scale, ranks, page } = view;
  const about = aboutPhotos(view, actions);
  const place = photos.values.map(scale.place);
  const splits = photosBySplit(view, (row) => !Number.isNaN(ranks.observed[row] as number));
  const rows = facets(sheet, splits);
  const columns = sheet.isNarrow ? 1 : 2;
  const areas = boxes(sheet, (rows.length * 2) / columns, columns, sheet.isNarrow ? 240 : 230, {
    left: 66,
    right: 18,
    top: 34,
    bottom: 48,
  });
  const scores = roundAxis(photos.scores);
  for (const [index, { title, splits: shown }] of rows.entries()) {
    const byValue = sheet.panel(
      areas[index * 2] as (typeof areas)[number],
      sheet.valueAxis(scale, `Obs. ${page.variable.label}`, 5, 28),
      sheet.numberAxis('Pred. score', 44, scores),
      title,
    );
    const byRank = sheet.panel(
      areas[index * 2 + 1] as (typeof areas)[number],
      sheet.percentAxis('Obs. rank', 28),
      sheet.percentAxis('Pred. rank', 46),
      title,
    );
    for (const { id, label, rows } of shown) {
      const style = { name: label, colour: theme.splits[id] };
      sheet.points(byValue, cloud(rows, place, photos.scores), style, about);
      sheet.points(byRank, cloud(rows, ranks.observed, ranks.predicted), style, about);
    }
    const all = allRows(shown);
    const column = (numbers: Float64Array) => Float64Array.from(all, (row) => numbers[row] as number);
    const x = column(place);
    const line = fitLine(x, column(photos.scores));
    if (line) {
      const ends = extentOf(x);
      sheet.line(
        byValue,
        ends.map((at): [number, number] => [at, line.intercept + line.slope * at]),
        { name: 'Fit', colour: theme.ink, width: 1.6 },
      );
    }
    sheet.line(
      byRank,
      [
        [0, 0],
        [1, 1],
      ],
      { name: '1:1', colour: theme.ink, width: 1.4 },
    );
  }
  return sheet;
}

/** Figure 8: residuals over time, a panel for each split. */
export function residualsTimeseries(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, residuals, selection } = view;
  const about = aboutPhotos(view, actions);
  const rows = facets(
    sheet,
    photosBySplit(view, (row) => !Number.isNaN(residuals[row] as number)),
  );
  const areas = boxes(sheet, rows.length, 1, rows.length > 1 ? 130 : 220, {
    left: 66,
    right: 16,
    top: 32,
    bottom: 30,
  });
  for (const [index, { title, splits }] of rows.entries()) {
    const panel = sheet.panel(
      areas[index] as (typeof areas)[number],
      sheet.timeAxis(selection.from, selection.to),
      residualAxis(sheet, residuals),
      title,
    );
    sheet.line(
      panel,
      [
        [selection.from, 0],
        [selection.to, 0],
      ],
      { name: 'Zero', colour: theme.ink, width: 1 },
    );
    for (const { id, label, rows } of splits)
      sheet.points(
        panel,
        cloud(rows, photos.timestamps, residuals),
        { name: label, colour: theme.splits[id], size: 4 },
        about,
      );
  }
  return sheet;
}

/** The same distance above and below zero, in steps that suit the largest residual. */
export function residualAxis(sheet: Sheet, residuals: Float64Array): Axis {
  const [least, most] = extentOf(residuals);
  const largest = Math.max(0.1, -least, most);
  const interval = [0.1, 0.25, 0.5].find((step) => 2 * step >= largest) ?? 0.5;
  const end = Math.ceil(largest / interval) * interval;
  return sheet.percentAxis('Residual', 46, { min: -end, max: end, interval });
}
