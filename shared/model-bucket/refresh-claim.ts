import { findJsonVersion, writeConditionally } from '../aws/object-store.ts';
import type { ObjectLocation } from '../formats/object-location.ts';
import { decideRefreshClaim, type RefreshClaim, refreshClaim } from '../refresh/claim.ts';

const CLAIM_WORDS = {
  what: 'The claim of the refresh cannot be read',
  expected: 'the JSON that PlanRefresh writes',
  fix: 'delete that object if no refresh runs, then redrive the execution',
};

/**
 * Takes the claim, or returns which refresh has it. S3 lets one win of two that start in the same second; a list of running
 * executions may not show both yet.
 *
 * @returns the claim of the other refresh, and why this one has nothing to do; null when this one has it
 */
export async function takeRefreshClaim(
  location: ObjectLocation,
  wanted: RefreshClaim,
  isRunning: (executionArn: string) => Promise<boolean>,
): Promise<{ status: 'already_running' | 'already_started'; holder: RefreshClaim } | null> {
  // The loser of the race finds the winner's claim.
  for (;;) {
    const version = await findJsonVersion(location, refreshClaim, CLAIM_WORDS);
    const held = version?.value ?? null;
    const mayRun = held !== null && held.execution_arn !== wanted.execution_arn;
    const decision = decideRefreshClaim(held, wanted, mayRun && (await isRunning(held.execution_arn)));
    if (decision === 'keep') return null;
    if (decision !== 'take') return { status: decision, holder: held as RefreshClaim };
    if (await writeConditionally(location, JSON.stringify(wanted), version?.etag)) return null;
  }
}
