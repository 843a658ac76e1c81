import * as z from 'zod';
import { REFRESH_ACTIONS } from './plan.ts';

/**
 * State of one `refresh-stations` execution: what is to be done, and as little of what came of it. The whole plan with its
 * reasons, and the table of results, lie in S3.
 */

/** A station that is worked on: `own` goes into the input of its execution over what all have in common. */
export const refreshTask = z.object({
  station_id: z.int(),
  action: z.enum(REFRESH_ACTIONS).exclude(['nothing']),
  own: z.record(z.string(), z.unknown()),
  /** How long its execution is waited for; absent where an earlier version began the refresh. */
  timeout_seconds: z.int().gt(0).optional(),
});
export type RefreshTask = z.output<typeof refreshTask>;

/** Why a refresh does, or does not do, its work. */
export const REFRESH_STATUSES = ['refreshed', 'dry_run', 'already_running', 'already_started'] as const;

export const refresh = z.object({
  /** Names the folder in S3 and the executions of the stations; stable over retries and redrives. */
  id: z.string(),
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

/** What the machine keeps of one station's execution: its name, and the error where it did not succeed. */
export const stationOutcome = z.object({
  station_id: z.int(),
  execution_arn: z.string(),
  /** Empty where it succeeded, since States.Format cannot take a null. */
  error: z.string(),
});
export type StationOutcome = z.output<typeof stationOutcome>;

/** plan.json in S3. */
export const refreshPlan = z.object({
  refresh_id: z.string(),
  created_at: z.string(),
  decisions: z.array(
    z.object({
      station_id: z.int(),
      station_name: z.string().nullable(),
      action: z.enum(REFRESH_ACTIONS),
      reason: z.string(),
      model_code: z.string().optional(),
    }),
  ),
});
export type RefreshPlan = z.output<typeof refreshPlan>;

export const OUTCOMES = ['succeeded', 'failed', 'planned', 'none'] as const;

/** One row of the table of results, in the output and in result.csv. */
export const refreshRow = z.object({
  station_id: z.int(),
  station_name: z.string().nullable(),
  action: z.enum(REFRESH_ACTIONS),
  reason: z.string(),
  outcome: z.enum(OUTCOMES),
  /** What came of it, or what went wrong, in a few words. */
  detail: z.string(),
  execution_arn: z.string().nullable(),
});
export type RefreshRow = z.output<typeof refreshRow>;

/** What SummarizeRefresh makes of it: the output of the execution, and the message to people. */
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
  /** The table; where it is long, without some of the stations that nothing was done with. */
  stations: z.array(refreshRow),
  stations_left_out: z.int(),
  /** Executions of stations, of this refresh or not, that run for longer than expected. */
  late: z.array(z.object({ execution_arn: z.string(), hours: z.number() })).default([]),
  result_uri: z.string().nullable(),
});
export type RefreshSummary = z.output<typeof refreshSummary>;
