/**
 * The whole stack on one computer: every stand-in, started together, wired to the compiled template, and stopped together.
 *
 * It keeps everything in one folder: `postgres`, `s3`, `executions`, `jobs`, `logs`, recordings in `usgs`, and `stack.json`,
 * which tells other processes of the same user that it is running and how to reach it, including the credentials, which are new
 * at each start. `database.json` says which database the objects in `s3` belong to.
 */
import { appendFileSync, chmodSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { PublishCommand, type PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';
import { readJsonFile, removeUnfinished, writeDurably } from '../host/durable-file.ts';
import { makeFolder } from '../host/folder.ts';
import { tryLock, type Unlock } from '../host/lock.ts';
import { identify } from '../host/process.ts';
import { SHORT_PATIENCE_MS, serviceClient } from '../shared/aws/service-client.ts';
import { ConfigurationMissing, RequestRefused } from '../shared/errors.ts';
import { LOCAL_REGION, LOCAL_STAGE } from './account.ts';
import { type Credentials, newCredentials } from './door.ts';
import { startEventBridge } from './event-bridge.ts';
import type { JsonApi } from './json-api.ts';
import { startLambda } from './lambda.ts';
import { openOwnDatabase } from './own-database.ts';
import { freePort, type Postgres, removePostgres, startPostgres } from './postgres.ts';
import {
  answersAt,
  defaultFolder,
  readDescription,
  runsStill,
  type StackDescription,
  stackFile,
} from './running-stack.ts';
import { type Published, type S3, startS3 } from './s3.ts';
import { STOP_GRACE_MS } from './sagemaker/container.ts';
import { type SageMaker, startSageMaker } from './sagemaker/server.ts';
import { type StartMachine, startScheduler } from './scheduler.ts';
import { startSecretsManager } from './secrets-manager.ts';
import { isNestedExecution, NESTED_EXECUTION } from './step-functions/nested-executions.ts';
import { startStepFunctions } from './step-functions/server.ts';
import { type RunTask, TaskFailure } from './task.ts';
import { type CompiledTemplate, compileTemplate, type LocalFunction } from './template.ts';
import { startUsgs } from './usgs.ts';

const ROOT = join(import.meta.dirname, '..');
/** Used if they are free, so that yesterday's command line works today. */
const PREFERRED_PORTS = { stepFunctions: 8083, sageMaker: 8084, s3: 4566, usgs: 8086, postgres: 5433 };
/** Name of the stack's own PostgreSQL in `database.json`. */
const EMBEDDED = 'the embedded database';
const USGS_KEY_SECRET = 'fpe-local-usgs-key';
const START_TIMEOUT_MS = 60_000;
/** More than SageMaker's grace period for a job. */
export const STOP_TIMEOUT_MS = STOP_GRACE_MS + 20_000;

export type Stack = StackDescription & {
  /** False if another process started it: then `stop` leaves it running. */
  isOwn: boolean;
  stop(): Promise<void>;
};

export type StackOptions = {
  folder?: string;
  /** Use any free ports instead of the usual ones. */
  anyPorts?: boolean;
  /** Waits between retries are multiplied by this; tests shorten them. */
  waitFactor?: number;
  /** Key of the water data API, which functions then read from Secrets Manager; default: the environment's USGS_API_KEY. */
  usgsApiKey?: string;
  /** Address of the user's own database (own-database.ts); default: the embedded PostgreSQL. */
  database?: string;
  onProgress?: (what: string) => void;
};

/** Starts the stack, or attaches to the one already running on this folder. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = options.folder ?? defaultFolder();
  closeFolder(folder);
  const claim = await claimFolder(folder);
  if ('running' in claim) return { ...claim.running, isOwn: false, stop: async () => undefined };
  const started: { stop(): unknown }[] = [];
  const stopAll = async () => {
    // In reverse order: the users of a service end before it.
    const failures: unknown[] = [];
    for (const service of started.splice(0).reverse())
      await stopInTime(service).catch((error) => failures.push(error));
    releaseFolder(folder, claim.unlock);
    if (failures.length > 0) throw new AggregateError(failures, 'Parts of the local stack did not stop');
  };
  let stopping: Promise<void> | null = null;
  const stop = () => {
    // A second call waits for the end, so as not to release a folder that is still in use, or that belongs to another process by
    // now.
    stopping ??= stopAll();
    return stopping;
  };
  const keep: Keep = (service) => {
    started.push(service);
    return service;
  };
  try {
    const description = await startServices(folder, options, keep).catch(async (error) => {
      if (options.anyPorts || !isPortTaken(error)) throw error;
      // Another stack starting at the same time found the same ports free.
      for (const service of started.splice(0).reverse()) await stopInTime(service);
      return startServices(folder, { ...options, anyPorts: true }, keep);
    });
    writeDescription(folder, description);
    return { ...description, isOwn: true, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** In the terms of Node.js or of PostgreSQL's log. */
const isPortTaken = (error: unknown): boolean => /EADDRINUSE|Address already in use/.test(String(error));

/** @throws Error if it takes longer than the jobs may: the others are stopped all the same */
async function stopInTime(service: { stop(): unknown }): Promise<void> {
  const late = new AbortController();
  const tooLate = sleep(STOP_TIMEOUT_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`It did not stop within ${STOP_TIMEOUT_MS / 1000} s`);
  });
  tooLate.catch(() => undefined); // in case it stops in time
  await Promise.race([service.stop(), tooLate]).finally(() => late.abort());
}

