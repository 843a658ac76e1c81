import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DescribeExecutionOutput,
  describeExecution,
  executionDefinition,
  executionHistory,
} from '../../shared/aws/executions.ts';
import { listObjects } from '../../shared/aws/object-store.ts';
import { trainingMetrics } from '../../shared/aws/training-jobs.ts';
import { isStillRunning } from '../../shared/execution/status.ts';
import { objectOf } from '../../shared/formats/object-location.ts';
import { executionProgress, runningMs, type StateProgress } from './execution-progress.ts';
import { type LiveLine, liveLines } from './live-lines.ts';
import { type JobProgress, stateLine, withPace } from './progress-lines.ts';

/** States without work of their own get no line. */
const SILENT_TYPES = new Set(['Choice', 'Pass', 'Fail', 'Succeed', 'Wait']);

export type Watched = {
  execution: DescribeExecutionOutput;
  states: StateProgress[];
  /** In which it has run, without the pauses before redrives. */
  ms: number;
};

/** Follows an execution until it ends, with a line for each state. */
export async function watchExecution(
  executionArn: string,
  { intervalMs = 1000, signal }: { intervalMs?: number; signal?: AbortSignal } = {},
): Promise<Watched> {
  const names = await watchedStates(executionArn);
  const view = liveLines(process.stdout);
  const jobs = new Map<string, JobProgress>();
  for (;;) {
    // Queried before the history, so that the last history read is complete.
    const execution = await describeExecution(executionArn);
    const history = await executionHistory(executionArn);
    const states = executionProgress(names, history);
    for (const state of states) {
      const job = await jobProgress(state);
      if (job) jobs.set(state.name, withPace(job, jobs.get(state.name), new Date()));
    }
    view.show(states.map((state) => liveLine(state, jobs.get(state.name) ?? null)));
    if (!isStillRunning(execution.status)) {
      view.done();
      return { execution, states, ms: runningMs(history, new Date()) };
    }
    await sleep(intervalMs, undefined, { ...(signal && { signal }) });
  }
}

/** Names of the states that do work, in running order: the order of the definition. */
export async function watchedStates(executionArn: string): Promise<string[]> {
  const definition = await executionDefinition(executionArn);
  return Object.entries(definition.States)
    .filter(([, state]) => !SILENT_TYPES.has(state.Type))
    .map(([name]) => name);
}

function liveLine(state: StateProgress, job: JobProgress | null): LiveLine {
  const { name, status, retries, error } = state;
  const step = status === 'running' && job ? stepOf(job) : '';
  const news = status === 'waiting' ? null : `${status} ${retries} ${error?.name} ${step}`;
  return { name, text: stateLine(state, job, new Date()), news };
}

/** Progress worth a new line in a log: an epoch, or a tenth of the photos. */
const stepOf = (job: JobProgress): number =>
  job.kind === 'training'
    ? (job.metrics.get('epoch') ?? 0)
    : Math.floor((10 * job.scored) / Math.max(1, job.photos));

/** Queries the progress of a running state's job; null if it has none, or if the services cannot be queried. */
async function jobProgress({ status, request, input }: StateProgress): Promise<JobProgress | null> {
  if (status !== 'running' || !request) return null;
  try {
    if (typeof request.TrainingJobName === 'string') {
      const { n_epochs: epochs } = request.HyperParameters as Record<string, string>;
      return {
        kind: 'training',
        metrics: await trainingMetrics(request.TrainingJobName),
        epochs: Number(epochs),
      };
    }
    if (typeof request.TransformJobName === 'string') {
      const { S3OutputPath } = request.TransformOutput as { S3OutputPath: string };
      const { bucket, key: prefix } = objectOf(S3OutputPath);
      let scored = 0;
      for await (const { key } of listObjects(bucket, `${prefix}/`)) if (key.endsWith('.out')) scored += 1;
      return { kind: 'scoring', scored, photos: photosToScore(input) };
    }
  } catch {
    // Progress is optional: without the permission to query it, or between two retries, the view continues without it.
  }
  return null;
}

/** train-station counts them with its manifests, score-station with its selection. */
function photosToScore(input: unknown): number {
  type Counted = { transform_photos?: number };
  const { manifests, selection } = (input ?? {}) as { manifests?: Counted; selection?: Counted };
  return (manifests ?? selection)?.transform_photos ?? 0;
}
