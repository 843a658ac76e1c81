import { sumOf } from '../../dataset/reasons.ts';
import { extremes, stationClock } from '../../formats/local-time.ts';
import { countOf, formatCount, formatInterval, formatTau, NOT_AVAILABLE } from '../../formats/numbers.ts';
import { countWithValue } from '../../predictions/scored-photos.ts';
import { finalEpochs } from '../data/epochs.ts';
import { learntRemarks } from '../data/remarks.ts';
import type { ReportData } from '../data/report-data.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../data/split-groups.ts';
import { type Count, pairCounts, photoCounts, valueCounts } from '../metrics/file.ts';
import { type Html, html, NOTHING } from './html.ts';
import { agreementNote } from './note.ts';

export const REPORT_TITLE = 'FPE Rank Model Diagnostics';

/** Title block: which model this is, from what it was made and how well it does (contract 8.2). */
export function titleBlock(data: ReportData): Html {
  const { run } = data.state;
  return html`<header>
<p class="over">${REPORT_TITLE}</p>
<h1>${run.station.name} <span class="id">(${run.station.id})</span></h1>
<p class="lead">${agreementNote(data)}</p>
<div class="facts">
${factGroups(data).map(
  ({ title, facts }) => html`<section><h2>${title}</h2>
<dl>${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl></section>
`,
)}</div>
</header>`;
}

function factGroups({ state, summary, training, photos, variable }: ReportData) {
  const { run, split } = state;
  const clock = stationClock(run.station.timezone);
  const minute = (epochMs: number) => clock.iso(epochMs).slice(0, 16).replace('T', ' ');
  const day = (instant: string) => instant.slice(0, 10);
  const [first, last] = extremes(photos.timestamps);
  const [final] = finalEpochs(training.epochs);
  return [
    {
      title: 'Model',
      facts: [
        ['Model code', run.model_code],
        ['Variable', variable.label],
        ['Created', minute(Date.parse(run.started_at))],
        ['Time zone', run.station.timezone],
      ],
    },
    {
      title: 'Images',
      facts: [
        ['Start', minute(first)],
        ['End', minute(last)],
        ['# Images', formatCount(photos.timestamps.length)],
        ['With Value', formatCount(countWithValue(photos))],
      ],
    },
    {
      title: 'Annotations',
      facts: [
        ['Source', summary.pairs.source],
        ['# Train Pairs', formatCount(split.pair_splits.train)],
        ['# Val Pairs', formatCount(split.pair_splits.val)],
        ['Period', `${day(summary.pairs.start)} – ${day(summary.pairs.end)}`],
        ['Notes', summary.notes ?? NOT_AVAILABLE],
      ],
    },
    {
      title: 'Training',
      facts: [
        ['# Epochs', formatCount(training.epochs.length)],
        ['Learn Rate', training.learningRate === null ? NOT_AVAILABLE : String(training.learningRate)],
        ['Final Model', final ? `epoch ${final.epoch}` : NOT_AVAILABLE],
      ],
    },
  ] as const satisfies { title: string; facts: [string, string][] }[];
}

/** Kendall tau of photos and of daily means, per split (contract 8.1); the script fills the cells anew for a period. */
export function performance(data: ReportData): Html {
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

/** Which photos daily means are made of, and their taus once more, as upstream's report has them (Q-R7, Q-R8). */
export const dailyText = ({
  state,
  agreement,
}: ReportData): Html => html`<p>Daily means are over the scored photos of a
day, station time, taken ${hours(state.run.parameters)}; a day counts to the first of Train, Val, Test (In) and Test (Out)
that any of its photos belongs to.</p>
<dl class="inline">${SPLIT_GROUPS.map(
  ({ id, label }) =>
    html`<div><dt>${label}</dt><dd data-tau="days.${id}">${formatTau(agreement.days[id].tau)}</dd></div>`,
)}</dl>`;

const hours = ({ min_hour, max_hour }: { min_hour: number; max_hour: number }): string =>
  `from ${min_hour}:00 to ${max_hour}:59`;

/** What was left of photos and pairs at each step, and why (counts are carried all the way). */
export const inputData = (data: ReportData): Html => html`<div class="columns">
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
