import { styleText } from 'node:util';
import { formatCount } from '../../shared/formats/numbers.ts';
import { toldFailure } from '../../shared/notifications/job-error.ts';
import { type StateProgress, type StateStatus, stateMs } from './execution-progress.ts';
import { stateDetails } from './state-details.ts';

/** Progress of a running job, according to SageMaker and S3. */
export type JobProgress = (
  | { kind: 'training'; metrics: ReadonlyMap<string, number>; epochs: number }
  | { kind: 'scoring'; scored: number; photos: number }
) & {
  /** When something had been done for the first time that anybody looked, and how much: a job starts for minutes, or resumes. */
  first?: { at: Date; done: number };
};

const doneOf = (job: JobProgress): number =>
  job.kind === 'scoring' ? job.scored : (job.metrics.get('epoch') ?? 0);
const totalOf = (job: JobProgress): number => (job.kind === 'scoring' ? job.photos : job.epochs);

/** A job's progress with what is known since it was first seen. */
export function withPace(job: JobProgress, former: JobProgress | undefined, now: Date): JobProgress {
  const done = doneOf(job);
  const first = former?.first ?? (done > 0 ? { at: now, done } : undefined);
  return first ? { ...job, first } : job;
}

/** Keyed by the name of the state that waits for the job. */
export type JobsProgress = ReadonlyMap<string, JobProgress>;

type Style = Parameters<typeof styleText>[0];

const MARKS: Record<StateStatus, { mark: string; style: Style }> = {
  waiting: { mark: '·', style: 'dim' },
  running: { mark: '▸', style: 'cyan' },
  done: { mark: '✔', style: 'green' },
  failed: { mark: '✖', style: 'red' },
  stopped: { mark: '■', style: 'yellow' },
  skipped: { mark: '–', style: 'dim' },
};
const NAME_WIDTH = 21;
const BAR_WIDTH = 20;

/** One line for each state: mark, name, duration, what it found or how far it is. */
export function progressLines(states: readonly StateProgress[], jobs: JobsProgress, now: Date): string[] {
  return states.map((state) => stateLine(state, jobs.get(state.name) ?? null, now));
}

export function stateLine(state: StateProgress, job: JobProgress | null, now: Date): string {
  const { mark, style } = MARKS[state.status];
  const duration = state.startedAt ? formatDuration(stateMs(state, now)) : '';
  const text = `${styleText(style, mark)} ${state.name.padEnd(NAME_WIDTH)} ${duration.padStart(7)}  ${describeState(state, job, now)}`;
  return text.trimEnd();
}

function describeState(state: StateProgress, job: JobProgress | null, now: Date): string {
  const retries = state.retries ? ` (${state.retries} ${state.retries === 1 ? 'retry' : 'retries'})` : '';
  switch (state.status) {
    case 'running':
      if (state.error) return `${nameOf(state.error)}, trying again soon${retries}`;
      if (state.items) return progressBar(state.items.done, state.items.total, 'batches') + retries;
      return (job ? describeJob(job) + timeLeft(job, now) : '') + retries;
    case 'failed':
    case 'stopped':
      return (state.error ? nameOf(state.error) : '') + retries;
    case 'skipped':
      return 'skipped';
    case 'done':
      return (stateDetails(state.name, state.output) || (job ? describeFinished(job) : '')) + retries;
    default:
      return '';
  }
}

function describeJob(job: JobProgress): string {
  if (job.kind === 'scoring') return progressBar(job.scored, job.photos, 'photos');
  const epoch = job.metrics.get('epoch');
  if (epoch === undefined) return 'the job is starting';
  const losses = [
    ['loss', job.metrics.get('train_loss')],
    ['validation loss', job.metrics.get('val_loss')],
  ] as const;
  const shown = losses.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value.toFixed(3)}`],
  );
  return [progressBar(epoch, job.epochs, 'epochs'), ...shown].join(', ');
}

/** By the pace since something was done; nothing where that is not known yet. */
function timeLeft(job: JobProgress, now: Date): string {
  const [done, total] = [doneOf(job), totalOf(job)];
  if (!job.first || done <= job.first.done || done >= total) return '';
  const msEach = (now.getTime() - job.first.at.getTime()) / (done - job.first.done);
  return `, about ${formatDuration(msEach * (total - done)).replace(/\.\ds$/, 's')} left`;
}

/** The full count; the last progress, queried a second before the end, falls short of it. */
const describeFinished = (job: JobProgress): string =>
  describeJob(job.kind === 'scoring' ? { ...job, scored: job.photos } : job);

/** e.g. ██████████░░░░░░░░░░ 5 of 10 epochs */
export function progressBar(done: number, total: number, unit: string): string {
  const filled = total > 0 ? Math.min(BAR_WIDTH, Math.round((BAR_WIDTH * done) / total)) : 0;
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${formatCount(done)} of ${formatCount(total)} ${unit}`;
}

/** @param milliseconds e.g. 75_300 → 1m 15s; 4_210 → 4.2s */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes}m ${String(Math.round(seconds) % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`;
}

const nameOf = ({ name, cause }: { name: string; cause: string }): string =>
  toldFailure(name, cause).job_error ?? name;
