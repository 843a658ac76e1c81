import type { ScoredPhotos } from '../../predictions/scored-photos.ts';
import { compareTaus } from '../../publication/model-comparison.ts';
import { kendallTauB } from '../../statistics/kendall-tau.ts';
import { percentileRanks } from '../../statistics/ranks.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';

/** What an earlier model of the station said of the photos of this run. */
export type PreviousModel = {
  model_code: string;
  /** Its score of each photo of this run; NaN where it has none. */
  scores: Float64Array;
  /** 1 where the photo is known to have been in none of its annotation pairs. */
  wasTest: Uint8Array;
};

export type PreviousComparison = {
  /** Photos that both models scored. */
  n: number;
  /** Kendall tau-b of both models' scores. */
  tauOfScores: number | null;
  /** Mean change of the percentile rank among those photos, 0 to 1. */
  meanRankChange: number | null;
  /** Against observed values: photos that both scored, and those of them that neither was trained or validated on. */
  all: TauPair;
  sameTest: TauPair;
  /** Percentile ranks among the photos that both scored, NaN elsewhere. */
  ranks: { now: Float64Array; before: Float64Array };
};

export type TauPair = { n: number; now: number | null; before: number | null };

/** Numbers of the photos that both models scored; NaN elsewhere. */
const whereBoth = (
  numbers: Float64Array,
  photos: ScoredPhotos,
  previous: PreviousModel,
  keep: (row: number) => boolean = () => true,
): Float64Array =>
  numbers.map((number, row) =>
    keep(row) && !Number.isNaN((photos.scores[row] as number) + (previous.scores[row] as number))
      ? number
      : Number.NaN,
  );

/** Observed values of the photos that both scored, and of those of them that are in no annotation pair of either. */
const comparedValues = (photos: ScoredPhotos, previous: PreviousModel) => ({
  all: whereBoth(photos.values, photos, previous),
  sameTest: whereBoth(
    photos.values,
    photos,
    previous,
    (row) => photos.splits[row]?.startsWith('test') === true && previous.wasTest[row] === 1,
  ),
});

/** 95 % intervals of the tau of this model less that of the earlier one; null where they cannot be told. */
export type TauDifferences = { all: Interval | null; sameTest: Interval | null };

/** @param weeks number of the week of each photo */
export function tauDifferences(
  photos: ScoredPhotos,
  previous: PreviousModel,
  weeks: ArrayLike<number>,
): TauDifferences {
  const values = comparedValues(photos, previous);
  const differenceOver = (compared: Float64Array) =>
    compareTaus(compared, [photos.scores, previous.scores], weeks).difference;
  return { all: differenceOver(values.all), sameTest: differenceOver(values.sameTest) };
}

/** Compares this run's scores with those of an earlier model, over the very same photos. */
export function comparePrevious(photos: ScoredPhotos, previous: PreviousModel): PreviousComparison {
  const both = (numbers: Float64Array) => whereBoth(numbers, photos, previous);
  const now = percentileRanks(both(photos.scores));
  const before = percentileRanks(both(previous.scores));
  const changes = now
    .map((rank, row) => Math.abs(rank - (before[row] as number)))
    .filter((change) => !Number.isNaN(change));
  const against = (values: Float64Array): TauPair => ({
    n: values.filter((value) => !Number.isNaN(value)).length,
    now: kendallTauB(values, photos.scores),
    before: kendallTauB(values, previous.scores),
  });
  const values = comparedValues(photos, previous);
  return {
    n: both(photos.scores).filter((score) => !Number.isNaN(score)).length,
    tauOfScores: kendallTauB(photos.scores, previous.scores),
    meanRankChange:
      changes.length === 0 ? null : changes.reduce((sum, change) => sum + change, 0) / changes.length,
    all: against(values.all),
    sameTest: against(values.sameTest),
    ranks: { now, before },
  };
}
