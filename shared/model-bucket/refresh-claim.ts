import { readVersion, writeConditionally } from '../aws/object-store.ts';
import { FileInvalid } from '../errors.ts';
import { parseJsonAs } from '../formats/json.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import { decideRefreshClaim, type RefreshClaim, refreshClaim } from '../refresh/claim.ts';

/**
 * Takes the claim, or says which refresh has it. S3 lets one of two win that start in the same second; a list of running
 * executions may not show both yet.
 *
 * @returns the claim of the other refresh, and why this one has nothing to do; null when this one has it
 */
export async function takeRefreshClaim(
  location: ObjectLocation,
  wanted: RefreshClaim,
  isRunning: (executionArn: string) => Promise<boolean>,
): Promise<{ status: 'already_running' | 'already_started'; holder: RefreshClaim } | null> {
  // Whoever loses the race finds the winner's claim.
  for (;;) {
    const version = await readVersion(location);
    const held = version && parseClaim(version.text, location);
    const mayRun = held !== null && held.execution_arn !== wanted.execution_arn;
    const decision = decideRefreshClaim(held, wanted, mayRun && (await isRunning(held.execution_arn)));
    if (decision === 'keep') return null;
    if (decision !== 'take') return { status: decision, holder: held as RefreshClaim };
    if (await writeConditionally(location, JSON.stringify(wanted), version?.etag)) return null;
  }
}

function parseClaim(text: string, location: ObjectLocation): RefreshClaim {
  try {
    return parseJsonAs(text, refreshClaim);
  } catch (error) {
    throw new FileInvalid({
      what: 'The claim of the refresh cannot be read',
      where: s3Uri(location),
      found: (error as Error).message,
      expected: 'the JSON that PlanRefresh writes',
      fix: 'delete that object if no refresh runs, then redrive the execution',
    });
  }
}
