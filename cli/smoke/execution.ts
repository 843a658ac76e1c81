import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DescribeExecutionOutput,
  describeExecution,
  executionHistory,
  startExecution,
  stopExecution,
} from '../../shared/aws/executions.ts';
import { isStillRunning } from '../../shared/execution/status.ts';
import { readFailureCause } from '../../shared/notifications/failure-cause.ts';
import { executionProgress, type StateProgress } from '../progress/execution-progress.ts';
import { formatDuration } from '../progress/progress-lines.ts';
import { watchedStates } from '../progress/watch-execution.ts';

/** A failed check: what was found, and what that means. */
export class SmokeFailed extends Error {
  override readonly name = 'SmokeFailed';
  readonly means: string;

  constructor(found: string, means: string) {
    super(found);
    this.means = means;
  }
}

export type SmokeExecution = { arn: string; execution: DescribeExecutionOutput; states: StateProgress[] };

/** How an execution is followed: for how long at most, how often it is checked, and who is notified of its states. */
export type Following = {
  limitMs: number;
  intervalMs: number;
  onState: (text: string) => void;
  /** Called at each check; following ends when it says so. */
  until?: (states: readonly StateProgress[]) => Promise<boolean>;
};

/** Failed attempts before they are reported: the machines would keep trying for ten minutes. */
const FAILED_ATTEMPTS = 3;
/** Waiting does not help if there is no such instance. */
const HOPELESS = /ResourceLimitExceeded/;

/** ARN of the running execution, for handling an interrupt. */
let running: string | null = null;
export const runningExecution = (): string | null => running;

/** Starts an execution and follows it. @throws SmokeFailed if it hangs, or keeps retrying what fails permanently */
export async function runExecution(
  machineArn: string,
  input: object,
  following: Following,
): Promise<SmokeExecution> {
  return awaitExecution(await startExecution(machineArn, input, null), following);
}

export async function awaitExecution(
  arn: string,
  { limitMs, intervalMs, onState, until }: Following,
): Promise<SmokeExecution> {
  running = arn;
  const names = await watchedStates(arn);
  const deadline = performance.now() + limitMs;
  let told = '';
  for (;;) {
    // Queried before the history, so that the last history read is complete.
    const execution = await describeExecution(arn);
    const states = executionProgress(names, await executionHistory(arn));
    const current = states.findLast(({ status }) => status !== 'waiting' && status !== 'skipped');
    if (current && current.name !== told) {
      told = current.name;
      onState(told);
    }
    if (!isStillRunning(execution.status)) {
      running = null;
      return { arn, execution, states };
    }
    if (await until?.(states)) return { arn, execution, states };
    const failure =
      failureAlready(states) ?? (performance.now() > deadline ? tooLate(current, limitMs) : null);
    if (failure) {
      await stopExecution(arn, 'Stopped by fpe smoke');
      running = null;
      throw failure;
    }
    await sleep(intervalMs);
  }
}

/** Looks again and again until there is something else than a failure. @throws SmokeFailed the last one, once the time is over */
export async function awaitFinding<Found>(
  { limitMs, intervalMs }: Pick<Following, 'limitMs' | 'intervalMs'>,
  look: () => Promise<Found | SmokeFailed>,
): Promise<Found> {
  for (const deadline = performance.now() + limitMs; ; await sleep(intervalMs)) {
    const found = await look();
    if (!(found instanceof SmokeFailed)) return found;
    if (performance.now() > deadline) throw found;
  }
}

/** The failure of a state that keeps failing while the machine keeps retrying it. */
function failureAlready(states: readonly StateProgress[]): SmokeFailed | null {
  const hopeless = states.find(isHopeless);
  return hopeless ? failureOf(hopeless.name, hopeless.error?.name ?? '', hopeless.error?.cause ?? '') : null;
}

const tooLate = (current: StateProgress | undefined, limitMs: number): SmokeFailed =>
  new SmokeFailed(
    `${current?.name ?? 'The execution'} has not ended after ${formatDuration(limitMs)}, so it was stopped`,
    'A job that waits so long has no instance to be had, or its container does not start: see the job in the SageMaker console. A function that hangs does not reach something: see its log',
  );

