import type { ReportData } from '../../data/report-data.ts';
import { SPLIT_GROUPS } from '../../data/split-groups.ts';
import { shownTau } from '../../data/text-tables.ts';
import { absent, figureMarkup, hasValues, missingValues } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { Section } from '../page.ts';

/** Figures 10 to 13 of upstream's report: daily means. */
export const dailyAggregationSection = (data: ReportData): Section => ({
  id: 'daily-aggregation',
  title: 'Daily aggregation',
  content: html`${dailyText(data)}${dailyFigures(data)}`,
});

/** Which photos daily means are made of, and their taus once more, as upstream's report has them (Q-R7, Q-R8). */
const dailyText = ({
  state,
  agreement,
}: ReportData): Html => html`<p>Daily means are over the scored photos of a
day, station time, taken ${hours(state.run.parameters)}; a day counts to the first of Train, Val, Test (In) and Test (Out)
that any of its photos belongs to.</p>
<dl class="inline">${SPLIT_GROUPS.map(
  ({ id, label }) =>
    html`<div><dt>${label}</dt><dd data-tau="days.${id}">${shownTau(agreement.days[id])}</dd></div>`,
)}</dl>`;

const hours = ({ min_hour, max_hour }: { min_hour: number; max_hour: number }): string =>
  `from ${min_hour}:00 to ${max_hour}:59`;

function dailyFigures(data: ReportData): Html[] {
  const { variable } = data;
  const withValues = hasValues(data);
  const why = missingValues(data);
  return [
    figureMarkup({
      id: 'daily-scores',
      title: withValues
        ? `Daily Predicted Model Score and Observed ${variable.label}`
        : 'Daily Predicted Model Score',
      caption: 'Means of the scored photos of each day.',
    }),
    figureMarkup({
      id: 'daily-ranks',
      title: withValues
        ? `Daily Rank(Predicted Model Score) and Rank(Observed ${variable.label.replace(/ \[.*\]$/, '')})`
        : 'Daily Rank(Predicted Model Score)',
      caption: 'Ranks among all days that have a score, and among all days that have an observed value.',
    }),
    withValues
      ? figureMarkup({
          id: 'daily-overlap',
          title: 'Daily Timeseries of Observed and Predicted Ranks',
          caption:
            'Both ranks are among the days that have both an observed value and a score, so that the lines can be compared; days without either break them.',
        })
      : absent('daily-overlap', 'Daily Timeseries of Observed and Predicted Ranks', why),
    ...(withValues
      ? [
          figureMarkup({
            id: 'daily-rank-scatter',
            title: 'Observed vs. Predicted Daily Ranks',
            caption: 'Days that have both, by split; on the line both ranks are equal.',
          }),
        ]
      : []),
  ];
}
