import { countOf, formatCount, formatShare, formatShareInterval, isOrAre } from '../../formats/numbers.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';
import { wilsonInterval } from '../../statistics/wilson-interval.ts';
import { isWide, whereEnough } from './too-few.ts';

/** Results on the held-out pairs after learning from so many training pairs, one for each shuffle of them. */
export type LearningPoint = {
  pairs: number;
  /** Empty where no held-out pair is unequal, or too few are. */
  accuracy: readonly number[];
  /** Empty where there are too few held-out pairs. */
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
  /** Why there are none, or none with a result. */
  missing: string | null;
};

export const NO_CURVE: LearningCurve = { valPairs: 0, points: [], missing: 'this training made none' };

/**
 * The curve as far as there are held-out pairs enough to judge it by.
 *
 * @param decided held-out pairs with a decision
 */
export function toldCurve(curve: LearningCurve, decided: number): LearningCurve {
  const { valPairs } = curve;
  const few = `${countOf(valPairs, 'held-out pair')} ${isOrAre(valPairs)} too few to tell`;
  return {
    ...curve,
    missing: curve.missing ?? (whereEnough(valPairs, true) ? null : few),
    points: curve.points.map(({ pairs, accuracy, loss }) => ({
      pairs,
      accuracy: whereEnough(Math.min(valPairs, decided), accuracy) ?? [],
      loss: whereEnough(valPairs, loss) ?? [],
    })),
  };
}

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

/**
 * Whether the curve still rises where it ends, in sentences; none where there is no curve. All shuffles are judged by the same
 * held-out pairs, so their spread does not tell how little a few of these tell: the interval does.
 *
 * @param decided held-out pairs with a decision
 */
export function curveAdvice({ points, valPairs }: LearningCurve, decided: number): string[] {
  const [half, all] = points.slice(-2);
  if (!half || !all) return [];
  const [before, after] = [meanAndRange(half.accuracy), meanAndRange(all.accuracy)];
  const n = Math.min(valPairs, decided);
  const interval = whereEnough(n, wilsonInterval((after?.mean ?? 0) * n, n));
  if (!before || !after || !interval)
    return [
      `Learning curve: ${countOf(n, 'held-out pair')} with a decision ${isOrAre(n)} too few to tell whether more annotation pairs would help.`,
    ];
  const figures = `Learning curve: learned from ${formatCount(all.pairs)} training pairs instead of ${formatCount(half.pairs)}, a score of the features that the network had before its training orders ${formatShare(after.mean)} of the held-out pairs right (95 % interval ${formatShareInterval(interval)}, n ${formatCount(n)}) instead of ${formatShare(before.mean)} (${formatShareInterval(before)} over ${countOf(half.accuracy.length, 'shuffle')}).`;
  return [`${figures} ${verdict(half, all, before.mean, interval)}`];
}

function verdict(half: LearningPoint, all: LearningPoint, before: number, interval: Interval): string {
  const isBelow = (value: number, whole: number) => value < whole;
  const isAbove = (value: number, whole: number) => value > whole;
  const isAccurate = isClear(half.accuracy, isBelow, all.accuracy) && before < interval.low;
  const isWorse = isClear(half.accuracy, isAbove, all.accuracy) && before > interval.high;
  if (isAccurate)
    return 'The curve still rises: more annotation pairs will probably help, the more so where the model does badly.';
  if (!isWorse && isWide(interval))
    return 'So few held-out pairs cannot tell whether the curve still rises, nor whether it does not.';
  if (isWorse || isClear(half.loss, isBelow, all.loss))
    return 'More pairs made it worse here, as annotators who disagree may; it does not tell whether more would help.';
  if (isClear(half.loss, isAbove, all.loss))
    return 'That is no clear difference, but the loss still falls: more pairs may help a little.';
  return 'That is no clear difference, and neither is that of the loss: more pairs like these would hardly help.';
}

function isClear(
  values: readonly number[],
  isWorse: (value: number, whole: number) => boolean,
  [whole]: readonly number[],
): boolean {
  if (whole === undefined || values.length === 0) return false;
  return values.filter((value) => isWorse(value, whole)).length >= CLEAR * values.length;
}
