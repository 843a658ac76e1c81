import { createHash } from 'node:crypto';
import { buckets, jobTimeMargin } from '../shared/aws/configuration.ts';
import { isExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { writeJson } from '../shared/aws/object-store.ts';
import { InvalidInput } from '../shared/errors.ts';
import { startOfExecutionArns } from '../shared/execution/arns.ts';
import { executionLimit } from '../shared/execution/job-limits.ts';
import { refreshKeys } from '../shared/execution/keys.ts';
import { runId } from '../shared/execution/run.ts';
import { STARTED_BY } from '../shared/inputs/parameters.ts';
import {
  parseRefreshInput,
  type RefreshInput,
  stationRules,
  type TrainingParameters,
} from '../shared/inputs/refresh-stations.ts';
import { startedExecution } from '../shared/inputs/started-execution.ts';
import { type OtherRefresh, takeRefreshClaim } from '../shared/model-bucket/refresh-claim.ts';
import type { RefreshClaim } from '../shared/refresh/claim.ts';
import type { RefreshDecision } from '../shared/refresh/plan.ts';
import type { Refresh, RefreshTask } from '../shared/refresh/state.ts';
import { decideRefresh, trainingOf } from '../shared/station-models/refresh-decisions.ts';

/** Parameters of a training that score-station accepts, too. */
const SCORING_PARAMETERS = new Set([
  'transform_instance_type',
  'transform_instance_count',
  'merge_batch_size',
]);
/** The tasks are part of the machine's state, which Step Functions limits to 256 KiB. */
const MAX_TASK_BYTES = 96 * 1024;

/** Decides what is done with each station, and ensures that no two refreshes run at once. */
export const handler = lambdaHandler(startedExecution, async ({ input, execution }): Promise<Refresh> => {
  const settings = parseRefreshInput(input);
  const startedAt = new Date(execution.started_at).toISOString();
  const id = refreshId(execution.arn, startedAt);
  const bucket = buckets().model;
  const keys = refreshKeys(id);
  const others = settings.dry_run
    ? null
    : await takeRefreshClaim(
        { bucket, key: keys.claim },
        claimOf(settings, execution.arn, startedAt),
        isExecutionRunning,
      );

  const now = new Date();
  const decisions = others ? [] : await decideRefresh(settings, now);
  const tasks = settings.dry_run ? [] : tasksOf(settings, decisions);
  await writeJson(
    { bucket, key: keys.plan },
    { refresh_id: id, created_at: now.toISOString(), input: settings, decisions },
  );
  const link = { [STARTED_BY]: execution.arn };
  return {
    id,
    execution_arn: execution.arn,
    status: others?.status ?? (settings.dry_run ? 'dry_run' : 'refreshed'),
    note: noteOf(settings, others, decisions.length),
    concurrency: settings.concurrency,
    executions: startOfExecutionArns(execution.arn),
    bucket,
    plan_key: keys.plan,
    // Nobody inspects every model of a refresh: one that is worse than the default must not replace it.
    train: { ...settings.train, ...link },
    score: { ...scoringParameters(settings.train), ...link },
    tasks,
  };
});

/** The same for a retry or redrive of the same execution. */
const refreshId = (executionArn: string, startedAt: string): string =>
  runId(startedAt, createHash('sha256').update(executionArn).digest('hex').slice(0, 8));

const claimOf = ({ schedule, scheduled_at }: RefreshInput, arn: string, startedAt: string): RefreshClaim => ({
  execution_arn: arn,
  started_at: startedAt,
  schedule: schedule ?? null,
  scheduled_at: scheduled_at ?? null,
});

/** Trainings first, because they take longest. */
function tasksOf(settings: RefreshInput, decisions: readonly RefreshDecision[]): RefreshTask[] {
  const tasks = (['train', 'score'] as const).flatMap((action) =>
    decisions
      .filter((decision) => decision.action === action)
      .map(({ station_id, model_code }) => ({
        station_id,
        action,
        own: { ...ownInput(settings, station_id, action), ...(model_code && { model_code }) },
        timeout_seconds: executionLimit(trainingOf(settings, station_id), action, jobTimeMargin()),
      })),
  );
  const bytes = Buffer.byteLength(JSON.stringify(tasks));
  if (bytes <= MAX_TASK_BYTES) return tasks;
  throw new InvalidInput({
    what: 'The stations of this refresh differ in too many parameters',
    where: 'stations of the input',
    found: `${bytes} bytes for ${tasks.length} stations`,
    expected: `at most ${MAX_TASK_BYTES} bytes`,
    fix: 'move what the stations have in common to "train", or refresh fewer stations at once with station_ids',
  });
}

function ownInput(settings: RefreshInput, station_id: number, action: RefreshTask['action']) {
  const { own, variable_code } = stationRules(settings, station_id);
  return action === 'train'
    ? { ...own, station_id }
    : { ...scoringParameters(own), station_id, variable_code };
}

/**
 * The training's parameters that score-station uses as well: instances and batches, but not the code of the model to be trained.
 */
const scoringParameters = (parameters: TrainingParameters): TrainingParameters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => SCORING_PARAMETERS.has(name)));

function noteOf({ dry_run, schedule }: RefreshInput, others: OtherRefresh | null, stations: number): string {
  if (others?.status === 'already_running')
    return `Another refresh has been running since ${others.holder.started_at}, so nothing was done: ${others.holder.execution_arn}`;
  if (others) return `This start of the schedule was done already, by ${others.holder.execution_arn}`;
  if (stations === 0) return 'The database has no stations, so there is nothing to do.';
  if (dry_run) return 'This is the plan only, as was asked for (dry_run).';
  return schedule ? `Started by the schedule “${schedule}”.` : 'Started by hand.';
}
