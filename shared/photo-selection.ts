import { TooManyRemovals } from './errors.ts';
import type { ImageRow } from './fpe-database/station-export.ts';
import { findImageKey } from './image-key.ts';
import { PhotoSet } from './photo-set.ts';
import type { PredictedPhoto } from './predictions.ts';
import { EMPTY_WITHDRAWAL, type Withdrawal } from './withdrawal.ts';

export type PhotoSelection = {
  /** Photos that have no prediction yet, in the order of `stored`. */
  added: ImageRow[];
  /** Photos of the predictions that are no longer there, or show people or vehicles since. */
  removed: PhotoSet;
  /** Those among them that are not in the database any more. */
  vanished: PhotoSet;
  /** Photos that were to go, and are in the database and show nobody: had they only vanished, they are back. */
  back: Withdrawal;
  /** Predictions with a score. */
  scored: number;
  /** All predictions, with a score or not. */
  known: number;
  /** Whether the predictions are in order of time. */
  isSorted: boolean;
};

/** What is kept of a model's predictions. */
export type PredictedPhotos = { photos: PhotoSet } & Pick<PhotoSelection, 'scored' | 'isSorted'>;

/** @param predicted rows of predictions.csv, by image_id, or by key where the file has no ids */
export async function readPredictedPhotos(
  predicted: AsyncIterable<PredictedPhoto[]>,
): Promise<PredictedPhotos> {
  const photos = new PhotoSet();
  let scored = 0;
  let isSorted = true;
  let last = Number.NEGATIVE_INFINITY;
  for await (const rows of predicted)
    for (const row of rows) {
      photos.add(row);
      if (row.score !== null) scored += 1;
      isSorted &&= row.timestamp >= last;
      last = row.timestamp;
    }
  return { photos, scored, isSorted };
}

/**
 * Compares a station's photos with the predictions of a model, in one pass of which only the new ones are kept.
 *
 * A photo that is merely being processed again keeps its prediction; it is removed when its row is gone or it has PII.
 *
 * @param stored every photo of the station
 * @param toGo what an earlier execution was to withdraw and may not have
 * @param isOfModel whether a photo of that instant, milliseconds since 1970, is one of the model's
 */
export async function selectPhotos(
  { photos: known, scored, isSorted }: PredictedPhotos,
  stored: AsyncIterable<ImageRow[]>,
  isOfModel: (epochMs: number) => boolean,
  toGo: Withdrawal = EMPTY_WITHDRAWAL,
): Promise<PhotoSelection> {
  const listed = PhotoSet.fromJSON(toGo);
  const back: Withdrawal = { image_ids: [], filenames: [] };
  const removed = known.copy();
  const vanished = known.copy();
  const added: ImageRow[] = [];
  for await (const rows of stored)
    for (const row of rows) {
      const photo = { image_id: row.image_id, filename: findImageKey(row) ?? '' };
      vanished.delete(photo);
      if (!row.has_pii) {
        removed.delete(photo);
        if (listed.has(photo)) {
          back.image_ids.push(photo.image_id);
          back.filenames.push(photo.filename);
        }
      }
      if (row.exclusion === null && !known.has(photo) && isOfModel((row.epoch_seconds as number) * 1000))
        added.push(row);
    }
  return { added, removed, vanished, back, scored, known: known.size, isSorted };
}

/** Share of the predictions that may vanish at once: more is rather a fault of the database than photos that are gone. */
export const MOST_VANISHED = 0.1;

/** Whether no more photos have vanished than may: a station whose rows are gone for a moment keeps its scores. */
export const areFewVanished = ({ vanished, known }: { vanished: number; known: number }): boolean =>
  vanished <= MOST_VANISHED * known;

/**
 * Photos that show people are withdrawn however many they are.
 *
 * @param where the station and its model
 * @throws TooManyRemovals
 */
export function requireFewVanished(
  { vanished, known }: { vanished: number; known: number },
  allowRemovals: boolean,
  where: string,
): void {
  if (allowRemovals || areFewVanished({ vanished, known })) return;
  throw new TooManyRemovals({
    what: 'Too many published photos would lose their scores at once',
    where,
    found: `${vanished} of ${known} scored photos are no longer in the database`,
    expected: `at most ${MOST_VANISHED * 100} %`,
    fix: 'see whether the rows of images and imagesets are back and start a new execution; if the photos are really gone, start it with "allow_removals": true',
  });
}
