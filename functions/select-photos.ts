import { Readable } from 'node:stream';
import * as z from 'zod';
import { DATABASE_LIMITS, withDatabase } from '../shared/aws/database.ts';
import { isExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { writeManifest } from '../shared/aws/manifest.ts';
import { findPredictions } from '../shared/aws/model-files.ts';
import { findVersion, readRows, writeCsv } from '../shared/aws/object-store.ts';
import { requirePhotos } from '../shared/aws/photos.ts';
import { takeClaim } from '../shared/aws/run-claim.ts';
import { findWithdrawal, recordWithdrawal } from '../shared/aws/withdrawal-record.ts';
import { csvPieces } from '../shared/csv.ts';
import { PhotosMissing } from '../shared/errors.ts';
import {
  inSnapshot,
  photosWithPeople,
  snapshotTime,
  stationImages,
} from '../shared/fpe-database/station-export.ts';
import { imageKey } from '../shared/image-key.ts';
import { INPUT_IMAGE_COLUMNS } from '../shared/input-files.ts';
import { formatInstant, stationClock } from '../shared/local-time.ts';
import { splitOfNewPhoto, windowFilter } from '../shared/model-windows.ts';
import type { ObjectLocation } from '../shared/object-location.ts';
import {
  areFewVanished,
  type PhotoSelection,
  readPredictedPhotos,
  requireFewVanished,
  selectPhotos,
} from '../shared/photo-selection.ts';
import { predictedPhoto } from '../shared/predictions.ts';
import { placeOf, type ScoringRun, type Selection, scoringRun } from '../shared/scoring-state.ts';
import {
  EMPTY_WITHDRAWAL,
  joinWithdrawals,
  sizeOf,
  type Withdrawal,
  withdrawalOf,
  withoutPhotos,
} from '../shared/withdrawal.ts';

type Found = PhotoSelection & {
  predictions: ObjectLocation;
  etag: string | null;
  snapshotAt: string;
  /** Photos that an earlier execution was to withdraw and may not have, and that are not back. */
  pending: Withdrawal;
  /** Photos of the station that show people and are not known to have left the public files. */
  people: Withdrawal;
};

/**
 * Finds the photos that the model has not scored yet, and those that have to go: all of the station that show people and have not
 * gone yet, and those that have vanished. What has to go is written down first, so that it goes even if this execution ends half way.
 *
 * @throws TooManyRemovals, PhotosMissing; where photos have to go, they go first and the next execution throws
 */
export const handler = lambdaHandler(z.object({ run: scoringRun }), async ({ run }): Promise<Selection> => {
  let found = await findPhotos(run);
  const isToGo = ({ removed, people, pending, back }: Found) =>
    removed.size > 0 || [people, pending, back].some((photos) => sizeOf(photos) > 0);
  let hasAdded = found.added.length > 0;
  let withdrawal = EMPTY_WITHDRAWAL;
  let removed = 0;
  if (hasAdded || isToGo(found)) {
    await claimModel(run);
    // Another execution may have held the claim since, and have scored the very same photos.
    if ((await findVersion(found.predictions)) !== found.etag) found = await findPhotos(run);
    const { names, count, scored } = await namesOf(run, found);
    removed = count;
    found.scored -= scored;
    const { people, pending, back } = found;
    if (isToGo(found))
      withdrawal = await recordWithdrawal(run, joinWithdrawals(names, people, pending), { without: back });
    hasAdded = found.added.length > 0 && (await writeSelection(run, found, sizeOf(withdrawal) > 0));
  }
  const vanishedOf = { vanished: found.vanished.size, known: found.known };
  const to_withdraw = sizeOf(withdrawal);
  // Otherwise WithdrawPhotos refuses it, after its work.
  if (to_withdraw === 0) requireFewVanished(vanishedOf, run.parameters.allow_removals, placeOf(run));
  const { predictions, isSorted, snapshotAt } = found;
  return {
    work: hasAdded ? 'score' : to_withdraw > 0 ? 'remove' : 'nothing',
    transform_photos: hasAdded ? found.added.length : 0,
    removed,
    to_withdraw,
    ...vanishedOf,
    images: found.scored,
    snapshot_at: snapshotAt,
    predictions,
    is_sorted: isSorted,
  };
});

async function findPhotos(run: ScoringRun): Promise<Found> {
  const predictions = await findPredictions(run);
  const etag = await findVersion(predictions);
  const listed = (await findWithdrawal(run)) ?? EMPTY_WITHDRAWAL;
  const gone = new Set((await findWithdrawal(run, 'withdrawn'))?.image_ids);
  const isOfModel = windowFilter(run.windows, stationClock(run.station.timezone));
  const predicted = await readPredictedPhotos(readRows(predictions, predictedPhoto));
  const found = await withDatabase(
    (database) =>
      inSnapshot(database, async () => ({
        snapshotAt: await snapshotTime(database),
        people: withdrawalOf(
          (await photosWithPeople(database, run.station.id)).filter(({ id }) => !gone.has(id)),
        ),
        ...(await selectPhotos(predicted, stationImages(database, run.station.id), isOfModel, listed)),
      })),
    DATABASE_LIMITS.manyRows,
  );
  return { ...found, predictions, etag, pending: withoutPhotos(listed, found.back) };
}

const claimModel = ({ execution_arn, started_at, model_uuid, job_suffix, buckets, keys }: ScoringRun) =>
  takeClaim(
    { bucket: buckets.model, key: keys.claim },
    { execution_arn, started_at, model_uuid, job_suffix },
    { overwrite: true, isRunning: isExecutionRunning },
  );

/**
 * Both names of each photo that loses its score, as some public files have its id, others its file alone; how many they are, and how
 * many of them have a score. Photos that have vanished are among them only if they are few enough.
 */
async function namesOf(
  run: ScoringRun,
  { predictions, removed, vanished, known }: Found,
): Promise<{ names: Withdrawal; count: number; scored: number }> {
  const names = { image_ids: [] as number[], filenames: [] as string[] };
  let scored = 0;
  const { allow_removals } = run.parameters;
  const mayVanish = allow_removals || areFewVanished({ vanished: vanished.size, known });
  if (removed.size > 0)
    for await (const rows of readRows(predictions, predictedPhoto))
      for (const row of rows) {
        if (!removed.has(row) || (vanished.has(row) && !mayVanish)) continue;
        if (row.image_id !== null) names.image_ids.push(row.image_id);
        names.filenames.push(row.filename);
        if (row.score !== null) scored += 1;
      }
  return { names: joinWithdrawals(names), count: names.filenames.length, scored };
}

/**
 * @param isLenient whether photos have to go first, so that one that is missing in S3 waits for the next execution
 * @returns whether there is something to score
 * @throws PhotosMissing
 */
async function writeSelection(run: ScoringRun, { added }: Found, isLenient: boolean): Promise<boolean> {
  const inModelBucket = (key: string) => ({ bucket: run.buckets.model, key });
  const clock = stationClock(run.station.timezone);
  const rows = added.map((row) => ({ ...row, filename: imageKey(row, run.buckets.storage) }));
  const filenames = rows.map(({ filename }) => filename);
  try {
    await requirePhotos(run.buckets.storage, run.station, new Set(filenames));
  } catch (error) {
    if (!isLenient || !(error instanceof PhotosMissing)) throw error;
    return false;
  }
  const pieces = csvPieces(INPUT_IMAGE_COLUMNS, rows, ({ image_id, epoch_seconds, filename, url }) => {
    const epochMs = (epoch_seconds as number) * 1000;
    return {
      split: splitOfNewPhoto(clock.calendar(epochMs).date, run.pair_dates),
      image_id,
      timestamp: formatInstant(epochMs),
      filename,
      url,
      // Observed values serve the report of the training, which is not made anew.
      value: null,
    };
  });
  await writeCsv(inModelBucket(run.keys.transform.images), Readable.from(pieces));
  await writeManifest(inModelBucket(run.keys.transform.manifest), run.buckets.storage, [filenames]);
  return true;
}