/** Deletes the data of a stack that is not running; packages, what the set-up found and the user's own database stay. */
export async function resetStack(folder: string = defaultFolder()): Promise<void> {
  const unlock = tryLock(lockFile(folder));
  try {
    const found = readDescription(folder);
    if (!unlock || (found && isUnlockedStack(found)))
      throw new Error(
        `The local stack runs on ${folder} (process ${found?.pid ?? 'unknown'}). Stop it first: ./fpe local stop`,
      );
    removeData(folder);
  } finally {
    unlock?.();
  }
}

function removeData(folder: string): void {
  removePostgres(join(folder, 'postgres'));
  for (const name of ['s3', 'executions', 'jobs', 'logs'])
    rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(databaseFile(folder), { force: true });
}

const databaseFile = (folder: string): string => join(folder, 'database.json');

/**
 * The objects of one database must not be used with another, because stations have the same ids in both. @throws
 * ConfigurationMissing
 */
function bindFolder(folder: string, wanted: string): void {
  const bound =
    readJsonFile<{ database: string }>(databaseFile(folder))?.database ??
    (existsSync(join(folder, 'postgres')) ? EMBEDDED : wanted);
  if (bound !== wanted)
    throw new ConfigurationMissing({
      what: 'The photos and models in this folder belong to another database',
      where: folder,
      found: `those of ${bound}, with ${wanted}`,
      expected: 'a folder for each database',
      fix: `add --folder with another folder; or start with the database that was there before; or add --reset, which deletes them${bound === EMBEDDED ? ' and the embedded database' : ', and no row of your own database'}`,
    });
  writeDurably(databaseFile(folder), `${JSON.stringify({ database: wanted })}\n`);
}

async function startDatabase(
  folder: string,
  { database }: StackOptions,
  port: () => Promise<number>,
): Promise<Pick<Postgres, 'env' | 'stop'>> {
  if (!database) {
    bindFolder(folder, EMBEDDED);
    return startPostgres(join(folder, 'postgres'), { port: await port() });
  }
  const env = await openOwnDatabase(database, { password: process.env.PGPASSWORD });
  bindFolder(folder, `${env.DB_NAME} on ${env.DB_HOST}:${env.DB_PORT}`);
  return { env, stop: async () => undefined };
}

/** A stack that is being started. */
type Start = {
  folder: string;
  options: StackOptions;
  credentials: Credentials;
  /** Key of the water data API; empty if there is none. */
  usgsApiKey: string;
  say: (what: string) => void;
  /** A free port: the preferred one if possible. */
  port: (name: keyof typeof PREFERRED_PORTS) => Promise<number>;
  /** Registers a started service. Services are stopped in reverse order. */
  keep: Keep;
};
type Keep = <Service extends { stop(): unknown }>(service: Service) => Service;

