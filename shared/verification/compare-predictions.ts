import type { PredictedPhoto } from '../predictions/columns.ts';
import type { PhotoSet } from '../predictions/photo-set.ts';
import { sameModelTolerance, spreadOf } from '../predictions/same-model.ts';

/** How the predictions that the public reads and those that the model has of its own differ; numbers of rows. */
export type PredictionsComparison = {
  rows: number;
  withoutScore: number;
  /** Of rows that lie before an earlier instant than their own. */
  outOfOrder: number;
  /** Scored by the model, may be shown, and are not. */
  missing: number;
  /** Shown and not among the model's own: a scoring has not written them down yet. */
  surplus: number;
  /** With another score than the model's. */
  different: number;
};

/**
 * Of the spread of a model's scores, and at least of 1: what FPE's tools and ours compute of one photo differs by less, as the unit of
 * scores is each model's own (model/inference.py).
 */
const SAME_SCORE = 1e-5;

/** Scores of a model by the key of the photo; null where the photo could not be read. */
export type Scores = ReadonlyMap<string, number | null>;

/**
 * Goes through the public rows once.
 *
 * @param own the model's own scores, null where it has no file but the public one
 * @param hidden photos that show people
 */
export async function comparePredictions(
  rows: AsyncIterable<PredictedPhoto[]>,
  own: Scores | null,
  hidden: PhotoSet,
): Promise<PredictionsComparison> {
  const comparison = new RowComparison(own);
  for await (const batch of rows) for (const row of batch) comparison.add(row);
  return { ...comparison.found, missing: own ? countMissing(own, comparison.shown, hidden) : 0 };
}

/** What is found of the public rows, one after the other. */
class RowComparison {
  readonly found = { rows: 0, withoutScore: 0, outOfOrder: 0, surplus: 0, different: 0 };
  /** Where the model has files of its own. */
  readonly shown = new Set<string>();
  readonly #own: Scores | null;
  readonly #tolerance: number;
  #latest = Number.NEGATIVE_INFINITY;

  constructor(own: Scores | null) {
    this.#own = own;
    this.#tolerance = SAME_SCORE * Math.max(1, spreadOf(own?.values() ?? []));
  }

  add({ filename, timestamp, score }: PredictedPhoto): void {
    this.found.rows += 1;
    if (score === null) this.found.withoutScore += 1;
    if (timestamp < this.#latest) this.found.outOfOrder += 1;
    this.#latest = Math.max(this.#latest, timestamp);
    if (this.#own) this.#compareScore(filename, score, this.#own.get(filename) ?? null);
  }

  #compareScore(filename: string, score: number | null, known: number | null): void {
    this.shown.add(filename);
    if (known === null) this.found.surplus += Number(score !== null);
    else if (isOther(score, known, this.#tolerance)) this.found.different += 1;
  }
}

const isOther = (score: number | null, known: number, tolerance: number): boolean =>
  score === null || Math.abs(known - score) > tolerance;

/** Photos that the model has a score of, that may be shown and are not. */
function countMissing(own: Scores, shown: ReadonlySet<string>, hidden: PhotoSet): number {
  let missing = 0;
  for (const [filename, score] of own)
    if (score !== null && !shown.has(filename) && !hidden.has({ image_id: null, filename })) missing += 1;
  return missing;
}

/**
 * Rows of an imageset's file whose score is not the model's. Photos of which the model has no score are left as they are: the next
 * scoring takes those over that FPE's tools have made.
 */
export function countDifferent(
  rows: readonly Pick<PredictedPhoto, 'filename' | 'score'>[],
  own: Scores,
): number {
  const tolerance = sameModelTolerance(own.values());
  return rows.filter(({ filename, score }) => {
    const known = own.get(filename) ?? null;
    return known !== null && isOther(score, known, tolerance);
  }).length;
}
