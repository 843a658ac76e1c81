import * as z from 'zod';
import { inTransaction, withDatabase } from '../shared/aws/database.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { assertClaimHeld, finishClaim } from '../shared/aws/run-claim.ts';
import { type Insertion, promotion, published, run } from '../shared/execution-state.ts';
import { upsertModel } from '../shared/fpe-database/published-model.ts';
import { publishedKeys } from '../shared/keys.ts';

/** Makes the model known to the website: its row, and the change of the station's default, or neither. */
export const handler = lambdaHandler(
  z.object({ run, promotion, published }),
  async ({ run, promotion, published }): Promise<Insertion> => {
    await assertClaimHeld(run);
    const keys = publishedKeys(run.model_uuid, run.model_code);
    const inPublic = (Key: string) => ({ Bucket: run.buckets.storage, Key });
    const model_id = await withDatabase((database) =>
      inTransaction(database, () =>
        upsertModel(database, {
          station_id: run.station.id,
          model_type_id: run.parameters.model_type,
          variable_id: run.parameters.variable_code,
          code: run.model_code,
          uuid: run.model_uuid,
          make_default: promotion.make_default,
          diagnostics_url: published.diagnostics_url,
          diagnostics_s3: inPublic(keys.report),
          predictions_url: published.predictions_url,
          predictions_s3: inPublic(keys.predictions),
        }),
      ),
    );
    await finishClaim(run);
    const { images, diagnostics_url, predictions_url } = published;
    const note = `Its report is at ${diagnostics_url}.`;
    return { model_id, images, diagnostics_url, predictions_url, note };
  },
);
