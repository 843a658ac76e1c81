import { countOf, formatCount, formatInterval, formatTau } from '../../formats/numbers.ts';
import { countWithValue } from '../../predictions/scored-photos.ts';
import type { VariableWords } from '../../variables.ts';
import { finalEpochs } from '../data/epochs.ts';
import type { ReportData } from '../data/report-data.ts';
import type { Stratum } from '../data/strata.ts';
import { type Html, html, NOTHING } from './html.ts';
import { lossTable } from './loss-table.ts';

/** A figure as it stands in the page; `report/figures/` draws it in the browser, under the same id. */
export type Figure = {
  id: string;
  title: string;
  caption: string;
  /** The same as a table, folded away; for readers who cannot see the drawing or want the numbers. */
  numbers?: Html;
};

/** Place of a chart with its words; the script draws into `data-chart`. */
export const figureMarkup = ({ id, title, caption, numbers }: Figure): Html => html`<figure id="${id}">
<h3>${title}</h3>
<div class="chart" data-chart="${id}" role="img" aria-label="${title}. ${caption}" tabindex="0"></div>
<figcaption>${caption}</figcaption>
${numbers ? html`<details><summary>Numbers</summary><div class="scroll">${numbers}</div></details>` : NOTHING}</figure>
`;

/** What stands in the place of a figure that cannot be drawn. */
const absent = (id: string, title: string, why: string): Html => html`<figure id="${id}" class="absent">
<h3>${title}</h3>
<p>${why}</p>
</figure>
`;

export const hasValues = ({ photos }: Pick<ReportData, 'photos'>): boolean => countWithValue(photos) > 0;

const LOG_NOTE = 'The axis is logarithmic where values allow it; values of zero lie on its lowest line.';

/** Figures 1 to 3: photos of the run (contract 8.3). */
export const imageFigures = (variable: VariableWords, withValues: boolean): Figure[] => [
  {
    id: 'images-timeseries',
    title: withValues
      ? `Timeseries of Obs. ${variable.label} and Image Splits`
      : 'Timeseries of Image Splits',
    caption: withValues
      ? `Observed ${variable.noun} at the time of each photo, and below it every photo by split: those in annotation pairs and those in none. Drag in the strip at the bottom to narrow all figures and numbers to a period. ${LOG_NOTE}`
      : 'Every photo by split: those in annotation pairs and those in none. Drag in the strip at the bottom to narrow all figures to a period.',
  },
  ...(withValues
    ? [
        {
          id: 'value-distributions',
          title: `Obs. ${variable.label} Distributions by Image Split`,
          caption: 'Photos by observed value, in 30 classes.',
        },
        {
          id: 'value-frequencies',
          title: `Cumulative Frequency Distribution of Obs. ${variable.label} by Image Split`,
          caption: 'Share of the photos of each split whose observed value is at most that of the axis.',
        },
      ]
    : []),
];

/** Figure 4. */
export const pairFigure = (variable: VariableWords, withValues: boolean): Figure => ({
  id: 'annotation-pairs',
  title: withValues
    ? `Annotation Pairs by Timestamp and by Obs. ${variable.label}`
    : 'Annotation Pairs by Timestamp',
  caption: `Each point is a pair of photos: the left one against the right one, colored by which of them shows more${withValues ? '. Where annotators see what the gage measures, colors part at the diagonal' : ''}.`,
});

/** Figure 5. */
export function lossFigure({ training: { epochs } }: ReportData): Figure {
  const [final] = finalEpochs(epochs);
  return {
    id: 'loss-function',
    title: 'Loss function',
    caption: `Mean RankNet loss over the pairs after each epoch; a model that orders all pairs alike has a loss of 0.69. ${final ? `The final model is the network after the epoch with the least validation loss, epoch ${final.epoch}.` : 'There is no validation loss, so no epoch is marked.'}`,
    numbers: lossTable(epochs),
  };
}

