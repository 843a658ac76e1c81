import type { ObjectLocation } from '../formats/object-location.ts';
import { decideRefreshClaim, type RefreshClaim, refreshClaim } from '../refresh/claim.ts';
import { type ClaimKind, settleClaim } from './claim.ts';

const REFRESH_CLAIM: ClaimKind<RefreshClaim> = {
  schema: refreshClaim,
  words: {
    what: 'The claim of the refresh cannot be read',
    expected: 'the JSON that PlanRefresh writes',
    fix: 'delete that object if no refresh runs, then redrive the execution',
  },
};

/** The refresh that has the claim, and why another one has nothing to do. */
export type OtherRefresh = { status: 'already_running' | 'already_started'; holder: RefreshClaim };

/** Takes the claim, or returns which refresh has it. @returns null when this one has it */
export async function takeRefreshClaim(
  location: ObjectLocation,
  wanted: RefreshClaim,
  isRunning: (executionArn: string) => Promise<boolean>,
): Promise<OtherRefresh | null> {
  const settled = await settleClaim<RefreshClaim, OtherRefresh | null>(location, REFRESH_CLAIM, {
    executionArn: wanted.execution_arn,
    isRunning,
    // The loser of a race finds a claim whose holder runs, so that it loses once.
    maxTries: Number.POSITIVE_INFINITY,
    decide: (held, holderIsRunning) => {
      const decision = held === null ? 'take' : decideRefreshClaim(held, wanted, holderIsRunning);
      if (decision === 'take') return { write: wanted, answer: null };
      if (decision === 'keep') return { write: null, answer: null };
      return { write: null, answer: { status: decision, holder: held as RefreshClaim } };
    },
  });
  return settled?.answer ?? null;
}
