import {
  ASSUMED,
  ASSUMED_SPEED,
  type Speeds,
  trainingSeconds,
  transformSeconds,
} from '../cost/assumptions.ts';
import type { RunInput } from '../inputs/train-station.ts';
import { STATION_LIMITS, type StationSize } from '../limits/station-size.ts';

/**
 * How long a job may take before something must be wrong with it: a model that does not load, or a process that hangs, would burn
 * days, as each photo is waited for by itself. Generous, as a job that works must never be ended: several times what is assumed of
 * instances that are known, and of any other type no more than a photo a second.
 */
export type JobLimits = {
  /** What SageMaker gives the training; it keeps its checkpoints. */
  training_hours: number;
  /** What the machine waits for the training and for the transform job; whole numbers of seconds. */
  training_seconds: number;
  scoring_seconds: number;
};

/** How many times what is assumed a job may take, unless the stage says otherwise. */
export const USUAL_MARGIN = 4;
/** On top, and twice for spot instances: to get an instance, to copy what it needs and what it has made. */
const SPARE_SECONDS = 2 * 3600;
/** Of a training job (SageMaker API, StoppingCondition); nothing of ours is meant to run longer. */
const MOST_SECONDS = 28 * 24 * 3600;
/** Photos a second of an instance that nobody has told of, such as one with a processor alone. */
const LEAST_SPEED = 1;
/** Pixels for which the speeds are assumed. */
const ASSUMED_INPUT_SIZE = 480;
/** All functions of an execution with their retries, and what jobs wait for capacity. */
const FUNCTIONS_SECONDS = 24 * 3600;

type Training = Pick<
  RunInput,
  'n_epochs' | 'input_size' | 'training_instance_type' | 'training_spot' | 'training_max_hours'
>;
type Transform = Pick<RunInput, 'transform_instance_type' | 'transform_instance_count'>;
type Amount = Pick<StationSize, 'photos' | 'annotation_pairs'>;

/**
 * @param size of the whole station: more than will be in the run rather than less
 * @param margin how many times what is assumed a job may take: of the stage, as jobs of one computer are no instances of AWS
 */
export function jobLimits(parameters: Training & Transform, size: Amount, margin: number): JobLimits {
  const longest = trainingLimit(parameters, size, margin);
  return {
    training_hours: longest / 3600,
    // A job that waits for spot instances may take as long again.
    training_seconds: longest * (parameters.training_spot ? 2 : 1) + SPARE_SECONDS,
    scoring_seconds: scoringLimit(parameters, size.photos, margin),
  };
}

/** Seconds of a training: what the input allows, or less where so much cannot be needed. */
function trainingLimit(
  parameters: Training,
  { photos, annotation_pairs: pairs }: Amount,
  margin: number,
): number {
  const { input_size, training_instance_type } = parameters;
  const expected = trainingSeconds(
    {
      pairs,
      photosInPairs: Math.min(photos, 2 * pairs),
      epochs: parameters.n_epochs,
      trainingInstanceType: training_instance_type,
    },
    ASSUMED,
    slowed(ASSUMED_SPEED.training, training_instance_type, input_size),
  );
  return Math.min(Math.round(parameters.training_max_hours * 3600), allowed(expected, margin));
}

/** Seconds that the machine waits for a transform job. @param photos that are scored */
export const scoringLimit = (
  { transform_instance_type, transform_instance_count }: Transform,
  photos: number,
  margin: number,
): number =>
  allowed(
    transformSeconds(
      {
        photos,
        transformInstanceType: transform_instance_type,
        transformInstanceCount: transform_instance_count,
      },
      ASSUMED,
      slowed(ASSUMED_SPEED.transform, transform_instance_type, ASSUMED_INPUT_SIZE),
    ),
    margin,
  );

/**
 * Seconds that a refresh waits for the execution of a station, which has limits of its own: more than those of the largest station come
 * to, so that it ends only what nobody hears of any more.
 */
export function executionLimit(
  parameters: Training & Transform,
  action: 'train' | 'score',
  margin: number,
): number {
  const { training_seconds, scoring_seconds } = jobLimits(parameters, STATION_LIMITS, margin);
  return FUNCTIONS_SECONDS + scoring_seconds + (action === 'train' ? training_seconds : 0);
}

const allowed = (expectedSeconds: number, margin: number): number =>
  Math.min(MOST_SECONDS, Math.ceil(SPARE_SECONDS + margin * expectedSeconds));

/** Larger photos take longer; smaller ones may be bound by what comes before the network. */
const slowed = (speeds: Speeds, type: string, inputSize: number): Speeds => ({
  ...speeds,
  [type]: (speeds[type] ?? LEAST_SPEED) / Math.max(1, (inputSize / ASSUMED_INPUT_SIZE) ** 2),
});
