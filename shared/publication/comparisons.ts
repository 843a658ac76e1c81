import type { ModelTypeId } from '../model-types/registry.ts';
import { decidePromotion } from './promotion.ts';

/** Decides whether a new model becomes the default, by comparing it with the current default on the same held-out pairs. */
export type Comparison = typeof decidePromotion;

/** How models of each type are compared; models of different types never are. */
export const COMPARISONS: Record<ModelTypeId, Comparison> = { RANK: decidePromotion };
