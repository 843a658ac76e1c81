import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Credentials, newCredentials, signHeaders } from '../../local/door.ts';
import { startS3 } from '../../local/s3.ts';
import { startSageMaker } from '../../local/sagemaker/server.ts';
import { startScheduler } from '../../local/scheduler.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { startStepFunctions } from '../../local/step-functions/server.ts';
import { startUsgs } from '../../local/usgs.ts';

const MACHINE = 'arn:aws:states:us-west-2:000000000000:stateMachine:test';
/** Told by nobody but to those who may ask. */
export const SECRET = 'hunter2';
export const STORAGE = 'photos';
export const MODELS = 'models';
export const PHOTO = 'imagesets/1/images/a b.png';
/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export type Sent = { method: string; path: string; headers: Record<string, string>; body: string };
export type Answer = { status: number; date: string; text: string };

/** A local server, and a request to it that does something or tells something. */
export type LocalServer = {
  name: string;
  endpoint: string;
  /** As its signature names it; null where it asks for none. */
  service: string | null;
  /** Another one each time, so that none is done already. */
  readonly request: Sent;
  /** What was done so far. */
  done(): Promise<unknown[]> | unknown[];
};

export type LocalServers = {
  all: LocalServer[];
  find(name: string): LocalServer;
  credentials: Credentials;
  /** Where S3 and the jobs keep their files. */
  folder: string;
  s3: S3Client;
  stop(): Promise<void>;
};

/** Every server of the stack that speaks HTTP, with one photo in S3. */
export async function startLocalServers(): Promise<LocalServers> {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-doors-'));
  const credentials = newCredentials();
  const s3 = await startS3(join(folder, 's3'), {
    buckets: [STORAGE, MODELS],
    publicBucket: STORAGE,
    credentials,
  });
  const client = { endpoint: s3.endpoint, region: 'us-west-2', credentials, maxAttempts: 1 };
  const s3Client = new S3Client({ ...client, forcePathStyle: true });
  const sns = new SNSClient(client);
  for (const [Bucket, Key] of [[STORAGE, PHOTO] as const, [MODELS, 'model.tar.gz'] as const])
    await s3Client.send(new PutObjectCommand({ Bucket, Key, Body: PNG, ContentType: 'image/png' }));
  const started: unknown[] = [];
  const fired: unknown[] = [];
  const sageMaker = await startSageMaker({ folder, s3: s3Client, credentials });
  const stepFunctions = await startStepFunctions({
    machines: [
      { name: 'test', arn: MACHINE, definition: '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}' },
    ],
    runTask: async () => null,
    folder: join(folder, 'executions'),
    onChange: (record) => void started.push(record.name),
    credentials,
  });
  const scheduler = await startScheduler({
    schedules: [
      {
        name: 'nightly',
        arn: 'arn',
        expression: '',
        timezone: '',
        isEnabled: true,
        target: MACHINE,
        input: '{}',
      },
    ],
    async startMachine(arn) {
      fired.push(arn);
      return 'arn:of-the-execution';
    },
    credentials,
  });
  const secrets = await startSecretsManager(new Map([['db', `{"password":"${SECRET}"}`]]), { credentials });
  const usgs = await startUsgs({ recordings: [] });
  const json = (target: string, body: object): Sent => ({
    method: 'POST',
    path: '/',
    headers: { 'x-amz-target': target },
    body: JSON.stringify(body),
  });
  const all: LocalServer[] = [
    {
      name: 'Step Functions',
      endpoint: stepFunctions.endpoint,
      service: 'states',
      request: json('AWSStepFunctions.StartExecution', { stateMachineArn: MACHINE }),
      done: () => started,
    },
    {
      name: 'SageMaker',
      endpoint: sageMaker.endpoint,
      service: 'sagemaker',
      get request() {
        return json('SageMaker.CreateModel', {
          ModelName: `evil-${randomUUID()}`,
          ExecutionRoleArn: 'arn:role',
          PrimaryContainer: { Image: 'image', ModelDataUrl: 's3://models/model.tar.gz' },
        });
      },
      done: () => readdirSync(join(folder, 'jobs', 'models')),
    },
    {
      name: 'Scheduler',
      endpoint: scheduler.endpoint,
      service: 'scheduler',
      request: json('LocalScheduler.FireSchedule', { name: 'nightly' }),
      done: () => fired,
    },
    {
      name: 'Secrets Manager',
      endpoint: secrets.endpoint,
      service: 'secretsmanager',
      request: json('secretsmanager.GetSecretValue', { SecretId: 'db' }),
      done: () => [],
    },
    {
      name: 'S3',
      endpoint: s3.endpoint,
      service: 's3',
      get request() {
        return { method: 'PUT', path: `/${MODELS}/evil-${randomUUID()}`, headers: {}, body: 'evil' };
      },
      async done() {
        const { Contents = [] } = await s3Client.send(new ListObjectsV2Command({ Bucket: MODELS }));
        return Contents.map(({ Key }) => Key).filter((key) => key !== 'model.tar.gz');
      },
    },
    {
      name: 'SNS',
      endpoint: s3.endpoint,
      service: 'sns',
      get request() {
        return {
          method: 'POST',
          path: '/',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: `Action=CreateTopic&Name=evil-${randomUUID()}`,
        };
      },
      done: async () => (await sns.send(new ListTopicsCommand())).Topics ?? [],
    },
    {
      name: 'USGS',
      endpoint: new URL(usgs.endpoint).origin,
      service: null,
      request: { method: 'GET', path: '/ogcapi/v1/collections/continuous/items', headers: {}, body: '' },
      done: () => usgs.requests,
    },
  ];
  return {
    all,
    find: (name) => all.find((server) => server.name === name) as LocalServer,
    credentials,
    folder,
    s3: s3Client,
    async stop() {
      s3Client.destroy();
      sns.destroy();
      for (const service of [stepFunctions, sageMaker, scheduler, secrets, usgs, s3]) await service.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Sends exactly these headers; `host` among them may be any. */
export async function send(endpoint: string, { method, path, headers, body }: Sent): Promise<Answer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request({ hostname, port, method, path, headers: { ...length, ...headers } }, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((answer) => resolve({ status, date: String(headers.date), text: answer }), reject);
    });
    sent.once('error', reject).end(body);
  });
}

/** The server's request as its own clients would sign it, under any name of the server. */
export async function signed(
  { endpoint, service, request }: LocalServer,
  credentials: Credentials,
  host = new URL(endpoint).host,
  at = new Date(),
): Promise<Sent> {
  if (service === null) return { ...request, headers: { host } };
  const headers = await signHeaders(
    `http://${host}${request.path}`,
    { ...request, service },
    credentials,
    at,
  );
  return { ...request, headers };
}
