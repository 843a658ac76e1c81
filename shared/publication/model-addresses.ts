import { publishedKeys } from '../execution/keys.ts';
import { regionalUrl } from '../formats/object-location.ts';
import type { ModelAddresses } from '../fpe-database/published-model.ts';

/** What the row of a model says so that the website draws it (contract 9.1). */
export function modelAddresses(
  storageBucket: string,
  modelUuid: string,
  modelCode: string,
  region: string,
): { [Column in keyof ModelAddresses]: NonNullable<ModelAddresses[Column]> } {
  const keys = publishedKeys(modelUuid, modelCode);
  const urlOf = (key: string) => regionalUrl({ bucket: storageBucket, key }, region);
  const inPublic = (Key: string) => ({ Bucket: storageBucket, Key });
  return {
    diagnostics_url: urlOf(keys.report),
    diagnostics_s3: inPublic(keys.report),
    predictions_url: urlOf(keys.predictions),
    predictions_s3: inPublic(keys.predictions),
  };
}
