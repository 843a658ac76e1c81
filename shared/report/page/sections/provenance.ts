import { nameInArn } from '../../../execution/arns.ts';
import { modelResults, versionKeys } from '../../../execution/keys.ts';
import { countOf, formatCount, formatSeconds, NOT_AVAILABLE } from '../../../formats/numbers.ts';
import { s3Uri } from '../../../formats/object-location.ts';
import { modelTypeOf } from '../../../model-types/registry.ts';
import { durations } from '../../data/durations.ts';
import type { ReportData } from '../../data/report-data.ts';
import { type CostEstimate, totalCost } from '../../data/run-facts.ts';
import { breakableName, type Html, html, NOTHING, scrollRegion } from '../html.ts';
import type { Section } from '../page.ts';

/** Where everything comes from. */
export const provenanceSection = (data: ReportData): Section => ({
  id: 'provenance',
  title: 'Provenance',
  content: provenance(data),
  entries: [
    { id: 'parameters', title: 'Parameters' },
    { id: 'files', title: 'Files' },
    { id: 'private-files', title: 'Numbers and pages' },
  ],
});

/** Run, jobs, images, files, cost, and every parameter. */
function provenance(data: ReportData): Html {
  const { state, files, cost, version } = data;
  const times = durations(state, files);
  const { run, training, scoring, split } = state;
  const source = files.find(({ name }) => name === 'sourcedir.tar.gz');
  const facts: [string, string][] = [
    ['Run', run.id],
    // Its name alone: the ARN tells the number of the account, and the report is public.
    ['Execution', nameInArn(run.execution_arn)],
    ['Pipeline', version ?? NOT_AVAILABLE],
    ['Model UUID', run.model_uuid],
    ['Source of model/', source ? `sha256 ${source.sha256}` : NOT_AVAILABLE],
    ['Preparation', formatDuration(times.preparation)],
    ['Training job', `${training.job}, ${formatDuration(times.training)}`],
    ['Scoring job', `${scoring.job}, ${formatDuration(times.scoring)}`],
    ...computationFacts(data),
    ['Default of the station', state.promotion.reason],
    ['Split', `${split.method}, ${formatCount(split.leaked_images)} photos leaked`],
    ...(cost ? ([['Cost', `about $${totalCost(cost).toFixed(2)}`]] as [string, string][]) : []),
  ];
  return html`<dl class="facts-list">${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>
${cost ? costTable(cost) : NOTHING}
<section id="parameters"><h3>Parameters</h3>
${scrollRegion(
  'Parameters',
  html`<table class="parameters"><tbody>${Object.entries(run.parameters).map(
    ([name, value]) =>
      html`<tr><th scope="row">${breakableName(name)}</th><td>${breakableName(String(value))}${isUnused(name, data) ? ' (not used: one computer)' : ''}</td></tr>
`,
  )}</tbody></table>`,
)}</section>
<section id="files"><h3>Files</h3>
${scrollRegion(
  'Files',
  html`<table><thead><tr><th scope="col" class="split">File</th><th scope="col">Bytes</th><th scope="col" class="split">SHA-256</th></tr></thead>
<tbody>${files.map(
    ({ name, key, bytes, sha256 }) =>
      html`<tr><th scope="row" title="${key}">${name}</th><td>${formatCount(bytes)}</td><td class="hash">${sha256}</td></tr>
`,
  )}</tbody></table>`,
)}</section>
${privateFiles(data)}`;
}

