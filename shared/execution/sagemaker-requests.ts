import { hyperparameters, type RunInput } from '../inputs/train-station.ts';
import type { ModelType } from '../model-types/model-type.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import type { RunKeys } from './keys.ts';

/**
 * Sub-objects of the SageMaker requests of one run. They are built completely, because a JSONPath machine cannot omit a key: an
 * optional channel or `MaxWaitTimeInSeconds` must be absent, not null (SageMaker API reference, CreateTrainingJob and
 * CreateTransformJob).
 */
export type RequestSettings = {
  buckets: { storage: string; model: string };
  keys: RunKeys;
  parameters: RunInput;
};

/** Where SageMaker places channels and checkpoints in the training container. */
const CONTAINER_INPUT = '/opt/ml/input/data';
const CONTAINER_CHECKPOINTS = '/opt/ml/checkpoints';

/**
 * Size of a photo in one request: above any photo from the upload form, below the 100 MB that SageMaker allows for all requests
 * at once.
 */
const MAX_PAYLOAD_MB = 20;
/** Size limit of a photo; a larger one would fail the whole transform job. */
export const MAX_PAYLOAD_BYTES = MAX_PAYLOAD_MB * 2 ** 20;
const MAX_CONCURRENT_TRANSFORMS = 4;

const HYPERPARAMETERS = Object.keys(hyperparameters) as (keyof typeof hyperparameters)[];

/**
 * @param weightsKey key of the ImageNet weights in the model bucket; used when `pretrained` is on and there is no `start_from`
 * @param formerCheckpoints folder in the model bucket with the checkpoints of an unfinished run, from which the training
 *   continues if they are for the same input
 * @param maxHours if it should end earlier than `training_max_hours`
 */
export function trainingRequest(
  { buckets, keys, parameters }: RequestSettings,
  image: string,
  weightsKey: string,
  formerCheckpoints: string | null = null,
  maxHours = parameters.training_max_hours,
) {
  const { programs } = modelTypeOf(parameters.model_type);
  const inModelBucket = (key: string) => `s3://${buckets.model}/${key}`;
  const maxRuntimeSeconds = Math.round(maxHours * 3600);
  return {
    AlgorithmSpecification: {
      TrainingImage: image,
      TrainingInputMode: 'File',
      MetricDefinitions: programs.metrics.map((name) => ({ Name: name, Regex: `${name}=([0-9.eE+-]+)` })),
    },
    // Every value is a string; the container passes them on as SM_HPS.
    HyperParameters: {
      ...Object.fromEntries(HYPERPARAMETERS.map((name) => [name, String(parameters[name])])),
      checkpoint_dir: CONTAINER_CHECKPOINTS,
      sagemaker_program: programs.training,
      // Network isolation blocks access to S3, so the source is passed as a channel.
      sagemaker_submit_directory: `${CONTAINER_INPUT}/code/sourcedir.tar.gz`,
      sagemaker_container_log_level: '20',
    },
    InputDataConfig: [
      channel('images', 'ManifestFile', inModelBucket(keys.input.manifest)),
      channel('values', 'S3Prefix', inModelBucket(keys.input.pairs)),
      channel('code', 'S3Prefix', inModelBucket(keys.source)),
      ...startChannels(parameters, inModelBucket(keys.start_model), inModelBucket(weightsKey)),
      ...(formerCheckpoints === null
        ? []
        : [channel('checkpoints', 'S3Prefix', inModelBucket(`${formerCheckpoints}/`))]),
    ],
    OutputDataConfig: { S3OutputPath: inModelBucket(keys.jobs) },
    ResourceConfig: {
      InstanceType: parameters.training_instance_type,
      InstanceCount: 1,
      VolumeSizeInGB: 100,
    },
    StoppingCondition: {
      MaxRuntimeInSeconds: maxRuntimeSeconds,
      // As long again for waiting; refused unless spot is enabled.
      ...(parameters.training_spot && { MaxWaitTimeInSeconds: 2 * maxRuntimeSeconds }),
    },
    EnableManagedSpotTraining: parameters.training_spot,
    CheckpointConfig: { S3Uri: inModelBucket(keys.checkpoints), LocalPath: CONTAINER_CHECKPOINTS },
  };
}

/** What the training starts from. `model` is SageMaker's own name for it (SageMaker developer guide, "Incremental training"). */
function startChannels(
  { start_from, pretrained }: RequestSettings['parameters'],
  model: string,
  weights: string,
) {
  if (start_from) return [channel('model', 'S3Prefix', model)];
  return pretrained ? [channel('weights', 'S3Prefix', weights)] : [];
}

/** The model's container; `code/` is in model.tar.gz, written there by the training. */
export const modelRequest = (image: string, { programs }: Pick<ModelType, 'programs'>) => ({
  Image: image,
  Environment: {
    SAGEMAKER_PROGRAM: programs.serving,
    SAGEMAKER_SUBMIT_DIRECTORY: '/opt/ml/model/code',
    SAGEMAKER_MODEL_SERVER_WORKERS: String(MAX_CONCURRENT_TRANSFORMS),
    // TorchServe refuses bodies above 6.5 MB unless told otherwise.
    TS_MAX_REQUEST_SIZE: String(MAX_PAYLOAD_BYTES),
  },
});

/** How long to wait for a score, twice the server's limit per photo, and how often to retry. */
export const MODEL_CLIENT = { InvocationsTimeoutInSeconds: 120, InvocationsMaxRetries: 1 };

/** What a transform job needs from a run, whether of a training or of a scoring alone. */
export type TransformSettings = {
  buckets: { model: string };
  keys: { transform: { manifest: string; run_prefix: string } };
  parameters: Pick<RunInput, 'transform_instance_type' | 'transform_instance_count'>;
};

export function transformRequest({ buckets, keys, parameters }: TransformSettings) {
  return {
    MaxConcurrentTransforms: MAX_CONCURRENT_TRANSFORMS,
    MaxPayloadInMB: MAX_PAYLOAD_MB,
    ModelClientConfig: MODEL_CLIENT,
    TransformInput: {
      ContentType: 'image/jpeg',
      SplitType: 'None',
      CompressionType: 'None',
      DataSource: {
        S3DataSource: {
          S3DataType: 'ManifestFile',
          S3Uri: `s3://${buckets.model}/${keys.transform.manifest}`,
        },
      },
    },
    TransformOutput: {
      S3OutputPath: `s3://${buckets.model}/${keys.transform.run_prefix}`,
      Accept: 'application/json',
      AssembleWith: 'None',
    },
    TransformResources: {
      InstanceType: parameters.transform_instance_type,
      InstanceCount: parameters.transform_instance_count,
    },
  };
}

const channel = (name: string, dataType: 'ManifestFile' | 'S3Prefix', uri: string) => ({
  ChannelName: name,
  InputMode: 'File',
  CompressionType: 'None',
  DataSource: {
    S3DataSource: { S3DataType: dataType, S3Uri: uri, S3DataDistributionType: 'FullyReplicated' },
  },
});
