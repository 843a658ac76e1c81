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
 * How long a job may take before something must be wrong: a model that does not load, or a process that hangs, would waste days,
 * because each photo is waited for individually. The limits are generous, because a working job must never be ended: several
 * times the assumed duration on known instances, and one photo per second on any other type.
 */
export type JobLimits = {
  /** SageMaker's limit for the training, which keeps its checkpoints. */
  training_hours: number;
  /** How long the machine waits for the training and for the transform job, in whole seconds. */
  training_seconds: number;
  scoring_seconds: number;
};

/** How many times its assumed duration a job may take, unless the stage says otherwise. */
export const USUAL_MARGIN = 4;
/** Added to this, twice for spot instances: time to get an instance and to copy inputs and outputs. */
const SPARE_SECONDS = 2 * 3600;
/** Limit of a training job (SageMaker API, StoppingCondition); none of our jobs should run longer. */
const MOST_SECONDS = 28 * 24 * 3600;
/** Photos per second on an instance of unknown speed, such as one without a GPU. */
const LEAST_SPEED = 1;
/** Pixels that the assumed speeds refer to. */
const ASSUMED_INPUT_SIZE = 480;
/** All functions of an execution with their retries, and the time that jobs wait for capacity. */
const FUNCTIONS_SECONDS = 24 * 3600;

type Training = Pick<
  RunInput,
  'n_epochs' | 'input_size' | 'training_instance_type' | 'training_spot' | 'training_max_hours'
>;
type Transform = Pick<RunInput, 'transform_instance_type' | 'transform_instance_count'>;
type Amount = Pick<StationSize, 'photos' | 'annotation_pairs'>;

/**
 * @param size of the whole station: rather more than will be in the run than less
 * @param margin the stage's factor for the assumed duration of a job, because jobs on one's own computer do not run on AWS
 *   instances
 */
export function jobLimits(parameters: Training & Transform, size: Amount, margin: number): JobLimits {
  const longest = trainingLimit(parameters, size, margin);
  return {
    training_hours: longest / 3600,
    // Waiting for spot instances may take as long again.
    training_seconds: longest * (parameters.training_spot ? 2 : 1) + SPARE_SECONDS,
    scoring_seconds: scoringLimit(parameters, size.photos, margin),
  };
}

/** Seconds of a training: what the input allows, or less if that much cannot be needed. */
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
 * Seconds that a refresh waits for the execution of a station, which has limits of its own: more than those of the largest
 * station add up to, so that it ends only executions that no longer respond.
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

/** Larger photos take longer; smaller ones may be limited by the steps before the network. */
const slowed = (speeds: Speeds, type: string, inputSize: number): Speeds => ({
  ...speeds,
  [type]: (speeds[type] ?? LEAST_SPEED) / Math.max(1, (inputSize / ASSUMED_INPUT_SIZE) ** 2),
});
