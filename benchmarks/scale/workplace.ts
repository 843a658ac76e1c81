import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import pg from 'pg';
import { LOCAL_REGION, LOCAL_STAGE } from '../../local/account.ts';
import type { JsonApi } from '../../local/json-api.ts';
import { startPostgres } from '../../local/postgres.ts';
import { type S3, startS3 } from '../../local/s3.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { type Machine, startStepFunctions } from '../../local/step-functions/server.ts';
import type { RunTask } from '../../local/task.ts';
import { type CompiledTemplate, compileTemplate } from '../../local/template.ts';
import { FIRST_PHOTO_MS, STEP_MS } from './large-station.ts';
import { MeasuredLambda } from './measured-lambda.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const VALUES_PER_PAGE = 10_000;

/** What an execution took of what Step Functions allows, and how it ended. */
export type ExecutionMeasure = { stateBytes: number; events: number; output: unknown };

/** Everything that the functions use, on this computer; its S3 is in this process. */
export class Workplace {
  readonly template: CompiledTemplate;
  readonly database: pg.Client;
  readonly s3: S3;
  readonly buckets = { storage: LOCAL_STAGE.storageBucket, model: LOCAL_STAGE.modelBucket };
  readonly lambda: MeasuredLambda;
  readonly #folder: string;
  readonly #toStop: (() => unknown)[];
  readonly #env: Record<string, string>;

  private constructor(parts: {
    template: CompiledTemplate;
    database: pg.Client;
    s3: S3;
    env: Record<string, string>;
    folder: string;
    toStop: (() => unknown)[];
  }) {
    this.template = parts.template;
    this.database = parts.database;
    this.s3 = parts.s3;
    this.#env = parts.env;
    this.#folder = parts.folder;
    this.#toStop = parts.toStop;
    this.lambda = new MeasuredLambda(parts.template.functions, () => this.#env);
  }

  /** @param values that the stand-in of USGS has */
  static async open(values: number): Promise<Workplace> {
    const folder = mkdtempSync(join(tmpdir(), 'fpe-scale-'));
    const toStop: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
    const template = await compileTemplate(ROOT);
    const postgres = await startPostgres(join(folder, 'postgres'));
    toStop.push(() => postgres.stop());
    const { DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME } = postgres.env as Record<string, string>;
    const s3 = await startS3(null, { buckets: [LOCAL_STAGE.storageBucket, LOCAL_STAGE.modelBucket] });
    toStop.push(() => s3.stop());
    for (const { name } of template.topics) await s3.createTopic(name);
    const secret = {
      username: DB_USER,
      password: DB_PASSWORD,
      host: DB_HOST,
      port: DB_PORT,
      dbname: DB_NAME,
    };
    const secrets = await startSecretsManager(new Map([[LOCAL_STAGE.dbSecret, JSON.stringify(secret)]]), {
      credentials: s3.credentials,
    });
    toStop.push(() => secrets.stop());
    const usgs = startGage(values);
    await once(usgs, 'listening');
    toStop.push(() => usgs.close());
    const env = {
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_SNS: s3.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
      USGS_API_URL: `http://127.0.0.1:${(usgs.address() as AddressInfo).port}`,
    };
    process.env.STORAGE_BUCKET = LOCAL_STAGE.storageBucket;
    const database = new pg.Client({
      host: DB_HOST as string,
      port: Number(DB_PORT),
      user: DB_USER as string,
      password: DB_PASSWORD as string,
      database: DB_NAME as string,
    });
    await database.connect();
    toStop.push(() => database.end());
    return new Workplace({ template, database, s3, env, folder, toStop });
  }

  /** Step Functions with these machines, which the functions then ask about executions. */
  async startMachines(machines: Machine[], runTask: RunTask, name: string): Promise<Machines> {
    const service = await startStepFunctions({
      machines,
      runTask,
      folder: join(this.#folder, name),
      waitFactor: 0,
      credentials: this.s3.credentials,
    });
    this.#toStop.push(() => service.stop());
    this.#env.AWS_ENDPOINT_URL_SFN = service.endpoint;
    return new Machines(service, machines);
  }

  async close(): Promise<void> {
    for (const stop of this.#toStop.reverse()) await stop();
  }
}

export class Machines {
  readonly #client: SFNClient;
  readonly #machines: readonly Machine[];

  constructor({ endpoint, credentials }: JsonApi, machines: readonly Machine[]) {
    this.#client = new SFNClient({ region: LOCAL_REGION, endpoint, credentials });
    this.#machines = machines;
  }

  /** @param name end of the machine's name @throws Error when the execution fails */
  async run(name: string, input: object): Promise<ExecutionMeasure> {
    const { arn: stateMachineArn } = this.#machines.find((each) => each.name.endsWith(`-${name}`)) as Machine;
    const { executionArn } = await this.#client.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    for (;;) {
      const found = await this.#client.send(new DescribeExecutionCommand({ executionArn }));
      if (found.status === 'SUCCEEDED')
        return {
          ...(await this.#measure(executionArn as string)),
          output: JSON.parse(found.output as string),
        };
      if (found.status !== 'RUNNING')
        throw new Error(`${name} ${found.status}: ${found.error} ${found.cause}`);
      await sleep(200);
    }
  }

  async #measure(executionArn: string): Promise<{ stateBytes: number; events: number }> {
    let [stateBytes, events] = [0, 0];
    const pages = paginateGetExecutionHistory({ client: this.#client, pageSize: 1000 }, { executionArn });
    for await (const page of pages)
      for (const { stateExitedEventDetails: exited, stateEnteredEventDetails: entered } of page.events ??
        []) {
        const bytes = Math.max(
          Buffer.byteLength(exited?.output ?? ''),
          Buffer.byteLength(entered?.input ?? ''),
        );
        stateBytes = Math.max(stateBytes, bytes);
      }
    for await (const page of paginateGetExecutionHistory(
      { client: this.#client, pageSize: 1000 },
      { executionArn },
    ))
      events += page.events?.length ?? 0;
    return { stateBytes, events };
  }
}

/** Answers as the water data API of USGS does, for one gage with a value at each time of a photo. */
function startGage(count: number): Server {
  const server = createServer((request, response) => {
    const url = new URL(request.url as string, `http://${request.headers.host}`);
    const [from, to] = (url.searchParams.get('datetime') as string)
      .split('/')
      .map((text) => Date.parse(text));
    const first = Math.max(0, Math.ceil(((from as number) - FIRST_PHOTO_MS) / STEP_MS));
    const end = Math.min(count, Math.floor(((to as number) - FIRST_PHOTO_MS) / STEP_MS) + 1);
    const offset = first + Number(url.searchParams.get('offset') ?? 0);
    const stop = Math.min(end, offset + VALUES_PER_PAGE);
    const features = Array.from({ length: Math.max(0, stop - offset) }, (_, index) => ({
      type: 'Feature',
      properties: {
        time_series_id: 'b2d6f0c1e4c24c4fa8c1a2b3c4d5e6f7',
        time: new Date(FIRST_PHOTO_MS + (offset + index) * STEP_MS).toISOString(),
        value: (10 + 5 * Math.sin((offset + index) / 5000)).toFixed(2),
        unit_of_measure: 'ft^3/s',
        approval_status: 'Approved',
        qualifier: null,
      },
    }));
    const next = new URL(url);
    next.searchParams.set('offset', String(stop - first));
    const links = stop < end ? [{ rel: 'next', href: next.href }] : [];
    response.setHeader('content-type', 'application/geo+json');
    response.end(JSON.stringify({ type: 'FeatureCollection', features, links }));
  });
  return server.listen(0, '127.0.0.1');
}
