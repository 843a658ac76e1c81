import { modelResults } from '../../execution/keys.ts';
import type { Run } from '../../execution/train-station-state.ts';
import { extremes, stationClock } from '../../formats/local-time.ts';
import { formatCount, formatTau, NOT_AVAILABLE } from '../../formats/numbers.ts';
import { countWithValue } from '../../predictions/scored-photos.ts';
import { LEAST_WEEKS } from '../../predictions/weeks.ts';
import { worseDefault } from '../../publication/promotion.ts';
import { finalEpochs } from '../data/epochs.ts';
import type { ReportData } from '../data/report-data.ts';
import { shownInterval } from '../data/text-tables.ts';
import { LEAST_ROWS, TOO_FEW } from '../data/too-few.ts';
import { type KnownTau, PAPER_MEDIANS, unseenPhotos } from '../data/unseen.ts';
import { hasValues } from './figure.ts';
import { type Html, html, NOTHING, scrollRegion, wholeRunNote } from './html.ts';
import { leadSentence } from './note.ts';

/** The explorer's page of a station; FPE's website routes behind the hash. */
const FPE_STATION = 'https://www.usgs.gov/apps/ecosheds/fpe/#/explorer/';
const USGS_GAGE = 'https://waterdata.usgs.gov/monitoring-location/USGS-';
export const REPORT_TITLE = 'FPE Rank Model Diagnostics';

/** What the network was before it learned. */
const startOf = ({ start_model: other, parameters }: Run): string => {
  if (other) return `model ${other.model_code} of station ${other.station_id}`;
  return parameters.pretrained ? 'ImageNet weights' : 'chance';
};

/** Title block: which model this is, from what it was made and how well it does (contract 8.2). */
export function titleBlock(data: ReportData): Html {
  const { run, promotion } = data.state;
  const worse = worseDefault(promotion);
  return html`<header>
<p class="over">${REPORT_TITLE}</p>
${stationHeading(run.station)}
${worse ? html`<p class="lead worse">⚠ ${worse}</p>` : NOTHING}<p class="lead">${leadSentence(data)}</p>
${hasValues(data) ? unseenTable(data) : NOTHING}${wholeRunNote('The numbers of this block are')}
<div class="facts">
${factGroups(data).map(
  ({ title, facts }) => html`<section><h2>${title}</h2>
<dl>${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl></section>
`,
)}</div>
${links(data)}</header>`;
}

/** Name of the station; of one that does not exist, with the words that say so. */
export const stationHeading = ({ id, name, synthetic }: Run['station']): Html =>
  html`<h1>${name} <span class="id">(${id})</span></h1>${
    synthetic
      ? html`
<p class="notice" id="synthetic"><b>Synthetic station:</b> a program made up its photos, its observed values and its annotators. What follows shows how
the pipeline works, and tells nothing of a real stream.</p>`
      : NOTHING
  }`;

/** To the files that are published beside the page, and to where station and values come from. */
function links({ state: { run }, jobPlace }: ReportData): Html {
  const { id, nwis_id } = run.station;
  const published = run.parameters.publish ? ['predictions.csv', 'images.csv', 'annotations.csv'] : [];
  const to: [text: string, address: string][] = [
    // Stations of a local stack have numbers of their own.
    ...(jobPlace === 'SageMaker'
      ? ([[`Station ${id} at FPE`, `${FPE_STATION}${id}`]] as [string, string][])
      : []),
    ...(nwis_id && /^\d{8,15}$/.test(nwis_id)
      ? ([[`USGS gage ${nwis_id}`, `${USGS_GAGE}${nwis_id}`]] as [string, string][])
      : []),
  ];
  if (to.length + published.length === 0) return NOTHING;
  return html`<p class="links"><span data-published="${modelResults(run.model_code)}">${published.map((name) => html`<a href="${name}">${name}</a> `)}</span>${to.map(([text, address]) => html`<a href="${address}">${text}</a> `)}</p>
`;
}

/** In the place of numbers that do not differ by more than chance may. */
const UNTOLD = 'cannot be told';

/** The photos that the model has not seen, where it matters; beside it what the method's paper found. */
function unseenTable(data: ReportData): Html {
  const { all, hasSeasons, best, worst, high, within, after } = unseenPhotos(data);
  const rows: [label: string, tau: KnownTau | typeof UNTOLD | null, paper?: number][] = [
    ['All', all],
    ...(best && worst
      ? ([
          [`Best season: ${best.label}`, best],
          [`Worst season: ${worst.label}`, worst],
        ] as [string, KnownTau][])
      : ([['Best and worst season', hasSeasons ? UNTOLD : null]] as [string, typeof UNTOLD | null][])),
    [`Highest tenth of ${data.variable.noun}`, high],
    ['Within the annotation period', within, PAPER_MEDIANS.within],
    ['After it', after, PAPER_MEDIANS.after],
  ];
  const cells = (tau: KnownTau | typeof UNTOLD | null): Html => {
    if (tau === UNTOLD) return html`<td colspan="3">${UNTOLD}</td>`;
    return tau
      ? html`<td class="tau">${formatTau(tau.tau)}</td><td class="interval">${shownInterval(tau)}</td><td>${formatCount(tau.n)}</td>`
      : html`<td class="tau">${TOO_FEW}</td><td></td><td></td>`;
  };
  return html`${scrollRegion(
    'Kendall tau of photos that the model has not seen',
    html`<table class="unseen">
<thead><tr><th scope="col" class="split">Photos not seen by the model</th><th scope="col">tau</th><th scope="col">95 %</th><th scope="col">n</th><th scope="col">paper</th></tr></thead>
<tbody>${rows.map(
      ([label, tau, paper]) =>
        html`<tr><th scope="row">${label}</th>${cells(tau)}<td>${paper?.toFixed(2) ?? ''}</td></tr>
`,
    )}</tbody></table>`,
  )}
<p class="note">Not seen: in no pair of training or validation. Fewer than ${LEAST_ROWS} photos, or none that differ, are too few to tell, and fewer than ${LEAST_WEEKS} weeks too few for an interval. Best and worst season are
told where their intervals do not overlap: by chance alone, one is always the best. Paper: medians
over the stations of the method’s paper, doi 10.5194/hess-29-6445-2025.</p>`;
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
        ['Recipe', training.recipe ?? NOT_AVAILABLE],
        ['Started From', startOf(run)],
        ['# Epochs', formatCount(training.epochs.length)],
        ['Learn Rate', training.learningRate === null ? NOT_AVAILABLE : String(training.learningRate)],
        ['Final Model', final ? `epoch ${final.epoch}` : NOT_AVAILABLE],
      ],
    },
  ] as const satisfies { title: string; facts: [string, string][] }[];
}
