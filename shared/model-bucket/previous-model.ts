import pMap from 'p-map';
import * as z from 'zod';
import { logger } from '../aws/logger.ts';
import { listFolders, readJson, readRows } from '../aws/object-store.ts';
import { FileInvalid, ObjectNotFound } from '../errors.ts';
import { modelKeys, modelsFolder, versionKeys } from '../execution/keys.ts';
import type { Run } from '../execution/train-station-state.ts';
import { optionalIdCell, optionalTextCell } from '../formats/csv.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import { isImageSplit } from '../model-input/image-split.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import { numberOrNoneCell } from '../predictions/columns.ts';
import { NOT_KNOWN } from '../publication/model-comparison.ts';
import type { PreviousModel } from '../report/data/comparison.ts';
import { findManifest } from './model-publication.ts';

const metricsHead = z.object({ model_code: z.string(), variable_id: z.string(), created_at: z.string() });
/**
 * The columns compared of any model's predictions, whoever wrote them: a cell that cannot be parsed excludes its photo. Public
 * files that FPE's scripts have extended have no split (contract 5.4).
 */
const scoredRow = z.object({
  image_id: optionalIdCell.catch(null).default(null),
  score: numberOrNoneCell.catch(null),
  split: optionalTextCell.default(null),
});
const FILES_AT_ONCE = 20;

/** `learned`: 1 where the model has learned from the photo, 0 where it has not, `NOT_KNOWN` where its file does not say. */
type ReadScores = Omit<PreviousModel, 'model_code'> & { learned: Uint8Array };

/**
 * Scores of the station's newest finished model of the same type and variable that is older than this run, for the photos of this
 * run; null if there is none.
 *
 * @param imageIds photos of this run, in the order of its rows
 */
export async function findPreviousModel(run: Run, imageIds: Uint32Array): Promise<PreviousModel | null> {
  const { id } = run.station;
  const codes = (
    await listFolders(run.buckets.model, modelsFolder(modelTypeOf(run.parameters.model_type), id))
  ).filter((code) => code !== run.model_code);
  const heads = await pMap(codes, (code) => readHead(run, code), { concurrency: FILES_AT_ONCE });
  const startedAt = Date.parse(run.started_at);
  const [newest] = heads
    .filter((head) => head !== null)
    .filter(
      ({ variable_id, created_at }) =>
        variable_id === run.parameters.variable_code && Date.parse(created_at) < startedAt,
    )
    .sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  if (!newest) return null;
  const { model_code, predictions: key } = newest;
  const scored = await readScores({ bucket: run.buckets.model, key }, imageIds);
  return scored && { model_code, scores: scored.scores, wasTest: scored.wasTest };
}

/**
 * An unfinished model has no metrics.json yet; one that others wrote may have a different one. Both files come from one model:
 * from its own folder, if a manifest names it.
 */
async function readHead(run: Run, code: string) {
  const type = modelTypeOf(run.parameters.model_type);
  const fixed = modelKeys(type, run.station.id, code);
  try {
    const manifest = await findManifest(run, fixed.manifest);
    const keys = manifest ? versionKeys(type, run.station.id, code, manifest.model_uuid) : fixed;
    const head = await readJson({ bucket: run.buckets.model, key: keys.metrics }, metricsHead);
    return { ...head, predictions: keys.transform.predictions };
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof FileInvalid) return null;
    throw error;
  }
}

/**
 * A model's scores of these photos, from its predictions.csv; null if that file is gone or is not a predictions.csv: what others
 * wrote there must not fail a run.
 *
 * @param imageIds photos in the order of the result
 */
export async function readScores(
  location: ObjectLocation,
  imageIds: Uint32Array,
): Promise<ReadScores | null> {
  const rowOf = new Map(Array.from(imageIds, (id, row) => [id, row]));
  const scores = new Float64Array(imageIds.length).fill(Number.NaN);
  const wasTest = new Uint8Array(imageIds.length);
  const learned = new Uint8Array(imageIds.length);
  try {
    for await (const rows of readRows(location, scoredRow))
      for (const { image_id, score, split } of rows) {
        const row = image_id === null ? undefined : rowOf.get(image_id);
        if (row === undefined) continue;
        scores[row] = score ?? Number.NaN;
        wasTest[row] = inSplit(split, isTest);
        learned[row] = inSplit(split, (name) => name === 'train');
      }
  } catch (error) {
    if (error instanceof ObjectNotFound) return null;
    if (!(error instanceof FileInvalid)) throw error;
    logger.warn('The predictions of another model cannot be read', { file: s3Uri(location), error });
    return null;
  }
  return { scores, wasTest, learned };
}

/** 1 or 0, `NOT_KNOWN` of a split that is missing or has another name. */
const inSplit = (split: string | null, isIn: (split: string) => boolean): number =>
  split !== null && (isImageSplit(split) || isTest(split)) ? Number(isIn(split)) : NOT_KNOWN;

/** Older files have one word for both. */
const isTest = (split: string): boolean => split.startsWith('test');
