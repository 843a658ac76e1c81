import { isDeepStrictEqual } from 'node:util';
import type * as z from 'zod';
import { findSize, findVersion, listFolders, readAllRows, readJson, readRows } from '../aws/object-store.ts';
import { ObjectNotFound } from '../errors.ts';
import { imagesetPredictionsKey, type ScoredModelKeys } from '../execution/keys.ts';
import type { ObjectLocation } from '../formats/object-location.ts';
import { objectsIn } from '../formats/object-location.ts';
import { type modelFilters as filters, modelFilters } from '../model-input/model-windows.ts';
import { type PredictedPhoto, predictedPhoto } from '../predictions/columns.ts';
import { byInstant } from '../predictions/extended-predictions.ts';
import { findManifest } from './model-publication.ts';

type ScoredModel = {
  buckets: { storage: string; model: string };
  keys: ScoredModelKeys;
  model_uuid: string;
};

/**
 * The filters listed in rank-input.json; null if the model has no such file.
 *
 * @throws FileInvalid
 */
export async function readModelFilters(model: ScoredModel): Promise<z.output<typeof filters> | null> {
  const inModelBucket = objectsIn(model.buckets.model);
  const { version, fixed } = model.keys;
  const own = await readFilters(inModelBucket(version.input_summary));
  if (own || !(await hasFixedPlaces(model))) return own;
  return readFilters(inModelBucket(fixed.input_summary));
}

/**
 * Where the predictions of a model lie: its own, which include the unreadable photos, or the published ones if it has none of its
 * own, as may be the case for upstream's models.
 */
export async function findPredictions(model: ScoredModel): Promise<ObjectLocation> {
  const { buckets, keys } = model;
  const own = { bucket: buckets.model, key: keys.version.predictions };
  if ((await findSize(own)) !== null) return own;
  const fixed = { bucket: buckets.model, key: keys.fixed.predictions };
  if ((await hasFixedPlaces(model)) && (await findSize(fixed)) !== null) return fixed;
  return { bucket: buckets.storage, key: keys.published.predictions };
}

/**
 * Other files that may hold scores of the model: those at the fixed places, provided that these belong to it, where FPE's
 * container writes one file per imageset, and the published file, which FPE's scripts create from these.
 *
 * @param predictions those found by `findPredictions`, of which the fixed places usually hold a copy
 */
export async function otherPredictions(
  model: ScoredModel,
  predictions: ObjectLocation,
): Promise<ObjectLocation[]> {
  const { buckets, keys } = model;
  const inModelBucket = objectsIn(buckets.model);
  const others: ObjectLocation[] = [];
  if (await hasFixedPlaces(model)) {
    const fixed = inModelBucket(keys.fixed.predictions);
    for (const uuid of await listFolders(buckets.model, `${keys.fixed.imagesets}/`))
      others.push(inModelBucket(imagesetPredictionsKey(keys.fixed.imagesets, uuid)));
    if ((await findVersion(fixed)) !== (await findVersion(predictions))) others.push(fixed);
  }
  const published = { bucket: buckets.storage, key: keys.published.predictions };
  if (!isDeepStrictEqual(published, predictions)) others.push(published);
  return others;
}

/** The archive of a model: its own, or the published one if it has none of its own, like upstream's models. */
export async function findArchive({ buckets, keys }: ScoredModel): Promise<ObjectLocation> {
  const own = { bucket: buckets.model, key: keys.version.model };
  return (await findSize(own)) !== null ? own : { bucket: buckets.storage, key: keys.published.model };
}

/**
 * Whether the files at the fixed places of the code are those of this model. Without a manifest, upstream's scripts wrote them,
 * and these know only one model per code.
 */
export async function hasFixedPlaces({ buckets, keys, model_uuid }: ScoredModel): Promise<boolean> {
  const manifest = await findManifest({ buckets }, keys.manifest);
  return manifest === null || manifest.model_uuid === model_uuid;
}

/** Only a file sorted as text has to be read into memory as a whole, once; from then on it is in order of time (Q-P3). */
export async function* readSortedPredictions(
  location: ObjectLocation,
  isSorted: boolean,
): AsyncGenerator<PredictedPhoto[]> {
  if (isSorted) yield* readRows(location, predictedPhoto);
  else yield (await readAllRows(location, predictedPhoto)).sort(byInstant);
}

async function readFilters(location: ObjectLocation) {
  try {
    return await readJson(location, modelFilters);
  } catch (error) {
    if (error instanceof ObjectNotFound) return null;
    throw error;
  }
}