async function startServices(folder: string, options: StackOptions, keep: Keep): Promise<StackDescription> {
  const start: Start = {
    folder,
    options,
    credentials: newCredentials(),
    usgsApiKey: options.usgsApiKey ?? process.env.USGS_API_KEY ?? '',
    say: options.onProgress ?? (() => undefined),
    port: async (name) => {
      const preferred = PREFERRED_PORTS[name];
      const port = await freePort(options.anyPorts ? 0 : preferred);
      if (!options.anyPorts && port !== preferred)
        start.say(`${name} on port ${port}, as ${preferred} is taken`);
      return port;
    },
    keep,
  };
  start.say('PostgreSQL');
  const postgres = keep(await startDatabase(folder, options, () => start.port('postgres')));
  start.say('Packaging functions and state machines (serverless.yml)');
  const template = await compileTemplate(ROOT);
  const data = await startData(start, template, postgres.env);
  start.say('SageMaker');
  const sageMaker = keep(
    await startSageMaker({
      folder,
      s3: serviceClient(S3Client, { ...clientSettings(start, data.s3.endpoint), forcePathStyle: true }),
      port: await start.port('sageMaker'),
      credentials: start.credentials,
    }),
  );
  start.say('Lambda and Step Functions');
  const machines = await startMachines(start, template, data, sageMaker);
  const { DB_USER, DB_HOST, DB_PORT, DB_NAME } = postgres.env;
  return {
    ...self(),
    started_at: new Date().toISOString(),
    folder,
    endpoints: {
      stepFunctions: machines.stepFunctions.endpoint,
      scheduler: machines.scheduler.endpoint,
      sageMaker: sageMaker.endpoint,
      s3: data.s3.endpoint,
      usgs: data.usgs.endpoint,
      postgres: `postgresql://${DB_USER}@${DB_HOST}:${DB_PORT}/${DB_NAME}`,
    },
    database: options.database ? 'own' : 'embedded',
    machines: template.machines.map(({ name, arn }) => ({ name, arn })),
    schedules: template.schedules.map(({ name }) => name),
    env: {
      ...machines.env,
      ...postgres.env,
      STORAGE_BUCKET: LOCAL_STAGE.storageBucket,
      MODEL_BUCKET: LOCAL_STAGE.modelBucket,
    },
  };
}

/** The services that the functions read and write besides the database. */
type Data = { s3: S3; secrets: { endpoint: string }; usgs: { endpoint: string } };

async function startData(
  { folder, credentials, usgsApiKey, say, port, keep }: Start,
  template: CompiledTemplate,
  databaseEnv: Record<string, string>,
): Promise<Data> {
  say('S3 and SNS');
  const s3 = keep(
    await startS3(join(folder, 's3'), {
      buckets: [LOCAL_STAGE.storageBucket, LOCAL_STAGE.modelBucket],
      publicBucket: LOCAL_STAGE.storageBucket,
      port: await port('s3'),
      credentials,
      onPublish: keepNotification(join(folder, 'logs', 'notifications.log')),
    }),
  );
  for (const { name } of template.topics) await s3.createTopic(name);
  const secrets = keep(
    await startSecretsManager(
      new Map([
        [LOCAL_STAGE.dbSecret, databaseSecret(databaseEnv)],
        [USGS_KEY_SECRET, usgsApiKey],
      ]),
      { credentials },
    ),
  );
  // The environment may name USGS itself, or yesterday's stand-in.
  const named = process.env.USGS_API_URL;
  const usgs = named?.startsWith('https:')
    ? { endpoint: named }
    : keep(await startUsgs({ folder: join(folder, 'usgs'), port: await port('usgs') }));
  return { s3, secrets, usgs };
}

