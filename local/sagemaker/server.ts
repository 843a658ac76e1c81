/**
 * Stands in for SageMaker: runs training and batch transform jobs as Python processes behind its JSON API.
 *
 * Answers CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, CreateModel, DescribeModel,
 * DeleteModel, CreateTransformJob, DescribeTransformJob, ListTransformJobs and StopTransformJob; and, as tasks of a state
 * machine, the resources of `runTask`. Every other operation is refused by name, as is every member of a request that
 * `job-requests.ts` does not list. Names of jobs stay taken for ever, also over restarts; a job that ran when the stack
 * ended has failed.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { DiskFailed, readJson, removeUnfinished, setAside, writeDurably } from '../../host/durable-file.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../account.ts';
import {
  ApiError,
  type ApiOptions,
  type JsonApi,
  type Operation,
  startJsonApi,
  takePage,
} from '../json-api.ts';
import { pythonCommand } from '../python.ts';
import { type RunTask, TaskFailure } from '../task.ts';
import { endLeftOvers, STOP_GRACE_MS } from './container.ts';
import type { JobSettings } from './job.ts';
import { parseS3Uri } from './job-data.ts';
import {
  type ModelRequest,
  modelRequest,
  parseRequest,
  trainingJobRequest,
  transformJobRequest,
} from './job-requests.ts';
import { describeTrainingJob, newTrainingJob, TrainingJob, type TrainingJobRecord } from './training-job.ts';
import {
  describeTransformJob,
  newTransformJob,
  TransformJob,
  type TransformJobRecord,
} from './transform-job.ts';

const PAGE_SIZE = 10;
const CHECKPOINT_INTERVAL_MS = 5000;
const INTERRUPTED = 'InternalServerError: The local stack ended while the job ran';

export type SageMaker = JsonApi & { runTask: RunTask };

type Kind = 'Training' | 'Transform';
type Running = { stop(): void; ended: Promise<void>; describe(): Record<string, unknown> };
/** A job of this process, or what an earlier one left of it. */
type KnownJob = { describe(): Record<string, unknown>; running: Running | null };

/**
 * @param options.folder jobs are kept in its `jobs`, their logs in its `logs/jobs`, one file a job
 * @param options.python path of the interpreter; otherwise the one that the set-up found
 * @param options.stopGraceMs wait between SIGTERM and SIGKILL
 * @param options.checkpointIntervalMs time between two looks for new checkpoints of a training
 * @param options.onNotice told in a line what had to be put right, and what the disk does not take
 */
