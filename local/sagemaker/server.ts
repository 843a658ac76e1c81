/**
 * Stands in for SageMaker: runs training and batch transform jobs as Python processes behind its JSON API.
 *
 * Supports CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, CreateModel, DescribeModel, DeleteModel,
 * CreateTransformJob, DescribeTransformJob, ListTransformJobs and StopTransformJob; and, as tasks of a state machine, the
 * resources of `runTask`. Every other operation is refused by name, as is every member of a request that `job-requests.ts` does
 * not list. Names of jobs stay taken forever, even after restarts; a job that was running when the stack ended has failed.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { ApiError, type ApiOptions, type JsonApi, type Operation, startJsonApi } from '../json-api.ts';
import { pythonCommand } from '../python.ts';
import { type RunTask, TaskFailure } from '../task.ts';
import { endLeftOvers, STOP_GRACE_MS } from './container.ts';
import { createModelRequest, parseRequest, trainingJobRequest, transformJobRequest } from './job-requests.ts';
import { Jobs } from './jobs.ts';
import { Models } from './models.ts';
import { newTrainingJob, TRAINING, type TrainingJobRecord } from './training-job.ts';
import { newTransformJob, TRANSFORM, type TransformJobRecord } from './transform-job.ts';

const CHECKPOINT_INTERVAL_MS = 5000;

export type SageMaker = JsonApi & { runTask: RunTask };

type Options = ApiOptions & {
  folder: string;
  s3: S3Client;
  python?: string;
  stopGraceMs?: number;
  checkpointIntervalMs?: number;
  onNotice?: (line: string) => void;
};

/**
 * @param options.folder jobs are stored in its `jobs`, their logs in its `logs/jobs`, one file per job
 * @param options.python path of the interpreter; by default the one found by the set-up
 * @param options.stopGraceMs wait between SIGTERM and SIGKILL
 * @param options.checkpointIntervalMs interval between checks for new checkpoints of a training
 * @param options.onNotice called with a line for each thing that had to be repaired or that the disk refuses
 */
export async function startSageMaker(options: Options): Promise<SageMaker> {
  const service = openService(options);
  const api = await startJsonApi({ target: 'SageMaker', version: '1.1' }, operationsOf(service), options);
  return {
    ...api,
    runTask: taskRunner(tasksOf(service)),
    async stop() {
      await Promise.all([service.trainings.stopAll(), service.transforms.stopAll()]);
      await api.stop();
    },
  };
}

/** The state behind the API: models and jobs. */
type Service = {
  models: Models;
  trainings: Jobs<TrainingJobRecord>;
  transforms: Jobs<TransformJobRecord>;
};

function openService({ folder, s3, onNotice = console.warn, ...options }: Options): Service {
  const runningFolder = join(folder, 'jobs', 'running');
  const leftOver = endLeftOvers(runningFolder);
  if (leftOver > 0) onNotice(`SageMaker: ended ${leftOver} processes that an earlier stack left running`);
  rmSync(runningFolder, { recursive: true, force: true });
  const settings = {
    folder,
    runningFolder,
    s3,
    onNotice,
    python: () => options.python ?? pythonCommand(),
    stopGraceMs: options.stopGraceMs ?? STOP_GRACE_MS,
    checkpointIntervalMs: options.checkpointIntervalMs ?? CHECKPOINT_INTERVAL_MS,
  };
  return {
    models: new Models(join(folder, 'jobs', 'models'), s3, onNotice),
    trainings: new Jobs(TRAINING, settings),
    transforms: new Jobs(TRANSFORM, settings),
  };
}

function createTrainingJob({ trainings }: Service, input: unknown): { name: string; arn: string } {
  const request = parseRequest(trainingJobRequest, input);
  return trainings.start(request.TrainingJobName, (arn) => newTrainingJob(request, arn));
}

