/**
 * One batch transform job: the model's server is called once for each object, and each answer is stored as `{path}.out`.
 *
 * As in SageMaker: MaxConcurrentTransforms requests at a time, MaxPayloadInMB, time limit and retries of an invocation; an object
 * that fails gets no `.out`, and fails the job once the others are done. Differs: one computer, whatever InstanceCount says, and
 * the server is `code/serve` of the model, run by Python, whatever the image.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import pMap, { pMapIterable } from 'p-map';
import { makeFolder } from '../../host/folder.ts';
import { unpackArchive } from '../archive.ts';
import { type JobSettings, type JobStatus, keptReason, reasonOf } from './job.ts';
import {
  JobFailure,
  listSource,
  parseS3Uri,
  readObject,
  removeFolder,
  type SourceObject,
  uploadObject,
} from './job-data.ts';
import type { CreateModelRequest, TransformJobRequest } from './job-requests.ts';
import type { JobBehavior } from './jobs.ts';
import { type InvocationAnswer, ModelServer } from './model-server.ts';

/** Objects read ahead, so that the model never waits for S3. */
const READ_AHEAD = 8;

/** The record of a transform job; times in milliseconds since 1970. */
export type TransformJobRecord = {
  request: TransformJobRequest;
  model: CreateModelRequest;
  arn: string;
  status: JobStatus;
  failureReason?: string;
  creationTime: number;
  transformStartTime?: number;
  transformEndTime?: number;
};

export const newTransformJob = (
  request: TransformJobRequest,
  model: CreateModelRequest,
  arn: string,
): TransformJobRecord => ({ request, model, arn, status: 'InProgress', creationTime: Date.now() });

