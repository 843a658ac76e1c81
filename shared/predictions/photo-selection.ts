import type { ImageRow } from '../dataset/photo-key.ts';
import { findImageKey } from '../dataset/photo-key.ts';
import { TooManyRemovals } from '../errors.ts';
import { wholeSecond } from '../formats/local-time.ts';
import type { PredictedPhoto } from './columns.ts';
import { PhotoNumbers } from './photo-numbers.ts';
import { type PhotoName, PhotoSet } from './photo-set.ts';
import { sameModelTolerance } from './same-model.ts';
import { EMPTY_WITHDRAWAL, type Withdrawal } from './withdrawal.ts';

export type PhotoSelection = {
  /** Photos that have no prediction yet, in the order of `stored`. */
  added: ImageRow[];
  /** Photos of the predictions that no longer exist, or that now show people or vehicles. */
  removed: PhotoSet;
  /** Those among them that are no longer in the database. */
  vanished: PhotoSet;
  /** Photos that were to be withdrawn, but are in the database and show nobody: if they had only disappeared, they are back. */
  back: Withdrawal;
  /** Photos of the predictions whose time has been corrected since, under both names: the new times of those that stay. */
  corrected: PhotoNumbers;
  /** Those that are no longer within the hours and months of the model, or no longer have a time. */
  outside: PhotoSet;
  /**
   * Photos without a score in the predictions that another tool has scored with the model, under both names: the database's
   * times.
   */
  elsewhere: PhotoNumbers;
  /** Predictions with a score. */
  scored: number;
  /** All predictions, with or without a score. */
  known: number;
  /** Whether the predictions are in order of time. */
  isSorted: boolean;
};

/** What is kept of a model's predictions. */
export type PredictedPhotos = {
  photos: PhotoSet;
  times: PhotoNumbers;
  scores: PhotoNumbers;
  /** By how much another tool's score of the same photo may differ. */
  tolerance: number;
} & Pick<PhotoSelection, 'scored' | 'isSorted'>;

/** @param predicted rows of predictions.csv, by image_id, or by key if the file has no ids */
export async function readPredictedPhotos(
  predicted: AsyncIterable<PredictedPhoto[]>,
): Promise<PredictedPhotos> {
  const photos = new PhotoSet();
  const times = new PhotoNumbers();
  const scores = new PhotoNumbers();
  const range = [] as number[];
  let scored = 0;
  let isSorted = true;
  let last = Number.NEGATIVE_INFINITY;
  for await (const rows of predicted)
    for (const row of rows) {
      photos.add(row);
      times.set(row, row.timestamp);
      if (row.score !== null) {
        scored += 1;
        scores.set(row, row.score);
        range[0] = Math.min(range[0] ?? row.score, row.score);
        range[1] = Math.max(range[1] ?? row.score, row.score);
      }
      isSorted &&= row.timestamp >= last;
      last = row.timestamp;
    }
  return { photos, times, scores, tolerance: sameModelTolerance(range), scored, isSorted };
}

/** Photos with a score in a file beside the predictions. */
export type ScoredElsewhere = { photos: PhotoSet; isPublic: boolean };

/**
 * Photos with a score in a file but not in the model's predictions: FPE's container for imagesets and its scripts write such
 * files (contract 5.4), and may have read a photo that we could not.
 *
 * @returns null if the file has a different score for a photo in the predictions: then it is another model's
 */
export async function photosScoredElsewhere(
  { scores, tolerance }: Pick<PredictedPhotos, 'scores' | 'tolerance'>,
  file: AsyncIterable<PredictedPhoto[]>,
): Promise<PhotoSet | null> {
  const found = new PhotoSet();
  for await (const rows of file)
    for (const row of rows) {
      if (row.score === null) continue;
      const known = scores.get(row);
      if (known === undefined) found.add(row);
      else if (Math.abs(known - row.score) > tolerance) return null;
    }
  return found;
}

/**
 * Compares a station's photos with the predictions of a model in one pass, keeping only the new ones in memory.
 *
 * A photo that is merely being processed again keeps its prediction; it is removed if its row is gone or it has PII. One whose
 * camera's clock was corrected keeps its score, because it shows the same, and gets the database's time.
 *
 * @param stored every photo of the station
 * @param others photos with a score in other files, and which of them are public: these stay while they are processed again
 * @param toGo what an earlier execution had to withdraw but may not have
 * @param isOfModel whether a photo of that instant, milliseconds since 1970, is one of the model's
 */
export async function selectPhotos(
  predicted: PredictedPhotos,
  stored: AsyncIterable<ImageRow[]>,
  isOfModel: (epochMs: number) => boolean,
  { others = [], toGo = EMPTY_WITHDRAWAL }: { others?: readonly ScoredElsewhere[]; toGo?: Withdrawal } = {},
): Promise<PhotoSelection> {
  const comparison = new PhotoComparison(predicted, isOfModel, others, PhotoSet.fromJSON(toGo));
  for await (const rows of stored) for (const row of rows) comparison.add(row);
  const { scored, isSorted, photos } = predicted;
  return { ...comparison.found, scored, known: photos.size, isSorted };
}

