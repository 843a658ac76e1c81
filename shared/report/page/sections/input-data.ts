import { sumOf } from '../../../dataset/reasons.ts';
import { countOf, formatCount } from '../../../formats/numbers.ts';
import { countWithValue } from '../../../predictions/scored-photos.ts';
import type { VariableWords } from '../../../variables.ts';
import { MOST_OF_SPLIT } from '../../data/decimation.ts';
import { learntRemarks } from '../../data/remarks.ts';
import type { ReportData } from '../../data/report-data.ts';
import { type Count, pairCounts, photoCounts, valueCounts } from '../../metrics/file.ts';
import { type Figure, figureMarkup, hasValues, LOG_NOTE } from '../figure.ts';
import { type Html, html, NOTHING, noPhotosNote, wholeRunNote } from '../html.ts';
import type { Section } from '../page.ts';

/** What the model was made from, and figures 1 to 4 of upstream's report (contract 8.3). */
export function inputDataSection(data: ReportData): Section {
  const withValues = hasValues(data);
  return {
    id: 'input-data',
    title: 'Input data',
    content: html`${inputData(data)}
${imageFigures(data.variable, withValues).map(figureMarkup)}
${figureMarkup(pairFigure(data.variable, withValues))}`,
    entries: [
      { id: 'photos', title: 'Photos' },
      { id: 'observed-values', title: 'Observed values' },
      { id: 'images-timeseries', title: 'Images' },
      { id: 'annotation-pairs', title: 'Annotation pairs' },
    ],
  };
}

/** What was left of photos and pairs at each step, and why (counts are carried all the way). */
const inputData = (
  data: ReportData,
): Html => html`${wholeRunNote('The counts of this section are')}<div class="columns">
<section id="photos"><h3>Photos</h3>
${countTable(photoCounts(data))}</section>
<section id="pair-counts"><h3>Annotation pairs</h3>
${countTable(pairCounts(data))}
<p>${describeSplit(data)}</p>${learntRemarks(data.training.learnt, data.state.split).map(
  (remark) => html`
<p class="notice">${remark}</p>`,
)}</section>
</div>
<section id="observed-values"><h3>Observed values</h3>
<p>${describeValues(data)}</p>${
  sumOf(data.state.export.values_excluded) > 0
    ? html`
${countTable(valueCounts(data))}`
    : NOTHING
}</section>`;

/** What nothing was left out for is no line: metrics.json has them all. */
const countTable = (counts: readonly Count[]): Html =>
  html`<table class="counts"><tbody>${counts
    .filter(({ kind, value }) => kind !== 'left-out' || value > 0)
    .map(
      ({ label, value, kind }) =>
        html`<tr class="${kind}"><th scope="row">${label}</th><td>${kind === 'left-out' && value > 0 ? '−' : NOTHING}${formatCount(value)}</td></tr>
`,
    )}</tbody></table>`;

function describeSplit({ state: { split } }: ReportData): string {
  if (split.method === 'graph')
    return 'Pairs were divided by graph: pairs that share photos stay together, so no photo is in both training and validation.';
  return `Pairs were divided at random, as the pairs hang together too closely to be kept apart: ${countOf(split.leaked_images, 'photo')} ${split.leaked_images === 1 ? 'is' : 'are'} in both training and validation, so validation loss looks better than it is.`;
}

function describeValues({ state, photos, variable }: ReportData): string {
  const { dataset, observations } = state;
  const source = { FPE: 'the datasets of the station on FPE', NWIS: 'USGS' };
  const found = dataset.value_source
    ? `Observed ${variable.noun}: ${countOf(dataset.values, 'value')} from ${source[dataset.value_source]}, interpolated to the time of ${formatCount(countWithValue(photos))} of ${countOf(photos.values.length, 'photo')}.`
    : `There are no observed values of ${variable.label} for the time of the photos.`;
  return observations?.note ? `${found} ${observations.note}` : found;
}

const THINNED_NOTE = `Of a split with more than ${formatCount(MOST_OF_SPLIT)} photos, every second one is drawn and saved, or every third, and so on.`;

/** Figures 1 to 3: photos of the run (contract 8.3). */
export const imageFigures = (variable: VariableWords, withValues: boolean): Figure[] => [
  {
    id: 'images-timeseries',
    control: noPhotosNote,
    title: withValues
      ? `Timeseries of Obs. ${variable.label} and Image Splits`
      : 'Timeseries of Image Splits',
    caption: withValues
      ? `Observed ${variable.noun} at the time of each photo, and every photo by split: those in annotation pairs and those in none. ${THINNED_NOTE} ${LOG_NOTE}`
      : `Every photo by split: those in annotation pairs and those in none. ${THINNED_NOTE}`,
    hint: `Drag in the strip of this figure to narrow all figures${withValues ? ' and numbers' : ''} to a period.`,
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
  caption: `Each point is a pair of photos: the one that annotators saw left against the one that they saw right, colored by which of them shows more${withValues ? '. Where annotators see what the gage measures, colors part at the diagonal' : ''}.`,
});
