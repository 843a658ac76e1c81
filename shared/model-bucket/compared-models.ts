import { readAllRows, readRows } from '../aws/object-store.ts';
import { FileInvalid, ObjectNotFound } from '../errors.ts';
import { type ObjectLocation, objectsIn } from '../formats/object-location.ts';
import type { ModelTypeId } from '../model-types/registry.ts';
import { prediction } from '../predictions/columns.ts';
import { judgedPairs, judgment, pairSplitRow } from '../predictions/judged-pairs.ts';
import { collectPhotos } from '../predictions/scored-photos.ts';
import { weekOf } from '../predictions/weeks.ts';
import { COMPARISONS } from '../publication/comparisons.ts';
import type { ComparedModels, ModelComparison } from '../publication/model-comparison.ts';
import { readScores } from './previous-model.ts';

/** Keys of the files by which a model is compared: its own scores, and the judgments and their split of its input. */
type ComparedKeys = { transform: { predictions: string }; input: { annotations: string; pairs: string } };

/**
 * Reads what a model is compared with another one by: its photos and pairs, without those of photos that have left its predictions
 * since. Weeks are those of UTC: where one begins matters to no interval.
 *
 * @param otherPredictions any predictions.csv; all scores are missing if it is gone, so that nothing can be compared
 * @throws ObjectNotFound, FileInvalid of the model's own files
 */
export async function readComparedModels(
  bucket: string,
  { transform, input }: ComparedKeys,
  otherPredictions: ObjectLocation,
): Promise<ComparedModels> {
  const inBucket = objectsIn(bucket);
  const photos = await collectPhotos(readRows(inBucket(transform.predictions), prediction));
  const { imageIds, scores, values, splits, timestamps } = photos;
  const other = await readScores(otherPredictions, imageIds);
  return {
    pairs: await readPairs(inBucket(input.annotations), inBucket(input.pairs), imageIds),
    model: { scores, learned: Uint8Array.from(splits, (split) => Number(split === 'train')) },
    other: other
      ? { scores: other.scores, learned: other.learned }
      : {
          scores: new Float64Array(imageIds.length).fill(Number.NaN),
          learned: new Uint8Array(imageIds.length),
        },
    values,
    weeks: timestamps.map(weekOf),
  };
}

/** Compares two finished models; null where files of either are gone or damaged, or they have no photo in common. */
export async function findComparison(
  type: ModelTypeId,
  bucket: string,
  keys: ComparedKeys,
  otherPredictions: ObjectLocation,
): Promise<ModelComparison | null> {
  try {
    const compared = await readComparedModels(bucket, keys, otherPredictions);
    return compared.other.scores.every(Number.isNaN) ? null : COMPARISONS[type](compared);
  } catch (error) {
    if (error instanceof ObjectNotFound || error instanceof FileInvalid) return null;
    throw error;
  }
}

async function readPairs(annotations: ObjectLocation, pairs: ObjectLocation, imageIds: Uint32Array) {
  const known = new Set(imageIds);
  const judgments = await readAllRows(annotations, judgment);
  const splits = new Map((await readAllRows(pairs, pairSplitRow)).map(({ pair, split }) => [pair, split]));
  const kept = judgments
    .map((row, index) => ({ row, split: splits.get(index + 1) }))
    .filter(({ row }) => known.has(row['left.imageId']) && known.has(row['right.imageId']));
  return judgedPairs(
    kept.map(({ row }) => row),
    kept.flatMap(({ split }, index) => (split === undefined ? [] : [{ pair: index + 1, split }])),
    imageIds,
  );
}
