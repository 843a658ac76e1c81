/**
 * Share of the spread of a model's scores that bounds the difference between FPE's and our score of one photo; a share, because
 * each model's scores have a unit of their own. Upstream's own limit is absolute (0.1, contract 7.4), and for a model whose
 * scores lie closer together it would mistake any other model for the same one. If the limit is too narrow, photos are only
 * scored again.
 */
const SAME_MODEL = 0.02;
/** The minimum guaranteed for one model's scores (contract 7.4), for a model with a single score. */
const LEAST = 1e-5;

/** By how much two scores of one photo by the same model may differ. */
export const sameModelTolerance = (scores: Iterable<number | null>): number =>
  Math.max(LEAST, SAME_MODEL * spreadOf(scores));

/** Difference between the highest and the lowest; below 0 if there are none. */
export function spreadOf(scores: Iterable<number | null>): number {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const score of scores)
    if (score !== null) {
      lowest = Math.min(lowest, score);
      highest = Math.max(highest, score);
    }
  return highest - lowest;
}
