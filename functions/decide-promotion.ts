import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishedKeys } from '../shared/execution/keys.ts';
import { type Promotion, run } from '../shared/execution/train-station-state.ts';
import { withDatabase } from '../shared/fpe-database/connection.ts';
import { findDefaultModel } from '../shared/fpe-database/model-rows.ts';
import { readComparedModels } from '../shared/model-bucket/compared-models.ts';
import { COMPARISONS } from '../shared/publication/comparisons.ts';
import { becomesFirst, decidedByInput, decidePromotion } from '../shared/publication/promotion.ts';

/** Compares the new model with the station's default on held-out pairs, before anything is published. */
export const handler = lambdaHandler(z.object({ run }), async ({ run }): Promise<Promotion> => {
  const { publish, promote, promotion_tolerance: tolerance, model_type, variable_code } = run.parameters;
  if (!publish || promote === 'never') return decidedByInput(publish);
  const current = await withDatabase((database) =>
    findDefaultModel(database, run.station.id, { model_type_id: model_type, variable_id: variable_code }),
  );
  // Itself, if the state is run again after it was published.
  if (!current || current.uuid === run.model_uuid) return becomesFirst();
  const compared = await readComparedModels(run.buckets.model, run.keys, {
    bucket: run.buckets.storage,
    key: publishedKeys(current.uuid, current.code).predictions,
  });
  const comparison = COMPARISONS[model_type](compared, tolerance);
  const { code, uuid } = current;
  return decidePromotion(comparison, { model_code: code, model_uuid: uuid }, { promote, tolerance });
});
