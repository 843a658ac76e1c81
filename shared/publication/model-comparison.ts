import { formatCount, formatTau } from '../formats/numbers.ts';
import { type JudgedPairs, PAIR_SPLITS, pairAccuracy, pairChanges } from '../predictions/pair-accuracy.ts';
import { LEAST_WEEKS } from '../predictions/weeks.ts';
import { kendallTauB } from '../statistics/kendall-tau.ts';
import { pairedShareInterval } from '../statistics/paired-shares.ts';
import { bootstrapTauDifference, type Interval } from '../statistics/tau-bootstrap.ts';

/** Fewer held-out pairs than upstream requires for a training (contract 6.3), or photos, cannot distinguish two models. */
export const LEAST_COMPARED = 10;

/**
 * With so many pairs held out of both models, no other counts: one of them weighs 3 percentage points, hardly more than the usual
 * tolerance. With fewer, chance would decide, so that all pairs held out of the new model count, which favors the other.
 */
const ENOUGH_PAIRS = 30;

const BOOTSTRAP = { resamples: 150, seed: 1691, leastClusters: LEAST_WEEKS };
/** Of more photos, so many at even distances give the interval: its width comes from the number of weeks. */
const MOST_RESAMPLED = 50_000;

/** Of a photo in a file that others wrote: it does not say whether its model has learned from it. */
export const NOT_KNOWN = 2;

/** Scores of a model by photo, NaN where it has none, and 1 where it has learned from the photo, 0 where not, else `NOT_KNOWN`. */
export type ScoredModel = { scores: Float64Array; learned: Uint8Array };

/** What two models scored, and what is known of it. */
export type ComparedModels = {
  /** Those of validation are held out of the model. */
  pairs: JudgedPairs;
  model: ScoredModel;
  other: ScoredModel;
  /** Observed values by photo; NaN where there is none. */
  values: Float64Array;
  /** Number of the week of each photo. */
  weeks: ArrayLike<number>;
};

/**
 * better, worse: the 95 % interval of the difference lies on one side of 0. tolerated: worse so, but not by more than the tolerance.
 * unclear: the interval holds 0, or there are too few photos and pairs for one.
 */
export type Verdict = 'better' | 'worse' | 'tolerated' | 'unclear';

/** The figures of a model and of the other one over the same cases, and the interval of the first less the second. */
type Compared = { n: number; now: number | null; before: number | null; difference: Interval | null };

export type ModelComparison = {
  verdict: Verdict;
  /** What has decided; null of unclear. */
  decided_by: 'pairs' | 'photos' | null;
  /** Share of the held-out pairs that each orders as the annotators did, 0 to 1. */
  pairs: Compared;
  /** Held-out pairs that are compared although the other model has learned from both of their photos. */
  familiar: number;
  /** How many of the compared pairs and photos the other model may have learned from: its file does not say. */
  untold: { pairs: number; photos: number };
  /** Kendall's tau-b of scores and observed values over the photos that neither is known to have learned from. */
  photos: Compared;
};

/**
 * Compares two models by the same pairs and photos. The held-out pairs decide, as the annotators' order is what the models learn:
 * those that neither has learned from, where there are enough. Where they leave it open, the observed values do. What the other
 * model may have learned from counts as well, which favors it, like pairs that it has learned from; but it is told.
 *
 * @param tolerance by how much a model that is clearly worse may be so, as a difference of shares or of taus
 */
export function compareModels(compared: ComparedModels, tolerance = 0): ModelComparison {
  const { familiar, untold: untoldPairs, ...pairs } = comparePairs(compared);
  const { untold: untoldPhotos, ...photos } = comparePhotos(compared);
  const untold = { pairs: untoldPairs, photos: untoldPhotos };
  const byPairs = pairs.n < LEAST_COMPARED ? 'unclear' : verdictOf(pairs, tolerance);
  const verdict = byPairs === 'unclear' ? verdictOf(photos, tolerance) : byPairs;
  const byWhat = byPairs === 'unclear' ? 'photos' : 'pairs';
  return { verdict, decided_by: verdict === 'unclear' ? null : byWhat, pairs, familiar, untold, photos };
}

