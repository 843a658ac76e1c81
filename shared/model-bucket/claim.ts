import type * as z from 'zod';
import { type FileWords, findJsonVersion, writeConditionally } from '../aws/object-store.ts';
import type { Claim } from '../execution/claim.ts';
import type { ObjectLocation } from '../formats/object-location.ts';

/** How claims of one kind are read: the schema of their JSON, and what is said of one that cannot be read. */
export type ClaimKind<Held extends Claim> = { schema: z.ZodType<Held>; words: FileWords };

/** What an execution that wants a claim makes of the one that lies there: what it writes, if anything, and what comes of it. */
export type ClaimDecision<Held extends Claim, Answer> = { write: Held | null; answer: Answer };

/** The claim at a place with its ETag; null if there is none. @throws FileInvalid */
export async function readClaimAt<Held extends Claim>(
  location: ObjectLocation,
  { schema, words }: ClaimKind<Held>,
): Promise<{ claim: Held; etag: string } | null> {
  const found = await findJsonVersion(location, schema, words);
  return found && { claim: found.value, etag: found.etag };
}

/**
 * Decides about a claim, and writes it on the condition that nobody has written it since. S3 lets one win of two executions that
 * start in the same second, of which a list of running executions may not show either yet; the loser decides again about the
 * winner's claim.
 *
 * @param options.isRunning is asked about another holder, unless `options.isOver` says that its work is done
 * @returns the answer of the decision; null after `options.maxTries` lost races
 */
export async function settleClaim<Held extends Claim, Answer>(
  location: ObjectLocation,
  kind: ClaimKind<Held>,
  options: {
    executionArn: string;
    isRunning: (executionArn: string) => Promise<boolean>;
    isOver?: (held: Held) => boolean;
    maxTries: number;
    decide: (held: Held | null, holderIsRunning: boolean) => ClaimDecision<Held, Answer>;
  },
): Promise<{ answer: Answer } | null> {
  const { executionArn, isRunning, isOver = () => false } = options;
  const runs = async (held: Held) =>
    held.execution_arn !== executionArn && !isOver(held) && (await isRunning(held.execution_arn));
  for (let attempt = 0; attempt < options.maxTries; attempt++) {
    const version = await readClaimAt(location, kind);
    const held = version?.claim ?? null;
    const { write, answer } = options.decide(held, held !== null && (await runs(held)));
    if (write === null || (await writeConditionally(location, JSON.stringify(write), version?.etag)))
      return { answer };
  }
  return null;
}
