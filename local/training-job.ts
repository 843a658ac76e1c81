/**
 * One training job in script mode, from its channels to its artifacts, as SageMaker and its PyTorch training toolkit run
 * it (aws/sagemaker-training-toolkit, ENVIRONMENT_VARIABLES.md): folders, variables, config files, exit codes, the failure
 * file, checkpoints, time limit, stop.
 *
 * Differs: `/opt/ml` is a folder of the host, images and instance types are names only, spot instances are never taken
 * away, and the source comes from a channel (an s3:// submit directory is refused, as network isolation would).
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { packFolder, unpackArchive } from './archive.ts';
import { type Container, countGpus, type Exit, inFolder, startContainer } from './container.ts';
import {
  CheckpointSync,
  downloadSource,
  JobFailure,
  parseS3Uri,
  removeFolder,
  writeObject,
} from './job-data.ts';
import type { TrainingJobRequest } from './job-requests.ts';
import { type Metric, TrainingMetrics } from './training-metrics.ts';

const MAX_REASON_CHARACTERS = 1024;
const DEFAULT_CHECKPOINTS = '/opt/ml/checkpoints';
const HOST = 'algo-1';

export type JobStatus = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped';

/** What is kept of a training job; times in milliseconds since 1970. */
export type TrainingJobRecord = {
  request: TrainingJobRequest;
  arn: string;
  status: JobStatus;
  secondaryStatus: string;
  transitions: { Status: string; StartTime: number; EndTime?: number }[];
  failureReason?: string;
  metrics: Metric[];
  creationTime: number;
  trainingStartTime?: number;
  trainingEndTime?: number;
  lastModifiedTime: number;
};

export type JobSettings<Record> = {
  s3: S3Client;
  /** Path of the interpreter; asked for when a job starts. */
  python: () => string;
  /** Working folder of the job; it is removed at the end. */
  folder: string;
  log: string;
  stopGraceMs: number;
  /** Time between two looks for new checkpoints. */
  checkpointIntervalMs: number;
  /** Called whenever the record has changed. */
  save: (record: Record) => void;
};

export function newTrainingJob(request: TrainingJobRequest, arn: string): TrainingJobRecord {
  const now = Date.now();
  return {
    request,
    arn,
    status: 'InProgress',
    secondaryStatus: 'Starting',
    transitions: [{ Status: 'Starting', StartTime: now }],
    metrics: [],
    creationTime: now,
    lastModifiedTime: now,
  };
}

export class TrainingJob {
  readonly record: TrainingJobRecord;
  /** Resolves when the job has ended, in whatever way. */
  readonly ended: Promise<void>;
  readonly #settings: JobSettings<TrainingJobRecord>;
  readonly #stop = new AbortController();
  readonly #metrics: TrainingMetrics;
  #container: Container | null = null;
  #isOverTime = false;

  constructor(record: TrainingJobRecord, settings: JobSettings<TrainingJobRecord>) {
    this.record = record;
    this.#settings = settings;
    this.#metrics = new TrainingMetrics(record.request.AlgorithmSpecification.MetricDefinitions ?? []);
    this.ended = this.#run();
  }

  /** Lets the training end in its own time, within the grace period; what it has written is kept. */
  stop(): void {
    if (this.record.status !== 'InProgress') return;
    this.record.status = 'Stopping';
    this.#enter('Stopping');
    this.#stop.abort(new Error('The job was stopped'));
    this.#container?.terminate();
  }

