import * as z from 'zod';
import { modelTypeIds } from '../model-types/registry.ts';

/** One that can be trained; another row of `model_types` is none. */
export const modelType = z
  .enum(modelTypeIds(), { error: () => `expected one of ${modelTypeIds().join(', ')}` })
  .describe('model_types.id');
