import { TooManyRemovals } from './errors.ts';
import type { ImageRow } from './fpe-database/station-export.ts';
import { findImageKey } from './image-key.ts';
import { PhotoSet } from './photo-set.ts';
import type { PredictedPhoto } from './predictions.ts';

export type PhotoSelection = {
  /** Photos that have no prediction yet, in the order of `stored`. */
  added: ImageRow[];
  /** Photos of the predictions that are no longer there, or show people or vehicles since. */
  removed: PhotoSet;
  /** How many of them show people or vehicles; the others have vanished. */
  withPeople: number;
  /** Predictions with a score. */
  scored: number;
  /** All predictions, with a score or not. */
  known: number;
  /** Whether the predictions are in order of time. */
  isSorted: boolean;
};

/**
 * Compares a station's photos with the predictions of a model: one pass over each, of which only the new ones are kept.
 *
 * A photo that is merely being processed again keeps its prediction; it is removed when its row is gone or it has PII.
 *
 * @param predicted rows of predictions.csv, by image_id, or by key where the file has no ids
 * @param stored every photo of the station
 * @param isOfModel whether a photo of that instant, milliseconds since 1970, is one of the model's
 */
export async function selectPhotos(
  predicted: AsyncIterable<PredictedPhoto[]>,
  stored: AsyncIterable<ImageRow[]>,
  isOfModel: (epochMs: number) => boolean,
): Promise<PhotoSelection> {
  const known = new PhotoSet();
  const removed = new PhotoSet();
  let scored = 0;
  let isSorted = true;
  let last = Number.NEGATIVE_INFINITY;
  for await (const rows of predicted)
    for (const row of rows) {
      known.add(row);
      removed.add(row);
      if (row.score !== null) scored += 1;
      isSorted &&= row.timestamp >= last;
      last = row.timestamp;
    }

  const added: ImageRow[] = [];
  let withPeople = 0;
  for await (const rows of stored)
    for (const row of rows) {
      const photo = { image_id: row.image_id, filename: findImageKey(row) ?? '' };
      if (!row.has_pii) removed.delete(photo);
      else if (removed.has(photo)) withPeople += 1;
      if (row.exclusion === null && !known.has(photo) && isOfModel((row.epoch_seconds as number) * 1000))
        added.push(row);
    }
  return { added, removed, withPeople, scored, known: known.size, isSorted };
}

/** Share of the predictions that may vanish at once: more is rather a fault of the database than photos that are gone. */
export const MOST_VANISHED = 0.1;

/**
 * A station whose rows are gone for a moment keeps its scores. Photos that show people are withdrawn however many they are, as
 * long as any score is left.
 *
 * @param where the station and its model
 * @throws TooManyRemovals
 */
export function requireFewRemovals(
  { added, removed, withPeople, known }: PhotoSelection,
  allowRemovals: boolean,
  where: string,
): void {
  if (allowRemovals || removed.size === 0) return;
  const vanished = removed.size - withPeople;
  const leavesNothing = removed.size >= known && added.length === 0;
  if (vanished <= MOST_VANISHED * known && !leavesNothing) return;
  throw new TooManyRemovals({
    what: 'Too many published photos would lose their scores at once',
    where,
    found: `${removed.size} of ${known} scored photos to be removed: ${vanished} are no longer in the database, ${withPeople} show people or vehicles`,
    expected: `at most ${MOST_VANISHED * 100} % vanished, and a photo that stays`,
    fix: 'see whether the rows of images and imagesets are back and start a new execution; if the photos are really gone, start it with "allow_removals": true',
  });
}
