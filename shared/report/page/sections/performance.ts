import { countOf, formatCount, formatTau, isOrAre, NOT_AVAILABLE } from '../../../formats/numbers.ts';
import { LEAST_WEEKS } from '../../../predictions/weeks.ts';
import { EXTREME_SHARES } from '../../data/measures.ts';
import type { ReportData } from '../../data/report-data.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../../data/split-groups.ts';
import { shownInterval, shownMeasures, shownTau } from '../../data/text-tables.ts';
import { LEAST_ROWS, TOO_FEW, TOO_FEW_WEEKS, whereEnough } from '../../data/too-few.ts';
import { hasValues, missingValues } from '../figure.ts';
import { type Html, html, NOTHING, scrollRegion, wholeRunNote } from '../html.ts';
import type { Section } from '../page.ts';

/** Kendall tau of photos and of daily means, per split (contract 8.1). */
export const performanceSection = (data: ReportData): Section => ({
  id: 'performance',
  title: 'Performance (Kendall Tau)',
  content: hasValues(data) ? performance(data) : nothingToCompare(data),
  entries: hasValues(data) ? [{ id: 'measures', title: 'Other measures' }] : [],
});

/** Tables of nothing would tell nothing. */
const nothingToCompare = (data: ReportData): Html => html`<p>${missingValues(data)}</p>
<p>What tells how good the model is without them: how many <a href="#pair-accuracy">annotation pairs</a> it orders as the annotators did.</p>
${smoothedMarkup(data)}${splitLegend}`;

/** The script fills the cells anew for a period. */
function performance(data: ReportData): Html {
  const { agreement, intervals, variable } = data;
  const table = (by: 'photos' | 'days', title: string) =>
    scrollRegion(
      `Kendall tau of ${title.toLowerCase()}`,
      html`<table class="performance">
<thead><tr><th scope="col" class="split">${title}</th><th scope="col">tau</th><th scope="col">95 %</th><th scope="col">n</th></tr></thead>
<tbody>${SPLIT_GROUPS.map((group) => {
        const { n, tau } = agreement[by][group.id];
        const key = `${by}.${group.id}`;
        return html`<tr${rowClass(group)}>${splitHead(group)}<td class="tau" data-tau="${key}">${shownTau({ n, tau })}</td><td class="interval" data-interval="${key}">${shownInterval({ n, tau, interval: intervals[by][group.id] })}</td><td data-n="${key}">${formatCount(n)}</td></tr>
`;
      })}</tbody>
</table>`,
    );
  return html`<div class="columns">${table('photos', 'Photos')}${table('days', 'Daily means')}</div>
<p>Kendall tau (tau-b) compares the order of the scores with the order of observed ${variable.noun}: 1 is the same order, 0
is no relation, −1 the opposite order. n counts the photos, or days, that have both; ${NOT_AVAILABLE} stands where tau cannot
be computed, and ${TOO_FEW} where n is below ${LEAST_ROWS}.</p>
<p>The interval is where tau lies with 95 % confidence: a bootstrap over weeks, as photos of a day, and one day and the next, are much alike. Of photos of fewer than ${LEAST_WEEKS} weeks it
would be much too narrow, so there is none (${TOO_FEW_WEEKS}).</p>
${smoothedMarkup(data)}${splitLegend}
${measuresMarkup(data)}`;
}

const splitLegend = html`<ul class="legend">${SPLIT_GROUPS.filter(({ splits }) => splits.length === 1).map(
  ({ label, meaning }) => html`<li><b>${label}</b>: photos ${meaning}</li>`,
)}</ul>`;

/** Of photos that the model has not seen. */
function smoothedMarkup({ agreement, smoothed }: ReportData): Html {
  if (smoothed === null) return NOTHING;
  const [ofSmoothed, ofScores] = [smoothed.agreement['test-all'], agreement.photos['test-all']];
  const found =
    whereEnough(
      ofSmoothed.n,
      `their tau is ${formatTau(ofSmoothed.tau)}, that of the scores ${formatTau(ofScores.tau)}`,
    ) ??
    `${countOf(ofSmoothed.n, 'photo')} with an observed value ${isOrAre(ofSmoothed.n)} too few to tell their tau`;
  return html`<p id="smoothed">Predictions of this model that are published have a column smoothed_score beside the score: means over neighboring photos,
weighted by a Gaussian with a standard deviation of ${smoothed.hours} hours. Over the photos that the model has not seen, 
${found}; within the annotation period, their neighbors are in part photos that
it has learned from. What changes faster than that, such as the peak of a short flood, is flattened.</p>
${wholeRunNote('These two are')}`;
}

const rowClass = ({ splits }: SplitGroup): Html => (splits.length > 1 ? html` class="total"` : NOTHING);

const splitHead = ({ id, label, splits }: SplitGroup): Html =>
  html`<th scope="row"><span class="swatch${splits.length === 1 ? ` ${id}` : ''}"></span>${label}</th>`;

/** What FPE's team compares models by. */
function measuresMarkup({ measures, variable }: ReportData): Html {
  const percent = `${EXTREME_SHARES.map((share) => Math.round(100 * share)).join(', ')} %`;
  const chance = (EXTREME_SHARES.reduce((sum, share) => sum + share, 0) / EXTREME_SHARES.length).toFixed(2);
  return html`<section id="measures"><h3>Other measures</h3>
${scrollRegion(
  'Other measures by split',
  html`<table class="measures">
<thead><tr><th scope="col" class="split">Split</th><th scope="col">rho</th><th scope="col">rank diff.</th><th scope="col">high</th><th scope="col">low</th><th scope="col">n</th></tr></thead>
<tbody>${SPLIT_GROUPS.map(
    (group) =>
      html`<tr${rowClass(group)}>${splitHead(group)}${shownMeasures(measures[group.id]).map((text, column) => html`<td data-measure="${group.id}.${column}">${text}</td>`)}</tr>
`,
  )}</tbody></table>`,
)}
<ul class="legend">
<li><b>rho</b>: Spearman’s correlation of the ranks by score and by observed ${variable.noun}</li>
<li><b>rank diff.</b>: how far these two percentile ranks of a photo lie apart on average, in percentage points; by chance 33</li>
<li><b>high</b>: how well the photos of the highest ${variable.noun} are found when photos are looked at from the highest score down, the
mean of the average precisions for the top ${percent}; 1 is all of them first, by chance it would be about ${chance}</li>
<li><b>low</b>: likewise for the lowest, from the lowest score up</li>
</ul></section>`;
}
