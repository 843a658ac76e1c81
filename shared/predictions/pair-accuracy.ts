import type { ImageSplit } from '../model-input/image-split.ts';
import type { Interval } from '../statistics/tau-bootstrap.ts';
import { wilsonInterval } from '../statistics/wilson-interval.ts';

/** What an annotator chose: 1 the left photo shows more, −1 the right one, 0 both the same. */
export type Choice = 1 | -1 | 0;

/** Annotation pairs of a run as columns, one row per pair. */
export type JudgedPairs = {
  /** Rows of the pair's photos among the photos of the run. */
  left: Uint32Array;
  right: Uint32Array;
  choices: Int8Array;
  /** 0: training, 1: validation. */
  splits: Uint8Array;
  /** Numbers of the annotators, counted from 1 in the order of the file: no annotator's id leaves the private bucket (Q-P8). */
  annotators: Uint16Array;
};

export const PAIR_SPLITS = ['train', 'val'] as const satisfies readonly ImageSplit[];
export type PairSplitName = (typeof PAIR_SPLITS)[number];

/** The model's probability that the first photo shows more (RankNet: Burges et al. 2005; contract 7.1). */
export const probabilityOfMore = (score: number, other: number): number => 1 / (1 + Math.exp(other - score));

export type PairAccuracy = {
  /** Pairs with a decision and two scores. */
  n: number;
  /** Pairs that scores and annotator order the same way; equal scores count half. */
  correct: number;
  /** null without such pairs. */
  share: number | null;
  interval: Interval | null;
  /** Mean squared difference of probability and choice, SAME as ½, over all pairs with two scores; 0.25 is a coin toss. */
  brier: number | null;
};

/** How often the model orders a pair as its annotator did. */
export function pairAccuracy(pairs: JudgedPairs, scores: Float64Array, split: PairSplitName): PairAccuracy {
  let [n, correct, scored, squares] = [0, 0, 0, 0];
  for (const { choice, probability } of judged(pairs, scores, split)) {
    scored += 1;
    squares += (probability - (choice + 1) / 2) ** 2;
    if (choice === 0) continue;
    n += 1;
    correct += probability === 0.5 ? 0.5 : Number(probability > 0.5 === choice > 0);
  }
  return {
    n,
    correct,
    share: n === 0 ? null : correct / n,
    interval: wilsonInterval(correct, n),
    brier: scored === 0 ? null : squares / scored,
  };
}

export type CalibrationBin = {
  from: number;
  to: number;
  n: number;
  /** Mean confidence of the model, and share of the pairs where the annotator agrees; null in an empty bin. */
  confidence: number | null;
  agreed: number | null;
  interval: Interval | null;
};

const CALIBRATION_BINS = 5;

/**
 * Calibration of the probabilities: pairs with a decision, by the model's confidence in the photo it prefers, 0.5 … 1, and how
 * often annotators preferred the same one.
 */
export function calibration(
  pairs: JudgedPairs,
  scores: Float64Array,
  split: PairSplitName,
): CalibrationBin[] {
  const width = 0.5 / CALIBRATION_BINS;
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ n: 0, confidence: 0, agreed: 0 }));
  for (const { choice, probability } of judged(pairs, scores, split)) {
    if (choice === 0) continue;
    const confidence = Math.max(probability, 1 - probability);
    const bin = bins[
      Math.min(CALIBRATION_BINS - 1, Math.floor((confidence - 0.5) / width))
    ] as (typeof bins)[number];
    bin.n += 1;
    bin.confidence += confidence;
    bin.agreed += probability === 0.5 ? 0.5 : Number(probability > 0.5 === choice > 0);
  }
  return bins.map(({ n, confidence, agreed }, index) => ({
    from: 0.5 + index * width,
    to: 0.5 + (index + 1) * width,
    n,
    confidence: n === 0 ? null : confidence / n,
    agreed: n === 0 ? null : agreed / n,
    interval: wilsonInterval(agreed, n),
  }));
}

export type AnnotatorAgreement = {
  /** Sets of two photos that were judged more than once. */
  repeatedPairs: number;
  /** Comparisons of two judgments of the same photos: by two annotators, and by one annotator twice. */
  between: { n: number; same: number; opposite: number };
  within: { n: number; same: number; opposite: number };
};