/** Lambda, and the services that call its functions: Step Functions, EventBridge and Scheduler. */
async function startMachines(
  start: Start,
  template: CompiledTemplate,
  data: Data,
  sageMaker: SageMaker,
): Promise<{ stepFunctions: JsonApi; scheduler: JsonApi; env: Record<string, string> }> {
  const { folder, credentials, usgsApiKey, keep } = start;
  const stepFunctionsPort = await start.port('stepFunctions');
  const env = {
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION, // the AWS CLI reads only this one
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: data.s3.endpoint,
    AWS_ENDPOINT_URL_SNS: data.s3.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: data.secrets.endpoint,
    AWS_ENDPOINT_URL_SFN: `http://127.0.0.1:${stepFunctionsPort}`,
    AWS_ENDPOINT_URL_SAGEMAKER: sageMaker.endpoint,
    USGS_API_URL: data.usgs.endpoint,
  };
  const lambda = keep(
    startLambda({
      functions: usgsApiKey ? template.functions.map(withUsgsKey) : template.functions,
      env,
      folder: join(folder, 'logs', 'functions'),
    }),
  );
  const sns = publisher(serviceClient(SNSClient, clientSettings(start, data.s3.endpoint)));
  const eventBridge = keep(startEventBridge(template.rules, deliverer(lambda.invoke, sns)));
  for (const { name, definition } of template.machines) requireKnownResources(name, JSON.parse(definition));
  const { waitFactor } = start.options;
  const stepFunctions = keep(
    await startStepFunctions({
      machines: template.machines,
      runTask: dispatch({ lambda: lambda.invoke, sageMaker: sageMaker.runTask, sns }),
      folder: join(folder, 'executions'),
      port: stepFunctionsPort,
      credentials,
      onChange: eventBridge.executionChanged,
      ...(waitFactor !== undefined && { waitFactor }),
    }),
  );
  const { schedules } = template;
  const scheduler = keep(
    await startScheduler({ schedules, startMachine: stepFunctionsStarter(stepFunctions), credentials }),
  );
  return { stepFunctions, scheduler, env };
}

/** Settings of the stand-ins' own AWS clients. */
const clientSettings = ({ credentials }: Start, endpoint: string) => ({
  region: LOCAL_REGION,
  endpoint,
  credentials,
  patienceMs: SHORT_PATIENCE_MS,
});

/** Delivers an event to a rule's target, a function or a topic. */
const deliverer = (lambda: RunTask, sns: RunTask) => async (target: string, payload: string) => {
  const { signal } = new AbortController();
  if (target.startsWith(LAMBDA)) await lambda(target, JSON.parse(payload), signal);
  else await sns(SNS_PUBLISH, { TopicArn: target, Message: payload }, signal);
};

/** Functions that query USGS find the key in the same place as in a stage with usgsApiKeySecret. */
const withUsgsKey = (definition: LocalFunction): LocalFunction =>
  'USGS_API_KEY_SECRET_ID' in definition.environment
    ? { ...definition, environment: { ...definition.environment, USGS_API_KEY_SECRET_ID: USGS_KEY_SECRET } }
    : definition;

/** Starts executions as Scheduler does: through the API. */
function stepFunctionsStarter({ endpoint, credentials }: JsonApi): StartMachine {
  const client = serviceClient(SFNClient, { region: LOCAL_REGION, endpoint, credentials });
  return async (stateMachineArn, input) => {
    const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input }));
    return executionArn as string;
  };
}

/** In RDS's format, plus the database's name, which FPE's secrets do not contain. */
const databaseSecret = ({
  DB_HOST,
  DB_PORT,
  DB_USER,
  DB_PASSWORD,
  DB_NAME,
}: Record<string, string>): string =>
  JSON.stringify({
    engine: 'postgres',
    host: DB_HOST,
    port: Number(DB_PORT),
    username: DB_USER,
    password: DB_PASSWORD,
    dbname: DB_NAME,
  });

const LAMBDA = 'arn:aws:lambda:';
const SAGEMAKER = /^arn:aws:states:::(sagemaker|aws-sdk:sagemaker):/;
const SNS_PUBLISH = 'arn:aws:states:::sns:publish';

const isKnownResource = (resource: string): boolean =>
  resource.startsWith(LAMBDA) ||
  SAGEMAKER.test(resource) ||
  resource === SNS_PUBLISH ||
  isNestedExecution(resource);

function dispatch(services: { lambda: RunTask; sageMaker: RunTask; sns: RunTask }): RunTask {
  return (resource, parameters, signal) => {
    if (resource.startsWith(LAMBDA)) return services.lambda(resource, parameters, signal);
    if (resource === SNS_PUBLISH) return services.sns(resource, parameters, signal);
    return services.sageMaker(resource, parameters, signal);
  };
}

type Definition = { States: Record<string, unknown> };

