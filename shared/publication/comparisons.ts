import type { ModelTypeId } from '../model-types/registry.ts';
import { compareModels } from './model-comparison.ts';

/** How models of each type are compared; models of different types never are. */
export const COMPARISONS: Record<ModelTypeId, typeof compareModels> = { RANK: compareModels };