function createTransformJob({ transforms, models }: Service, input: unknown): { name: string; arn: string } {
  const request = parseRequest(transformJobRequest, input);
  return transforms.start(request.TransformJobName, (arn) =>
    newTransformJob(request, models.find(request.ModelName), arn),
  );
}

/** The operations of the API. */
function operationsOf(service: Service): Record<string, Operation> {
  const { models, trainings, transforms } = service;
  return {
    CreateTrainingJob: (request) => ({ TrainingJobArn: createTrainingJob(service, request).arn }),
    DescribeTrainingJob: ({ TrainingJobName }) => inSeconds(trainings.describe(TrainingJobName)),
    ListTrainingJobs: (request) => inSeconds(trainings.list(request)),
    StopTrainingJob: ({ TrainingJobName }) => trainings.stop(TrainingJobName),
    CreateModel: (request) => models.create(request),
    DescribeModel: ({ ModelName }) => inSeconds(models.describe(ModelName)),
    DeleteModel: ({ ModelName }) => models.delete(ModelName),
    CreateTransformJob: (request) => ({ TransformJobArn: createTransformJob(service, request).arn }),
    DescribeTransformJob: ({ TransformJobName }) => inSeconds(transforms.describe(TransformJobName)),
    ListTransformJobs: (request) => inSeconds(transforms.list(request)),
    StopTransformJob: ({ TransformJobName }) => transforms.stop(TransformJobName),
  };
}

type SageMakerTask = (parameters: Record<string, unknown>, signal: AbortSignal) => unknown;

/** The tasks that Step Functions may run, by resource. */
const tasksOf = (service: Service): Record<string, SageMakerTask> => ({
  'arn:aws:states:::sagemaker:createTrainingJob.sync': (parameters, signal) => {
    requireSupported(parameters, Object.keys(trainingJobRequest.shape));
    return service.trainings.finish(createTrainingJob(service, parameters).name, signal);
  },
  'arn:aws:states:::sagemaker:createTransformJob.sync': (parameters, signal) => {
    requireSupported(parameters, Object.keys(transformJobRequest.shape));
    return service.transforms.finish(createTransformJob(service, parameters).name, signal);
  },
  'arn:aws:states:::sagemaker:createModel': (parameters) => {
    requireSupported(parameters, Object.keys(createModelRequest.shape));
    return service.models.create(parameters);
  },
  'arn:aws:states:::aws-sdk:sagemaker:deleteModel': ({ ModelName }) => service.models.delete(ModelName),
});

const taskRunner =
  (tasks: Record<string, SageMakerTask>): RunTask =>
  async (resource, parameters, signal) => {
    const task = tasks[resource];
    if (!task)
      throw new TaskFailure(
        'States.Runtime',
        `The local SageMaker does not run ${resource}. It runs: ${Object.keys(tasks).join(', ')}.`,
      );
    try {
      return await task(parameters as Record<string, unknown>, signal);
    } catch (error) {
      throw error instanceof ApiError ? taskFailure(error) : error;
    }
  };

/** Step Functions appends `Exception` to the names that lack it. */
const taskFailure = ({ name, message }: ApiError): TaskFailure =>
  new TaskFailure(`SageMaker.${name.replace(/(Exception)?$/, 'Exception')}`, message);

/** A field unknown to the integration cannot be caught. */
function requireSupported(parameters: Record<string, unknown>, fields: string[]): void {
  const unknown = Object.keys(parameters).find((field) => !fields.includes(field));
  if (unknown)
    throw new TaskFailure('States.Runtime', `The field "${unknown}" is not supported by Step Functions`);
}

/** The API returns times in seconds, Step Functions in milliseconds. */
function inSeconds(value: unknown, name = ''): unknown {
  if (typeof value === 'number') return /(Time|Timestamp)$/.test(name) ? value / 1000 : value;
  if (Array.isArray(value)) return value.map((element) => inSeconds(element));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inSeconds(part, key)]));
}
