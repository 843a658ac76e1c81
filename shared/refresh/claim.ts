import * as z from 'zod';
import { claim } from '../execution/claim.ts';

/** The claim that a refresh holds while it works. There is one in S3 for all refreshes: two at once would start the same trainings. */
export const refreshClaim = claim.extend({
  schedule: z.string().nullable(),
  scheduled_at: z.string().nullable(),
});
export type RefreshClaim = z.output<typeof refreshClaim>;

/**
 * What a refresh that wants the claim has to do: take it, go on with it, or leave the work to the one that has it.
 *
 * EventBridge Scheduler may deliver one start twice, minutes apart. Both deliveries name the same schedule and the same instant.
 */
export function decideRefreshClaim(
  held: RefreshClaim,
  wanted: RefreshClaim,
  holderIsRunning: boolean,
): 'take' | 'keep' | 'already_running' | 'already_started' {
  if (held.execution_arn === wanted.execution_arn) return 'keep';
  if (holderIsRunning) return 'already_running';
  const isInstant = !Number.isNaN(Date.parse(wanted.scheduled_at ?? ''));
  const isSameStart = held.schedule === wanted.schedule && held.scheduled_at === wanted.scheduled_at;
  return isInstant && isSameStart ? 'already_started' : 'take';
}