class RunningTransformJob {
  readonly record: TransformJobRecord;
  /** Resolves when the job has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #settings: JobSettings<TransformJobRecord>;
  readonly #stop = new AbortController();

  constructor(record: TransformJobRecord, settings: JobSettings<TransformJobRecord>) {
    this.record = record;
    this.#settings = settings;
    this.ended = this.#run();
  }

  stop(): void {
    if (this.record.status !== 'InProgress') return;
    this.#change({ status: 'Stopping' });
    this.#stop.abort(new Error('The job was stopped'));
  }

  async #run(): Promise<void> {
    const { folder } = this.#settings;
    try {
      await this.#transform();
      this.#end('Completed');
    } catch (error) {
      if (this.#stop.signal.aborted) this.#end('Stopped');
      else this.#end('Failed', reasonOf(error));
    } finally {
      await removeFolder(folder).catch(() => undefined);
    }
  }

  async #transform(): Promise<void> {
    const { s3, folder, log, stopGraceMs } = this.#settings;
    const { request, model } = this.record;
    const { signal } = this.#stop;
    const archive = await readObject(s3, parseS3Uri(model.PrimaryContainer.ModelDataUrl), signal);
    makeFolder(join(folder, 'model'));
    const { ModelDataUrl } = model.PrimaryContainer;
    await unpackArchive(archive, join(folder, 'model'), ModelDataUrl).catch((error) => {
      throw new JobFailure(`ClientError: ${ModelDataUrl} cannot be unpacked: ${error.message}`);
    });
    const objects = await listSource(s3, request.TransformInput.DataSource.S3DataSource);
    const server = await ModelServer.start({
      python: this.#settings.python(),
      folder,
      env: environmentOf(request, model),
      log,
      stopGraceMs,
      connections: request.MaxConcurrentTransforms,
      signal,
    });
    this.#change({ transformStartTime: Date.now() });
    try {
      await this.#askAll(server, objects);
    } finally {
      await server.stop();
    }
  }

  /** @throws JobFailure after all requests if one has failed; immediately if the server has ended */
  async #askAll(server: ModelServer, objects: SourceObject[]): Promise<void> {
    const { s3, log } = this.#settings;
    const { TransformOutput, MaxConcurrentTransforms } = this.record.request;
    const { signal } = this.#stop;
    const output = parseS3Uri(TransformOutput.S3OutputPath.replace(/\/?$/, '/'));
    const failures: string[] = [];
    const fail = (path: string, reason: string) => {
      failures.push(`${path}: ${reason}`);
      appendFileSync(log, `${path}: ${reason}\n`);
    };
    const bodies = pMapIterable(
      objects,
      async ({ location, path }) => {
        const body = await readObject(s3, location, signal).catch((error) => error as Error);
        return { path, body };
      },
      { concurrency: READ_AHEAD },
    );
    await pMap(
      bodies,
      async ({ path, body }) => {
        signal.throwIfAborted();
        if (body instanceof Error) return fail(path, body.message);
        const answer = await this.#ask(server, body);
        if (answer.status !== 200)
          return fail(path, `${answer.status} ${answer.body.toString().slice(0, 500)}`.trim());
        await uploadObject(s3, { bucket: output.bucket, key: `${output.key}${path}.out` }, answer.body);
      },
      { concurrency: MaxConcurrentTransforms },
    );
    if (failures.length === 0) return;
    throw new JobFailure(
      `AlgorithmError: ${failures.length} of ${objects.length} objects failed; see the log of the job. The first: ${failures[0]}`,
    );
  }

  /** Server errors and time-outs are retried; refusals of the request are not. */
  async #ask(server: ModelServer, body: Uint8Array): Promise<InvocationAnswer> {
    const { ModelClientConfig, MaxPayloadInMB, TransformInput, TransformOutput } = this.record.request;
    if (body.byteLength > MaxPayloadInMB * 2 ** 20)
      return {
        status: 413,
        body: Buffer.from(`${body.byteLength} bytes are more than MaxPayloadInMB (${MaxPayloadInMB}) allows`),
      };
    const headers = {
      'content-type': TransformInput.ContentType ?? 'application/octet-stream',
      accept: TransformOutput.Accept ?? '*/*',
    };
    const timeoutMs = ModelClientConfig.InvocationsTimeoutInSeconds * 1000;
    for (let retries = 0; ; retries += 1) {
      const answer = await server
        .invoke(body, headers, timeoutMs, this.#stop.signal)
        .catch((error) => this.#lostAnswer(error));
      if (answer.status < 500 || retries >= ModelClientConfig.InvocationsMaxRetries) return answer;
    }
  }

  /** A connection that breaks or takes too long counts as a failed answer; a server that has ended fails the job. */
  #lostAnswer(error: Error): InvocationAnswer {
    this.#stop.signal.throwIfAborted();
    if (error instanceof JobFailure) throw error;
    return { status: 504, body: Buffer.from(`no answer: ${error.message}`) };
  }

  #change(change: Partial<TransformJobRecord>): void {
    Object.assign(this.record, change);
    this.#settings.save(this.record);
  }

  #end(status: JobStatus, reason?: string): void {
    this.#change({
      status,
      transformEndTime: Date.now(),
      ...(reason !== undefined && { failureReason: keptReason(reason, this.#settings.folder) }),
    });
  }

  /** DescribeTransformJob; times in milliseconds. */
  describe(): Record<string, unknown> {
    return describeTransformJob(this.record);
  }
}

function describeTransformJob(record: TransformJobRecord): Record<string, unknown> {
  const { transformStartTime, transformEndTime, failureReason } = record;
  const { Tags: _, ...described } = record.request;
  return {
    ...described,
    TransformJobArn: record.arn,
    TransformJobStatus: record.status,
    ...(failureReason !== undefined && { FailureReason: failureReason }),
    CreationTime: record.creationTime,
    ...(transformStartTime !== undefined && { TransformStartTime: transformStartTime }),
    ...(transformEndTime !== undefined && { TransformEndTime: transformEndTime }),
  };
}

const environmentOf = (request: TransformJobRequest, model: CreateModelRequest): Record<string, string> => ({
  ...model.PrimaryContainer.Environment,
  ...request.Environment,
  SAGEMAKER_BATCH: 'true',
  SAGEMAKER_BATCH_STRATEGY: 'SINGLE_RECORD',
  SAGEMAKER_MAX_PAYLOAD_IN_MB: String(request.MaxPayloadInMB),
  SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: String(request.MaxConcurrentTransforms),
});

export const TRANSFORM: JobBehavior<TransformJobRecord> = {
  name: 'Transform',
  summary: [
    'TransformJobName',
    'TransformJobArn',
    'CreationTime',
    'TransformEndTime',
    'TransformJobStatus',
    'FailureReason',
  ],
  run: (record, settings) => new RunningTransformJob(record, settings),
  describe: describeTransformJob,
  fail(record, failureReason) {
    if (record.transformEndTime) return;
    Object.assign(record, { status: 'Failed', failureReason, transformEndTime: Date.now() });
  },
};
