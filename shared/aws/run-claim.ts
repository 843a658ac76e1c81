import { decideClaim, type RunClaim, runClaim } from '../claim.ts';
import { ClaimLost, FileInvalid, ModelCodeInUse } from '../errors.ts';
import { type ObjectLocation, s3Uri } from '../object-location.ts';
import { readVersion, writeConditionally } from './object-store.ts';

/** Two executions that start at once can lose the race a few times, never often. */
const MAX_TRIES = 5;

/**
 * Takes the claim, or finds it taken by this very execution (a retry or redrive): then what is returned is the identity
 * that the first attempt wrote.
 *
 * @throws ModelCodeInUse, ModelCodeExists
 */
export async function takeClaim(
  location: ObjectLocation,
  wanted: Omit<RunClaim, 'status'>,
  options: { overwrite: boolean; isRunning: (executionArn: string) => Promise<boolean> },
): Promise<RunClaim> {
  const claim: RunClaim = { ...wanted, status: 'running' };
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const held = await readClaim(location);
    if (held) {
      const { execution_arn: holder, status } = held.claim;
      const mayRun = holder !== wanted.execution_arn && status === 'running';
      const holderIsRunning = mayRun && (await options.isRunning(holder));
      const { overwrite } = options;
      const decision = decideClaim(held.claim, wanted, {
        overwrite,
        holderIsRunning,
        where: s3Uri(location),
      });
      if (decision === 'keep') return held.claim;
    }
    if (await writeConditionally(location, JSON.stringify(claim), held?.etag)) return claim;
  }
  throw new ModelCodeInUse({
    what: 'Other executions keep taking this model code',
    where: s3Uri(location),
    found: `${MAX_TRIES} lost races`,
    expected: 'one execution at a time for a station and model code',
    fix: 'wait for the others, or start with another model_code',
  });
}

/** What an execution holds a claim by. */
export type ClaimHolder = { execution_arn: string; buckets: { model: string }; keys: { claim: string } };

/** @throws ClaimLost when another execution has taken the model code over, e.g. while this one was stopped */
export async function assertClaimHeld(run: ClaimHolder): Promise<{ claim: RunClaim; etag: string }> {
  const location = claimLocation(run);
  const held = await readClaim(location);
  if (held?.claim.execution_arn === run.execution_arn) return held;
  throw new ClaimLost({
    what: 'This execution no longer holds its model code',
    where: s3Uri(location),
    found: held ? `the claim of ${held.claim.execution_arn}` : 'no claim',
    expected: `the claim of ${run.execution_arn}`,
    fix: 'leave this execution as it is; the other one goes on, or start a new one with another model_code',
  });
}

/** Marks the model code as finished; twice is once. @throws ClaimLost */
export async function finishClaim(run: ClaimHolder): Promise<void> {
  const { claim, etag } = await assertClaimHeld(run);
  if (claim.status === 'finished') return;
  const finished: RunClaim = { ...claim, status: 'finished' };
  if (await writeConditionally(claimLocation(run), JSON.stringify(finished), etag)) return;
  await assertClaimHeld(run);
}

const claimLocation = (run: ClaimHolder): ObjectLocation => ({
  bucket: run.buckets.model,
  key: run.keys.claim,
});

/** The claim at a place with its ETag, or null where there is none. */
export async function readClaim(location: ObjectLocation): Promise<{ claim: RunClaim; etag: string } | null> {
  const version = await readVersion(location);
  if (!version) return null;
  try {
    return { claim: runClaim.parse(JSON.parse(version.text)), etag: version.etag };
  } catch (cause) {
    throw new FileInvalid(
      {
        what: 'The claim on the model code cannot be read',
        where: s3Uri(location),
        found: version.text.slice(0, 200),
        expected: 'the JSON that PrepareRun writes',
        fix: 'delete that object if no execution of this model code runs, then start again',
      },
      { cause },
    );
  }
}