/** Figures 6 to 9: scores of photos. */
export function predictionFigures(data: ReportData): { timeseries: Html; scatter: Html; residuals: Html } {
  const { variable } = data;
  const why = missingValues(data);
  if (!hasValues(data))
    return {
      timeseries: figureMarkup({
        id: 'predictions-timeseries',
        title: 'Timeseries of Predicted Scores and Percentile Ranks',
        caption: 'Score of each photo, and its rank among all scored photos.',
      }),
      scatter: absent('scatter-plots', 'Observed vs. Predicted', why),
      residuals: absent('residuals-timeseries', 'Percentile Rank Residuals (Obs - Pred)', why),
    };
  return {
    timeseries: figureMarkup({
      id: 'predictions-timeseries',
      title: `Timeseries of Observed ${variable.label}, Predicted Scores, and Percentile Ranks`,
      caption: `Ranks run from 0 % (lowest) to 100 % (highest) over the photos that have both a score and an observed value; the line is the observed rank, points are predicted ranks. ${LOG_NOTE}`,
    }),
    scatter: figureMarkup({
      id: 'scatter-plots',
      title: `Obs. ${variable.label} vs. Pred. Score, and Obs. vs. Pred. Ranks`,
      caption:
        'One row for each split where there is room. The line on the left is the least-squares fit of the score on the axis as drawn; on the right it is where both ranks are equal.',
    }),
    residuals: html`${[
      {
        id: 'residuals-timeseries',
        title: 'Timeseries of Percentile Rank Residuals (Obs - Pred)',
        caption:
          'Above zero the model ranks the photo lower than its observed value does, below zero higher.',
      },
      {
        id: 'residual-patterns',
        title: 'Percentile Rank Residuals: vs. Fitted, Diurnal and Seasonal Pattern',
        caption:
          'Residuals against the predicted rank, the hour of the day (spread a little, station time) and the day of the year (31 December of leap years on day 365). One row for each split where there is room.',
      },
    ].map(figureMarkup)}`,
  };
}

/** Figures 10 to 13: daily means. */
export function dailyFigures(data: ReportData): Html[] {
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

/** How far probabilities can be trusted, and where tau is high and low. */
export function certaintyFigures(data: ReportData): { calibration: Html; strata: Html } {
  const { strata } = data;
  return {
    calibration: figureMarkup({
      id: 'calibration',
      title: 'Calibration of Pair Probabilities',
      caption:
        'Held-out pairs by how sure the model is of the photo that shows more, and how often the annotator chose the same one. On the line the model is as sure as it may be; below it, it is too sure. Bars are 95 % intervals.',
      numbers: calibrationTable(data),
    }),
    strata: hasValues(data)
      ? figureMarkup({
          id: 'tau-strata',
          title: `Kendall Tau by Hour, by Month and by Observed ${data.variable.label}`,
          caption:
            'Within one hour or one month, light and season are alike. Within a fifth of the observed values the order is harder to tell, so these taus are lower than that of all photos.',
          numbers: html`${[strata.hour, strata.month, strata.value].map(strataTable)}`,
        })
      : NOTHING,
  };
}

const calibrationTable = ({ calibration }: ReportData): Html => html`<table>
<thead><tr><th scope="col" class="split">Confidence</th><th scope="col">Pairs</th><th scope="col">Mean confidence</th><th scope="col">Annotator agrees</th></tr></thead>
<tbody>${calibration.map(
  ({ from, to, n, confidence, agreed }) =>
    html`<tr><th scope="row">${from.toFixed(1)} – ${to.toFixed(1)}</th><td>${n}</td><td>${formatTau(confidence)}</td><td>${formatTau(agreed)}</td></tr>
`,
)}</tbody></table>`;

const strataTable = (strata: readonly Stratum[]): Html => html`<table class="apart">
<thead><tr><th scope="col" class="split">Photos of</th><th scope="col">n</th><th scope="col">tau</th><th scope="col">95 %</th></tr></thead>
<tbody>${strata.map(
  ({ label, n, tau, interval }) =>
    html`<tr><th scope="row">${label}</th><td>${formatCount(n)}</td><td>${formatTau(tau)}</td><td class="interval">${formatInterval(interval)}</td></tr>
`,
)}</tbody></table>`;

/** What a station lacks for the figures that compare, and why. */
export function missingValues({ variable, state, photos }: ReportData): string {
  const { dataset, observations } = state;
  const nothing = `No observed data: none of the ${countOf(photos.values.length, 'photo')} has an observed value of ${variable.label}.`;
  const why =
    dataset.values === 0
      ? `The station has no values of this variable for the time of its photos${state.run.uses_nwis ? ', neither from USGS nor from its datasets on FPE' : ', in none of its datasets on FPE'}.`
      : `The ${countOf(dataset.values, 'value')} of the station are more than ${state.run.parameters.max_gap_minutes} minutes away from every photo of this run (max_gap_minutes).`;
  return [nothing, why, observations?.note ?? ''].join(' ').trim();
}