const isHopeless = ({ status, error, retries }: StateProgress): boolean =>
  status === 'running' && error !== null && (retries + 1 >= FAILED_ATTEMPTS || HOPELESS.test(error.name));

/** @throws SmokeFailed unless the execution succeeded */
export function requireSuccess({ execution, states }: SmokeExecution): void {
  if (execution.status === 'SUCCEEDED') return;
  const at =
    states.find(({ status }) => status === 'failed' || status === 'stopped')?.name ?? 'the execution';
  throw failureOf(at, execution.error ?? String(execution.status), execution.cause ?? '');
}

/**
 * @returns the execution's description of its failure
 * @throws SmokeFailed unless it failed with this error
 */
export function requireFailure({ execution, states }: SmokeExecution, error: string): string {
  const { name, message } = readFailureCause(execution.cause ?? '');
  if (execution.status === 'FAILED' && execution.error === error) return message;
  if (execution.status === 'SUCCEEDED')
    throw new SmokeFailed(
      `it succeeded, and had to fail with ${error}`,
      'The machine is not the one of this project, or its first function does not check its input: deploy again',
    );
  const at = states.find(({ status }) => status === 'failed')?.name ?? 'the execution';
  throw failureOf(at, execution.error ?? name ?? String(execution.status), execution.cause ?? '');
}

function failureOf(state: string, error: string, cause: string): SmokeFailed {
  const { message } = readFailureCause(cause);
  return new SmokeFailed(`${state} failed with ${error}: ${message}`, meaningOf(error));
}

/** What an error means in the first hour of a stage. The first entry that matches is used. */
const MEANINGS: [RegExp, string][] = [
  [
    /^DatabaseUnavailable$/,
    'The functions do not reach the database. Does its security group let them in (databaseIngress)? Are host and port of the secret, and the subnets, those of the database? ./fpe doctor looks at the network',
  ],
  [
    /^DatabaseRefused$/,
    'The database is reached and refuses: user, password or name in the secret (dbSecret)',
  ],
  [
    /^DatabaseUntrusted$/,
    'The database does not prove who it is: dbHost must be the name that RDS gives it, and no proxy may read along',
  ],
  [
    /^DatabaseFailed$/,
    'The database answers, and lacks a table of FPE or a right on it: ./fpe schema --dry-run says which tables; its message, which right',
  ],
  [/^(SecretInvalid|ConfigurationMissing)$/, 'A secret or a setting of the stage is not as it should be'],
  [
    /^AccessDenied$|AccessDenied/,
    'A role may not do it: docs/boundary.md says what a permissions boundary must let pass; ./fpe doctor simulates it and reads the policies of the buckets',
  ],
  [
    /^Service(Unreachable|Untrusted)$/,
    'A function does not reach a service of AWS from its subnets: endpoints, their security groups and policies, DNS of the VPC. ./fpe doctor looks at each',
  ],
  [
    /ResourceLimitExceeded/,
    'The quota of SageMaker for this instance is 0: ask AWS for 1 in Service Quotas. ./fpe doctor names the quotas',
  ],
  [
    /^(NotEnoughPairs|NoAnnotations|NoImages|StationNotFound|PhotosMissing|StationTooLarge)$/,
    'The account is in order so far, and this station is not one to try it with: take another (--station) or other months (--months)',
  ],
  [/^PretrainedWeightsMissing$/, 'The ImageNet weights are not where weightsKey says'],
  [
    /^Lambda\.|^Runtime\.|^Sandbox\./,
    'A function could not be called, or ended before it answered: see its log, and the permissions of the machine (docs/resources.md)',
  ],
  [
    /^States\.TaskFailed$|^SageMaker\./,
    'SageMaker refused the job, or the job failed: its message says why; its log is in /aws/sagemaker/TrainingJobs or TransformJobs',
  ],
  [/^ABORTED$/, 'Somebody stopped it'],
];

export const meaningOf = (error: string): string =>
  MEANINGS.find(([errors]) => errors.test(error))?.[1] ??
  'This error says itself what was found and how to fix it; ./fpe show has the whole execution';
