import { NotEnoughPairs } from '../errors.ts';
import type { SeededRandom } from '../statistics/seeded-random.ts';
import { pairComponents } from './pair-components.ts';

/** Acceptance of a split (contract 6.3): the share of the target, and how many pairs each part has at least. */
const SHARE_TOLERANCE = 0.05;
export const MIN_TRAIN_PAIRS = 101;
export const MIN_VAL_PAIRS = 11;
/** Shares are quotients of whole numbers: 0.85 − 0.8 is a little more than 0.05. */
const ROUNDING = 1e-9;

export type PairSplit = {
  /** For each pair whether it is used for training; the others validate. */
  isTrain: boolean[];
  /** `graph`: no photo is in both parts; `random`: pairs were drawn, because no choice of components comes near the share. */
  method: 'graph' | 'random';
  /** Photos in pairs of both parts (Q-I2, Q-I4). */
  leakedImages: number;
};

/**
 * Divides pairs into training and validation so that no photo is in both: pairs that share photos stay together as a
 * connected component, weighed by its pairs (Q-I3). If any choice of components comes within SHARE_TOLERANCE of
 * `trainFrac`, one is found; otherwise pairs are drawn at random and the photos in both parts are counted.
 *
 * @param pairs image ids of both sides
 * @param removed pairs that the filters left out, by filter, for the message
 * @throws NotEnoughPairs when no split of so many pairs can be accepted
 */
export function splitPairs(
  pairs: readonly (readonly [number, number])[],
  trainFrac: number,
  random: SeededRandom,
  removed: Readonly<Record<string, number>>,
): PairSplit {
  const n = pairs.length;
  const accepted = acceptedTrainCounts(n, trainFrac);
  if (!accepted) throw notEnoughPairs(n, trainFrac, removed);
  const components = random.shuffle(pairComponents(pairs));
  const chosen = fillInTurn(components, accepted) ?? fillExactly(components, accepted);
  const isTrain = new Array<boolean>(n).fill(false);
  if (chosen) {
    for (const index of chosen.flat()) isTrain[index] = true;
    return { isTrain, method: 'graph', leakedImages: 0 };
  }
  for (const index of random.shuffle(pairs.map((_, index) => index)).slice(0, accepted.target))
    isTrain[index] = true;
  return { isTrain, method: 'random', leakedImages: countLeaked(pairs, isTrain) };
}

/** Numbers of training pairs that are accepted, and the one nearest to the share. */
type AcceptedCounts = { min: number; max: number; target: number };

function acceptedTrainCounts(n: number, trainFrac: number): AcceptedCounts | null {
  const min = Math.max(MIN_TRAIN_PAIRS, Math.ceil((trainFrac - SHARE_TOLERANCE) * n - ROUNDING));
  const max = Math.min(n - MIN_VAL_PAIRS, Math.floor((trainFrac + SHARE_TOLERANCE) * n + ROUNDING));
  if (min > max) return null;
  return { min, max, target: Math.min(max, Math.max(min, roundHalfToEven(trainFrac * n))) };
}

/** Takes each component that still fits below the target: nearly always near enough, and every choice is possible. */
function fillInTurn(components: number[][], { min, target }: AcceptedCounts): number[][] | null {
  let sum = 0;
  const chosen = components.filter(({ length }) => {
    if (sum + length > target) return false;
    sum += length;
    return true;
  });
  return sum >= min ? chosen : null;
}

/**
 * Finds a choice of components if there is one: which sums can be reached is worked out size by size, and for each sum
 * the size that reached it first is kept, so that the choice can be read back. Time: pairs × distinct sizes.
 */
function fillExactly(components: number[][], { min, max, target }: AcceptedCounts): number[][] | null {
  const bySize = Map.groupBy(components, ({ length }) => length);
  const lastSize = new Int32Array(max + 1).fill(-1);
  lastSize[0] = 0;
  for (const [size, { length: available }] of bySize) {
    const copies = new Int32Array(max + 1);
    for (let sum = size; sum <= max; sum++) {
      if (lastSize[sum] !== -1 || lastSize[sum - size] === -1) continue;
      if ((copies[sum - size] as number) >= available) continue;
      lastSize[sum] = size;
      copies[sum] = (copies[sum - size] as number) + 1;
    }
  }
  const reached = Array.from({ length: max - min + 1 }, (_, index) => min + index)
    .filter((sum) => lastSize[sum] !== -1)
    .sort((a, b) => Math.abs(a - target) - Math.abs(b - target) || a - b);
  const [best] = reached;
  if (best === undefined) return null;
  const chosen: number[][] = [];
  for (let sum = best; sum > 0; sum -= lastSize[sum] as number)
    chosen.push(bySize.get(lastSize[sum] as number)?.pop() as number[]);
  return chosen;
}

function countLeaked(pairs: readonly (readonly [number, number])[], isTrain: readonly boolean[]): number {
  const imagesOf = (train: boolean) => new Set(pairs.filter((_, index) => isTrain[index] === train).flat());
  return imagesOf(true).intersection(imagesOf(false)).size;
}

/** As R and IEEE 754 round. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function notEnoughPairs(
  n: number,
  trainFrac: number,
  removed: Readonly<Record<string, number>>,
): NotEnoughPairs {
  const total = Object.values(removed).reduce((sum, count) => sum + count, n);
  const needed = neededPairs(trainFrac);
  const filters = Object.entries(removed).map(([filter, count]) => `${filter} ${count}`);
  const [most] = Object.entries(removed).sort(([, one], [, other]) => other - one);
  // Whoever's input has removed enough pairs has annotated enough.
  const help =
    most && total >= needed
      ? `widen the input, which has removed enough of them (most by ${most[0]}): its hours, months and dates, or annotations_max_n`
      : 'annotate more pairs of this station';
  return new NotEnoughPairs({
    what: 'There are not enough annotation pairs to train a model',
    where: 'pairs left by the filters of the input',
    found: `${n} of ${total} pairs, removed: ${filters.join(', ')}`,
    expected: `at least ${needed} pairs, so that with train_frac ${trainFrac} at least ${MIN_TRAIN_PAIRS} train and ${MIN_VAL_PAIRS} validate`,
    // Whose input has removed them has annotated enough.
    fix: `${help}, then start a new execution`,
  });
}

/** The least number of pairs that can be divided so that both parts have enough. */
export function neededPairs(trainFrac: number): number {
  let n = MIN_TRAIN_PAIRS + MIN_VAL_PAIRS;
  while (!acceptedTrainCounts(n, trainFrac)) n += 1;
  return n;
}
