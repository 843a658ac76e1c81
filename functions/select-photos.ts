import { Readable } from 'node:stream';
import pMap from 'p-map';
import * as z from 'zod';
import { jobTimeMargin } from '../shared/aws/configuration.ts';
import { isExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { logger } from '../shared/aws/logger.ts';
import { writeManifest } from '../shared/aws/manifest.ts';
import { findVersion, readRows, writeCsv, writeJson } from '../shared/aws/object-store.ts';
import { type ObjectExclusion, requirePhotos } from '../shared/aws/photos.ts';
import { findImageKey, imagesetUuidOf, usableKey } from '../shared/dataset/photo-key.ts';
import { type Counts, noneOf, PHOTO_EXCLUSIONS, type PhotoExclusion } from '../shared/dataset/reasons.ts';
import { FileInvalid, ObjectNotFound, PhotosMissing } from '../shared/errors.ts';
import { scoringLimit } from '../shared/execution/job-limits.ts';
import {
  type Corrections,
  placeOf,
  type ScoringRun,
  type Selection,
  scoringRun,
} from '../shared/execution/score-station-state.ts';
import { windowFilter } from '../shared/filters/filter-images.ts';
import { csvHeader, csvPieces, csvRows } from '../shared/formats/csv.ts';
import { formatInstant, inUtc, stationClock } from '../shared/formats/local-time.ts';
import { type ObjectLocation, objectsIn, s3Uri } from '../shared/formats/object-location.ts';
import { DATABASE_LIMITS, type Database, withDatabase } from '../shared/fpe-database/connection.ts';
import { findModelUuids } from '../shared/fpe-database/scoring-model.ts';
import {
  inSnapshot,
  movedPhotosWithPeople,
  photosWithPeople,
  snapshotTime,
  stationImages,
} from '../shared/fpe-database/station-export.ts';
import {
  findPredictions,
  otherPredictions,
  readSortedPredictions,
} from '../shared/model-bucket/model-files.ts';
import { readPeopleRecord } from '../shared/model-bucket/people-record.ts';
import { takeClaim } from '../shared/model-bucket/run-claim.ts';
import { findWithdrawal, recordWithdrawal } from '../shared/model-bucket/withdrawal-record.ts';
import { isImageSplit, splitByDate } from '../shared/model-input/image-split.ts';
import { INPUT_IMAGE_COLUMNS } from '../shared/model-input/rank-input.ts';
import { PREDICTION_COLUMNS, type PredictedPhoto, predictedPhoto } from '../shared/predictions/columns.ts';
import { byInstant, extendPredictions } from '../shared/predictions/extended-predictions.ts';
import { type PeopleRecord, peopleLeft } from '../shared/predictions/people-record.ts';
import {
  areFewVanished,
  bothNames,
  type PhotoSelection,
  type PredictedPhotos,
  photosScoredElsewhere,
  readPredictedPhotos,
  requireFewRemovals,
  type ScoredElsewhere,
  selectPhotos,
} from '../shared/predictions/photo-selection.ts';
import { PhotoSet } from '../shared/predictions/photo-set.ts';
import {
  EMPTY_WITHDRAWAL,
  joinWithdrawals,
  sizeOf,
  type Withdrawal,
  withdrawalOf,
  withoutPhotos,
} from '../shared/predictions/withdrawal.ts';

const FILES_AT_ONCE = 5;

/** A file beside the predictions, and the photos that have a score only in that file. */
type OtherFile = ScoredElsewhere & { location: ObjectLocation };

type Found = PhotoSelection & {
  predictions: ObjectLocation;
  others: readonly OtherFile[];
  etag: string | null;
  snapshotAt: string;
  /** Photos that an earlier execution had to withdraw but may not have, and that have not returned. */
  pending: Withdrawal;
  /** Photos of the station that show people and may still be in public files. */
  people: Withdrawal;
};

/**
 * Finds the photos that the model has not scored yet, those that only FPE's own tools have scored with it, those whose times have
 * been corrected since, and those to be withdrawn: all of the station that show people and have not been withdrawn yet, and those
 * that have disappeared. The photos to be withdrawn are recorded first, so that they are withdrawn even if this execution ends
 * halfway.
 *
 * @throws TooManyRemovals, PhotosMissing; photos to be withdrawn go first, and the next execution throws
 */
export const handler = lambdaHandler(z.object({ run: scoringRun }), async ({ run }): Promise<Selection> => {
  const first = await findPhotos(run);
  const { found, removed, withdrawal, scorable, moved } = hasWork(first)
    ? await doWork(run, first)
    : { ...NO_WORK, found: first };
  const hasMoved = moved.corrected + moved.outside + moved.elsewhere > 0;
  const vanishedOf = { vanished: found.vanished.size, known: found.known };
  const to_withdraw = sizeOf(withdrawal);
  // Otherwise WithdrawPhotos throws this, after its work.
  if (to_withdraw === 0)
    requireFewRemovals(
      { ...vanishedOf, outside: moved.outside },
      run.parameters.allow_removals,
      placeOf(run),
    );
  const { predictions, isSorted, snapshotAt } = found;
  const workWithoutJob = hasMoved ? 'correct' : to_withdraw > 0 ? 'remove' : 'nothing';
  return {
    work: scorable.photos > 0 ? 'score' : workWithoutJob,
    transform_photos: scorable.photos,
    removed,
    to_withdraw,
    ...vanishedOf,
    corrected: moved.corrected,
    outside: moved.outside,
    elsewhere: moved.elsewhere,
    left_out: scorable.leftOut,
    images: found.scored - moved.scoredOutside + moved.elsewhere,
    snapshot_at: snapshotAt,
    predictions: hasMoved ? correctedOf(run) : predictions,
    scoring_seconds: scoringLimit(run.parameters, scorable.photos, jobTimeMargin()),
    is_sorted: hasMoved || isSorted,
  };
});

const isToGo = ({ removed, people, pending, back }: Found): boolean =>
  removed.size > 0 || [people, pending, back].some((photos) => sizeOf(photos) > 0);

const isMoved = ({ corrected, outside, elsewhere }: Found): boolean =>
  corrected.size + outside.size + elsewhere.size > 0;

const hasWork = (found: Found): boolean => found.added.length > 0 || isToGo(found) || isMoved(found);

/** Writes what the following states need: the photos to withdraw, the photos to score, and the corrected predictions. */
async function doWork(run: ScoringRun, first: Found) {
  await claimModel(run);
  // Another execution may have held the claim since, and scored the very same photos.
  const isFirst = (await findVersion(first.predictions)) === first.etag;
  const found = isFirst ? first : await findPhotos(run);
  const { names, count, scored } = await namesOf(run, found);
  found.scored -= scored;
  const { people, pending, back } = found;
  const withdrawal = isToGo(found)
    ? await recordWithdrawal(run, joinWithdrawals(names, people, pending), { without: back })
    : EMPTY_WITHDRAWAL;
  const mustGoFirst = sizeOf(withdrawal) > 0;
  const scorable = found.added.length > 0 ? await writeSelection(run, found, mustGoFirst) : NOTHING_SCORABLE;
  const moved = isMoved(found) ? await writeCorrected(run, found, withdrawal) : NOTHING_MOVED;
  return { found, removed: count, withdrawal, scorable, moved };
}

async function findPhotos(run: ScoringRun): Promise<Found> {
  const predictions = await findPredictions(run);
  const etag = await findVersion(predictions);
  const listed = (await findWithdrawal(run)) ?? EMPTY_WITHDRAWAL;
  const { record } = await readPeopleRecord(run);
  const isOfModel = windowFilter(run.windows, stationClock(run.station.timezone));
  const predicted = await readPredictedPhotos(readRows(predictions, predictedPhoto));
  const others = await readOthers(run, predictions, predicted);
  const found = await withDatabase(
    (database) =>
      inSnapshot(database, async () => {
        const snapshotAt = await snapshotTime(database);
        const left = await findPeopleLeft(database, run.station.id, record);
        const stored = stationImages(database, run.station.id);
        const selection = await selectPhotos(predicted, stored, isOfModel, { others, toGo: listed });
        const moved = await findMovedPeople(database, selection.vanished);
        return { ...selection, snapshotAt, people: joinWithdrawals(left, moved) };
      }),
    DATABASE_LIMITS.manyRows,
  );
  return { ...found, predictions, others, etag, pending: withoutPhotos(listed, found.back) };
}

/** A file that cannot be read, or that is another model's, is skipped: its photos are scored, and the file is replaced. */
async function readOthers(
  run: ScoringRun,
  predictions: ObjectLocation,
  predicted: PredictedPhotos,
): Promise<OtherFile[]> {
  const found = await pMap(
    await otherPredictions(run, predictions),
    async (location): Promise<OtherFile[]> => {
      const file = s3Uri(location);
      try {
        const photos = await photosScoredElsewhere(predicted, readRows(location, predictedPhoto));
        if (photos === null) logger.warn('A file has scores of another model', { file });
        const isPublic = location.bucket === run.buckets.storage;
        return photos && photos.size > 0 ? [{ location, photos, isPublic }] : [];
      } catch (error) {
        if (error instanceof FileInvalid) logger.warn('A file of scores cannot be read', { file, error });
        else if (!(error instanceof ObjectNotFound)) throw error;
        return [];
      }
    },
    { concurrency: FILES_AT_ONCE },
  );
  return found.flat();
}

/** Photos with people that a public folder of the station may name. */
async function findPeopleLeft(
  database: Database,
  stationId: number,
  record: PeopleRecord,
): Promise<Withdrawal> {
  const people = await photosWithPeople(database, stationId, record.imagesets);
  const uuids = await findModelUuids(database, stationId);
  const left = new Set(
    peopleLeft(
      people.map(({ id }) => id),
      uuids,
      record,
    ),
  );
  return withdrawalOf(people.filter(({ id }) => left.has(id)));
}

/** Photos that are no longer the station's: however many have disappeared with them, people must not stay public. */
async function findMovedPeople(database: Database, vanished: PhotoSet): Promise<Withdrawal> {
  if (vanished.size === 0) return EMPTY_WITHDRAWAL;
  const { image_ids, filenames } = vanished.toJSON();
  const uuids = new Set(filenames.flatMap((filename) => imagesetUuidOf(filename) ?? []));
  const people = await movedPhotosWithPeople(database, image_ids, [...uuids]);
  return withdrawalOf(
    people.filter((row) => vanished.has({ image_id: row.id, filename: findImageKey(row) ?? '' })),
  );
}

const claimModel = ({ execution_arn, started_at, model_uuid, job_suffix, buckets, keys }: ScoringRun) =>
  takeClaim(
    { bucket: buckets.model, key: keys.claim },
    { execution_arn, started_at, model_uuid, job_suffix },
    { overwrite: true, isRunning: isExecutionRunning },
  );

/**
 * Both names of each photo that loses its score, because some public files have its id, others only its file; how many there are,
 * and how many of them have a score. Photos that have disappeared are included only if they are few enough.
 */
async function namesOf(
  run: ScoringRun,
  { predictions, removed, vanished, known }: Found,
): Promise<{ names: Withdrawal; count: number; scored: number }> {
  const names = { image_ids: [] as number[], filenames: [] as string[] };
  let scored = 0;
  const { allow_removals } = run.parameters;
  const mayVanish = allow_removals || areFewVanished({ vanished: vanished.size, known });
  const losesScore = (row: PredictedPhoto) => removed.has(row) && (mayVanish || !vanished.has(row));
  const table = removed.size > 0 ? readRows(predictions, predictedPhoto) : [];
  for await (const rows of table)
    for (const row of rows.filter(losesScore)) {
      if (row.image_id !== null) names.image_ids.push(row.image_id);
      names.filenames.push(row.filename);
      if (row.score !== null) scored += 1;
    }
  return { names: joinWithdrawals(names), count: names.filenames.length, scored };
}

/** New photos to be scored, and how many cannot be, by reason. */
type Scorable = { photos: number; leftOut: Counts<PhotoExclusion> };
const NOTHING_SCORABLE: Scorable = { photos: 0, leftOut: noneOf(PHOTO_EXCLUSIONS) };

/**
 * @param isLenient whether photos have to be withdrawn first, so that one missing in S3 waits for the next execution
 * @throws PhotosMissing
 */
async function writeSelection(run: ScoringRun, { added }: Found, isLenient: boolean): Promise<Scorable> {
  const inModelBucket = objectsIn(run.buckets.model);
  const clock = stationClock(run.station.timezone);
  const named = added.flatMap((row) => {
    const filename = usableKey(row, run.buckets.storage);
    return filename === null ? [] : [{ ...row, filename }];
  });
  let unusable: ReadonlyMap<string, ObjectExclusion>;
  try {
    const keys = new Set(named.map(({ filename }) => filename));
    ({ unusable } = await requirePhotos(run.buckets.storage, run.station, keys));
  } catch (error) {
    if (!isLenient || !(error instanceof PhotosMissing)) throw error;
    return NOTHING_SCORABLE;
  }
  const rows = named.filter(({ filename }) => !unusable.has(filename));
  const leftOut = noneOf(PHOTO_EXCLUSIONS);
  leftOut.unusable_key = added.length - named.length;
  for (const exclusion of unusable.values()) leftOut[exclusion] += 1;
  const pieces = csvPieces(INPUT_IMAGE_COLUMNS, rows, ({ image_id, epoch_seconds, filename, url }) => {
    const epochMs = (epoch_seconds as number) * 1000;
    return {
      split: splitByDate(clock.calendar(epochMs).date, run.pair_dates),
      image_id,
      timestamp: formatInstant(epochMs),
      filename,
      url,
      // Observed values serve the report of the training, which is not recomputed.
      value: null,
    };
  });
  await writeCsv(inModelBucket(run.keys.transform.images), Readable.from(pieces));
  const filenames = rows.map(({ filename }) => filename);
  await writeManifest(inModelBucket(run.keys.transform.manifest), run.buckets.storage, [filenames]);
  return { photos: rows.length, leftOut };
}

const NOTHING_MOVED = { corrected: 0, outside: 0, scoredOutside: 0, elsewhere: 0 };
const NO_WORK = {
  removed: 0,
  withdrawal: EMPTY_WITHDRAWAL,
  scorable: NOTHING_SCORABLE,
  moved: NOTHING_MOVED,
};
const correctedOf = ({ buckets, keys }: ScoringRun): ObjectLocation => ({
  bucket: buckets.model,
  key: keys.extended.corrected,
});

/**
 * Rewrites the predictions: in order of the database's present times, without photos that are withdrawn or whose new time is
 * outside the model's, and with those that have scores in other files. A score stays, because the photo shows the same; an
 * observed value does not, because it belonged to another time.
 */
async function writeCorrected(
  run: ScoringRun,
  found: Found,
  withdrawal: Withdrawal,
): Promise<typeof NOTHING_MOVED> {
  const { predictions, corrected, outside, isSorted } = found;
  const taken = await takeElsewhere(run, found);
  // A photo that could not be read already has its row.
  const scored = new PhotoSet();
  for (const row of taken) for (const name of bothNames(row)) scored.add(name);
  const gone = PhotoSet.fromJSON(withdrawal);
  const stays = (row: PredictedPhoto) => !gone.has(row) && !scored.has(row);
  const { kept, left } = await readMoved(found, stays);
  const others = (rows: PredictedPhoto[]) =>
    rows.filter((row) => stays(row) && !outside.has(row) && corrected.get(row) === undefined);
  async function* unmoved() {
    for await (const rows of readSortedPredictions(predictions, isSorted)) yield others(rows);
  }
  async function* lines() {
    yield csvHeader(PREDICTION_COLUMNS);
    for await (const rows of extendPredictions(unmoved(), [...kept, ...taken].sort(byInstant)))
      yield csvRows(PREDICTION_COLUMNS, rows.map(inUtc));
  }
  await writeCsv(correctedOf(run), Readable.from(lines()));
  const changed: Corrections = {
    imagesets: [
      ...new Set([...kept, ...left, ...taken].flatMap(({ filename }) => imagesetUuidOf(filename) ?? [])),
    ],
  };
  await writeJson({ bucket: run.buckets.model, key: run.keys.extended.corrections }, changed);
  return {
    corrected: kept.length,
    outside: left.length,
    scoredOutside: left.filter(({ score }) => score !== null).length,
    elsewhere: taken.length,
  };
}

/** Rows of photos whose times were corrected: `kept` with their new times, `left` (no longer the model's) unchanged. */
async function readMoved(
  { predictions, corrected, outside }: Found,
  stays: (row: PredictedPhoto) => boolean,
): Promise<{ kept: PredictedPhoto[]; left: PredictedPhoto[] }> {
  const kept: PredictedPhoto[] = [];
  const left: PredictedPhoto[] = [];
  for await (const rows of readRows(predictions, predictedPhoto))
    for (const row of rows.filter(stays)) {
      const timestamp = corrected.get(row);
      if (outside.has(row)) left.push(row);
      else if (timestamp !== undefined) kept.push({ ...row, timestamp, value: null });
    }
  return { kept, left };
}

/** Rows as in the predictions, each photo once. */
async function takeElsewhere(run: ScoringRun, { others, elsewhere }: Found): Promise<PredictedPhoto[]> {
  const clock = stationClock(run.station.timezone);
  const taken = new PhotoSet();
  const rowsTaken: PredictedPhoto[] = [];
  for (const { location } of others)
    for await (const rows of readRows(location, predictedPhoto))
      for (const row of rows) {
        const timestamp = elsewhere.get(row);
        if (timestamp === undefined || row.score === null || taken.has(row)) continue;
        taken.add(row);
        const split = isImageSplit(row.split)
          ? row.split
          : splitByDate(clock.calendar(timestamp).date, run.pair_dates);
        rowsTaken.push({ ...row, split, timestamp, value: null });
      }
  return rowsTaken;
}
