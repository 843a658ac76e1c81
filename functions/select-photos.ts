import { Readable } from 'node:stream';
import * as z from 'zod';
import { withDatabase } from '../shared/aws/database.ts';
import { isExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { writeManifest } from '../shared/aws/manifest.ts';
import { findVersion, readRows, writeCsv, writeJson } from '../shared/aws/object-store.ts';
import { requirePhotos } from '../shared/aws/photos.ts';
import { takeClaim } from '../shared/aws/run-claim.ts';
import { csvPieces } from '../shared/csv.ts';
import { inSnapshot, stationImages } from '../shared/fpe-database/station-export.ts';
import { imageKey } from '../shared/image-key.ts';
import { INPUT_IMAGE_COLUMNS } from '../shared/input-files.ts';
import { formatInstant, stationClock } from '../shared/local-time.ts';
import { splitOfNewPhoto, windowFilter } from '../shared/model-windows.ts';
import type { ObjectLocation } from '../shared/object-location.ts';
import { type PhotoSelection, selectPhotos } from '../shared/photo-selection.ts';
import { predictedPhoto } from '../shared/predictions.ts';
import { type ScoringRun, type Selection, scoringRun } from '../shared/scoring-state.ts';

type Found = PhotoSelection & { predictions: ObjectLocation; etag: string | null };

/** Finds the photos that the model has not scored yet, and those whose prediction has to go; claims the model for them. */
export const handler = lambdaHandler(z.object({ run: scoringRun }), async ({ run }): Promise<Selection> => {
  let found = await findPhotos(run);
  if (found.added.length + found.removed.size > 0) {
    await claimModel(run);
    // Another execution may have held the claim since, and have scored the very same photos.
    const { etag } = await findPredictions(run);
    if (etag !== found.etag) found = await findPhotos(run);
    await writeSelection(run, found);
  }
  const { added, removed, scored, predictions, isSorted } = found;
  return {
    work: added.length > 0 ? 'score' : removed.size > 0 ? 'remove' : 'nothing',
    transform_photos: added.length,
    removed: removed.size,
    images: scored,
    predictions,
    is_sorted: isSorted,
  };
});

async function findPhotos(run: ScoringRun): Promise<Found> {
  const { predictions, etag } = await findPredictions(run);
  const isOfModel = windowFilter(run.windows, stationClock(run.station.timezone));
  const selection = await withDatabase((database) =>
    inSnapshot(database, () =>
      selectPhotos(readRows(predictions, predictedPhoto), stationImages(database, run.station.id), isOfModel),
    ),
  );
  return { ...selection, predictions, etag };
}

/** The model's own predictions, which know the unreadable photos, too; models that upstream published may lack them. */
async function findPredictions(
  run: ScoringRun,
): Promise<{ predictions: ObjectLocation; etag: string | null }> {
  const own = { bucket: run.buckets.model, key: run.keys.predictions };
  const etag = await findVersion(own);
  if (etag !== null) return { predictions: own, etag };
  return { predictions: { bucket: run.buckets.storage, key: run.keys.published.predictions }, etag };
}

const claimModel = ({ execution_arn, started_at, model_uuid, job_suffix, buckets, keys }: ScoringRun) =>
  takeClaim(
    { bucket: buckets.model, key: keys.claim },
    { execution_arn, started_at, model_uuid, job_suffix },
    { overwrite: true, isRunning: isExecutionRunning },
  );

async function writeSelection(run: ScoringRun, { added, removed }: Found): Promise<void> {
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
  await writeJson(inModelBucket(run.keys.removed), removed);
}
