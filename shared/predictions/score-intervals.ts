import { countWhile } from '../statistics/count-while.ts';
import { quantile } from '../statistics/quantile.ts';
import { percentileRanks } from '../statistics/ranks.ts';
import { type Choice, type JudgedPairs, judgedScores, type PairSplitName } from './pair-accuracy.ts';

/** Share of the intervals that should hold what the photo truly shows. */
export const INTERVAL_LEVEL = 0.9;
/** 95 % quantile of the standard normal distribution: a twentieth is left out on either side. */
const Z = 1.6448536269514722;
/** Standard deviation of each of two independent errors whose difference is logistic with scale 1. */
const ERROR_DEVIATION = Math.PI / Math.sqrt(6);
/** Pairs with a decision below which nothing is said. */
export const LEAST_DECIDED = 10;
/** Bits of a double's mantissa: more halvings change nothing. */
const HALVINGS = 53;

/** How far the scores of a model are from what photos show, as its held-out pairs tell. */
export type ScoreError = {
  /** Held-out pairs with a decision and two scores. */
  n: number;
  /** Temperature T, by which differences of scores are to be divided to be log-odds, in units of the scores. */
  temperature: number;
  /** Half the width of an interval, in units of the scores. */
  halfWidth: number;
};

/** A pair with two scores: what was chosen, and how much higher the first photo scored. */
export type JudgedDifference = { choice: Choice; difference: number };

/**
 * How far scores may be off, from how often annotators contradict them in pairs that the network has not learned from.
 *
 * RankNet's probability that one photo shows more than another is 1 / (1 + exp(−difference / T)), with T = 1 in training.
 * Training makes it too sure of itself, so T is fitted to held-out pairs (temperature scaling: Guo et al. 2017,
 * https://arxiv.org/abs/1706.04599). So that few pairs without a contradiction do not prove a model infallible, a choice counts as
 * (n + 1)/(n + 2) rather than 1 (Platt 1999, Probabilistic outputs for support vector machines), and SAME as half for either
 * photo, as in training. If differences are off by a logistic error of scale T, each score is off by an error of standard
 * deviation π T / √6. The log-loss is convex in 1/T, so its only minimum is found by halving.
 *
 * @returns null with fewer than `LEAST_DECIDED` decisions, and where scores contradict annotators as often as not
 */
export function scoreError(judgments: Iterable<JudgedDifference>): ScoreError | null {
  const decided: number[] = [];
  const same: number[] = [];
  for (const { choice, difference } of judgments)
    if (choice === 0) same.push(Math.abs(difference));
    else decided.push(choice * difference);
  const n = decided.length;
  if (n < LEAST_DECIDED) return null;
  const chosen = (n + 1) / (n + 2);
  /** Derivative of the log-loss by 1/T; it grows. */
  const slope = (steepness: number): number =>
    decided.reduce((sum, difference) => sum + difference * (sigmoid(steepness * difference) - chosen), 0) +
    same.reduce((sum, difference) => sum + difference * (sigmoid(steepness * difference) - 0.5), 0);
  if (!(slope(0) < 0)) return null;
  // Neighboring powers of two, so that the last halving is as fine as numbers of this size can be.
  let high = 1;
  while (slope(high) < 0) high *= 2;
  while (slope(high / 2) >= 0) high /= 2;
  let low = high / 2;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  const temperature = 1 / high;
  return { n, temperature, halfWidth: Z * ERROR_DEVIATION * temperature };
}

/** The same of a run's pairs. */
export const scoreErrorOf = (
  pairs: JudgedPairs,
  scores: Float64Array,
  split: PairSplitName,
): ScoreError | null => scoreError(judgedScores(pairs, scores, split));

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Percentile ranks among the scores, 0 … 1, and the ends of their intervals; NaN where a photo has no score. */
export type RankIntervals = { ranks: Float64Array; low: Float64Array; high: Float64Array };

/**
 * The ranks that photos would have with the lowest and the highest score of their intervals. Scores of all photos are off by the
 * same; ranks are off by more where many photos have about the same score.
 *
 * @param scores NaN where a photo has none
 * @param halfWidth of the scores' intervals
 */
export function rankIntervals(scores: Float64Array, halfWidth: number): RankIntervals {
  const ascending = scores.filter((score) => !Number.isNaN(score)).sort();
  const last = ascending.length - 1;
  const countBy = (isCounted: (score: number) => boolean) =>
    countWhile(ascending.length, (index) => isCounted(ascending[index] as number));
  const known = (rankAt: (score: number) => number) =>
    scores.map((score) => (Number.isNaN(score) ? Number.NaN : rankAt(score)));
  return {
    ranks: percentileRanks(scores),
    low: known((score) => countBy((other) => other < score - halfWidth) / last),
    high: known((score) => (countBy((other) => other <= score + halfWidth) - 1) / last),
  };
}

/** Median width of the ranks' intervals; null without scores. */
export function medianRankWidth(scores: Float64Array, halfWidth: number): number | null {
  const { low, high } = rankIntervals(scores, halfWidth);
  const widths = high
    .map((end, photo) => end - (low[photo] as number))
    .filter((width) => !Number.isNaN(width));
  return widths.length === 0 ? null : quantile(widths.sort(), 0.5);
}