/** Whether a share or tau is below another one by more than a tolerance; not where the difference is the tolerance, but for rounding. */
export const isBelow = (now: number, before: number, tolerance: number): boolean =>
  before - now > tolerance + 1e-12;

/** What the interval of a difference of this model less the other tells. */
export function verdictOf({ now, before, difference }: Omit<Compared, 'n'>, tolerance = 0): Verdict {
  if (now === null || before === null || difference === null) return 'unclear';
  if (difference.low > 0) return 'better';
  if (difference.high >= 0) return 'unclear';
  return isBelow(now, before, tolerance) ? 'worse' : 'tolerated';
}

/** Over the pairs whose photos both scored. */
function comparePairs({ pairs, model, other }: ComparedModels): Compared & Biased {
  const both = [whereBoth(model.scores, other.scores), whereBoth(other.scores, model.scores)] as const;
  const countOf = (of: JudgedPairs) => pairAccuracy(of, both[0], 'val').n;
  const unseen = heldOutOf(pairs, other.learned, false);
  const unlearned = heldOutOf(pairs, other.learned, true);
  const [held, perhaps] = [countOf(unseen), countOf(unlearned)];
  const counted = held >= ENOUGH_PAIRS ? unseen : pairs;
  const [now, before] = [pairAccuracy(counted, both[0], 'val'), pairAccuracy(counted, both[1], 'val')];
  const { gained, lost } = pairChanges(counted, both, 'val');
  return {
    n: now.n,
    now: now.share,
    before: before.share,
    difference: pairedShareInterval(gained, lost, now.n),
    familiar: counted === unseen ? 0 : now.n - perhaps,
    untold: counted === unseen ? 0 : perhaps - held,
  };
}

/** How many of the compared pairs the other model has learned from, and how many it may have. */
type Biased = { familiar: number; untold: number };

const whereBoth = (own: Float64Array, other: Float64Array): Float64Array =>
  own.map((score, photo) => (Number.isNaN(other[photo] as number) ? Number.NaN : score));

/**
 * Those that the model has learned from become training pairs, as they are for it: it has then learned from both photos.
 *
 * @param withUntold whether those stay that it may have learned from
 */
const heldOutOf = (pairs: JudgedPairs, learned: Uint8Array, withUntold: boolean): JudgedPairs => ({
  ...pairs,
  splits: pairs.splits.map((split, pair) => {
    const ofPhotos = [learned[pairs.left[pair] as number], learned[pairs.right[pair] as number]];
    const isUntold = ofPhotos.includes(NOT_KNOWN);
    return ofPhotos.includes(0) || (isUntold && withUntold) ? split : TRAIN;
  }),
});
const TRAIN = PAIR_SPLITS.indexOf('train');

function comparePhotos({ model, other, values, weeks }: ComparedModels): Compared & { untold: number } {
  const unlearned = values.map((value, photo) =>
    model.learned[photo] === 1 || other.learned[photo] === 1 ? Number.NaN : value,
  );
  const untold = unlearned.filter(
    (value, photo) =>
      other.learned[photo] === NOT_KNOWN &&
      !Number.isNaN(value + (model.scores[photo] as number) + (other.scores[photo] as number)),
  ).length;
  return { ...compareTaus(unlearned, [model.scores, other.scores], weeks), untold };
}

/**
 * Kendall's tau-b of two models' scores and the observed values, over the photos that both scored.
 *
 * @param values by photo; NaN where there is none, or where it does not count
 * @param weeks number of the week of each photo, as photos of a week are drawn together
 */
