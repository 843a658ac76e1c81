import * as z from 'zod';
import { REFRESH_ACTIONS } from './plan.ts';

/**
 * State of one `refresh-stations` execution: what is to be done, and briefly what became of it. The whole plan with its reasons
 * and the table of results are in S3, because the state must stay small.
 */

/** A station that is worked on. `own` is added to the input that all executions have in common, and prevails over it. */
const refreshTask = z.object({
  station_id: z.int(),
  action: z.enum(REFRESH_ACTIONS).exclude(['nothing']),
  own: z.record(z.string(), z.unknown()),
  /** How long the machine waits for its execution; absent if an earlier version began the refresh. */
  timeout_seconds: z.int().gt(0).optional(),
});
export type RefreshTask = z.output<typeof refreshTask>;

/** Why a refresh does, or does not do, its work. */
const REFRESH_STATUSES = ['refreshed', 'dry_run', 'already_running', 'already_started'] as const;
export type RefreshStatus = (typeof REFRESH_STATUSES)[number];

export const refresh = z.object({
  /** Names the folder in S3 and the executions of the stations; stable over retries and redrives. */
  id: z.string(),
  /** Of the refresh; empty if an earlier version began it. */
  execution_arn: z.string().default(''),
  status: z.enum(REFRESH_STATUSES),
  /** In one sentence, for people. */
  note: z.string(),
  concurrency: z.int(),
  /** Start of the ARNs of the stations' executions, up to the name of the stage. */
  executions: z.string(),
  bucket: z.string(),
  plan_key: z.string(),
  /** What the inputs of all trainings, and of all scorings, have in common. */
  train: z.record(z.string(), z.unknown()),
  score: z.record(z.string(), z.unknown()),
  tasks: z.array(refreshTask),
});
export type Refresh = z.output<typeof refresh>;

/** What the machine keeps of one station's execution: its ARN, and its error if it did not succeed. */
export const stationOutcome = z.object({
  station_id: z.int(),
  execution_arn: z.string(),
  /** Empty if it succeeded, because States.Format does not accept null. */
  error: z.string(),
});

/** plan.json in S3. */
export const refreshPlan = z.object({
  refresh_id: z.string(),
  created_at: z.string(),
  decisions: z.array(
    z.object({
      station_id: z.int(),
      station_name: z.string().nullable(),
      synthetic: z.boolean().optional(),
      action: z.enum(REFRESH_ACTIONS),
      reason: z.string(),
      model_code: z.string().optional(),
    }),
  ),
});

export const OUTCOMES = ['succeeded', 'failed', 'planned', 'none'] as const;

/** One row of the table of results, in the output and in result.csv. */
const refreshRow = z.object({
  station_id: z.int(),
  station_name: z.string().nullable(),
  synthetic: z.boolean().optional(),
  action: z.enum(REFRESH_ACTIONS),
  reason: z.string(),
  outcome: z.enum(OUTCOMES),
  /** The result, or what went wrong, in a few words. */
  detail: z.string(),
  execution_arn: z.string().nullable(),
});
export type RefreshRow = z.output<typeof refreshRow>;

/** What SummarizeRefresh returns: the output of the execution, and the message to people. */
export const refreshSummary = z.object({
  refresh_id: z.string(),
  status: z.enum(REFRESH_STATUSES),
  note: z.string(),
  counts: z.object({
    stations: z.int(),
    train: z.int(),
    score: z.int(),
    nothing: z.int(),
    succeeded: z.int(),
    failed: z.int(),
  }),
  /** The table of results; if it is long, some stations are left out for which nothing was done. */
  stations: z.array(refreshRow),
  stations_left_out: z.int(),
  /** Executions that have been running for longer than expected, whether this refresh started them or not. */
  late: z.array(z.object({ execution_arn: z.string(), hours: z.number() })).default([]),
  result_uri: z.string().nullable(),
});
export type RefreshSummary = z.output<typeof refreshSummary>;
