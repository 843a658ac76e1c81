import type { ScoredRows } from '../../predictions/scored-photos.ts';
import { averagePrecision } from '../../statistics/average-precision.ts';
import { quantile } from '../../statistics/quantile.ts';
import { denseRanks } from '../../statistics/ranks.ts';
import { spearmanRho } from '../../statistics/spearman-rho.ts';
import { type ByGroup, forEachGroup } from './split-groups.ts';
import { meanRankError, rowsOfGroup } from './statistics.ts';

/** Shares of the photos that count as those of high, or of low, observed values. */
export const EXTREME_SHARES = [0.25, 0.1, 0.05] as const;

/** How well the photos of extreme observed values are found by their scores. */
export type Precision = {
  /** By share, in the order of `EXTREME_SHARES`. */
  byShare: number[];
  /** Their mean. */
  mean: number;
};

/**
 * What FPE's team compares models by, besides Kendall tau (contract 8.1; their summary script of 2024-11-27). Null where it
 * cannot be computed: with fewer than two photos.
 */
export type Measures = {
  /** Photos with both a value and a score. */
  n: number;
  /** Spearman's rho. */
  rho: number | null;
  /** Mean |percentile rank of the value − percentile rank of the score|, 0 … 1. */
  rankError: number | null;
  high: Precision | null;
  low: Precision | null;
};

export const measures = (rows: ScoredRows): ByGroup<Measures> =>
  forEachGroup((group) => measuresOf(rowsOfGroup(rows, group)));

/** Of photos that have both a value and a score. */
export function measuresOf({ values, scores }: Pick<ScoredRows, 'values' | 'scores'>): Measures {
  const ascending = values.toSorted();
  return {
    n: values.length,
    rho: spearmanRho(values, scores),
    rankError: meanRankError({ values, scores }),
    high: precisionOf(
      scores,
      EXTREME_SHARES.map((share) => {
        const limit = quantile(ascending, 1 - share);
        return Uint8Array.from(values, (value) => Number(value >= limit));
      }),
    ),
    low: precisionOf(
      scores.map((score) => -score),
      EXTREME_SHARES.map((share) => {
        const limit = quantile(ascending, share);
        return Uint8Array.from(values, (value) => Number(value <= limit));
      }),
    ),
  };
}

/** Relevant are the photos by their observed value; their order is that of the scores. */
function precisionOf(scores: Float64Array, relevant: readonly Uint8Array[]): Precision | null {
  if (scores.length < 2) return null;
  const ranked = denseRanks(scores);
  const byShare = relevant.map((isRelevant) => averagePrecision(ranked, isRelevant) as number);
  return { byShare, mean: byShare.reduce((sum, precision) => sum + precision, 0) / byShare.length };
}
