import type { Promotion, Publication } from '../execution/train-station-state.ts';
import { type JudgedPairs, PAIR_SPLITS, pairAccuracy } from '../predictions/pair-accuracy.ts';
import { kendallTauB } from '../statistics/kendall-tau.ts';

/** Fewer held-out pairs than upstream requires for a training (contract 6.3) cannot distinguish two models. */
const MIN_PAIRS = 10;

/**
 * With so many pairs held out of both models, no other counts: one of them weighs 3 percentage points, hardly more than the usual
 * tolerance. With fewer, chance would decide, so that all pairs held out of the new model count, which favors the default.
 */
const ENOUGH_PAIRS = 30;

/** The current default model, with its score of each photo of this run; NaN if it has none. */
export type ComparedDefault = {
  model_code: string;
  model_uuid: string;
  scores: Float64Array;
  /** 1 where it has learned from the photo. */
  learned: Uint8Array;
};

export type PromotionInput = {
  pairs: JudgedPairs;
  /** Scores of the new model, by photo of the run; NaN if it has none. */
  scores: Float64Array;
  /** Observed values by photo; NaN where there is none. */
  values: Float64Array;
  current: ComparedDefault | null;
  /** Share of the pairs, 0 to 1, by which the new model may be worse. */
  tolerance: number;
  /** always: it becomes the default in any case; a worse model leads only to a warning. */
  promote: 'always' | 'if_better';
};

/**
 * Decides whether a new model becomes the default of its station: if it orders held-out pairs no worse than the current default,
 * within a tolerance. Only pairs and photos count that both models scored, and of the pairs those that the default has not learned
 * from, either, where there are enough.
 */
export function decidePromotion({ promote, tolerance, ...compared }: PromotionInput): Promotion {
  const { current } = compared;
  if (!current)
    return {
      ...unconditional(true),
      reason: 'It becomes the default, as the station has no other default model of this variable.',
    };
  const { familiar, ...figures } = compare({ ...compared, current });
  const { accuracy, current_accuracy: before, pairs } = figures;
  const areComparable = accuracy !== null && before !== null && pairs >= MIN_PAIRS;
  const is_worse = areComparable
    ? accuracy < before - tolerance
    : isLower(figures.kendall_tau, figures.current_kendall_tau, tolerance);
  const said = areComparable
    ? `it orders ${percent(accuracy)} of ${pairs} held-out pairs as the annotators did, the present default ${current.model_code} ${percent(before)}${familiar > 0 ? `, which has learned from the photos of ${familiar} of them` : ''}`
    : `only ${pairs} held-out pairs have scores of it and of ${current.model_code}, and ${MIN_PAIRS} are needed to compare`;
  if (promote === 'always')
    return {
      ...figures,
      is_worse,
      make_default: true,
      reason: `It becomes the default, as the input says promote: always; ${said}.`,
    };
  const make_default = areComparable && !is_worse;
  return {
    ...figures,
    is_worse,
    make_default,
    reason: make_default
      ? `It becomes the default: ${said}.`
      : `It does not become the default: ${said}${areComparable ? `, which is worse by more than ${(100 * tolerance).toFixed(1)} percentage points` : ''}.`,
  };
}

/** Accuracy on the held-out pairs, and Kendall's tau-b of scores and observed values, of both models over the same photos. */
function compare({
  pairs,
  scores,
  values,
  current,
}: Omit<PromotionInput, 'promote' | 'tolerance' | 'current'> & { current: ComparedDefault }) {
  const whereBoth = (own: Float64Array, other: Float64Array) =>
    own.map((score, photo) => (Number.isNaN(other[photo] as number) ? Number.NaN : score));
  const [ours, theirs] = [whereBoth(scores, current.scores), whereBoth(current.scores, scores)];
  const unfamiliar = heldOutOf(pairs, current.learned);
  const ofUnfamiliar = pairAccuracy(unfamiliar, ours, 'val');
  const areEnough = ofUnfamiliar.n >= ENOUGH_PAIRS;
  const now = areEnough ? ofUnfamiliar : pairAccuracy(pairs, ours, 'val');
  const before = pairAccuracy(areEnough ? unfamiliar : pairs, theirs, 'val');
  return {
    /** Pairs that are compared although the default has learned from both of their photos. */
    familiar: now.n - ofUnfamiliar.n,
    pairs: now.n,
    accuracy: now.share,
    kendall_tau: kendallTauB(values, ours),
    current_model_code: current.model_code,
    current_model_uuid: current.model_uuid,
    current_accuracy: before.share,
    current_kendall_tau: kendallTauB(values, theirs),
  };
}

/** Those of which the default has learned from both photos become training pairs, as they are for it. */
const heldOutOf = (pairs: JudgedPairs, learned: Uint8Array): JudgedPairs => ({
  ...pairs,
  splits: pairs.splits.map((split, pair) =>
    learned[pairs.left[pair] as number] && learned[pairs.right[pair] as number] ? TRAIN : split,
  ),
});
const TRAIN = PAIR_SPLITS.indexOf('train');

const isLower = (now: number | null, before: number | null, tolerance: number): boolean =>
  now !== null && before !== null && now < before - tolerance;

/** What has to be said first of a model that becomes the default though it is worse than the one before; null for any other. */
export function worseDefault(
  promotion: Omit<Promotion, 'pairs' | 'current_model_uuid' | 'reason'>,
): string | null {
  const { make_default, is_worse, kendall_tau: now, current_kendall_tau: before } = promotion;
  if (!make_default || !is_worse) return null;
  const figures = isLower(now, before, 0)
    ? `Kendall tau over all photos ${(before as number).toFixed(2)} → ${(now as number).toFixed(2)}`
    : `held-out pairs ordered as the annotators did ${percent(promotion.current_accuracy as number)} → ${percent(promotion.accuracy as number)}`;
  return `${figures}: the new default is worse than ${promotion.current_model_code}, which it replaces.`;
}

/**
 * What becomes of a finished model. FPE draws every row of `models` that has addresses, whether it is the default or not; so a
 * model that must not become the default gets a row without addresses, and must not replace one that is drawn under its own code.
 *
 * @param known rows of the model's code
 */
export function outcomeOf(
  model: { publish: boolean; make_default: boolean },
  known: readonly { default: boolean | null; predictions_url: string | null }[],
): Publication['outcome'] {
  if (!model.publish) return 'unpublished';
  if (model.make_default) return 'published';
  return known.some((row) => row.default || row.predictions_url !== null) ? 'kept' : 'unlisted';
}

/** What the input decides without looking at scores. */
export const decidedByInput = (publish: boolean): Promotion => ({
  ...unconditional(false),
  reason: publish
    ? 'It does not become the default, as the input says promote: never.'
    : 'It cannot become the default, as it is not published.',
});

const unconditional = (make_default: boolean) => ({
  make_default,
  is_worse: false,
  pairs: 0,
  accuracy: null,
  kendall_tau: null,
  current_model_code: null,
  current_model_uuid: null,
  current_accuracy: null,
  current_kendall_tau: null,
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
