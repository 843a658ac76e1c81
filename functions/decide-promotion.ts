import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readAllRows, readRows } from '../shared/aws/object-store.ts';
import { publishedKeys } from '../shared/execution/keys.ts';
import { type Promotion, type Run, run } from '../shared/execution/train-station-state.ts';
import { objectsIn } from '../shared/formats/object-location.ts';
import { withDatabase } from '../shared/fpe-database/connection.ts';
import { findDefaultModel } from '../shared/fpe-database/model-rows.ts';
import { readScores } from '../shared/model-bucket/previous-model.ts';
import { prediction } from '../shared/predictions/columns.ts';
import { judgedPairs, judgment, pairSplitRow } from '../shared/predictions/judged-pairs.ts';
import { collectPhotos } from '../shared/predictions/scored-photos.ts';
import { COMPARISONS } from '../shared/publication/comparisons.ts';
import { type ComparedDefault, decidedByInput } from '../shared/publication/promotion.ts';

/** Compares the new model with the station's default on held-out pairs, before anything is published. */
export const handler = lambdaHandler(z.object({ run }), async ({ run }): Promise<Promotion> => {
  const { publish, promote, promotion_tolerance: tolerance } = run.parameters;
  if (!publish || promote === 'never') return decidedByInput(publish);
  const inModelBucket = objectsIn(run.buckets.model);
  const photos = await collectPhotos(readRows(inModelBucket(run.keys.transform.predictions), prediction));
  const pairs = judgedPairs(
    await readAllRows(inModelBucket(run.keys.input.annotations), judgment),
    await readAllRows(inModelBucket(run.keys.input.pairs), pairSplitRow),
    photos.imageIds,
  );
  const current = await currentDefault(run, photos.imageIds);
  const { scores, values } = photos;
  const compare = COMPARISONS[run.parameters.model_type];
  return compare({ pairs, scores, values, current, tolerance, promote });
});

/** Its published scores; all missing if the file is gone, so that nothing can be compared. */
async function currentDefault(run: Run, imageIds: Uint32Array): Promise<ComparedDefault | null> {
  const model = await withDatabase((database) =>
    findDefaultModel(database, run.station.id, {
      model_type_id: run.parameters.model_type,
      variable_id: run.parameters.variable_code,
    }),
  );
  // Itself, if the state is run again after it was published.
  if (!model || model.uuid === run.model_uuid) return null;
  const key = publishedKeys(model.uuid, model.code).predictions;
  const scored = await readScores({ bucket: run.buckets.storage, key }, imageIds);
  const scores = scored?.scores ?? new Float64Array(imageIds.length).fill(Number.NaN);
  const learned = scored?.wasTrain ?? new Uint8Array(imageIds.length);
  return { model_code: model.code, model_uuid: model.uuid, scores, learned };
}