/** How far annotators agree with each other, and with themselves, where the same photos were judged again. */
export function annotatorAgreement({ left, right, choices, annotators }: JudgedPairs): AnnotatorAgreement {
  const judgments = Map.groupBy(left.keys(), (pair) => {
    const [one, other] = [left[pair] as number, right[pair] as number];
    return one < other ? `${one} ${other}` : `${other} ${one}`;
  });
  const all = { n: 0, same: 0, opposite: 0 };
  const within = { n: 0, same: 0, opposite: 0 };
  let repeatedPairs = 0;
  // As if the photo with the lower row had been on the left.
  const choiceOf = (pair: number) =>
    (choices[pair] as number) * ((left[pair] as number) < (right[pair] as number) ? 1 : -1);
  for (const group of judgments.values()) {
    if (group.length < 2) continue;
    repeatedPairs += 1;
    countComparisons(group.map(choiceOf), all);
    for (const own of Map.groupBy(group, (pair) => annotators[pair]).values())
      countComparisons(own.map(choiceOf), within);
  }
  const between = {
    n: all.n - within.n,
    same: all.same - within.same,
    opposite: all.opposite - within.opposite,
  };
  return { repeatedPairs, between, within };
}

/** Compares each choice with each other one by counting, because the number of comparisons grows with the square. */
function countComparisons(
  choices: readonly number[],
  counts: { n: number; same: number; opposite: number },
): void {
  const [left, right] = [1, -1].map((side) => choices.filter((choice) => choice === side).length) as [
    number,
    number,
  ];
  const twoOf = (n: number) => (n * (n - 1)) / 2;
  counts.n += twoOf(choices.length);
  counts.same += twoOf(left) + twoOf(right) + twoOf(choices.length - left - right);
  counts.opposite += left * right;
}

/** A pair whose annotator and model disagree; `confidence` of the model, 0.5 … 1. */
export type Contradiction = { pair: number; confidence: number };

/** Pairs with a decision that the model contradicts at least this confidently, the most confident first. */
export function contradictions(
  pairs: JudgedPairs,
  scores: Float64Array,
  leastConfidence: number,
): Contradiction[] {
  const found: Contradiction[] = [];
  for (const split of PAIR_SPLITS)
    for (const { pair, choice, probability } of judged(pairs, scores, split)) {
      const confidence = choice > 0 ? 1 - probability : probability;
      if (choice !== 0 && confidence >= leastConfidence) found.push({ pair, confidence });
    }
  return found.sort((a, b) => b.confidence - a.confidence || a.pair - b.pair);
}

/** A pair of a split with two scores: what was chosen, and how much higher the left photo scored. */
export function* judgedScores(pairs: JudgedPairs, scores: Float64Array, split: PairSplitName) {
  const wanted = PAIR_SPLITS.indexOf(split);
  for (let pair = 0; pair < pairs.choices.length; pair++) {
    if (pairs.splits[pair] !== wanted) continue;
    const difference =
      (scores[pairs.left[pair] as number] as number) - (scores[pairs.right[pair] as number] as number);
    if (Number.isNaN(difference)) continue;
    yield { pair, choice: pairs.choices[pair] as Choice, difference };
  }
}

/** How many pairs of a split scores order as their annotator did where other scores do not, and the other way round; halves for ties. */
export function pairChanges(
  pairs: JudgedPairs,
  [scores, others]: readonly [Float64Array, Float64Array],
  split: PairSplitName,
): { gained: number; lost: number } {
  const correctIn = (given: Float64Array) =>
    new Map(
      judgedScores(pairs, given, split)
        .filter(({ choice }) => choice !== 0)
        .map(({ pair, choice, difference }) => [pair, (1 + Math.sign(difference) * choice) / 2]),
    );
  const [now, before] = [correctIn(scores), correctIn(others)];
  let [gained, lost] = [0, 0];
  for (const [pair, correct] of now) {
    const change = correct - (before.get(pair) ?? correct);
    gained += Math.max(0, change);
    lost += Math.max(0, -change);
  }
  return { gained, lost };
}

function* judged(pairs: JudgedPairs, scores: Float64Array, split: PairSplitName) {
  for (const { pair, choice, difference } of judgedScores(pairs, scores, split))
    yield { pair, choice, probability: probabilityOfMore(difference, 0) };
}
