import { formatCount, formatInterval, formatTau, NOT_AVAILABLE } from '../../../formats/numbers.ts';
import type { ReportData } from '../../data/report-data.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../../data/split-groups.ts';
import { type Html, html, NOTHING } from '../html.ts';
import type { Section } from '../page.ts';

/** Kendall tau of photos and of daily means, per split (contract 8.1). */
export const performanceSection = (data: ReportData): Section => ({
  id: 'performance',
  title: 'Performance (Kendall Tau)',
  content: performance(data),
});

/** The script fills the cells anew for a period. */
function performance(data: ReportData): Html {
  const { agreement, intervals, variable } = data;
  const cells = (by: 'photos' | 'days', id: SplitGroup['id']) =>
    html`<td class="tau" data-tau="${by}.${id}">${formatTau(agreement[by][id].tau)}</td><td class="interval" data-interval="${by}.${id}">${formatInterval(intervals[by][id])}</td><td data-n="${by}.${id}">${formatCount(agreement[by][id].n)}</td>`;
  return html`<div class="scroll"><table class="performance">
<thead>
<tr><th rowspan="2" scope="col" class="split">Split</th><th colspan="3" scope="colgroup">Photos</th><th colspan="3" scope="colgroup">Daily means</th></tr>
<tr><th scope="col">tau</th><th scope="col">95 %</th><th scope="col">n</th><th scope="col">tau</th><th scope="col">95 %</th><th scope="col">n</th></tr>
</thead>
<tbody>${SPLIT_GROUPS.map(
    ({ id, label, splits }) =>
      html`<tr${splits.length > 1 ? html` class="total"` : NOTHING}><th scope="row">${splits.length === 1 ? html`<span class="swatch ${id}"></span>` : html`<span class="swatch"></span>`}${label}</th>${cells('photos', id)}${cells('days', id)}</tr>
`,
  )}</tbody>
</table></div>
<p>Kendall tau (tau-b) compares the order of the scores with the order of observed ${variable.noun}: 1 is the same order, 0
is no relation, −1 the opposite order. n counts the photos, or days, that have both; ${NOT_AVAILABLE} stands where tau cannot
be computed.${
    data.rankError === null
      ? ''
      : ` A photo’s percentile rank by score differs from its rank by observed value by ${(100 * data.rankError).toFixed(0)} percentage points on average; by chance it would be 33.`
  }</p>
<p>The interval is where tau lies with 95 % confidence: a bootstrap over days, as photos of one day are much alike.</p>
<ul class="legend">${SPLIT_GROUPS.filter(({ splits }) => splits.length === 1).map(
    ({ label, meaning }) => html`<li><b>${label}</b>: photos ${meaning}</li>`,
  )}</ul>`;
}
