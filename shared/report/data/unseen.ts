import type { Interval } from '../../statistics/tau-bootstrap.ts';
import type { ReportData } from './report-data.ts';
import type { Stratum } from './strata.ts';
import { LEAST_ROWS } from './too-few.ts';

/** A Kendall tau that there are enough photos for. */
export type KnownTau = { n: number; tau: number; interval: Interval | null | undefined };
type KnownStratum = Stratum & KnownTau;

/**
 * How well the model does where it matters: over the photos that it has not seen, neither in training nor in validation. What
 * there are too few photos for is null.
 */
export type Unseen = {
  /** Photos in no pair, with both a value and a score. */
  n: number;
  all: KnownTau | null;
  /** Whether there are two seasons to compare. */
  hasSeasons: boolean;
  /** Seasons of the highest and of the lowest tau, where their intervals do not overlap: one of the four is always highest. */
  best: KnownStratum | null;
  worst: KnownStratum | null;
  high: KnownStratum | null;
  within: KnownStratum | null;
  after: KnownStratum | null;
};

/**
 * Medians over the stations of the method's paper (doi:10.5194/hess-29-6445-2025) of photos in no pair, taken within the
 * annotation period and after it.
 */
export const PAPER_MEDIANS = { within: 0.75, after: 0.59 } as const;

export function unseenPhotos({
  agreement,
  intervals,
  strata,
}: Pick<ReportData, 'agreement' | 'intervals' | 'strata'>): Unseen {
  const { n, tau } = agreement.photos['test-all'];
  const { season, value, period } = strata['test-all'];
  const known = (found: readonly Stratum[]) =>
    found.filter((stratum): stratum is KnownStratum => stratum.tau !== null);
  const named = (found: readonly Stratum[], id: string) =>
    known(found).find((stratum) => stratum.id === id) ?? null;
  const all = tau === null || n < LEAST_ROWS ? null : { n, tau, interval: intervals.photos['test-all'] };
  const seasons = known(season).sort((a, b) => b.tau - a.tau);
  const [best, worst] = [seasons[0], seasons.at(-1)];
  const areApart = best?.interval && worst?.interval ? best.interval.low > worst.interval.high : false;
  return {
    n,
    all,
    hasSeasons: seasons.length > 1,
    best: areApart ? (best as KnownStratum) : null,
    worst: areApart ? (worst as KnownStratum) : null,
    high: named(value, 'highest_tenth'),
    within: named(period, 'within'),
    after: named(period, 'after'),
  };
}
