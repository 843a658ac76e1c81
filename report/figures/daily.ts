import { dayFacts } from '../descriptions.ts';
import { type About, type Axis, boxes, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { roundAxis } from '../value-scale.ts';
import { allRows, DAY_MS, daysBySplit, type View } from '../view.ts';
import { cloud, linePoints } from './images.ts';
import type { Actions } from './photos.ts';
import { splitLegend } from './predictions.ts';

/** A click on a day shows its photo nearest to noon. */
export const aboutDays = (view: View, { openPhoto }: Actions): About => ({
  describe: (day) => dayFacts(view, day),
  open: (day) => openPhoto(nearestRow(view, view.days.noons[day] as number)),
});

function nearestRow({ photos: { timestamps, scores } }: View, wallMs: number): number {
  let nearest = 0;
  for (let row = 0; row < timestamps.length; row++)
    if (
      !Number.isNaN(scores[row] as number) &&
      Math.abs((timestamps[row] as number) - wallMs) < Math.abs((timestamps[nearest] as number) - wallMs)
    )
      nearest = row;
  return nearest;
}

type Row = { title: string; y: Axis; numbers: Float64Array };

/** Days above each other in panels, each a line with points by split. */
function dailyRows(
  view: View,
  width: number,
  theme: Theme,
  actions: Actions,
  rowsOf: (sheet: Sheet) => Row[],
): Sheet {
  const sheet = new Sheet(width, theme);
  const { days, selection } = view;
  const rows = rowsOf(sheet);
  const areas = boxes(sheet, rows.length, 1, 200, { left: 66, right: 16, top: 34, bottom: 30 });
  for (const area of areas) area.top += 26;
  sheet.height += 26;
  const about = aboutDays(view, actions);
  for (const [index, { title, y, numbers }] of rows.entries()) {
    const panel = sheet.panel(
      areas[index] as (typeof areas)[number],
      sheet.timeAxis(selection.from, selection.to),
      y,
      title,
    );
    const splits = daysBySplit(view, (day) => !Number.isNaN(numbers[day] as number));
    sheet.line(panel, linePoints(allRows(splits), days.noons, numbers, 1.5 * DAY_MS), {
      name: title,
      colour: theme.muted,
    });
    for (const { id, label, rows } of splits)
      sheet.points(
        panel,
        cloud(rows, days.noons, numbers),
        { name: label, colour: theme.splits[id], size: 5 },
        about,
      );
  }
  splitLegend(
    sheet,
    daysBySplit(view, () => true),
    66,
  );
  return sheet;
}

/** Figure 10. */
export const dailyScores = (view: View, width: number, theme: Theme, actions: Actions): Sheet =>
  dailyRows(view, width, theme, actions, (sheet) => [
    {
      title: 'Predicted Model Score',
      y: sheet.numberAxis('Score', 46, roundAxis(view.days.scores)),
      numbers: view.days.scores,
    },
    ...(view.hasValues
      ? [
          {
            title: `Observed ${view.page.variable.label}`,
            y: sheet.valueAxis(view.scale, view.page.variable.label, 5, 46),
            numbers: view.days.values.map(view.scale.place),
          },
        ]
      : []),
  ]);

/** Figure 11. */
export const dailyRanks = (view: View, width: number, theme: Theme, actions: Actions): Sheet =>
  dailyRows(view, width, theme, actions, (sheet) => [
    {
      title: 'Rank(Predicted Model Score)',
      y: sheet.percentAxis('Rank', 46),
      numbers: view.dayRanks.predicted,
    },
    ...(view.hasValues
      ? [
          {
            title: `Rank(Observed ${view.page.variable.label.replace(/ \[.*\]$/, '')})`,
            y: sheet.percentAxis('Rank', 46),
            numbers: view.dayRanks.observed,
          },
        ]
      : []),
  ]);

/** Figure 12: both ranks over the days that have both. */
export function dailyOverlap(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { days, overlap, selection } = view;
  const [area] = boxes(sheet, 1, 1, 260, { left: 66, right: 16, top: 34, bottom: 32 });
  const panel = sheet.panel(
    area as NonNullable<typeof area>,
    sheet.timeAxis(selection.from, selection.to),
    sheet.percentAxis('Rank', 46),
  );
  const rows = allRows(daysBySplit(view, (day) => !Number.isNaN(overlap.observed[day] as number)));
  const lines = [
    { name: 'Observed', colour: theme.ink, numbers: overlap.observed },
    { name: 'Predicted', colour: theme.accent, numbers: overlap.predicted },
  ];
  for (const { name, colour, numbers } of lines) {
    sheet.line(panel, linePoints(rows, days.noons, numbers, 1.5 * DAY_MS), { name, colour, width: 1.4 });
    sheet.points(
      panel,
      cloud(rows, days.noons, numbers),
      { name, colour, size: 4, opacity: 0.7 },
      aboutDays(view, actions),
    );
  }
  sheet.legend(
    lines.map(({ name, colour }) => ({ name, colour, symbol: 'line' })),
    66,
  );
  return sheet;
}

/** Figure 13. */
export function dailyRankScatter(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { overlap } = view;
  const side = Math.min(460, width - 90);
  const [area] = boxes(sheet, 1, 1, side, { left: 66, right: 18, top: 34, bottom: 46 });
  const panel = sheet.panel(
    { ...(area as NonNullable<typeof area>), width: side },
    sheet.percentAxis('Obs. rank', 28),
    sheet.percentAxis('Pred. rank', 46),
  );
  const splits = daysBySplit(view, (day) => !Number.isNaN(overlap.observed[day] as number));
  sheet.line(
    panel,
    [
      [0, 0],
      [1, 1],
    ],
    { name: '1:1', colour: theme.ink, width: 1.4 },
  );
  for (const { id, label, rows } of splits)
    sheet.points(
      panel,
      cloud(rows, overlap.observed, overlap.predicted),
      { name: label, colour: theme.splits[id] },
      aboutDays(view, actions),
    );
  splitLegend(sheet, splits, 66);
  return sheet;
}
