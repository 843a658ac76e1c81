import type { ScoredPhotos } from '../../predictions/scored-photos.ts';
import { compareTaus, NOT_KNOWN } from '../../publication/model-comparison.ts';
import { kendallTauB } from '../../statistics/kendall-tau.ts';
import { percentileRanks } from '../../statistics/ranks.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';

/** What an earlier model of the station said of the photos of this run. */
export type PreviousModel = {
  model_code: string;
  /** Its score of each photo of this run; NaN where it has none. */
  scores: Float64Array;
  /** 1 where the photo was in none of its annotation pairs, 0 where it was in one, `NOT_KNOWN` where its file does not say. */
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
  /** Photos left out of these, as the earlier model's file does not say whether they were in its pairs. */
  untold: number;
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

/** Observed values of the photos that both scored, of those of them that are in no annotation pair of either, and of those that may be. */
function comparedValues(photos: ScoredPhotos, previous: PreviousModel) {
  const inNoPair = (wasTest: number) =>
    whereBoth(
      photos.values,
      photos,
      previous,
      (row) => photos.splits[row]?.startsWith('test') === true && previous.wasTest[row] === wasTest,
    );
  return {
    all: whereBoth(photos.values, photos, previous),
    sameTest: inNoPair(1),
    untold: inNoPair(NOT_KNOWN),
  };
}

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
  const countOf = (numbers: Float64Array) => numbers.filter((number) => !Number.isNaN(number)).length;
  const against = (values: Float64Array): TauPair => ({
    n: countOf(values),
    now: kendallTauB(values, photos.scores),
    before: kendallTauB(values, previous.scores),
  });
  const values = comparedValues(photos, previous);
  return {
    n: countOf(both(photos.scores)),
    tauOfScores: kendallTauB(photos.scores, previous.scores),
    meanRankChange:
      changes.length === 0 ? null : changes.reduce((sum, change) => sum + change, 0) / changes.length,
    all: against(values.all),
    sameTest: against(values.sameTest),
    untold: countOf(values.untold),
    ranks: { now, before },
  };
}
