import { join } from 'node:path';
import { ApiError, takePage } from '../json-api.ts';
import { TaskFailure } from '../task.ts';
import { arnOf } from './arn.ts';
import type { JobSettings } from './job.ts';
import { Records } from './records.ts';

const PAGE_SIZE = 10;
const INTERRUPTED = 'InternalServerError: The local stack ended while the job ran';

/** A job as the API describes it, with times in milliseconds. */
type Description = Record<string, unknown>;
type Running = { stop(): void; ended: Promise<void>; describe(): Description };
/** A job of this process, or the record that an earlier process left. */
type KnownJob = { describe(): Description; running: Running | null };

/** The differences between training and transform jobs. */
export type JobBehavior<JobRecord> = {
  /** As it appears in the API's member names, e.g. TrainingJobName. */
  name: 'Training' | 'Transform';
  /** The members of a description that lists show. */
  summary: readonly string[];
  run(record: JobRecord, settings: JobSettings<JobRecord>): Running;
  describe(record: JobRecord): Description;
  /** Marks an unfinished job as failed; leaves any other record unchanged. */
  fail(record: JobRecord, reason: string): void;
};

export type JobsSettings = Omit<JobSettings<never>, 'folder' | 'log' | 'save'> & {
  /** Records are kept in its `jobs`, logs in its `logs/jobs`, one file a job. */
  folder: string;
  /** Holds a working folder for each running job of any kind. */
  runningFolder: string;
  onNotice: (line: string) => void;
};

/** All jobs of one kind, by name: those of this process and those that earlier processes left behind. */
export class Jobs<JobRecord extends object> {
  readonly #kind: JobBehavior<JobRecord>;
  readonly #settings: JobsSettings;
  readonly #records: Records<JobRecord>;
  readonly #known = new Map<string, KnownJob>();
  /** The kind as named in messages. */
  readonly #word: string;

  constructor(kind: JobBehavior<JobRecord>, settings: JobsSettings) {
    this.#kind = kind;
    this.#word = kind.name.toLowerCase();
    this.#settings = settings;
    this.#records = new Records(join(settings.folder, 'jobs', this.#word), settings.onNotice);
    for (const [name, record] of this.#records.all()) {
      kind.fail(record, INTERRUPTED);
      this.#known.set(name, { describe: () => kind.describe(record), running: null });
    }
  }

  /** @param newRecord called only if the name is free */
  start(name: string, newRecord: (arn: string) => JobRecord): { name: string; arn: string } {
    const arn = arnOf(`${this.#word}-job`, name);
    if (this.#known.has(name))
      throw new ApiError(
        'ResourceInUse',
        `Job name must be unique within an AWS account and region, and a ${this.#word} job with this name already exists (${arn})`,
      );
    const record = newRecord(arn);
    this.#records.write(name, record);
    const running = this.#kind.run(record, this.#settingsOf(name));
    this.#known.set(name, { describe: () => running.describe(), running });
    return { name, arn };
  }

  #settingsOf(name: string): JobSettings<JobRecord> {
    const { folder, runningFolder, onNotice: _, ...settings } = this.#settings;
    return {
      ...settings,
      folder: join(runningFolder, this.#kind.name, name),
      log: join(folder, 'logs', 'jobs', `${name}.log`),
      save: (record) => this.#records.keep(name, record),
    };
  }

  describe(name: unknown): Description {
    return this.#find(name).describe();
  }

  /** One page of the jobs that match a request, newest first. */
  list({ NameContains, StatusEquals, MaxResults, NextToken }: Record<string, unknown>): object {
    const { name: kind, summary } = this.#kind;
    const found = [...this.#known.values()]
      .map((job) => job.describe())
      .filter(
        (job) =>
          (NameContains === undefined || String(job[`${kind}JobName`]).includes(String(NameContains))) &&
          (StatusEquals === undefined || this.#statusOf(job) === StatusEquals),
      )
      .sort((one, other) => Number(other.CreationTime) - Number(one.CreationTime));
    const paging = { maxResults: MaxResults, nextToken: NextToken };
    const { page, nextToken } = takePage(found, paging, {
      defaultSize: PAGE_SIZE,
      name: 'ValidationException',
    });
    const summaries = page.map((job) =>
      Object.fromEntries(summary.flatMap((member) => (member in job ? [[member, job[member]]] : []))),
    );
    return { [`${kind}JobSummaries`]: summaries, NextToken: nextToken };
  }

  stop(name: unknown): object {
    const job = this.#find(name);
    const status = this.#statusOf(job.describe());
    if (!job.running || status !== 'InProgress')
      throw new ApiError(
        'ValidationException',
        `The request was rejected because the ${this.#word} job is in status ${status}.`,
      );
    job.running.stop();
    return {};
  }

  /** @throws TaskFailure as in Step Functions for a failed job; the signal's reason if it is aborted */
  async finish(name: string, signal: AbortSignal): Promise<unknown> {
    const job = this.#find(name).running as Running;
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
    if (this.#statusOf(description) === 'Failed')
      throw new TaskFailure('States.TaskFailed', JSON.stringify(description));
    return description;
  }

  /** Resolves once all jobs have ended. */
  async stopAll(): Promise<void> {
    const running = [...this.#known.values()].flatMap((job) => job.running ?? []);
    for (const job of running) job.stop();
    await Promise.all(running.map((job) => job.ended));
  }

  #find(name: unknown): KnownJob {
    const job = this.#known.get(String(name));
    if (job) return job;
    throw new ApiError('ValidationException', `Requested resource not found: ${this.#word} job ${name}`);
  }

  #statusOf(description: Description): unknown {
    return description[`${this.#kind.name}JobStatus`];
  }
}
