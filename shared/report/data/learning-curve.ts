import { formatCount, formatShare } from '../../formats/numbers.ts';

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
  return { mean: sum / values.length, low: Math.min(...values), high: Math.max(...values) };
}

/** Of the shuffles, so many have to be worse than all pairs for a gain to be more than their spread. */
const CLEAR = 0.9;

/** Whether the curve still rises where it ends, in sentences; none where there is no curve. */
export function curveAdvice({ points }: LearningCurve): string[] {
  const [half, all] = points.slice(-2);
  if (!half || !all) return [];
  const figures = accuracyFigures(half, all);
  const isAccurate = isClear(half.accuracy, (value, whole) => value < whole, all.accuracy);
  const isSurer = isClear(half.loss, (value, whole) => value > whole, all.loss);
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

function accuracyFigures(half: LearningPoint, all: LearningPoint): string {
  const [before, after] = [meanAndRange(half.accuracy), meanAndRange(all.accuracy)];
  const what = `${formatCount(all.pairs)} training pairs instead of ${formatCount(half.pairs)}`;
  if (!before || !after)
    return `Learning curve: a score of the features that the network had before its training learned from ${what}.`;
  return `Learning curve: learned from ${what}, a score of the features that the network had before its training orders ${formatShare(after.mean)} of the held-out pairs with a decision right instead of ${formatShare(before.mean)} (${formatShare(before.low)} – ${formatShare(before.high)} over ${half.accuracy.length} shuffles).`;
}

function isClear(
  values: readonly number[],
  isWorse: (value: number, whole: number) => boolean,
  [whole]: readonly number[],
): boolean {
  if (whole === undefined || values.length === 0) return false;
  return values.filter((value) => isWorse(value, whole)).length >= CLEAR * values.length;
}