/** Where metrics.json and the other pages are: no address leads there, as their bucket is private. */
function privateFiles({ state: { run }, jobPlace }: ReportData): Html {
  const keys = versionKeys(
    modelTypeOf(run.parameters.model_type),
    run.station.id,
    run.model_code,
    run.model_uuid,
  );
  const name = nameInArn(run.execution_arn);
  const rows: [title: string, key: string, command: string | null][] = [
    ['Every number with its definition', keys.metrics, null],
    ['How far scores may be off', keys.transform.intervals, `./fpe open intervals ${name}`],
    ['Page of the model input', keys.input.page, `./fpe open input ${name}`],
    ['Page of the dataset', keys.dataset.page, `./fpe open dataset ${name}`],
  ];
  const fileOf = (key: string) => key.slice(key.lastIndexOf('/') + 1);
  return html`<section id="private-files"><h3>Numbers and pages</h3>
<p>${
    jobPlace === 'SageMaker'
      ? 'These files are in the model bucket, which is private. Who may read it copies them (aws s3 cp), or has them opened, from a checkout of the pipeline with --stage.'
      : 'These files are in the model bucket of a local stack, not of AWS. Its computer opens them, from the checkout of the pipeline; while the stack runs, aws s3 cp copies them in a shell of its own: eval "$(./fpe local env)"'
  }</p>
${
  jobPlace === 'SageMaker' || !run.parameters.publish
    ? NOTHING
    : html`<p class="links" data-beside="${modelResults(run.model_code)}" hidden>Beside this page: ${rows.map(
        ([, key]) => html`<a href="${fileOf(key)}">${fileOf(key)}</a> `,
      )}</p>
`
}${scrollRegion(
  'Numbers and pages',
  html`<table><thead><tr><th scope="col" class="split">What</th><th scope="col" class="split">Where</th><th scope="col" class="split">Command</th></tr></thead>
<tbody>${rows.map(
    ([title, key, command]) =>
      html`<tr><th scope="row">${title}</th><td class="hash">${s3Uri({ bucket: run.buckets.model, key })}</td><td class="hash">${command ?? ''}</td></tr>
`,
  )}</tbody></table>`,
)}</section>`;
}

/** What the jobs computed with; on one computer, no image of AWS takes part. */
function computationFacts({
  state: { run },
  training: { computation },
  jobPlace,
}: ReportData): [string, string][] {
  const { device, threads, torch } = computation;
  const tools = [
    ...(torch === null ? [] : [`PyTorch ${torch}`]),
    ...(device === null ? [] : [`device ${device}`]),
    ...(threads === null ? [] : [countOf(threads, 'thread')]),
  ];
  const requests = run as unknown as {
    training_request: { AlgorithmSpecification?: { TrainingImage?: string } };
    model_request: { Image?: string };
  };
  return [
    [
      'Jobs ran',
      jobPlace === 'SageMaker' ? 'in SageMaker' : 'on one computer, by the local stack; nothing was paid for',
    ],
    ['Training computed with', tools.join(', ') || NOT_AVAILABLE],
    ...(jobPlace === 'SageMaker'
      ? ([
          [
            'Training image',
            requests.training_request.AlgorithmSpecification?.TrainingImage ?? NOT_AVAILABLE,
          ],
          ['Serving image', requests.model_request.Image ?? NOT_AVAILABLE],
        ] as [string, string][])
      : []),
  ];
}

/** Parameters of jobs that only SageMaker reads. */
const isUnused = (name: string, { jobPlace }: ReportData): boolean =>
  jobPlace !== 'SageMaker' && /^(training|transform)_(instance_type|instance_count|spot)$/.test(name);

const formatDuration = (seconds: number | null): string =>
  seconds === null ? NOT_AVAILABLE : formatSeconds(seconds);

const costTable = (cost: CostEstimate): Html => html`<section id="cost"><h3>Cost</h3>
${scrollRegion(
  'Cost',
  html`<table><thead><tr><th scope="col" class="split">Part</th><th scope="col">US$</th><th scope="col" class="split">Basis</th></tr></thead>
<tbody>${cost.parts.map(
    ({
      name,
      usd,
      basis,
    }) => html`<tr><th scope="row">${name}</th><td>${usd.toFixed(2)}</td><td class="text">${basis}</td></tr>
`,
  )}</tbody></table>`,
)}
<p>${cost.assumptions}</p></section>`;
