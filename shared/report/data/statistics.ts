import type { ImageSplit } from '../../model-input/image-split.ts';
import type { ScoredRows } from '../../predictions/scored-photos.ts';
import { LEAST_WEEKS } from '../../predictions/weeks.ts';
import { kendallTauB } from '../../statistics/kendall-tau.ts';
import { percentileRanks } from '../../statistics/ranks.ts';
import { type BootstrapOptions, bootstrapTau, type Interval } from '../../statistics/tau-bootstrap.ts';
import { type ByGroup, forEachGroup, type SplitGroup } from './split-groups.ts';
import { LEAST_ROWS, whereEnough } from './too-few.ts';

/** How far scores and observed values agree over some rows. */
export type Agreement = {
  /** Rows with both a value and a score. */
  n: number;
  /** Kendall's tau-b, or null of too few rows, and where all of them are tied. */
  tau: number | null;
};

/** Agreement in each group of splits (contract 8.1). */
export const agreements = (rows: ScoredRows): ByGroup<Agreement> =>
  forEachGroup((group) => {
    const values = valuesOfGroup(rows, group);
    const n = countComplete({ values, scores: rows.scores });
    return { n, tau: whereEnough(n, kendallTauB(values, rows.scores)) };
  });

/**
/** 95 % interval of the tau of some rows, which have both a value and a score; null of too few weeks. */
export type IntervalOfRows = (
  values: Float64Array,
  scores: Float64Array,
  rows: readonly number[],
) => Interval | null;

/**
 * The only way to an interval of tau, so that the same photos have the same one wherever they are told of; see `bootstrapTau`.
 *
 * @param weeks number of the week of each row of the run
 */
export const intervalsByWeeks =
  (weeks: ArrayLike<number>, options: Omit<BootstrapOptions, 'leastClusters'>): IntervalOfRows =>
  (values, scores, rows) =>
    bootstrapTau(
      values,
      scores,
      rows.map((row) => weeks[row] as number),
      { ...options, leastClusters: LEAST_WEEKS },
    );

/** The same of a group; null of too few rows as well. */
export function tauInterval(
  rows: ScoredRows,
  group: SplitGroup,
  intervalOf: IntervalOfRows,
): Interval | null {
  const { places, values, scores } = rowsOfGroup(rows, group);
  return places.length < LEAST_ROWS ? null : intervalOf(values, scores, places);
}

/** Values of rows outside the group become NaN, which leaves them out. */
function valuesOfGroup(rows: ScoredRows, { splits }: SplitGroup): Float64Array {
  const members = new Set<ImageSplit>(splits);
  return rows.values.map((value, row) => (members.has(rows.splits[row] as ImageSplit) ? value : Number.NaN));
}

/** The rows of a group that have both a value and a score; `places` are theirs among all rows. */
export function rowsOfGroup(
  rows: ScoredRows,
  group: SplitGroup,
): { places: number[]; values: Float64Array; scores: Float64Array } {
  const values = valuesOfGroup(rows, group);
  const isComplete = (row: number) => !Number.isNaN((values[row] as number) + (rows.scores[row] as number));
  const places = [...values.keys()].filter(isComplete);
  const column = (numbers: Float64Array) => Float64Array.from(places, (row) => numbers[row] as number);
  return { places, values: column(values), scores: column(rows.scores) };
}

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

/** Observed minus predicted percentile rank of each row, −1 to 1; NaN where either is missing. */
export function rankResiduals(rows: Pick<ScoredRows, 'values' | 'scores'>): Float64Array {
  const { observed, predicted } = overlapRanks(rows);
  return observed.map((rank, row) => rank - (predicted[row] as number));
}

/**
 * By how much the ranks miss each other on average: mean of |observed − predicted| percentile rank, 0 to 1; a random
 * order gives about 1/3.
 *
 * @returns null when fewer than two rows have both
 */
export function meanRankError(rows: Pick<ScoredRows, 'values' | 'scores'>): number | null {
  const errors = rankResiduals(rows).filter((error) => !Number.isNaN(error));
  return errors.length === 0 ? null : errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length;
}

/** Rows with the largest |residual|, the largest first; equal ones in the order of the rows. */
export const largestResiduals = (residuals: Float64Array, count: number): number[] =>
  [...residuals.keys()]
    .filter((row) => !Number.isNaN(residuals[row] as number))
    .sort((a, b) => Math.abs(residuals[b] as number) - Math.abs(residuals[a] as number) || a - b)
    .slice(0, count);
