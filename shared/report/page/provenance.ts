import { formatCount, formatSeconds, NOT_AVAILABLE } from '../../formats/numbers.ts';
import type { ReportData, ReportState } from '../data/report-data.ts';
import { type Html, html, NOTHING } from './html.ts';

/** A file of the run, so that what the report was made from can be told from what lies there today. */
export type FileChecksum = {
  name: string;
  /** Where it stays in the model bucket when the run's own folder is deleted. */
  key: string;
  bytes: number;
  sha256: string;
  /** When it was written, ISO 8601. */
  written_at: string;
};

/** How long the parts of a run took, seconds, with waiting for machines; null where a file's time is not known. */
export type Durations = { preparation: number | null; training: number | null; scoring: number | null };

/** The files say when each part was finished, also after a redrive, which an execution's history does not. */
export function durations(state: ReportState, files: readonly FileChecksum[]): Durations {
  const writtenAt = (name: string) => Date.parse(files.find((file) => file.name === name)?.written_at ?? '');
  const prepared = writtenAt('input/rank-input.json');
  const trained = writtenAt('model.tar.gz');
  const seconds = (from: number, to: number) => (to >= from ? Math.round((to - from) / 1000) : null);
  return {
    preparation: seconds(Date.parse(state.run.started_at), prepared),
    training: seconds(prepared, trained),
    scoring: seconds(trained, writtenAt('transform/predictions.csv')),
  };
}

/** What the run cost, if somebody has worked it out: parts in US dollars, and what was assumed. */
export type CostEstimate = { parts: { name: string; usd: number; basis: string }[]; assumptions: string };

/** @returns US dollars */
export const totalCost = ({ parts }: CostEstimate): number => parts.reduce((sum, { usd }) => sum + usd, 0);

/** Where everything comes from: run, jobs, images, files, cost, and every parameter. */
export function provenance({ state, files, cost }: ReportData): Html {
  const times = durations(state, files);
  const { run, training, scoring, split } = state;
  const requests = run as unknown as {
    training_request: { AlgorithmSpecification?: { TrainingImage?: string } };
    model_request: { Image?: string };
  };
  const source = files.find(({ name }) => name === 'sourcedir.tar.gz');
  const facts: [string, string][] = [
    ['Run', run.id],
    // Its name alone: the ARN tells the number of the account, and the report is public.
    ['Execution', run.execution_arn.split(':').at(-1) as string],
    ['Model UUID', run.model_uuid],
    ['Source of model/', source ? `sha256 ${source.sha256}` : NOT_AVAILABLE],
    ['Preparation', formatDuration(times.preparation)],
    ['Training job', `${training.job}, ${formatDuration(times.training)}`],
    ['Scoring job', `${scoring.job}, ${formatDuration(times.scoring)}`],
    ['Training image', requests.training_request.AlgorithmSpecification?.TrainingImage ?? NOT_AVAILABLE],
    ['Serving image', requests.model_request.Image ?? NOT_AVAILABLE],
    ['Default of the station', state.promotion.reason],
    ['Split', `${split.method}, ${formatCount(split.leaked_images)} photos leaked`],
    ...(cost ? ([['Cost', `about $${totalCost(cost).toFixed(2)}`]] as [string, string][]) : []),
  ];
  return html`<dl class="facts-list">${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>
${cost ? costTable(cost) : NOTHING}
<section id="parameters"><h3>Parameters</h3>
<div class="scroll"><table><tbody>${Object.entries(run.parameters).map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${String(value)}</td></tr>
`,
  )}</tbody></table></div></section>
<section id="files"><h3>Files</h3>
<div class="scroll"><table><thead><tr><th scope="col" class="split">File</th><th scope="col">Bytes</th><th scope="col" class="split">SHA-256</th></tr></thead>
<tbody>${files.map(
    ({ name, key, bytes, sha256 }) =>
      html`<tr><th scope="row" title="${key}">${name}</th><td>${formatCount(bytes)}</td><td class="hash">${sha256}</td></tr>
`,
  )}</tbody></table></div></section>`;
}

const formatDuration = (seconds: number | null): string =>
  seconds === null ? NOT_AVAILABLE : formatSeconds(seconds);

const costTable = (cost: CostEstimate): Html => html`<section id="cost"><h3>Cost</h3>
<div class="scroll"><table><thead><tr><th scope="col" class="split">Part</th><th scope="col">US$</th><th scope="col" class="split">Basis</th></tr></thead>
<tbody>${cost.parts.map(
  ({
    name,
    usd,
    basis,
  }) => html`<tr><th scope="row">${name}</th><td>${usd.toFixed(2)}</td><td class="text">${basis}</td></tr>
`,
)}</tbody></table></div>
<p>${cost.assumptions}</p></section>`;
