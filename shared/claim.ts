import * as z from 'zod';
import { ModelCodeExists, ModelCodeInUse } from './errors.ts';

/**
 * The claim of an execution on one station's model code, kept beside the model in S3. It is what refuses a second
 * execution, and what lets a retry or a redrive find the identity that the first attempt gave the run.
 */
export const runClaim = z.object({
  execution_arn: z.string(),
  started_at: z.string(),
  model_uuid: z.string(),
  job_suffix: z.string(),
  status: z.enum(['running', 'finished']),
});
export type RunClaim = z.output<typeof runClaim>;

/** What an execution that wants the claim has to do: keep what it holds, or replace what the other left. */
export type ClaimDecision = 'keep' | 'replace';

/**
 * @param holderIsRunning whether the execution that holds the claim has not ended
 * @throws ModelCodeInUse, ModelCodeExists
 */
export function decideClaim(
  held: RunClaim,
  wanted: { execution_arn: string },
  options: { overwrite: boolean; holderIsRunning: boolean; where: string },
): ClaimDecision {
  if (held.execution_arn === wanted.execution_arn) return 'keep';
  if (held.status === 'running' && options.holderIsRunning)
    throw new ModelCodeInUse({
      what: 'Another execution is working on this model code',
      where: options.where,
      found: `${held.execution_arn}, started at ${held.started_at}`,
      expected: 'one execution at a time for a station and model code',
      fix: 'wait for that execution or stop it, or start with another model_code',
    });
  if (held.status === 'finished' && !options.overwrite)
    throw new ModelCodeExists({
      what: 'A finished model of this code exists',
      where: options.where,
      found: `finished by ${held.execution_arn}, started at ${held.started_at}`,
      expected: 'a model_code that is not finished yet',
      fix: 'give another model_code, or "overwrite": true to replace that model',
    });
  return 'replace';
}
