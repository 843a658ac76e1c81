import { deleteConditionally, readVersion, writeConditionally } from '../aws/object-store.ts';
import { FileInvalid } from '../errors.ts';
import type { ScoringRun } from '../execution/score-station-state.ts';
import { parseJsonAs } from '../formats/json.ts';
import { s3Uri } from '../formats/object-location.ts';
import {
  EMPTY_WITHDRAWAL,
  joinWithdrawals,
  sizeOf,
  type Withdrawal,
  withdrawal,
  withoutPhotos,
} from '../predictions/withdrawal.ts';

export type RecordOwner = Pick<ScoringRun, 'buckets'> & {
  keys: Pick<ScoringRun['keys'], 'withdrawal'>;
};
/**
 * The list of photos to be withdrawn from a station's public files is written before the work and deleted after it, so that if
 * anything ends an execution halfway, the next one continues with it.
 */
const placeOf = ({ buckets, keys }: RecordOwner) => ({ bucket: buckets.model, key: keys.withdrawal });

/** @returns null if nothing is left to withdraw @throws FileInvalid */
export async function findWithdrawal(owner: RecordOwner): Promise<Withdrawal | null> {
  return (await readRecord(owner))?.photos ?? null;
}

/** Adds photos to a list, and removes those that no longer have to be withdrawn. @returns all photos that are on it now */
export async function recordWithdrawal(
  owner: RecordOwner,
  photos: Withdrawal,
  { without = EMPTY_WITHDRAWAL }: { without?: Withdrawal } = {},
): Promise<Withdrawal> {
  for (;;) {
    const known = await readRecord(owner);
    const joined = joinWithdrawals(withoutPhotos(known?.photos ?? EMPTY_WITHDRAWAL, without), photos);
    if (sizeOf(joined) > 0) {
      if (await writeConditionally(placeOf(owner), JSON.stringify(joined), known?.etag)) return joined;
    } else if (!known || (await deleteConditionally(placeOf(owner), known.etag))) return joined;
  }
}

/** Clears the list, unless photos have been added since it was read. @returns whether it is clear */
export async function clearWithdrawal(owner: RecordOwner, done: Withdrawal): Promise<boolean> {
  const known = await readRecord(owner);
  if (!known) return true;
  const isSame = JSON.stringify(known.photos) === JSON.stringify(done);
  return isSame && (await deleteConditionally(placeOf(owner), known.etag));
}

async function readRecord(owner: RecordOwner): Promise<{ photos: Withdrawal; etag: string } | null> {
  const version = await readVersion(placeOf(owner));
  if (!version) return null;
  try {
    return { photos: parseJsonAs(version.text, withdrawal), etag: version.etag };
  } catch (error) {
    throw unreadable(s3Uri(placeOf(owner)), (error as Error).message);
  }
}

const unreadable = (where: string, found: string): FileInvalid =>
  new FileInvalid({
    what: 'The list of photos to be withdrawn cannot be read',
    where,
    found,
    expected: 'the JSON that SelectPhotos writes',
    fix: 'note which photos that object names, delete it, and start a new execution',
  });
