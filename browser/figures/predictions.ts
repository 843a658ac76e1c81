import { whereEnough } from '../../shared/report/data/too-few.ts';
import { fitLine } from '../../shared/statistics/line-fit.ts';
import { type Axis, boxes, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { extentOf, roundAxis } from '../value-scale.ts';
import { photosBySplit, type View } from '../view.ts';
import { cloud, drawDiagonal, drawTimePanels, facets, type TimePanel } from './panels.ts';
import { type Actions, aboutPhotos } from './photos.ts';

/** Figure 6: observed values, scores and ranks above each other. */
export function predictionsTimeseries(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, scale, ranks, scoreRanks, hasValues, page } = view;
  const place = photos.values.map(scale.place);
  const panels: TimePanel[] = [
    ...(hasValues
      ? [
          {
            title: `Observed ${page.variable.label}`,
            y: sheet.valueAxis(scale, `Obs. ${page.variable.label}`, 5, 46),
            points: place,
            line: place,
          },
        ]
      : []),
    {
      title: 'Predicted score',
      y: sheet.numberAxis('Score', 46, roundAxis(photos.scores)),
      points: photos.scores,
      line: photos.scores,
    },
    {
      title: hasValues ? 'Rank: obs. line, pred. points' : 'Rank of the score',
      y: sheet.percentAxis('Percentile rank', 50),
      points: hasValues ? ranks.predicted : scoreRanks,
      line: hasValues ? ranks.observed : null,
    },
  ];
  drawTimePanels(sheet, view, panels, {
    times: photos.timestamps,
    splitsOf: (keep) => photosBySplit(view, keep),
    about: aboutPhotos(view, actions),
  });
  return sheet;
}

/** Figure 7: score against observed value, and rank against rank. */
export function scatterPlots(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, scale, ranks, page } = view;
  const about = aboutPhotos(view, actions);
  const place = photos.values.map(scale.place);
  const splits = photosBySplit(view, (row) => !Number.isNaN(ranks.observed[row] as number));
  const shown = facets(splits);
  const columns = sheet.isNarrow ? 1 : 2;
  const areas = boxes(
    sheet,
    (shown.length * 2) / columns,
    columns,
    sheet.isNarrow ? 190 : sheet.isMiddle ? 140 : 230,
    {
      left: 72,
      top: 34,
      bottom: 48,
    },
  );
  const scores = roundAxis(photos.scores);
  for (const [index, { id, label, title, rows }] of shown.entries()) {
    const byValue = sheet.panel(
      areas[index * 2] as (typeof areas)[number],
      sheet.valueAxis(scale, `Obs. ${page.variable.label}`, 5, 28),
      sheet.numberAxis('Pred. score', 44, scores),
      title,
    );
    const byRank = sheet.panel(
      areas[index * 2 + 1] as (typeof areas)[number],
      sheet.percentAxis('Obs. rank', 28),
      sheet.percentAxis('Pred. rank', 50),
      title,
    );
    const style = { name: label, color: theme.splits[id] };
    sheet.points(byValue, cloud(rows, place, photos.scores), style, about);
    sheet.points(byRank, cloud(rows, ranks.observed, ranks.predicted), style, about);
    const column = (numbers: Float64Array) => Float64Array.from(rows, (row) => numbers[row] as number);
    const x = column(place);
    const line = whereEnough(rows.length, fitLine(x, column(photos.scores)));
    if (line) {
      const ends = extentOf(x);
      sheet.line(
        byValue,
        ends.map((at): [number, number] => [at, line.intercept + line.slope * at]),
        { name: 'Fit', color: theme.ink, width: 1.6 },
      );
    }
    drawDiagonal(sheet, byRank);
  }
  return sheet;
}

/** Figure 8: residuals over time, a panel for each split. */
export function residualsTimeseries(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { photos, residuals, selection } = view;
  const about = aboutPhotos(view, actions);
  const shown = facets(photosBySplit(view, (row) => !Number.isNaN(residuals[row] as number)));
  const areas = boxes(sheet, shown.length, 1, shown.length > 1 ? 130 : 220, {
    left: 72,
    top: 32,
    bottom: 30,
  });
  for (const [index, { id, label, title, rows }] of shown.entries()) {
    const panel = sheet.panel(
      areas[index] as (typeof areas)[number],
      sheet.timeAxis(selection.from, selection.to),
      residualAxis(sheet, residuals),
      title,
    );
    sheet.guide(
      panel,
      [
        [selection.from, 0],
        [selection.to, 0],
      ],
      { name: 'Zero', color: theme.ink, width: 1 },
    );
    sheet.points(
      panel,
      cloud(rows, photos.timestamps, residuals),
      { name: label, color: theme.splits[id], size: 4 },
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
  return sheet.percentAxis('Residual', 52, { min: -end, max: end, interval });
}