  async #run(): Promise<void> {
    const { folder } = this.#settings;
    try {
      const failureReason = await this.#train();
      if (failureReason !== null) this.#end('Failed', 'Failed', failureReason);
      else if (!this.#stop.signal.aborted) this.#end('Completed', 'Completed');
      else this.#end('Stopped', this.#isOverTime ? 'MaxRuntimeExceeded' : 'Stopped');
    } catch (error) {
      if (this.#stop.signal.aborted && !(error instanceof JobFailure)) this.#end('Stopped', 'Stopped');
      else this.#end('Failed', 'Failed', reasonOf(error));
    } finally {
      await removeFolder(folder).catch(() => undefined);
    }
  }

  /** @returns why the training failed, or null */
  async #train(): Promise<string | null> {
    const { s3, folder } = this.#settings;
    const { request } = this.record;
    const { signal } = this.#stop;
    await layOut(folder, request);

    this.#enter('Downloading');
    for (const { ChannelName, DataSource } of request.InputDataConfig ?? [])
      await downloadSource(s3, DataSource.S3DataSource, join(folder, 'input', 'data', ChannelName), signal);
    const { CheckpointConfig } = request;
    const checkpoints =
      CheckpointConfig &&
      new CheckpointSync(
        s3,
        inFolder(CheckpointConfig.LocalPath ?? DEFAULT_CHECKPOINTS, folder),
        CheckpointConfig.S3Uri,
      );
    await checkpoints?.download(signal);
    const command = await prepareScript(folder, request, this.#settings.python());

    signal.throwIfAborted();
    this.#enter('Training');
    this.record.trainingStartTime = Date.now();
    const exit = await this.#runScript(command, checkpoints ?? null);

    if (!signal.aborted) this.#enter('Uploading');
    await checkpoints?.upload({ isFinal: true });
    const output = parseS3Uri(artifactPrefix(request));
    const upload = (name: string, from: string) =>
      writeObject(s3, { bucket: output.bucket, key: `${output.key}${name}` }, packFolder(join(folder, from)));
    await upload('output.tar.gz', 'output/data');
    if (exit.exitCode !== 0 && !signal.aborted) return failureReason(folder, command, exit, this.#container);
    await upload('model.tar.gz', 'model');
    return null;
  }

  async #runScript(command: string[], checkpoints: CheckpointSync | null): Promise<Exit> {
    const { folder, log, stopGraceMs } = this.#settings;
    const { request } = this.record;
    const container = startContainer({
      command,
      cwd: join(folder, 'code'),
      env: environmentOf(folder, request),
      log,
      stopGraceMs,
      onLine: (line) => this.#metrics.read(line),
    });
    this.#container = container;
    const timer = setTimeout(() => {
      this.#isOverTime = this.record.status === 'InProgress';
      this.stop();
    }, request.StoppingCondition.MaxRuntimeInSeconds * 1000);
    // One after the other: a slow copy must not meet itself.
    let copying: Promise<void> = Promise.resolve();
    const copies = setInterval(() => {
      // What fails now is tried again, at the latest when the training has ended.
      copying = copying.then(() => checkpoints?.upload({ isFinal: false })).catch(() => undefined);
    }, this.#settings.checkpointIntervalMs);
    try {
      return await container.exited;
    } finally {
      clearTimeout(timer);
      clearInterval(copies);
      await copying;
    }
  }

  #enter(secondaryStatus: string): void {
    const now = Date.now();
    const { record } = this;
    const before = record.transitions.at(-1);
    if (before) before.EndTime = now;
    record.transitions.push({ Status: secondaryStatus, StartTime: now });
    Object.assign(record, { secondaryStatus, lastModifiedTime: now, metrics: this.#metrics.latest });
    this.#settings.save(record);
  }

  #end(status: JobStatus, secondaryStatus: string, reason?: string): void {
    this.record.status = status;
    this.record.trainingEndTime = Date.now();
    if (reason !== undefined) this.record.failureReason = reason.slice(0, MAX_REASON_CHARACTERS);
    this.#enter(secondaryStatus);
  }

  /** DescribeTrainingJob; times in milliseconds. */
  describe(): Record<string, unknown> {
    return describeTrainingJob({ ...this.record, metrics: this.#metrics.latest });
  }
}

export function describeTrainingJob(record: TrainingJobRecord): Record<string, unknown> {
  const { request, metrics, trainingStartTime, trainingEndTime, failureReason: reason } = record;
  const seconds =
    trainingStartTime !== undefined && trainingEndTime !== undefined
      ? Math.ceil((trainingEndTime - trainingStartTime) / 1000)
      : undefined;
  const { Tags: _, ...described } = request;
  return {
    ...described,
    TrainingJobArn: record.arn,
    // A member that every answer has, also when there is nothing yet.
    ModelArtifacts: { S3ModelArtifacts: `${artifactPrefix(request)}model.tar.gz` },
    TrainingJobStatus: record.status,
    SecondaryStatus: record.secondaryStatus,
    ...(reason !== undefined && { FailureReason: reason }),
    CreationTime: record.creationTime,
    ...(trainingStartTime !== undefined && { TrainingStartTime: trainingStartTime }),
    ...(trainingEndTime !== undefined && { TrainingEndTime: trainingEndTime }),
    LastModifiedTime: record.lastModifiedTime,
    SecondaryStatusTransitions: record.transitions,
    ...(metrics.length > 0 && { FinalMetricDataList: metrics }),
    ...(seconds !== undefined && { TrainingTimeInSeconds: seconds, BillableTimeInSeconds: seconds }),
  };
}

/** FailureReason for an error outside the container. */
export const reasonOf = (error: unknown): string =>
  error instanceof JobFailure ? error.message : `InternalServerError: ${error}`;

const artifactPrefix = ({ OutputDataConfig, TrainingJobName }: TrainingJobRequest): string =>
  `${OutputDataConfig.S3OutputPath.replace(/\/$/, '')}/${TrainingJobName}/output/`;

/** The folders and config files that SageMaker puts into every container. */
async function layOut(folder: string, request: TrainingJobRequest): Promise<void> {
  for (const name of ['code', 'model', 'output/data', 'input/config', 'input/data'])
    await mkdir(join(folder, name), { recursive: true });
  const configs = {
    hyperparameters: hyperparametersOf(folder, request),
    inputdataconfig: inputDataConfig(request),
    resourceconfig: resourceConfig(request),
  };
  for (const [name, config] of Object.entries(configs))
    await writeFile(join(folder, 'input', 'config', `${name}.json`), JSON.stringify(config));
}

/** Unpacks the source and gives the command that runs it, as the toolkit would. @throws JobFailure */
async function prepareScript(folder: string, request: TrainingJobRequest, python: string): Promise<string[]> {
  const hyperparameters = hyperparametersOf(folder, request);
  const program = unquote(hyperparameters.sagemaker_program ?? request.Environment?.SAGEMAKER_PROGRAM ?? '');
  const source = unquote(hyperparameters.sagemaker_submit_directory ?? '');
  if (!existsSync(source) || !source.endsWith('.tar.gz'))
    throw new JobFailure(
      `ClientError: sagemaker_submit_directory must name a tar.gz of a channel. Found: ${source || 'nothing'}`,
    );
  const code = join(folder, 'code');
  try {
    await unpackArchive(await readFile(source), code);
  } catch (error) {
    throw new JobFailure(`ClientError: ${source} cannot be unpacked: ${(error as Error).message}`);
  }
  if (!program || !existsSync(join(code, program)))
    throw new JobFailure(
      `ClientError: sagemaker_program must name a file of the source. Found: ${program || 'nothing'}`,
    );
  return [python, program, ...argumentsOf(userHyperparameters(hyperparameters))];
}

function environmentOf(folder: string, request: TrainingJobRequest): Record<string, string> {
  const hyperparameters = userHyperparameters(hyperparametersOf(folder, request));
  const channels = (request.InputDataConfig ?? []).map(({ ChannelName }) => ChannelName).sort();
  const channelFolder = (name: string) => join(folder, 'input', 'data', name);
  const program = unquote(request.HyperParameters?.sagemaker_program ?? 'train.py');
  const { hosts, current_host, current_instance_type } = resourceConfig(request);
  return {
    ...Object.fromEntries(channels.map((name) => [`SM_CHANNEL_${name.toUpperCase()}`, channelFolder(name)])),
    ...Object.fromEntries(
      Object.entries(hyperparameters).map(([name, value]) => [`SM_HP_${name.toUpperCase()}`, unquote(value)]),
    ),
    SM_CHANNELS: JSON.stringify(channels),
    SM_HPS: decodedJson(hyperparameters),
    SM_USER_ARGS: JSON.stringify(argumentsOf(hyperparameters)),
    SM_MODEL_DIR: join(folder, 'model'),
    SM_MODULE_DIR: join(folder, 'code'),
    SM_MODULE_NAME: program.replace(/\.py$/, ''),
    SM_USER_ENTRY_POINT: program,
    SM_FRAMEWORK_MODULE: 'sagemaker_pytorch_container.training:main',
    SM_INPUT_DIR: join(folder, 'input'),
    SM_INPUT_CONFIG_DIR: join(folder, 'input', 'config'),
    SM_OUTPUT_DIR: join(folder, 'output'),
    SM_OUTPUT_DATA_DIR: join(folder, 'output', 'data'),
    SM_INPUT_DATA_CONFIG: JSON.stringify(inputDataConfig(request)),
    SM_RESOURCE_CONFIG: JSON.stringify(resourceConfig(request)),
    SM_HOSTS: JSON.stringify(hosts),
    SM_CURRENT_HOST: current_host,
    SM_CURRENT_INSTANCE_TYPE: current_instance_type,
    SM_NUM_GPUS: String(countGpus()),
    SM_NUM_CPUS: String(availableParallelism()),
    SM_LOG_LEVEL: request.HyperParameters?.sagemaker_container_log_level ?? '20',
    TRAINING_JOB_NAME: request.TrainingJobName,
    MASTER_ADDR: '127.0.0.1', // the host's name is known inside a container only
    MASTER_PORT: '7777',
    PYTHONPATH: join(folder, 'code'),
    ...Object.fromEntries(
      Object.entries(request.Environment ?? {}).map(([name, value]) => [name, inFolder(value, folder)]),
    ),
  };
}

const inputDataConfig = ({ InputDataConfig = [] }: TrainingJobRequest): object =>
  Object.fromEntries(
    InputDataConfig.map(({ ChannelName }) => [
      ChannelName,
      { TrainingInputMode: 'File', S3DistributionType: 'FullyReplicated', RecordWrapperType: 'None' },
    ]),
  );

const resourceConfig = ({ ResourceConfig }: TrainingJobRequest) => ({
  current_host: HOST,
  hosts: [HOST],
  current_instance_type: ResourceConfig.InstanceType,
  network_interface_name: 'lo',
});

const hyperparametersOf = (
  folder: string,
  { HyperParameters = {} }: TrainingJobRequest,
): Record<string, string> =>
  Object.fromEntries(Object.entries(HyperParameters).map(([name, value]) => [name, inFolder(value, folder)]));

/** The toolkit keeps its own to itself, and sorts the rest. */
const userHyperparameters = (all: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all)
      .filter(([name]) => !name.startsWith('sagemaker_'))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );

/** The toolkit decodes each value as JSON and keeps the text where that fails; 1.0 stays 1.0. */
const decodedJson = (values: Record<string, string>): string =>
  `{${Object.entries(values)
    .map(([name, value]) => `${JSON.stringify(name)}: ${isJson(value) ? value : JSON.stringify(value)}`)
    .join(', ')}}`;

const argumentsOf = (values: Record<string, string>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, pythonText(value)]);

/** Python's str() of the decoded value. */
const pythonText = (value: string): string =>
  ({ true: 'True', false: 'False', null: 'None' })[value] ?? unquote(value);

/** Values may come as JSON text, as the Python SDK sends them, or plain. */
const unquote = (value: string): string =>
  /^".*"$/s.test(value) && isJson(value) ? JSON.parse(value) : value;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What the training says itself, or what the toolkit would write in its place. */
async function failureReason(
  folder: string,
  command: string[],
  { exitCode }: Exit,
  container: Container | null,
): Promise<string> {
  const written = await readFile(join(folder, 'output', 'failure'), 'utf8').catch(() => '');
  const [, program, ...args] = command;
  const message =
    exitCode === 137 ? 'OutOfMemory: Process killed by SIGKILL' : (container?.errorTail() ?? '');
  const reason =
    written.slice(0, MAX_REASON_CHARACTERS).trim() ||
    `ExecuteUserScriptError:\nExitCode ${exitCode}\nErrorMessage "${message.slice(-600)}"\nCommand "python ${[program, ...args].join(' ').slice(0, 200)}"`;
  return `AlgorithmError: ${reason}, exit code: ${exitCode}`;
}
