import * as z from 'zod';
import { DEFAULT_MODEL_TYPE } from '../model-types/registry.ts';
import { DEFAULT_VARIABLE } from '../variables.ts';
import { parseInput } from './faults.ts';
import { type RunInput, runInput } from './train-station.ts';

const stationId = runInput.shape.station_id;

/** What a refresh may do: train and score as is needed, or only one of both. */
const mode = z.enum(['auto', 'train', 'score']);

/** Parameters of a training without their defaults: what is not given here, train-station fills in. */
const trainingShape: Record<string, z.ZodType> = Object.fromEntries(
  Object.entries(runInput.shape)
    .filter(([name]) => name !== 'station_id')
    .map(([name, schema]) => [name, withoutDefault(schema).optional()]),
);

function withoutDefault(schema: z.ZodType): z.ZodType {
  const inner = schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema;
  return schema.description === undefined ? inner : inner.describe(schema.description);
}

const minNewPairs = z
  .int()
  .min(0)
  .describe(
    'annotation pairs since the last training that are worth a new one; 0 trains wherever a training has enough pairs',
  );
const maxModelAgeDays = z.number().gt(0).max(36_500).describe('retrain an older model for a single new pair');

/**
 * Input of one execution of `refresh-stations`; nothing is required.
 *
 * The schema is the single source: `events/refresh-stations.schema.json` is generated from it.
 */
export const refreshInput = z
  .strictObject({
    station_ids: z
      .array(stationId)
      .min(1)
      .max(10_000)
      .refine((ids) => new Set(ids).size === ids.length, 'expected each station once')
      .optional()
      .describe('stations.id; default: all stations'),
    mode: mode.default('auto').describe('auto: train or score, as is needed; train, score: only that'),
    min_new_pairs: minNewPairs.default(500),
    max_model_age_days: maxModelAgeDays.default(365),
    max_training_jobs: z
      .int()
      .min(0)
      .max(1000)
      .default(20)
      .describe('trainings of one refresh, about 1 USD each; what is left over waits for the next'),
    concurrency: z.int().min(1).max(40).default(5).describe('stations at once'),
    train: z
      .strictObject(trainingShape)
      .default({})
      .describe('parameters of train-station, for every station'),
    stations: z
      .record(
        z.string().regex(/^[1-9]\d*$/, 'expected the id of a station'),
        z.strictObject({
          ...trainingShape,
          mode: mode.optional(),
          min_new_pairs: minNewPairs.optional(),
          max_model_age_days: maxModelAgeDays.optional(),
        }),
      )
      .default({})
      .describe('what is different at single stations, by their id'),
    dry_run: z.boolean().default(false).describe('only make the plan'),
    schedule: z.string().max(64).optional().describe('which schedule started it; for people'),
    scheduled_at: z.string().max(64).optional().describe('the instant that the schedule meant'),
  })
  .superRefine((input, context) => {
    for (const [id, own] of Object.entries(input.stations)) {
      if (input.station_ids && !input.station_ids.includes(Number(id)))
        context.addIssue({ code: 'custom', path: ['stations', id], message: 'it is not among station_ids' });
      const station_id = Number(id);
      checkTogether({ station_id, ...commonOf(input, station_id) }, own, ['stations', id], context);
    }
    checkTogether({ station_id: 1, ...input.train, start_from: null }, {}, ['train'], context);
  });

export type RefreshInput = z.output<typeof refreshInput>;
/** Parameters of a training as they were given, by their names in train-station's input. */
export type TrainingParameters = Record<string, unknown>;

/** Rules about several parameters, such as the order of two dates, are those of train-station's schema. */
function checkTogether(common: object, own: object, path: string[], context: z.RefinementCtx): void {
  const {
    mode: _mode,
    min_new_pairs: _pairs,
    max_model_age_days: _age,
    ...parameters
  } = own as RefreshOverrides;
  const parsed = runInput.safeParse({ ...common, ...parameters });
  for (const issue of parsed.error?.issues ?? [])
    if (issue.code === 'custom')
      context.addIssue({ code: 'custom', path: [...path, ...issue.path], message: issue.message });
}

type RefreshOverrides = TrainingParameters &
  Partial<Pick<RefreshInput, 'mode' | 'min_new_pairs' | 'max_model_age_days'>>;

/** The station whose model all others start from starts as if there were none. */
function withoutOwnStart({ train }: Pick<RefreshInput, 'train'>, id: number): TrainingParameters {
  const start = train.start_from as RunInput['start_from'] | undefined;
  return start?.station_id === id ? { start_from: null } : {};
}

const commonOf = (input: Pick<RefreshInput, 'train'>, id: number): TrainingParameters => ({
  ...input.train,
  ...withoutOwnStart(input, id),
});

/** What holds for one station: the rules of the decision, and the parameters of its training as given. */
export function stationRules(input: RefreshInput, id: number) {
  const { mode, min_new_pairs, max_model_age_days, ...given } = (input.stations[String(id)] ??
    {}) as RefreshOverrides;
  const own = { ...withoutOwnStart(input, id), ...given };
  const parameters: TrainingParameters = { ...input.train, ...own };
  return {
    mode: mode ?? input.mode,
    min_new_pairs: min_new_pairs ?? input.min_new_pairs,
    max_model_age_days: max_model_age_days ?? input.max_model_age_days,
    model_type: String(parameters.model_type ?? DEFAULT_MODEL_TYPE),
    variable_code: String(parameters.variable_code ?? DEFAULT_VARIABLE),
    /** What this station has of its own; what all have is in `train`. */
    own: own as TrainingParameters,
  };
}

/** @throws InvalidInput naming every fault */
export const parseRefreshInput = (given: unknown): RefreshInput =>
  parseInput(refreshInput, given, 'events/refresh-stations.schema.json', '{} is valid');
