import pMap from 'p-map';
import { buckets } from '../aws/configuration.ts';
import { findJson } from '../aws/object-store.ts';
import { versionKeys } from '../execution/keys.ts';
import { scoredUntil } from '../execution/score-station-state.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import type { DefaultModel } from '../publication/default-model.ts';

const FILES_AT_ONCE = 50;

/**
 * The time up to which photos are scored, by station; a model that has not scored new photos yet has no such file.
 *
 * @throws FileInvalid
 */
export async function readScoredUntil(models: readonly DefaultModel[]): Promise<Map<number, string>> {
  const found = await pMap(
    models,
    async ({ station_id, model_type_id, code, uuid }): Promise<[number, string][]> => {
      const location = {
        bucket: buckets().model,
        key: versionKeys(modelTypeOf(model_type_id), station_id, code, uuid).scored,
      };
      const scored = await findJson(location, scoredUntil);
      return scored ? [[station_id, scored.snapshot_at]] : [];
    },
    { concurrency: FILES_AT_ONCE },
  );
  return new Map(found.flat());
}
