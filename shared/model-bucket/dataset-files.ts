import { createHash } from 'node:crypto';
import { findSize, openObject } from '../aws/object-store.ts';
import { DatasetCodeExists } from '../errors.ts';
import { datasetKeys } from '../execution/keys.ts';
import type { Run } from '../execution/train-station-state.ts';
import { type ObjectLocation, objectsIn, s3Uri } from '../formats/object-location.ts';
import { modelTypeOf } from '../model-types/registry.ts';

/** Where the summary of a finished dataset with this code lies; null if there is none. */
export async function findDatasetSummary(run: Run): Promise<ObjectLocation | null> {
  const location = {
    bucket: run.buckets.model,
    key: datasetKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.dataset_code).summary,
  };
  return (await findSize(location)) === null ? null : location;
}

/**
 * Two models may be trained on one dataset; a dataset that a finished model names must not change.
 *
 * @throws DatasetCodeExists when a finished dataset with this code has photos, values or pairs other than this run's
 */
export async function requireSameDataset(run: Run): Promise<void> {
  if (run.parameters.overwrite) return;
  const summary = await findDatasetSummary(run);
  if (!summary) return;
  const finished = datasetKeys(modelTypeOf(run.parameters.model_type), run.station.id, run.dataset_code);
  const inModelBucket = objectsIn(run.buckets.model);
  for (const name of ['images', 'annotations', 'values'] as const) {
    const [one, other] = await Promise.all([
      checksumOf(inModelBucket(finished[name])),
      checksumOf(inModelBucket(run.keys.dataset[name])),
    ]);
    if (one === other) continue;
    throw new DatasetCodeExists({
      what: 'A dataset of this code exists with other data',
      where: s3Uri(summary),
      found: `another ${name}.csv than the database now gives`,
      expected: 'the same photos, observed values and annotation pairs, or a dataset_code that is new',
      fix: 'start a new execution with another dataset_code, or with "overwrite": true to replace that dataset',
    });
  }
}

/** SHA-256 of an object; null if it does not exist. */
async function checksumOf(location: ObjectLocation): Promise<string | null> {
  const found = await openObject(location);
  if (!found) return null;
  const hash = createHash('sha256');
  for await (const chunk of found.body) hash.update(chunk);
  return hash.digest('hex');
}