export function compareTaus(
  values: Float64Array,
  [now, before]: readonly [Float64Array, Float64Array],
  weeks: ArrayLike<number>,
): Compared {
  const rows = Uint32Array.from(values.keys()).filter(
    (row) => !Number.isNaN((values[row] as number) + (now[row] as number) + (before[row] as number)),
  );
  const n = rows.length;
  if (n < LEAST_COMPARED) return { n, now: null, before: null, difference: null };
  const pick = (numbers: ArrayLike<number>, of = rows) =>
    Float64Array.from(of, (row) => numbers[row] as number);
  const observed = pick(values);
  const step = Math.ceil(n / MOST_RESAMPLED);
  const drawn = rows.filter((_, index) => index % step === 0);
  return {
    n,
    now: kendallTauB(observed, pick(now)),
    before: kendallTauB(observed, pick(before)),
    difference: bootstrapTauDifference(
      pick(values, drawn),
      [pick(now, drawn), pick(before, drawn)],
      pick(weeks, drawn),
      BOOTSTRAP,
    ),
  };
}

/** How a model compares, as a sentence without its full stop. */
export function verdictWords(
  { verdict, decided_by, untold }: Pick<ModelComparison, 'verdict' | 'decided_by' | 'untold'>,
  model: string,
  other: string,
  tolerance = 0,
): string {
  const perhaps = decided_by !== null && untold[decided_by] > 0;
  // The bias favors the other model, so that a model that is better in spite of it is so.
  const onWhat = perhaps ? `, on ${decided_by} that the latter may have learned from` : '';
  return {
    better: `${model} is better than ${other}`,
    worse: `${model} is worse than ${other}${onWhat}`,
    tolerated: `${model} is worse than ${other}${onWhat}, but by no more than the tolerance of ${decided_by === 'photos' ? `${tolerance} in Kendall tau` : `${Number((100 * tolerance).toPrecision(12))} percentage points`}`,
    unclear: `${model} shows no clear difference from ${other}`,
  }[verdict];
}

/** The figures behind a verdict, a sentence for pairs and one for photos, where there are enough. */
export function comparedFigures(
  { pairs, familiar, untold, photos }: ModelComparison,
  model: string,
  other: string,
): string[] {
  const known = familiar > 0 ? `, which has learned from the photos of ${formatCount(familiar)} of them` : '';
  const { now, before } = pairs;
  return [
    ...(pairs.n < LEAST_COMPARED || now === null || before === null
      ? []
      : [
          `Of ${formatCount(pairs.n)} held-out pairs, ${model} orders ${percent(now)} as the annotators did, and ${other} ${percent(before)}${known}${differenceWords(pairs, points, ' percentage points')}.${untoldPairs(pairs.n, untold.pairs, other)}`,
        ]),
    ...(photos.now === null || photos.before === null
      ? []
      : [
          `Kendall tau over ${formatCount(photos.n)} photos that ${unlearnedBy(photos.n, untold.photos, model, other)} is ${formatTau(photos.now)} for ${model} and ${formatTau(photos.before)} for ${other}${differenceWords(photos, formatTau, '')}.`,
        ]),
  ];
}

const untoldPairs = (n: number, untold: number, other: string): string =>
  untold === 0
    ? ''
    : ` Whether ${other} has learned from ${untold === n ? 'these pairs' : `${formatCount(untold)} of these pairs`} is not known, as its file does not say.`;

const unlearnedBy = (n: number, untold: number, model: string, other: string): string =>
  untold === 0
    ? 'neither has learned from'
    : `${model} has not learned from, and ${other} may have${untold === n ? '' : ` from ${formatCount(untold)}`},`;

/** Nothing without an interval. */
const differenceWords = (
  { difference }: Compared,
  format: (number: number) => string,
  unit: string,
): string =>
  difference === null
    ? ''
    : ` (95 % interval of the difference ${format(difference.low)} to ${format(difference.high)}${unit})`;

/** Never -0.0. */
const points = (share: number): string => (100 * share).toFixed(1).replace(/^-(?=0\.0$)/, '');
const percent = (share: number): string => `${points(share)} %`;
