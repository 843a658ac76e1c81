import { Readable } from 'node:stream';
import * as z from 'zod';
import { withDatabase } from '../shared/aws/database.ts';
import { isExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { writeManifest } from '../shared/aws/manifest.ts';
import { findPredictions } from '../shared/aws/model-files.ts';
import { findVersion, readRows, writeCsv } from '../shared/aws/object-store.ts';
import { requirePhotos } from '../shared/aws/photos.ts';
import { takeClaim } from '../shared/aws/run-claim.ts';
import { findWithdrawal, recordWithdrawal } from '../shared/aws/withdrawal-record.ts';
import { csvPieces } from '../shared/csv.ts';
import { inSnapshot, snapshotTime, stationImages } from '../shared/fpe-database/station-export.ts';
import { imageKey } from '../shared/image-key.ts';
import { INPUT_IMAGE_COLUMNS } from '../shared/input-files.ts';
import { formatInstant, stationClock } from '../shared/local-time.ts';
import { splitOfNewPhoto, windowFilter } from '../shared/model-windows.ts';
import type { ObjectLocation } from '../shared/object-location.ts';
import { type PhotoSelection, requireFewRemovals, selectPhotos } from '../shared/photo-selection.ts';
import type { PhotoSet } from '../shared/photo-set.ts';
import { predictedPhoto } from '../shared/predictions.ts';
import { type ScoringRun, type Selection, scoringRun } from '../shared/scoring-state.ts';
import { EMPTY_WITHDRAWAL, joinWithdrawals, type Withdrawal } from '../shared/withdrawal.ts';

type Found = PhotoSelection & {
  predictions: ObjectLocation;
  etag: string | null;
  snapshotAt: string;
  /** Photos that an earlier execution was to withdraw and may not have. */
  pending: Withdrawal | null;
};

/**
 * Finds the photos that the model has not scored yet, and those that have to go, and claims the model for them. What has to go is
 * written down first, so that it goes even if this execution ends half way.
 *
 * @throws TooManyRemovals
 */
export const handler = lambdaHandler(z.object({ run: scoringRun }), async ({ run }): Promise<Selection> => {
  let found = await findPhotos(run);
  let withdrawal = found.pending ?? EMPTY_WITHDRAWAL;
  if (found.added.length + found.removed.size > 0 || found.pending) {
    await claimModel(run);
    // Another execution may have held the claim since, and have scored the very same photos.
    if ((await findVersion(found.predictions)) !== found.etag) found = await findPhotos(run);
    requireFewRemovals(found, run.parameters.allow_removals, whereOf(run));
    if (found.removed.size > 0) {
      const { names, scored } = await namesOf(found.predictions, found.removed);
      withdrawal = await recordWithdrawal(run, names);
      found.scored -= scored;
    }
    if (found.added.length > 0) await writeSelection(run, found);
  }
  const { added, scored, predictions, isSorted, snapshotAt } = found;
  const removed = Math.max(withdrawal.image_ids.length, withdrawal.filenames.length);
  return {
    work: added.length > 0 ? 'score' : removed > 0 ? 'remove' : 'nothing',
    transform_photos: added.length,
    removed,
    images: scored,
    snapshot_at: snapshotAt,
    predictions,
    is_sorted: isSorted,
  };
});

const whereOf = ({ station, model_code }: ScoringRun): string =>
  `station ${station.id} (${station.name}), model ${model_code}`;

async function findPhotos(run: ScoringRun): Promise<Found> {
  const predictions = await findPredictions(run);
  const etag = await findVersion(predictions);
  const pending = await findWithdrawal(run);
  const isOfModel = windowFilter(run.windows, stationClock(run.station.timezone));
  const found = await withDatabase((database) =>
    inSnapshot(database, async () => ({
      snapshotAt: await snapshotTime(database),
      ...(await selectPhotos(
        readRows(predictions, predictedPhoto),
        stationImages(database, run.station.id),
        isOfModel,
      )),
    })),
  );
  return { ...found, predictions, etag, pending };
}

const claimModel = ({ execution_arn, started_at, model_uuid, job_suffix, buckets, keys }: ScoringRun) =>
  takeClaim(
    { bucket: buckets.model, key: keys.claim },
    { execution_arn, started_at, model_uuid, job_suffix },
    { overwrite: true, isRunning: isExecutionRunning },
  );

/** Both names of each photo, as some public files have its id, others its file alone; and how many of them have a score. */
async function namesOf(
  predictions: ObjectLocation,
  removed: PhotoSet,
): Promise<{ names: Withdrawal; scored: number }> {
  const image_ids: number[] = [];
  const filenames: string[] = [];
  let scored = 0;
  for await (const rows of readRows(predictions, predictedPhoto))
    for (const row of rows)
      if (removed.has(row)) {
        if (row.image_id !== null) image_ids.push(row.image_id);
        filenames.push(row.filename);
        if (row.score !== null) scored += 1;
      }
  return { names: joinWithdrawals({ image_ids, filenames }), scored };
}

async function writeSelection(run: ScoringRun, { added }: Found): Promise<void> {
  const inModelBucket = (key: string) => ({ bucket: run.buckets.model, key });
  const clock = stationClock(run.station.timezone);
  const rows = added.map((row) => ({ ...row, filename: imageKey(row, run.buckets.storage) }));
  const filenames = rows.map(({ filename }) => filename);
  await requirePhotos(run.buckets.storage, run.station, new Set(filenames));
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
}
