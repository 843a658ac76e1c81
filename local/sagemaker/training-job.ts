/**
 * One training job in script mode, from its channels to its artifacts, as SageMaker runs it: exit codes, the failure file,
 * checkpoints, time limit, stop. The content of its container is set up in `training-toolkit.ts`.
 *
 * Differs: `/opt/ml` is a folder of the host, images and instance types are only names, spot instances are never interrupted, and
 * the source comes from a channel (an s3:// submit directory is refused, as network isolation would).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packFolder } from '../archive.ts';
import { type Container, countGpus, type Exit, inFolder, startContainer } from './container.ts';
import { type JobSettings, type JobStatus, keptReason, MAX_REASON_CHARACTERS, reasonOf } from './job.ts';
import {
  CheckpointSync,
  downloadSource,
  JobFailure,
  parseS3Uri,
  removeFolder,
  uploadObject,
} from './job-data.ts';
import type { TrainingJobRequest } from './job-requests.ts';
import type { JobBehavior } from './jobs.ts';
import { type TrainingMetric, TrainingMetrics } from './training-metrics.ts';
import { environmentOf, layOut, prepareScript } from './training-toolkit.ts';

const DEFAULT_CHECKPOINTS = '/opt/ml/checkpoints';

/** The record of a training job; times in milliseconds since 1970. */
export type TrainingJobRecord = {
  request: TrainingJobRequest;
  arn: string;
  status: JobStatus;
  secondaryStatus: string;
  transitions: { Status: string; StartTime: number; EndTime?: number }[];
  failureReason?: string;
  metrics: TrainingMetric[];
  creationTime: number;
  trainingStartTime?: number;
  trainingEndTime?: number;
  lastModifiedTime: number;
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

class RunningTrainingJob {
  readonly record: TrainingJobRecord;
  /** Resolves when the job has ended, for whatever reason. */
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

  /** Lets the training end by itself within the grace period; its output is kept. */
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
      uploadObject(
        s3,
        { bucket: output.bucket, key: `${output.key}${name}` },
        packFolder(join(folder, from)),
      );
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
      env: environmentOf(folder, request, countGpus(this.#settings.python())),
      log,
      stopGraceMs,
      onLine: (line) => this.#metrics.read(line),
    });
    this.#container = container;
    const timer = setTimeout(() => {
      this.#isOverTime = this.record.status === 'InProgress';
      this.stop();
    }, request.StoppingCondition.MaxRuntimeInSeconds * 1000);
    // One after the other, so that a slow copy does not overlap with the next one.
    let copying: Promise<void> = Promise.resolve();
    const copies = setInterval(() => {
      // What fails now is retried, at the latest when the training has ended.
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
    if (reason !== undefined) this.record.failureReason = keptReason(reason, this.#settings.folder);
    this.#enter(secondaryStatus);
  }

  /** DescribeTrainingJob; times in milliseconds. */
  describe(): Record<string, unknown> {
    return describeTrainingJob({ ...this.record, metrics: this.#metrics.latest });
  }
}

function describeTrainingJob(record: TrainingJobRecord): Record<string, unknown> {
  const { request, metrics, trainingStartTime, trainingEndTime, failureReason: reason } = record;
  const seconds =
    trainingStartTime !== undefined && trainingEndTime !== undefined
      ? Math.ceil((trainingEndTime - trainingStartTime) / 1000)
      : undefined;
  const { Tags: _, ...described } = request;
  return {
    ...described,
    TrainingJobArn: record.arn,
    // A member of every answer, even when it is still empty.
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

export const TRAINING: JobBehavior<TrainingJobRecord> = {
  name: 'Training',
  summary: [
    'TrainingJobName',
    'TrainingJobArn',
    'CreationTime',
    'TrainingEndTime',
    'LastModifiedTime',
    'TrainingJobStatus',
  ],
  run: (record, settings) => new RunningTrainingJob(record, settings),
  describe: describeTrainingJob,
  fail(record, failureReason) {
    if (record.trainingEndTime) return;
    const trainingEndTime = Date.now();
    Object.assign(record, { status: 'Failed', secondaryStatus: 'Failed', failureReason, trainingEndTime });
  },
};

const artifactPrefix = ({ OutputDataConfig, TrainingJobName }: TrainingJobRequest): string =>
  `${OutputDataConfig.S3OutputPath.replace(/\/$/, '')}/${TrainingJobName}/output/`;

/** The training's own message, or what the toolkit would write instead. */
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
