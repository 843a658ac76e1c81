import { extremes, stationClock } from '../../formats/local-time.ts';
import { formatCount, NOT_AVAILABLE } from '../../formats/numbers.ts';
import { countWithValue } from '../../predictions/scored-photos.ts';
import { finalEpochs } from '../data/epochs.ts';
import type { ReportData } from '../data/report-data.ts';
import { type Html, html } from './html.ts';
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
