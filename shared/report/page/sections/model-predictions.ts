import type { ReportData } from '../../data/report-data.ts';
import { LEAST_ROWS } from '../../data/too-few.ts';
import { absent, figureMarkup, hasValues, LOG_NOTE, missingValues } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { Section } from '../page.ts';

/** Figures 6 to 9 of upstream's report: scores of photos. */
export function modelPredictionsSection(data: ReportData): Section {
  const predictions = predictionFigures(data);
  return {
    id: 'model-predictions',
    title: 'Model predictions',
    content: html`${predictions.timeseries}${predictions.scatter}${predictions.residuals}`,
    entries: [
      { id: 'predictions-timeseries', title: 'Timeseries' },
      { id: 'scatter-plots', title: 'Scatter plots' },
      { id: 'residuals-timeseries', title: 'Residuals' },
    ],
  };
}

function predictionFigures(data: ReportData): { timeseries: Html; scatter: Html; residuals: Html } {
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
      caption: `By split. Against the observed value, the line is the least-squares fit of the score on the axis as drawn, of ${LEAST_ROWS} photos and more; of the ranks, it is where both are equal.`,
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
          'Residuals against the predicted rank, the hour of the day (spread a little, station time) and the day of the year (31 December of leap years on day 365), by split.',
      },
    ].map(figureMarkup)}`,
  };
}
