/**
 * Part of the spread of a model's scores by which what FPE's tools and ours compute of one photo differs less, as the unit of scores is
 * each model's own. Upstream's own limit is absolute (0.1, contract 7.4), and for a model whose scores lie closer together it would
 * take any other model for the same. Too narrow a limit only has photos scored once more.
 */
const SAME_MODEL = 0.02;
/** What is promised of one model's scores at least (contract 7.4), for a model with one score. */
const LEAST = 1e-5;

/** By how much two scores of one photo may differ that are one model's. */
export const sameModelTolerance = (scores: Iterable<number | null>): number =>
  Math.max(LEAST, SAME_MODEL * spreadOf(scores));

/** What lies between the lowest and the highest; below 0 where there is none. */
export function spreadOf(scores: Iterable<number | null>): number {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const score of scores)
    if (score !== null) {
      lowest = Math.min(lowest, score);
      highest = Math.max(highest, score);
    }
  return highest - lowest;
}