export async function startSageMaker(
  options: ApiOptions & {
    folder: string;
    s3: S3Client;
    python?: string;
    stopGraceMs?: number;
    checkpointIntervalMs?: number;
    onNotice?: (line: string) => void;
  },
): Promise<SageMaker> {
  const { onNotice = console.warn } = options;
  const jobsFolder = join(options.folder, 'jobs');
  const runningFolder = join(jobsFolder, 'running');
  const leftOver = endLeftOvers(runningFolder);
  if (leftOver > 0) onNotice(`SageMaker: ended ${leftOver} processes that an earlier stack left running`);
  rmSync(runningFolder, { recursive: true, force: true });
  const models = new Records<ModelRequest & { CreationTime: number }>(join(jobsFolder, 'models'), onNotice);
  const trainings = new Records<TrainingJobRecord>(join(jobsFolder, 'training'), onNotice);
  const transforms = new Records<TransformJobRecord>(join(jobsFolder, 'transform'), onNotice);
  models.all();
  const jobs: Record<Kind, Map<string, KnownJob>> = { Training: new Map(), Transform: new Map() };

  for (const [name, record] of trainings.all()) {
    if (!record.trainingEndTime)
      Object.assign(record, {
        status: 'Failed',
        secondaryStatus: 'Failed',
        failureReason: INTERRUPTED,
        trainingEndTime: Date.now(),
      });
    jobs.Training.set(name, { describe: () => describeTrainingJob(record), running: null });
  }
  for (const [name, record] of transforms.all()) {
    if (!record.transformEndTime)
      Object.assign(record, { status: 'Failed', failureReason: INTERRUPTED, transformEndTime: Date.now() });
    jobs.Transform.set(name, { describe: () => describeTransformJob(record), running: null });
  }

  const settingsOf = <Entry>(
    kind: Kind,
    name: string,
    save: (record: Entry) => void,
  ): JobSettings<Entry> => ({
    s3: options.s3,
    python: () => options.python ?? pythonCommand(),
    folder: join(runningFolder, kind, name),
    log: join(options.folder, 'logs', 'jobs', `${name}.log`),
    stopGraceMs: options.stopGraceMs ?? STOP_GRACE_MS,
    checkpointIntervalMs: options.checkpointIntervalMs ?? CHECKPOINT_INTERVAL_MS,
    save,
  });

  function createTrainingJob(input: unknown): { name: string; arn: string } {
    const request = parseRequest(trainingJobRequest, input);
    const name = request.TrainingJobName;
    const arn = arnOf('training-job', name);
    requireFree('Training', name, arn);
    const record = newTrainingJob(request, arn);
    trainings.write(name, record);
    const settings = settingsOf<TrainingJobRecord>('Training', name, (changed) =>
      trainings.keep(name, changed),
    );
    keep('Training', name, new TrainingJob(record, settings));
    return { name, arn };
  }

  function createTransformJob(input: unknown): { name: string; arn: string } {
    const request = parseRequest(transformJobRequest, input);
    const name = request.TransformJobName;
    const arn = arnOf('transform-job', name);
    requireFree('Transform', name, arn);
    const model = findModel(request.ModelName);
    const record = newTransformJob(request, model, arn);
    transforms.write(name, record);
    const settings = settingsOf<TransformJobRecord>('Transform', name, (changed) =>
      transforms.keep(name, changed),
    );
    keep('Transform', name, new TransformJob(record, settings));
    return { name, arn };
  }

  async function createModel(input: unknown): Promise<{ ModelArn: string }> {
    const request = parseRequest(modelRequest, input);
    const arn = arnOf('model', request.ModelName);
    if (models.find(request.ModelName))
      throw new ApiError('ValidationException', `Cannot create already existing model "${arn}".`);
    const { bucket, key } = parseS3Uri(request.PrimaryContainer.ModelDataUrl);
    await options.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).catch((error) => {
      throw new ApiError(
        'ValidationException',
        `Could not find model data at s3://${bucket}/${key}: ${error.name}`,
      );
    });
    models.write(request.ModelName, { ...request, CreationTime: Date.now() });
    return { ModelArn: arn };
  }

  function deleteModel({ ModelName }: Record<string, unknown>): object {
    models.remove(findModel(ModelName).ModelName);
    return {};
  }

  function findModel(name: unknown): ModelRequest & { CreationTime: number } {
    const model = models.find(String(name));
    if (model) return model;
    throw new ApiError('ValidationException', `Could not find model "${arnOf('model', String(name))}".`);
  }

  function requireFree(kind: Kind, name: string, arn: string): void {
    if (!jobs[kind].has(name)) return;
    throw new ApiError(
      'ResourceInUse',
      `Job name must be unique within an AWS account and region, and a ${kind.toLowerCase()} job with this name already exists (${arn})`,
    );
  }

  const keep = (kind: Kind, name: string, job: Running) =>
    jobs[kind].set(name, { describe: () => job.describe(), running: job });

  function findJob(kind: Kind, name: unknown): KnownJob {
    const job = jobs[kind].get(String(name));
    if (job) return job;
    throw new ApiError(
      'ValidationException',
      `Requested resource not found: ${kind.toLowerCase()} job ${name}`,
    );
  }

  function stopJob(kind: Kind, name: unknown): object {
    const job = findJob(kind, name);
    const status = job.describe()[`${kind}JobStatus`];
    if (!job.running || status !== 'InProgress')
      throw new ApiError(
        'ValidationException',
        `The request was rejected because the ${kind.toLowerCase()} job is in status ${status}.`,
      );
    job.running.stop();
    return {};
  }

  /** Newest first. */
  function listJobs(kind: Kind): Operation {
    return ({ NameContains, StatusEquals, MaxResults, NextToken }) => {
      const found = [...jobs[kind].values()]
        .map((job) => job.describe())
        .filter(
          (job) =>
            (NameContains === undefined || String(job[`${kind}JobName`]).includes(String(NameContains))) &&
            (StatusEquals === undefined || job[`${kind}JobStatus`] === StatusEquals),
        )
        .sort((one, other) => Number(other.CreationTime) - Number(one.CreationTime));
      const paging = { maxResults: MaxResults, nextToken: NextToken };
      const { page, nextToken } = takePage(found, paging, {
        defaultSize: PAGE_SIZE,
        name: 'ValidationException',
      });
      const summaries = page.map((job) =>
        Object.fromEntries(SUMMARY[kind].flatMap((name) => (name in job ? [[name, job[name]]] : []))),
      );
      return inSeconds({ [`${kind}JobSummaries`]: summaries, NextToken: nextToken });
    };
  }

  /** @throws TaskFailure as Step Functions does for a job that failed; the signal's reason when it is aborted */
  async function finish(kind: Kind, name: string, signal: AbortSignal): Promise<unknown> {
    const job = findJob(kind, name).running as Running;
    const aborted = new Promise<never>((_, reject) => {
      const onAbort = () => {
        job.stop();
        reject(signal.reason);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    await Promise.race([job.ended, aborted]);
    const description = { ...job.describe(), Tags: { MANAGED_BY_AWS: 'STARTED_BY_STEP_FUNCTIONS' } };
    if ((description as Record<string, unknown>)[`${kind}JobStatus`] === 'Failed')
      throw new TaskFailure('States.TaskFailed', JSON.stringify(description));
    return description;
  }

  const tasks: Record<string, (parameters: Record<string, unknown>, signal: AbortSignal) => unknown> = {
    'arn:aws:states:::sagemaker:createTrainingJob.sync': (parameters, signal) => {
      requireSupported(parameters, Object.keys(trainingJobRequest.shape));
      return finish('Training', createTrainingJob(parameters).name, signal);
    },
    'arn:aws:states:::sagemaker:createTransformJob.sync': (parameters, signal) => {
      requireSupported(parameters, Object.keys(transformJobRequest.shape));
      return finish('Transform', createTransformJob(parameters).name, signal);
    },
    'arn:aws:states:::sagemaker:createModel': (parameters) => {
      requireSupported(parameters, Object.keys(modelRequest.shape));
      return createModel(parameters);
    },
    'arn:aws:states:::aws-sdk:sagemaker:deleteModel': deleteModel,
  };

  const api = await startJsonApi(
    { target: 'SageMaker', version: '1.1' },
    {
      CreateTrainingJob: (request) => ({ TrainingJobArn: createTrainingJob(request).arn }),
      DescribeTrainingJob: ({ TrainingJobName }) =>
        inSeconds(findJob('Training', TrainingJobName).describe()),
      ListTrainingJobs: listJobs('Training'),
      StopTrainingJob: ({ TrainingJobName }) => stopJob('Training', TrainingJobName),
      CreateModel: createModel,
      DescribeModel({ ModelName }) {
        const { Tags: _, ...model } = findModel(ModelName);
        return inSeconds({ ...model, ModelArn: arnOf('model', model.ModelName) });
      },
      DeleteModel: deleteModel,
      CreateTransformJob: (request) => ({ TransformJobArn: createTransformJob(request).arn }),
      DescribeTransformJob: ({ TransformJobName }) =>
        inSeconds(findJob('Transform', TransformJobName).describe()),
      ListTransformJobs: listJobs('Transform'),
      StopTransformJob: ({ TransformJobName }) => stopJob('Transform', TransformJobName),
    },
    options,
  );

  return {
    ...api,
    async runTask(resource, parameters, signal) {
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
    },
    async stop() {
      const running = Object.values(jobs).flatMap((known) =>
        [...known.values()].flatMap((job) => job.running ?? []),
      );
      for (const job of running) job.stop();
      await Promise.all(running.map((job) => job.ended));
      await api.stop();
    },
  };
}

const SUMMARY: Record<Kind, string[]> = {
  Training:
    'TrainingJobName TrainingJobArn CreationTime TrainingEndTime LastModifiedTime TrainingJobStatus'.split(
      ' ',
    ),
  Transform:
    'TransformJobName TransformJobArn CreationTime TransformEndTime TransformJobStatus FailureReason'.split(
      ' ',
    ),
};

/** SageMaker writes the names in ARNs in lower case. */
const arnOf = (kind: string, name: string): string =>
  `arn:aws:sagemaker:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${kind}/${name.toLowerCase()}`;

/** Step Functions appends `Exception` to the names that lack it. */
const taskFailure = ({ name, message }: ApiError): TaskFailure =>
  new TaskFailure(`SageMaker.${name.replace(/(Exception)?$/, 'Exception')}`, message);

/** A field that the integration does not know cannot be caught. */
function requireSupported(parameters: Record<string, unknown>, fields: string[]): void {
  const unknown = Object.keys(parameters).find((field) => !fields.includes(field));
  if (unknown)
    throw new TaskFailure('States.Runtime', `The field "${unknown}" is not supported by Step Functions`);
}

/** The API gives times in seconds, Step Functions in milliseconds. */
function inSeconds(value: unknown, name = ''): unknown {
  if (typeof value === 'number') return /(Time|Timestamp)$/.test(name) ? value / 1000 : value;
  if (Array.isArray(value)) return value.map((element) => inSeconds(element));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inSeconds(part, key)]));
}

