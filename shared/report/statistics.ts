import type { ImageSplit } from '../image-split.ts';
import { kendallTauB } from '../kendall-tau.ts';
import { percentileRanks } from '../ranks.ts';
import type { ScoredRows } from './scored-photos.ts';
import { type ByGroup, forEachGroup } from './split-groups.ts';

/** How far scores and observed values agree over some rows. */
export type Agreement = {
  /** Rows with both a value and a score. */
  n: number;
  /** Kendall's tau-b, or null where it cannot be computed: fewer than two rows, or all of them tied. */
  tau: number | null;
};

/** Agreement in each group of splits (contract 8.1). */
export const agreements = (rows: ScoredRows): ByGroup<Agreement> =>
  forEachGroup(({ splits }) => {
    const members = new Set<ImageSplit>(splits);
    // A value of NaN leaves the row out.
    const values = rows.values.map((value, row) =>
      members.has(rows.splits[row] as ImageSplit) ? value : Number.NaN,
    );
    return { n: countComplete({ values, scores: rows.scores }), tau: kendallTauB(values, rows.scores) };
  });

const countComplete = ({ values, scores }: Pick<ScoredRows, 'values' | 'scores'>): number =>
  values.reduce((n, value, row) => (Number.isNaN(value + (scores[row] as number)) ? n : n + 1), 0);

/**
 * Percentile ranks, 0 to 1, of values and of scores over the rows that have both; NaN elsewhere. The same formula for
 * photos and for days (contract 8.1, Q-R2).
 */
export function overlapRanks({ values, scores }: Pick<ScoredRows, 'values' | 'scores'>) {
  const whereOther = (numbers: Float64Array, other: Float64Array) =>
    numbers.map((number, row) => (Number.isNaN(other[row] as number) ? Number.NaN : number));
  return {
    observed: percentileRanks(whereOther(values, scores)),
    predicted: percentileRanks(whereOther(scores, values)),
  };
}

/**
 * By how much the ranks miss each other on average: mean of |observed − predicted| percentile rank, 0 to 1; a random
 * order gives about 1/3.
 *
 * @returns null when fewer than two rows have both
 */
export function meanRankError(rows: Pick<ScoredRows, 'values' | 'scores'>): number | null {
  const { observed, predicted } = overlapRanks(rows);
  const errors = observed
    .map((rank, row) => Math.abs(rank - (predicted[row] as number)))
    .filter((error) => !Number.isNaN(error));
  return errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length;
}
