import type { Promotion, Publication } from '../execution/train-station-state.ts';
import { countOf, formatCount } from '../formats/numbers.ts';
import {
  comparedFigures,
  isBelow,
  LEAST_COMPARED,
  type ModelComparison,
  verdictWords,
} from './model-comparison.ts';

/** The default that a new model is compared with. */
type CurrentDefault = { model_code: string; model_uuid: string };

/** What is decided where there is nothing to compare with. */
export const becomesFirst = (): Promotion => ({
  ...unconditional(true),
  reason: 'It becomes the default, as the station has no other default model of this variable.',
});

/**
 * Decides whether a new model becomes the default of its station: not if it is clearly worse than the current default, by more than
 * a tolerance. Where no clear difference shows, it has to order as many held-out pairs but for the tolerance: what visitors see should
 * not change for a model that may be worse.
 *
 * @param comparison of the new model with the default, with the same tolerance: a share of the pairs, 0 to 1
 * @param promote always: it becomes the default in any case; a worse model leads only to a warning
 */
export function decidePromotion(
  comparison: ModelComparison,
  current: CurrentDefault,
  { promote, tolerance }: { promote: 'always' | 'if_better'; tolerance: number },
): Promotion {
  const is_worse = comparison.verdict === 'worse';
  const isAlways = promote === 'always';
  const isBehind = ordersFewer(comparison, tolerance);
  const isHeldBack = comparison.pairs.n < LEAST_COMPARED || is_worse || isBehind;
  const make_default = isAlways || !isHeldBack;
  const decision = `It ${make_default ? 'becomes' : 'does not become'} the default${isAlways ? ', as the input says promote: always; ' : ': '}`;
  const verdict = `${verdictOn(comparison, current, { tolerance, isBehind })}.`;
  return {
    ...stated(comparison, current),
    is_worse,
    make_default,
    reason: [decision + verdict, ...comparedFigures(comparison, 'it', current.model_code)].join(' '),
  };
}

/** Whether the pairs show no clear difference, tau none in its favor, and it orders fewer of the pairs than the tolerance allows. */
const ordersFewer = ({ verdict, decided_by, pairs }: ModelComparison, tolerance: number): boolean =>
  decided_by !== 'pairs' &&
  verdict !== 'better' &&
  pairs.now !== null &&
  pairs.before !== null &&
  isBelow(pairs.now, pairs.before, tolerance);

function verdictOn(
  comparison: ModelComparison,
  { model_code }: CurrentDefault,
  { tolerance, isBehind }: { tolerance: number; isBehind: boolean },
): string {
  const { verdict, pairs } = comparison;
  const present = `the present default ${model_code}`;
  const words = verdictWords(comparison, 'it', present, tolerance);
  if (pairs.n >= LEAST_COMPARED)
    return isBehind
      ? `${words}; ${model_code} orders more of the held-out pairs as the annotators did`
      : words;
  const few = `only ${countOf(pairs.n, 'held-out pair')} ${pairs.n === 1 ? 'has' : 'have'} scores of it and of ${model_code}, and ${LEAST_COMPARED} are needed to compare`;
  return verdict === 'unclear' ? few : `${words}; ${few}`;
}

const stated = ({ pairs, photos, untold }: ModelComparison, { model_code, model_uuid }: CurrentDefault) => ({
  pairs: pairs.n,
  accuracy: pairs.now,
  accuracy_difference: pairs.difference,
  kendall_tau: photos.now,
  kendall_tau_difference: photos.difference,
  current_model_code: model_code,
  current_model_uuid: model_uuid,
  current_accuracy: pairs.before,
  current_kendall_tau: photos.before,
  untold,
});

/** What has to be said first of a model that becomes the default though it is worse than the one before; null for any other. */
export function worseDefault(
  promotion: Omit<Promotion, 'pairs' | 'current_model_uuid' | 'reason'>,
): string | null {
  if (!promotion.make_default || !promotion.is_worse) return null;
  const { kendall_tau: now, current_kendall_tau: before, current_model_code: code, untold } = promotion;
  // As the comparison: observed values tell what held-out pairs leave open.
  const arePairsClear = promotion.accuracy_difference !== null && promotion.accuracy_difference.high < 0;
  const byWhat = !arePairsClear && isTold(promotion) ? 'photos' : 'pairs';
  const figures =
    byWhat === 'photos'
      ? `Kendall tau ${(before as number).toFixed(2)} → ${(now as number).toFixed(2)}`
      : `held-out pairs ordered as the annotators did ${percent(promotion.current_accuracy as number)} → ${percent(promotion.accuracy as number)}`;
  const doubt =
    untold[byWhat] > 0
      ? `, and which may have learned from ${formatCount(untold[byWhat])} of these ${byWhat}`
      : '';
  return `${figures}: the new default is worse than ${code}, which it replaces${doubt}.`;
}

/** Whether the taus are what tells that it is worse; executions of earlier versions have no interval. */
const isTold = ({
  kendall_tau: now,
  current_kendall_tau: before,
  kendall_tau_difference: difference,
  accuracy_difference,
}: Pick<
  Promotion,
  'kendall_tau' | 'current_kendall_tau' | 'kendall_tau_difference' | 'accuracy_difference'
>): boolean => {
  if (now === null || before === null) return false;
  return difference === null ? accuracy_difference === null && now < before : difference.high < 0;
};

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
  accuracy_difference: null,
  kendall_tau: null,
  kendall_tau_difference: null,
  current_model_code: null,
  current_model_uuid: null,
  current_accuracy: null,
  current_kendall_tau: null,
  untold: { pairs: 0, photos: 0 },
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
