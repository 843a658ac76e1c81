import { writeConditionally } from '../aws/object-store.ts';
import { ClaimLost, ModelCodeInUse } from '../errors.ts';
import { type Claimed, decideClaim, formerRuns, type RunClaim, runClaim } from '../execution/run-claim.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import { type ClaimKind, readClaimAt, settleClaim } from './claim.ts';

const RUN_CLAIM: ClaimKind<RunClaim> = {
  schema: runClaim,
  words: {
    what: 'The claim on the code cannot be read',
    expected: 'the JSON that PrepareRun writes',
    fix: 'delete that object if no execution of this code runs, then start again',
  },
};

/** Two executions that start at once can lose the race a few times, but not often. */
const MAX_TRIES = 5;

/**
 * Takes the claim, or finds that this very execution already has it (a retry or redrive): then it returns the identity that the
 * first attempt wrote.
 *
 * @throws ModelCodeInUse, DatasetCodeInUse, ModelCodeExists
 */
export async function takeClaim(
  location: ObjectLocation,
  wanted: Omit<RunClaim, 'status' | 'former_runs'>,
  options: {
    claimed?: Claimed;
    overwrite: boolean;
    isRunning: (executionArn: string) => Promise<boolean>;
  },
): Promise<RunClaim> {
  const { claimed = 'model', overwrite, isRunning } = options;
  const where = s3Uri(location);
  const settled = await settleClaim<RunClaim, RunClaim>(location, RUN_CLAIM, {
    executionArn: wanted.execution_arn,
    isRunning,
    isOver: ({ status }) => status === 'finished',
    maxTries: MAX_TRIES,
    decide: (held, holderIsRunning) => {
      if (held && decideClaim(held, wanted, { claimed, overwrite, holderIsRunning, where }) === 'keep')
        return { write: null, answer: held };
      const taken: RunClaim = { ...wanted, status: 'running', former_runs: formerRuns(held) };
      return { write: taken, answer: taken };
    },
  });
  if (settled) return settled.answer;
  throw new ModelCodeInUse({
    what: `Other executions keep taking this ${claimed} code`,
    where,
    found: `${MAX_TRIES} lost races`,
    expected: `one execution at a time for a station and ${claimed} code`,
    fix: `wait for the others, or start with another ${claimed}_code`,
  });
}

/** The identity by which an execution holds claims, wherever they lie in the model bucket. */
export type ClaimHolder = { execution_arn: string; buckets: { model: string } };

/** Whether this execution has taken the claim and nobody else has taken it since. */
export const holdsClaim = async ({ execution_arn, buckets }: ClaimHolder, key: string): Promise<boolean> =>
  (await readClaim({ bucket: buckets.model, key }))?.claim.execution_arn === execution_arn;

/** @throws ClaimLost when another execution has taken over the code, e.g. while this one was stopped */
export async function assertClaimHeld(
  holder: ClaimHolder,
  key: string,
): Promise<{ claim: RunClaim; etag: string }> {
  const location = { bucket: holder.buckets.model, key };
  const held = await readClaim(location);
  if (held?.claim.execution_arn === holder.execution_arn) return held;
  throw new ClaimLost({
    what: 'This execution no longer holds what it was to write to',
    where: s3Uri(location),
    found: held ? `the claim of ${held.claim.execution_arn}` : 'no claim',
    expected: `the claim of ${holder.execution_arn}`,
    fix: 'leave this execution as it is, it has changed nothing that is published; the other one goes on, or start a new one',
  });
}

/**
 * Proves that this execution still holds the claim, by writing the claim itself. Any other execution takes over the claim after
 * this write, so what it writes to the fixed places is newer than what this execution read there before.
 *
 * @throws ClaimLost
 */
export async function renewClaim(holder: ClaimHolder, key: string): Promise<void> {
  await moveClaim(holder, key, 'publishing');
}

/** Marks the work under the claim as finished; idempotent. @throws ClaimLost */
export async function finishClaim(holder: ClaimHolder, key: string): Promise<void> {
  await moveClaim(holder, key, 'finished');
}

/** @throws ClaimLost */
async function moveClaim(holder: ClaimHolder, key: string, status: RunClaim['status']): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const { claim, etag } = await assertClaimHeld(holder, key);
    // Without a change, the object would keep its ETag, but the write would prove just as much.
    const moved: RunClaim = { ...claim, status };
    if (await writeConditionally({ bucket: holder.buckets.model, key }, JSON.stringify(moved), etag)) return;
  }
  // Two attempts of one state renew it in turn; neither has lost it.
  await assertClaimHeld(holder, key);
}

/** For manual changes to what the holder of the claim may be working on. @throws ClaimLost while an execution does */
export async function requireUnclaimed(
  location: ObjectLocation,
  isRunning: (executionArn: string) => Promise<boolean>,
): Promise<void> {
  const held = await readClaim(location);
  if (!held || held.claim.status === 'finished') return;
  if (!(await isRunning(held.claim.execution_arn))) return;
  throw new ClaimLost({
    what: 'An execution is working on this model code',
    where: s3Uri(location),
    found: held.claim.execution_arn,
    expected: 'none',
    fix: 'wait until it has ended, then run the command again',
  });
}

/** The claim at a place with its ETag; null if there is none. @throws FileInvalid */
export const readClaim = (location: ObjectLocation): Promise<{ claim: RunClaim; etag: string } | null> =>
  readClaimAt(location, RUN_CLAIM);
