/**
 * Requests that the local SageMaker accepts: the members of the API reference that have a meaning on one computer, with its
 * limits. Any other member is refused by name.
 */
import * as z from 'zod';
import { ApiError } from '../json-api.ts';

const s3Uri = z
  .string()
  .max(1024)
  .regex(/^s3:\/\/[^/]+(\/.*)?$/);
const name = (pattern: RegExp) => z.string().max(63).regex(pattern);
const jobName = name(/^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/);
const modelName = name(/^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/);
const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).max(50);
const variables = (count: number) =>
  z
    .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string().max(1024))
    .refine((values) => Object.keys(values).length <= count, `at most ${count} variables`);

/** The objects of a channel or of a transform: those that a manifest lists, or all below a prefix. */
const s3DataSource = z.strictObject({
  S3DataType: z.enum(['ManifestFile', 'S3Prefix']),
  S3Uri: s3Uri,
  S3DataDistributionType: z.literal('FullyReplicated').optional(),
});
export type S3DataSource = z.output<typeof s3DataSource>;
const dataSource = z.strictObject({ S3DataSource: s3DataSource });

const channel = z.strictObject({
  ChannelName: z
    .string()
    .max(64)
    .regex(/^[A-Za-z0-9.\-_]+$/),
  InputMode: z.literal('File').optional(),
  CompressionType: z.literal('None').optional(),
  ContentType: z.string().optional(),
  DataSource: dataSource,
});

const metricDefinition = z.strictObject({
  Name: z.string().max(255),
  Regex: z.string().max(500).refine(isPattern, 'must be a regular expression'),
});
export type MetricDefinition = z.output<typeof metricDefinition>;

const MAX_RUNTIME_SECONDS = 28 * 86_400;

export const trainingJobRequest = z
  .strictObject({
    TrainingJobName: jobName,
    RoleArn: z.string(),
    AlgorithmSpecification: z.strictObject({
      TrainingImage: z.string().max(255),
      TrainingInputMode: z.literal('File'),
      MetricDefinitions: z.array(metricDefinition).max(40).optional(),
    }),
    HyperParameters: z
      .record(z.string().max(256), z.string().max(2500))
      .refine((values) => Object.keys(values).length <= 100, 'at most 100 hyperparameters')
      .optional(),
    InputDataConfig: z.array(channel).max(20).optional(),
    OutputDataConfig: z.strictObject({ S3OutputPath: s3Uri, CompressionType: z.literal('GZIP').optional() }),
    ResourceConfig: z.strictObject({
      InstanceType: z.string().startsWith('ml.'),
      InstanceCount: z.literal(1),
      VolumeSizeInGB: z.int().min(1).optional(),
    }),
    StoppingCondition: z.strictObject({
      MaxRuntimeInSeconds: z.int().min(1).max(MAX_RUNTIME_SECONDS).default(86_400),
      MaxWaitTimeInSeconds: z.int().min(1).optional(),
    }),
    EnableNetworkIsolation: z.boolean().optional(),
    EnableManagedSpotTraining: z.boolean().optional(),
    CheckpointConfig: z
      .strictObject({
        S3Uri: s3Uri,
        LocalPath: z
          .string()
          .regex(/^\/opt\/ml\//)
          .optional(),
      })
      .optional(),
    Environment: variables(100).optional(),
    Tags: tags.optional(),
  })
  .superRefine(({ EnableManagedSpotTraining, StoppingCondition }, context) => {
    const { MaxRuntimeInSeconds, MaxWaitTimeInSeconds } = StoppingCondition;
    const isWrong = EnableManagedSpotTraining
      ? (MaxWaitTimeInSeconds ?? 0) < MaxRuntimeInSeconds
      : MaxWaitTimeInSeconds !== undefined;
    if (isWrong)
      context.addIssue(
        'MaxWaitTimeInSeconds above MaxRuntimeInSeconds goes with EnableManagedSpotTraining, and without it must be absent',
      );
  });
export type TrainingJobRequest = z.output<typeof trainingJobRequest>;

export const createModelRequest = z.strictObject({
  ModelName: modelName,
  ExecutionRoleArn: z.string(),
  EnableNetworkIsolation: z.boolean().optional(),
  PrimaryContainer: z.strictObject({
    Image: z.string(),
    ModelDataUrl: s3Uri,
    Environment: variables(100).optional(),
  }),
  Tags: tags.optional(),
});
export type CreateModelRequest = z.output<typeof createModelRequest>;

export const transformJobRequest = z
  .strictObject({
    TransformJobName: jobName,
    ModelName: modelName,
    BatchStrategy: z.literal('SingleRecord').optional(),
    Environment: variables(16).optional(),
    MaxConcurrentTransforms: z.int().min(1).default(1),
    MaxPayloadInMB: z.int().min(1).max(100).default(6),
    ModelClientConfig: z
      .strictObject({
        InvocationsTimeoutInSeconds: z.int().min(1).max(3600).default(600),
        InvocationsMaxRetries: z.int().min(0).max(3).default(3),
      })
      .prefault({}),
    TransformInput: z.strictObject({
      ContentType: z.string().optional(),
      SplitType: z.literal('None').optional(),
      CompressionType: z.literal('None').optional(),
      DataSource: dataSource,
    }),
    TransformOutput: z.strictObject({
      S3OutputPath: s3Uri,
      Accept: z.string().optional(),
      AssembleWith: z.literal('None').optional(),
    }),
    TransformResources: z.strictObject({
      InstanceType: z.string().startsWith('ml.'),
      InstanceCount: z.int().min(1).max(100),
    }),
    Tags: tags.optional(),
  })
  .refine(
    (request) => request.MaxConcurrentTransforms * request.MaxPayloadInMB <= 100,
    'MaxConcurrentTransforms × MaxPayloadInMB may be 100 at most',
  );
export type TransformJobRequest = z.output<typeof transformJobRequest>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

/** @throws ApiError ValidationException naming every member that is wrong */
export function parseRequest<Request>(schema: z.ZodType<Request>, request: unknown): Request {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  const { length } = parsed.error.issues;
  throw new ApiError(
    'ValidationException',
    `${length} validation error${length === 1 ? '' : 's'} detected: ${z.prettifyError(parsed.error)}`,
  );
}
