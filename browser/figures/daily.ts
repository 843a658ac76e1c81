import { DAY_MS } from '../../shared/formats/durations.ts';
import { dayFacts } from '../descriptions.ts';
import { type About, type Axis, box, Sheet } from '../sheet.ts';
import type { Theme } from '../theme.ts';
import { roundAxis } from '../value-scale.ts';
import { allRows, daysBySplit, type View } from '../view.ts';
import { cloud, drawRankSquare, drawTimePanels, linePoints } from './panels.ts';
import type { Actions } from './photos.ts';

/** A line of days is broken where a day is missing. */
const LONGEST_GAP_MS = 1.5 * DAY_MS;

/** A click on a day shows its photo nearest to noon. */
const aboutDays = (view: View, { openPhoto }: Actions): About => ({
  describe: (day) => dayFacts(view, day),
  open: (day, at) => openPhoto(nearestRow(view, view.days.noons[day] as number), at),
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

function dailyPanels(
  view: View,
  width: number,
  theme: Theme,
  actions: Actions,
  panelsOf: (sheet: Sheet) => { title: string; y: Axis; numbers: Float64Array }[],
): Sheet {
  const sheet = new Sheet(width, theme);
  const panels = panelsOf(sheet).map(({ title, y, numbers }) => ({
    title,
    y,
    points: numbers,
    line: numbers,
  }));
  drawTimePanels(sheet, view, panels, {
    times: view.days.noons,
    splitsOf: (keep) => daysBySplit(view, keep),
    about: aboutDays(view, actions),
    gapMs: LONGEST_GAP_MS,
  });
  return sheet;
}

/** Figure 10. */
export const dailyScores = (view: View, width: number, theme: Theme, actions: Actions): Sheet =>
  dailyPanels(view, width, theme, actions, (sheet) => [
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
  dailyPanels(view, width, theme, actions, (sheet) => [
    {
      title: 'Rank(Predicted Model Score)',
      y: sheet.percentAxis('Rank', 50),
      numbers: view.dayRanks.predicted,
    },
    ...(view.hasValues
      ? [
          {
            title: `Rank(Observed ${view.page.variable.label.replace(/ \[.*\]$/, '')})`,
            y: sheet.percentAxis('Rank', 50),
            numbers: view.dayRanks.observed,
          },
        ]
      : []),
  ]);

/** Figure 12: both ranks over the days that have both. */
export function dailyOverlap(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { days, overlap, selection } = view;
  const panel = sheet.panel(
    box(sheet, 260, { left: 72, top: 34, bottom: 32 }),
    sheet.timeAxis(selection.from, selection.to),
    sheet.percentAxis('Rank', 50),
  );
  const rows = allRows(daysBySplit(view, (day) => !Number.isNaN(overlap.observed[day] as number)));
  const lines = [
    { name: 'Observed', color: theme.muted, width: 2.6, numbers: overlap.observed },
    { name: 'Predicted', color: theme.choices.left, width: 1.4, numbers: overlap.predicted },
  ];
  for (const { name, color, width, numbers } of lines) {
    sheet.line(panel, linePoints(rows, days.noons, numbers, LONGEST_GAP_MS), { name, color, width });
    sheet.points(
      panel,
      cloud(rows, days.noons, numbers),
      { name, color, size: 4, opacity: 0.7 },
      aboutDays(view, actions),
    );
  }
  sheet.legend(
    lines.map(({ name, color }) => ({ name, color, symbol: 'line' })),
    72,
  );
  return sheet;
}

/** Figure 13. */
export function dailyRankScatter(view: View, width: number, theme: Theme, actions: Actions): Sheet {
  const sheet = new Sheet(width, theme);
  const { observed, predicted } = view.overlap;
  drawRankSquare(
    sheet,
    daysBySplit(view, (day) => !Number.isNaN(observed[day] as number)),
    { name: 'Obs. rank', ranks: observed },
    { name: 'Pred. rank', ranks: predicted },
    aboutDays(view, actions),
  );
  return sheet;
}
