import * as z from 'zod';
import { DatasetCodeInUse, ModelCodeExists, ModelCodeInUse } from '../errors.ts';
import { claim } from './claim.ts';
import { runId } from './run.ts';

/**
 * The claim of an execution on the fixed places that it writes to: those of one station's model code or dataset code. It is
 * stored there in S3. It refuses a second execution, it lets a retry or a redrive find the identity that the first attempt gave
 * the run, and a publication renews it before it writes.
 */
export const runClaim = claim.extend({
  model_uuid: z.string(),
  job_suffix: z.string(),
  status: z.enum(['running', 'publishing', 'finished']),
  former_runs: z
    .array(z.string())
    .default([])
    .describe('runs of the same code that were not finished, the last one first'),
});
export type RunClaim = z.output<typeof runClaim>;

/** What is claimed; two models may share a dataset, one after the other. */
export type Claimed = 'model' | 'dataset';

/**
 * What an execution that wants the claim has to do: keep what it holds, or replace what another one left.
 *
 * @param holderIsRunning whether the execution that holds the claim is still running
 * @throws ModelCodeInUse, DatasetCodeInUse, ModelCodeExists
 */
export function decideClaim(
  held: RunClaim,
  wanted: { execution_arn: string },
  options: { claimed: Claimed; overwrite: boolean; holderIsRunning: boolean; where: string },
): 'keep' | 'replace' {
  const { claimed, where } = options;
  if (held.execution_arn === wanted.execution_arn) return 'keep';
  const found = `${held.execution_arn}, started at ${held.started_at}`;
  if (options.holderIsRunning)
    throw new (claimed === 'model' ? ModelCodeInUse : DatasetCodeInUse)({
      what: `Another execution is working on this ${claimed} code`,
      where,
      found,
      expected: `one execution at a time for a station and ${claimed} code`,
      fix: `wait for that execution or stop it, or start with another ${claimed}_code`,
    });
  if (claimed === 'model' && held.status === 'finished' && !options.overwrite)
    throw modelCodeExists(where, `finished by ${found}`);
  return 'replace';
}

/** Number of runs whose checkpoints are considered; older ones belong to another input, or are deleted. */
const MAX_FORMER_RUNS = 3;

/** What a claim that replaces another one remembers: unfinished runs, from whose checkpoints a training may continue. */
export const formerRuns = (held: RunClaim | null): string[] =>
  held === null || held.status === 'finished'
    ? []
    : [runId(held.started_at, held.job_suffix), ...held.former_runs].slice(0, MAX_FORMER_RUNS);

export const modelCodeExists = (where: string, found: string): ModelCodeExists =>
  new ModelCodeExists({
    what: 'A finished model of this code exists',
    where,
    found,
    expected: 'a model_code that is not finished yet',
    fix: 'choose another model_code, or add "overwrite": true to replace that model',
  });
