import * as z from 'zod';
import { requireExecutionRunning } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { CSV_TYPE, copyConditionally, findVersion, findWriter } from '../shared/aws/object-store.ts';
import { ModelReplaced, ObjectChanged } from '../shared/errors.ts';
import { extension, type ScoringRun, scoringRun } from '../shared/execution/score-station-state.ts';
import { stationInWords } from '../shared/execution/station.ts';
import type { ObjectLocation } from '../shared/formats/object-location.ts';
import { objectsIn } from '../shared/formats/object-location.ts';
import { DATABASE_LIMITS, withDatabase } from '../shared/fpe-database/connection.ts';
import { findModelState } from '../shared/fpe-database/scoring-model.ts';
import { findImagesetUuids, photosWithPeople } from '../shared/fpe-database/station-export.ts';
import { readPeopleRecord, recordExtendedPhotos } from '../shared/model-bucket/people-record.ts';
import { renewClaim } from '../shared/model-bucket/run-claim.ts';
import { withdrawFromFile } from '../shared/model-bucket/withdrawal.ts';
import { PhotoSet } from '../shared/predictions/photo-set.ts';
import { withdrawalOf } from '../shared/predictions/withdrawal.ts';

/**
 * Replaces the predictions that the website reads by the extended ones: one copy within S3, so a reader finds either the old or
 * the new file, and only if the old one is still the one that was extended. Nothing that can fail follows.
 */
export const handler = lambdaHandler(
  z.object({ run: scoringRun, extended: extension }),
  async ({ run, extended: { published_etag } }): Promise<{ predictions_url: string }> => {
    const published = { bucket: run.buckets.storage, key: run.keys.published.predictions };
    // An earlier attempt may have made the copy, but its answer was lost.
    if ((await findWriter(published)) === run.id) return { predictions_url: run.predictions_url };
    await renewClaim(run, run.keys.claim);
    // A model that the website never drew has no public files: RecordPredictions keeps the scores.
    const isDrawn = await requireSameModel(run);
    if (!isDrawn && (await findVersion(published)) === null) return { predictions_url: run.predictions_url };
    await keepTrainingPredictions(run);
    const extended = { bucket: run.buckets.model, key: run.keys.extended.published };
    await recordExtendedPhotos(run, await leaveOutPeople(run, extended));
    await requireExecutionRunning(run.execution_arn);
    try {
      await copyConditionally(extended, published, CSV_TYPE, { expected: published_etag, runId: run.id });
    } catch (error) {
      // S3 may have made the copy but its answer was lost, so the SDK sent the request again.
      if (!(error instanceof ObjectChanged) || (await findWriter(published)) !== run.id) throw error;
    }
    return { predictions_url: run.predictions_url };
  },
);

/** @returns whether the website draws the model @throws ModelReplaced */
async function requireSameModel(run: ScoringRun): Promise<boolean> {
  const model = await withDatabase((database) => findModelState(database, run.model_id));
  if (model?.uuid === run.model_uuid) return model.is_drawn;
  throw new ModelReplaced({
    what: 'The model was replaced while photos were scored with it',
    where: `models.id ${run.model_id}, ${run.model_code} of ${stationInWords(run.station)}`,
    found: model ? `uuid ${model.uuid}` : 'no such row',
    expected: `uuid ${run.model_uuid}`,
    fix: 'start a new execution, which scores with the new model; nothing was published',
  });
}

/**
 * Photos in which people have been found since they were selected, by whichever execution of the station, get into no public
 * file: neither the new one nor the copy of the old one that was made while they were being withdrawn.
 *
 * @returns uuids of the station's imagesets
 */
async function leaveOutPeople(run: ScoringRun, extended: ObjectLocation): Promise<string[]> {
  const { record } = await readPeopleRecord(run);
  const { imagesets, people } = await withDatabase(
    async (database) => ({
      imagesets: await findImagesetUuids(database, run.station.id),
      people: await photosWithPeople(database, run.station.id, record.imagesets),
    }),
    DATABASE_LIMITS.manyRows,
  );
  if (people.length === 0) return imagesets;
  const hidden = PhotoSet.fromJSON(withdrawalOf(people));
  await withdrawFromFile(extended, hidden);
  await withdrawFromFile({ bucket: run.buckets.storage, key: run.keys.published.predictions_train }, hidden);
  return imagesets;
}

/** Kept once, before they are extended for the first time. */
async function keepTrainingPredictions({ id, buckets, keys }: ScoringRun): Promise<void> {
  const inPublic = objectsIn(buckets.storage);
  const from = inPublic(keys.published.predictions);
  const to = inPublic(keys.published.predictions_train);
  if ((await findVersion(to)) !== null || (await findVersion(from)) === null) return;
  try {
    await copyConditionally(from, to, CSV_TYPE, { expected: null, runId: id });
  } catch (error) {
    if (!(error instanceof ObjectChanged)) throw error; // already kept
  }
}