/** Compares a station's photos with the predictions, one photo at a time. */
class PhotoComparison {
  readonly found: Omit<PhotoSelection, 'scored' | 'known' | 'isSorted'>;
  readonly #predicted: PredictedPhotos;
  readonly #isOfModel: (epochMs: number) => boolean;
  readonly #others: readonly ScoredElsewhere[];
  readonly #toGo: PhotoSet;

  constructor(
    predicted: PredictedPhotos,
    isOfModel: (epochMs: number) => boolean,
    others: readonly ScoredElsewhere[],
    toGo: PhotoSet,
  ) {
    this.#predicted = predicted;
    this.#isOfModel = isOfModel;
    this.#others = others;
    this.#toGo = toGo;
    this.found = {
      added: [],
      removed: predicted.photos.copy(),
      vanished: predicted.photos.copy(),
      back: { image_ids: [], filenames: [] },
      corrected: new PhotoNumbers(),
      outside: new PhotoSet(),
      elsewhere: new PhotoNumbers(),
    };
  }

  add(row: ImageRow): void {
    const photo = { image_id: row.image_id, filename: findImageKey(row) ?? '' };
    const epochMs = row.epoch_seconds === null ? null : wholeSecond(row.epoch_seconds * 1000);
    this.found.vanished.delete(photo);
    if (!row.has_pii) this.#keep(photo);
    if (epochMs !== null && this.#lacksScore(row, photo) && this.#isOfModel(epochMs))
      this.#addUnscored(row, photo, epochMs);
    if (TIMED.has(row.exclusion)) this.#compareTime(row, photo, epochMs ?? Number.NaN);
  }

  /** Called for a photo that is in the database and shows nobody. */
  #keep(photo: { image_id: number; filename: string }): void {
    this.found.removed.delete(photo);
    if (!this.#toGo.has(photo)) return;
    this.found.back.image_ids.push(photo.image_id);
    this.found.back.filenames.push(photo.filename);
  }

  /** Whether the predictions lack a score for a photo that may be shown. */
  #lacksScore({ exclusion, has_pii }: ImageRow, photo: PhotoName): boolean {
    const stays = exclusion === null || IN_WORK.has(exclusion);
    return stays && !has_pii && this.#predicted.scores.get(photo) === undefined;
  }

  #addUnscored(row: ImageRow, photo: PhotoName, epochMs: number): void {
    const isDone = row.exclusion === null;
    const isScored = this.#others.some(({ photos, isPublic }) => photos.has(photo) && (isPublic || isDone));
    if (isScored) for (const name of bothNames(photo)) this.found.elsewhere.set(name, epochMs);
    else if (isDone && !this.#predicted.photos.has(photo)) this.found.added.push(row);
  }

  /** @param epochMs NaN if the photo no longer has a time */
  #compareTime({ exclusion }: ImageRow, photo: PhotoName, epochMs: number): void {
    const before = this.#predicted.times.get(photo);
    if (before === undefined || before === epochMs) return;
    const isOfModel = exclusion === null && this.#isOfModel(epochMs);
    for (const name of bothNames(photo))
      if (isOfModel) this.found.corrected.set(name, epochMs);
      else this.found.outside.add(name);
  }
}

/** Some files have a photo's id, others only its key. */
export const bothNames = (photo: PhotoName): PhotoName[] => [photo, { ...photo, image_id: null }];

/** A photo that does not exist yet, or is being processed again: nobody knows whether it shows people. */
const IN_WORK = new Set<ImageRow['exclusion']>(['imageset_not_done', 'image_not_done']);

/** Photos for which the database says when they were taken, or that this is unknown. */
const TIMED = new Set<ImageRow['exclusion']>([null, 'no_timestamp', 'impossible_timestamp']);

/** Share of the predictions that may disappear at once: more is probably a fault of the database. */
export const MOST_VANISHED = 0.1;

/** Whether no more photos are gone than allowed: a station whose rows or times are missing for a moment keeps its scores. */
export const areFewVanished = ({ vanished, known }: { vanished: number; known: number }): boolean =>
  vanished <= MOST_VANISHED * known;

/**
 * Photos that show people are withdrawn however many they are.
 *
 * @param outside photos whose times in the database are missing or no longer within the hours and months of the model
 * @param where the station and its model
 * @throws TooManyRemovals
 */
export function requireFewRemovals(
  { vanished, outside, known }: { vanished: number; outside: number; known: number },
  allowRemovals: boolean,
  where: string,
): void {
  if (allowRemovals || areFewVanished({ vanished: vanished + outside, known })) return;
  throw new TooManyRemovals({
    what: 'Too many published photos would lose their scores at once',
    where,
    found: [
      ...(vanished > 0 ? [`${vanished} of ${known} scored photos are no longer in the database`] : []),
      ...(outside > 0 ? [`${outside} of ${known} by their times are no longer the model’s`] : []),
    ].join(', '),
    expected: `at most ${MOST_VANISHED * 100} %`,
    fix: 'check whether the rows of images and imagesets and their times are back, and start a new execution; if the photos are really gone, start it with "allow_removals": true',
  });
}
