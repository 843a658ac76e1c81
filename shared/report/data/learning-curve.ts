import { countOf, formatCount, formatShare } from '../../formats/numbers.ts';

/** Results on the held-out pairs after learning from so many training pairs, one for each shuffle of them. */
export type LearningPoint = {
  pairs: number;
  /** Empty where no held-out pair is unequal. */
  accuracy: readonly number[];
  loss: readonly number[];
};

/**
 * How a linear score of what the network saw before it was trained orders held-out pairs (model/learning_curve.py): after an
 * eighth, a quarter and half of the training pairs, several shuffles of each, and after all of them.
 */
export type LearningCurve = {
  /** Held-out pairs. */
  valPairs: number;
  /** By rising numbers of pairs; none where the training made no curve. */
  points: readonly LearningPoint[];
  /** Why there are none. */
  missing: string | null;
};

export const NO_CURVE: LearningCurve = { valPairs: 0, points: [], missing: 'this training made none' };

export type Spread = { mean: number; low: number; high: number };

/** Mean and range; null of no values. */
export function meanAndRange(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  const [low, high] = values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return { mean: sum / values.length, low, high };
}

/** Of the shuffles, so many have to be worse than all pairs for a gain to be more than their spread. */
const CLEAR = 0.9;

/** All shuffles are judged by the same held-out pairs: their spread does not tell how little a few of these tell. */
const LEAST_HELD_OUT = 10;

/** Whether the curve still rises where it ends, in sentences; none where there is no curve. */
export function curveAdvice({ points, valPairs }: LearningCurve): string[] {
  const [half, all] = points.slice(-2);
  if (!half || !all) return [];
  const [before, after] = [meanAndRange(half.accuracy), meanAndRange(all.accuracy)];
  if (valPairs < LEAST_HELD_OUT || !before || !after)
    return [
      `Learning curve: the ${countOf(valPairs, 'held-out pair')}${valPairs < LEAST_HELD_OUT ? '' : ' without a decision'} are too few to tell whether more annotation pairs would help.`,
    ];
  const figures = `Learning curve: learned from ${formatCount(all.pairs)} training pairs instead of ${formatCount(half.pairs)}, a score of the features that the network had before its training orders ${formatShare(after.mean)} of the ${countOf(valPairs, 'held-out pair')}, as far as they have a decision, right instead of ${formatShare(before.mean)} (${formatShare(before.low)} – ${formatShare(before.high)} over ${half.accuracy.length} shuffles).`;
  const isBelow = (value: number, whole: number) => value < whole;
  const isAbove = (value: number, whole: number) => value > whole;
  const isAccurate = isClear(half.accuracy, isBelow, all.accuracy);
  const isSurer = isClear(half.loss, isAbove, all.loss);
  const isWorse = isClear(half.accuracy, isAbove, all.accuracy) || isClear(half.loss, isBelow, all.loss);
  if (isWorse && !isAccurate)
    return [
      `${figures} More pairs made it worse here: the held-out pairs may be too few, or annotators who disagree; it does not tell whether more would help.`,
    ];
  if (isAccurate)
    return [
      `${figures} The curve still rises: more annotation pairs will probably help, the more so where the model does badly.`,
    ];
  if (isSurer)
    return [
      `${figures} That is within the spread of the shuffles, but the loss still falls: more pairs may help a little.`,
    ];
  return [
    `${figures} That is within the spread of the shuffles, and so is the loss: more pairs like these would hardly help.`,
  ];
}

function isClear(
  values: readonly number[],
  isWorse: (value: number, whole: number) => boolean,
  [whole]: readonly number[],
): boolean {
  if (whole === undefined || values.length === 0) return false;
  return values.filter((value) => isWorse(value, whole)).length >= CLEAR * values.length;
}