/** Records of one kind, each a JSON file named after it. */
class Records<Entry extends object> {
  readonly #folder: string;
  readonly #say: (line: string) => void;

  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#say = say;
    mkdirSync(folder, { recursive: true });
    removeUnfinished(folder);
  }

  /** Moves those aside that are not whole. */
  all(): [string, Entry][] {
    const files = readdirSync(this.#folder).filter((file) => file.endsWith('.json'));
    return files.flatMap((file) => {
      const name = file.slice(0, -'.json'.length);
      const record = this.find(name);
      if (record) return [[name, record] as [string, Entry]];
      const damaged = join(this.#folder, '..', 'damaged', basename(this.#folder), file);
      setAside(join(this.#folder, file), damaged);
      this.#say(`SageMaker: ${join(this.#folder, file)} is not whole; moved to ${damaged}`);
      return [];
    });
  }

  find(name: string): Entry | null {
    const record = readJson<Entry>(this.#file(name));
    return typeof record === 'object' && !Array.isArray(record) ? record : null;
  }

  /** @throws DiskFailed; then the record is as it was */
  write(name: string, record: Entry): void {
    writeDurably(this.#file(name), JSON.stringify(record));
  }

  /** As `write`, for a job that goes on where the disk takes nothing; its next change is written whole. */
  keep(name: string, record: Entry): void {
    try {
      this.write(name, record);
    } catch (error) {
      if (!(error instanceof DiskFailed)) throw error;
      this.#say(`SageMaker: ${error.message}`);
    }
  }

  remove(name: string): void {
    rmSync(this.#file(name));
  }

  /** Names come from outside; those with other characters belong to nothing. */
  #file(name: string): string {
    return join(this.#folder, `${name.replaceAll(/[^a-zA-Z0-9-]/g, '_')}.json`);
  }
}
