import type { Promotion, Publication } from '../execution/train-station-state.ts';
import { type JudgedPairs, pairAccuracy } from '../predictions/pair-accuracy.ts';

/** Fewer held-out pairs than upstream requires for a training (contract 6.3) cannot distinguish two models. */
const MIN_PAIRS = 10;

/** The current default model, with its score of each photo of this run; NaN if it has none. */
export type ComparedDefault = { model_code: string; model_uuid: string; scores: Float64Array };

/**
 * Decides whether a new model becomes the default of its station: if it orders the held-out pairs no worse than the current
 * default, within a tolerance. Only pairs count whose photos both models scored.
 *
 * @param scores of the new model, by photo of the run; NaN if it has none
 * @param tolerance share of the pairs, 0 to 1
 */
export function decidePromotion(options: {
  pairs: JudgedPairs;
  scores: Float64Array;
  current: ComparedDefault | null;
  tolerance: number;
}): Promotion {
  const { pairs, scores, current, tolerance } = options;
  if (!current)
    return {
      ...unconditional(true),
      reason: 'It becomes the default, as the station has no default model of this variable.',
    };
  const both = (own: Float64Array, other: Float64Array) =>
    own.map((score, photo) => (Number.isNaN(other[photo] as number) ? Number.NaN : score));
  const now = pairAccuracy(pairs, both(scores, current.scores), 'val');
  const before = pairAccuracy(pairs, both(current.scores, scores), 'val');
  const compared = {
    pairs: now.n,
    accuracy: now.share,
    current_model_code: current.model_code,
    current_model_uuid: current.model_uuid,
    current_accuracy: before.share,
  };
  if (now.share === null || before.share === null || now.n < MIN_PAIRS)
    return {
      ...compared,
      make_default: false,
      reason: `It does not become the default: only ${now.n} held-out pairs have scores of it and of ${current.model_code}, and ${MIN_PAIRS} are needed to compare.`,
    };
  const isGoodEnough = now.share >= before.share - tolerance;
  const figures = `it orders ${percent(now.share)} of ${now.n} held-out pairs as the annotators did, the present default ${current.model_code} ${percent(before.share)}`;
  return {
    ...compared,
    make_default: isGoodEnough,
    reason: isGoodEnough
      ? `It becomes the default: ${figures}.`
      : `It does not become the default: ${figures}, which is worse by more than ${percent(tolerance)}.`,
  };
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
export function decidedByInput(publish: boolean, promote: boolean): Promotion {
  if (!publish)
    return { ...unconditional(false), reason: 'It cannot become the default, as it is not published.' };
  return {
    ...unconditional(promote),
    reason: promote
      ? 'It becomes the default, as the input says promote: always.'
      : 'It does not become the default, as the input says promote: never.',
  };
}

const unconditional = (make_default: boolean) => ({
  make_default,
  pairs: 0,
  accuracy: null,
  current_model_code: null,
  current_model_uuid: null,
  current_accuracy: null,
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
