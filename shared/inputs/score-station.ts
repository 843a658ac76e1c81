import * as z from 'zod';
import { DEFAULT_MODEL_TYPE } from '../model-types/registry.ts';
import { DEFAULT_VARIABLE } from '../variables.ts';
import { parseInput } from './faults.ts';
import { modelType } from './model-type.ts';
import { modelsCode, runInput } from './train-station.ts';

const { station_id, transform_instance_type, transform_instance_count, merge_batch_size } = runInput.shape;

/**
 * Input of one execution of `score-station`: only `station_id` is required.
 *
 * The schema is the single source: `events/score-station.schema.json` is generated from it.
 */
export const scoringInput = z.strictObject({
  station_id,
  model_code: modelsCode
    .optional()
    .describe('models.code; default: the station’s default model of the variable'),
  model_type: modelType
    .optional()
    .describe(`models.model_type_id; default ${DEFAULT_MODEL_TYPE} where no model_code is given`),
  variable_code: z
    .string()
    .min(1)
    .max(16)
    .optional()
    .describe(`models.variable_id; default ${DEFAULT_VARIABLE} where no model_code is given`),
  transform_instance_type,
  transform_instance_count,
  merge_batch_size,
  allow_removals: z
    .boolean()
    .default(false)
    .describe(
      'take out scores of photos that vanished from the database or by their times are no longer the model’s, also of more than a tenth of them',
    ),
});
export type ScoringInput = z.output<typeof scoringInput>;

/** @throws InvalidInput naming every fault */
export const parseScoringInput = (input: unknown): ScoringInput =>
  parseInput(scoringInput, input, 'events/score-station.schema.json');
