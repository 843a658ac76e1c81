import * as z from 'zod';
import { faultsOf } from '../filters/filter.ts';
import { imageFilterParameters } from '../filters/filter-images.ts';
import { pairFilterParameters } from '../filters/filter-pairs.ts';
import { IMAGE_FILTERS } from '../filters/image-filters.ts';
import { PAIR_FILTERS } from '../filters/pair-filters.ts';
import { DEFAULT_MODEL_TYPE } from '../model-types/registry.ts';
import { DEFAULT_VARIABLE } from '../variables.ts';
import { parseInput } from './faults.ts';
import { modelType } from './model-type.ts';

const instanceType = z
  .string()
  .regex(/^ml\.[a-z0-9-]+\.[a-z0-9]+$/, 'expected a SageMaker instance type such as ml.g6.2xlarge');
/** Codes become folder and file names in S3 and URLs. */
const code = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'expected 1 to 64 letters, digits, dots, dashes or underscores',
  );

const stationId = z
  .int()
  .positive()
  .max(2 ** 31 - 1);
/** Of any row of FPE's table `models`: upstream's scripts take other characters, too. */
export const modelsCode = z.string().min(1).max(64);

/** How far a factor of photos' colors varies: 0.3 draws it between 0.7 and 1.3. */
const jitter = z.number().min(0).max(1).default(0);

/**
 * What is done to photos before the network sees them. One of them is added here, in `Hyperparameters` of
 * model/hyperparameters.py and in `PhotoTransforms` of model/transforms.py.
 */
const imageTransforms = {
  input_size: z.int().min(32).max(1024).default(480).describe('height of a photo after resizing, pixels'),
  num_image_stats: z.int().min(1).max(100_000).default(1000).describe('photos sampled for mean and sd'),
  decolorize: z.boolean().default(false),
  normalize: z.boolean().default(true),
  augment: z.boolean().default(true),
  jitter_brightness: jitter.describe('with augment: how far the brightness of training photos varies'),
  jitter_contrast: jitter.describe('with augment: how far their contrast varies'),
  jitter_saturation: jitter.describe('with augment: how far their saturation varies'),
};

/** How a network can learn: names of `RECIPES` in model/recipes.py. The first is upstream's way. */
const RECIPES = ['fpe', '2026'] as const;

/** What `train.py` reads: each of them goes to the training as it is in the input. */
export const hyperparameters = {
  recipe: z
    .enum(RECIPES)
    .default('fpe')
    .describe(
      'how the network learns: fpe as upstream’s, 2026 by AdamW, a cosine and averaged weights, with photos that are not mirrored (docs/model.md)',
    ),
  n_epochs: z.int().min(1).max(500).default(20),
  learning_rate: z.number().gt(0).max(1).default(0.001),
  batch_size: z.int().min(2).max(1024).multipleOf(2).default(64).describe('rows of pairs.csv; even (Q-T11)'),
  unfreeze_after: z.int().min(0).max(500).default(2).describe('epochs with a frozen backbone'),
  ...imageTransforms,
  random_seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1691)
    .describe('seed of the training'),
  pretrained: z.boolean().default(true).describe('start from ImageNet weights, unless start_from is given'),
};

/** A published model of another station, as FPE's table `models` names it. */
const publishedModel = z.strictObject({
  station_id: stationId.describe('stations.id of the other station'),
  model_code: modelsCode.describe('models.code'),
});

/**
 * Input of one execution of `train-station`: only `station_id` is required.
 *
 * The schema is the single source: `events/train-station.schema.json` is generated from it.
 */
export const runInput = z
  .strictObject({
    station_id: stationId.describe('stations.id'),
    model_type: modelType.default(DEFAULT_MODEL_TYPE),
    variable_code: z.string().min(1).max(16).default(DEFAULT_VARIABLE).describe('variables.id'),
    model_code: code
      .optional()
      .describe('name of the model version; default {model type}-{annotation variable}-{yyyymmdd}'),
    dataset_code: code.optional().describe('name of the dataset version; default: the model code'),
    max_gap_minutes: z
      .number()
      .min(0)
      .max(1440)
      .default(65)
      .describe('largest gap to a neighboring observation'),
    include_flagged_values: z.boolean().default(false).describe('use observed values that carry a flag'),
    ...imageFilterParameters,
    ...pairFilterParameters,
    train_frac: z.number().gt(0).lt(1).default(0.8).describe('share of the pairs used for training'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(1691)
      .describe('seed of sampling and split'),
    ...hyperparameters,
    start_from: publishedModel
      .nullable()
      .default(null)
      .describe(
        'a published model of another station that the training starts from, instead of ImageNet weights (docs/model.md)',
      ),
    training_instance_type: instanceType.default('ml.g6.2xlarge'),
    training_spot: z.boolean().default(false).describe('managed spot training, resumes from checkpoints'),
    training_max_hours: z.number().gt(0).max(672).default(24),
    transform_instance_type: instanceType.default('ml.c5.xlarge'),
    transform_instance_count: z.int().min(1).max(100).default(1),
    merge_batch_size: z.int().min(1).max(20_000).default(5000).describe('photos per MergePredictions call'),
    smoothing_hours: z
      .number()
      .min(1)
      .max(168)
      .nullable()
      .default(null)
      .describe(
        'adds a column smoothed_score to the published predictions: means over neighboring photos, weighted by a Gaussian of this standard deviation; null: no such column',
      ),
    publish: z.boolean().default(true),
    promote: z
      .enum(['always', 'if_better', 'never'])
      .default('if_better')
      .describe(
        'whether the model becomes the station’s default; if_better: not if it is worse than the present default on held-out pairs or, where these show no clear difference, in Kendall tau',
      ),
    promotion_tolerance: z
      .number()
      .min(0)
      .max(1)
      .default(0.02)
      .describe(
        'share of the held-out pairs, or difference of Kendall tau, by which a model may be worse than the present default with if_better',
      ),
    keep_previous: z
      .boolean()
      .default(false)
      .describe('keep drawing the default that the model supersedes on the website, beside it'),
    overwrite: z.boolean().default(false).describe('replace a finished model of the same code'),
  })
  .superRefine((input, context) => {
    for (const filters of [IMAGE_FILTERS, PAIR_FILTERS])
      for (const { name, message } of faultsOf(filters, input))
        context.addIssue({ code: 'custom', path: [name], message });
    // It has learned from pairs and photos that the new one is judged by, in validation, promotion and report.
    if (input.start_from?.station_id === input.station_id)
      context.addIssue({
        code: 'custom',
        path: ['start_from', 'station_id'],
        message:
          'a model of the station itself knows the pairs that the new one is judged by: expected another station',
      });
    for (const name of ['jitter_brightness', 'jitter_contrast', 'jitter_saturation'] as const)
      if (input[name] > 0 && !input.augment)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `${input[name]} has no effect where augment is false`,
        });
  });

export type RunInput = z.output<typeof runInput>;

/** @throws InvalidInput naming every fault */
export const parseRunInput = (input: unknown): RunInput =>
  parseInput(runInput, input, 'events/train-station.schema.json');