/** @throws Error naming the state, so that nobody waits an hour for one that cannot run here */
function requireKnownResources(machine: string, { States }: Definition): void {
  for (const [name, value] of Object.entries(States)) {
    const state = value as {
      Type: string;
      Resource?: string;
      ItemProcessor?: Definition;
      Branches?: Definition[];
    };
    for (const inner of [...(state.Branches ?? []), ...(state.ItemProcessor ? [state.ItemProcessor] : [])])
      requireKnownResources(machine, inner);
    if (state.Type !== 'Task' || isKnownResource(String(state.Resource))) continue;
    throw new Error(
      `The local stack cannot run state ${name} of ${machine}. Found: ${state.Resource}. It runs Lambda functions by ARN, ${SAGEMAKER.source}, ${SNS_PUBLISH} and ${NESTED_EXECUTION}.`,
    );
  }
}

function publisher(sns: SNSClient): RunTask {
  return async (_resource, parameters, signal) => {
    try {
      const command = new PublishCommand(parameters as PublishCommandInput);
      const { MessageId } = await sns.send(command, { abortSignal: signal });
      return { MessageId };
    } catch (error) {
      const { name, message } = error as Error;
      throw new TaskFailure(`SNS.${error instanceof RequestRefused ? error.code : name}`, message);
    }
  };
}

/** The e-mails that people would receive, one after the other. */
const keepNotification =
  (log: string) =>
  ({ Subject = '', Message }: Published): void => {
    makeFolder(join(log, '..'));
    appendFileSync(log, `${new Date().toISOString()} ${Subject}\n${Message}\n\n`);
  };

/** Parts of the folder that only this process uses; PostgreSQL may run as another user. */
const PRIVATE_FOLDERS = ['s3', 'executions', 'jobs', 'logs', 'usgs'];

/** Denies access to other users of this computer; as root, it still allows traversal, which PostgreSQL's user needs. */
function closeFolder(folder: string): void {
  const user = process.getuid?.();
  makeFolder(folder, { mode: 0o700 });
  // Naming somebody else's folder, or one such as /tmp, does not make it ours.
  const { uid, mode } = statSync(folder);
  if (uid === user && (mode & 0o1000) === 0) chmodSync(folder, user === 0 ? 0o711 : 0o700);
  for (const name of PRIVATE_FOLDERS) {
    makeFolder(join(folder, name));
    chmodSync(join(folder, name), 0o700);
  }
}

/** Held while a stack is running on the folder, and while one is reset. */
const lockFile = (folder: string): string => join(folder, 'stack.lock');

type Claim = { unlock: Unlock } | { running: StackDescription };

/** Takes the folder for this process; if a stack is running there, returns that one once it has started. */
async function claimFolder(folder: string): Promise<Claim> {
  for (const deadline = performance.now() + START_TIMEOUT_MS; ; await sleep(200)) {
    const unlock = tryLock(lockFile(folder));
    const other = readDescription(folder);
    if (unlock && !(other && isUnlockedStack(other))) return takeFolder(folder, unlock);
    unlock?.();
    if (other?.endpoints && (await answersAt(other.endpoints.s3))) return { running: other };
    if (performance.now() > deadline)
      throw new Error(
        `${other ? `Process ${other.pid}` : 'Another process'} has the folder ${folder}, but no stack answers there. If that process is no local stack, remove ${stackFile(folder)}.`,
      );
  }
}

function takeFolder(folder: string, unlock: Unlock): Claim {
  try {
    removeUnfinished(folder);
    writeDescription(folder, self());
    return { unlock };
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Whether a description is that of a running stack of version 0.1, which has no lock; one with this process's id came from an
 * earlier process with the same id.
 */
const isUnlockedStack = (found: StackDescription): boolean => found.pid !== process.pid && runsStill(found);

/** Called while the lock is held, so that it does not remove another process's description. */
function releaseFolder(folder: string, unlock: Unlock): void {
  rmSync(stackFile(folder), { force: true });
  unlock();
}

/** Other users must not read it, because it contains the passwords of this start. */
function writeDescription(folder: string, description: StackDescription | ReturnType<typeof self>): void {
  writeDurably(stackFile(folder), `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
}

const self = () => ({ pid: process.pid, pid_started: identify(process.pid)?.startedAt ?? null });
