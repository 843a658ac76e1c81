import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../cli/connection.ts';
import { describeStack } from '../../cli/local.ts';
import { findRunningStack } from '../../local/running-stack.ts';
import { resetStack, type Stack, startStack } from '../../local/stack.ts';
import { until } from '../integration/test-stack.ts';
import { queryDatabase } from '../services/database-client.ts';
import { commandLineOf, listeningAddresses, processTree } from '../support/process-tree.ts';

const PACKAGING_MS = 180_000;
/** Starting another program, on a busy computer. */
const PROGRAM_MS = 60_000;

let folder: string;
let stack: Stack;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-stack-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  // A stack that was killed, whose id is another process's by now: the start does not wait for it.
  writeFileSync(join(folder, 'stack.json'), JSON.stringify({ pid: process.ppid, pid_started: 'earlier' }));
  stack = await startStack({ folder, anyPorts: true, waitFactor: 0.01 });
}, PACKAGING_MS);
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
});

const client = (endpoint: string) => ({
  endpoint,
  region: 'us-west-2',
  credentials: {
    accessKeyId: stack.env.AWS_ACCESS_KEY_ID as string,
    secretAccessKey: stack.env.AWS_SECRET_ACCESS_KEY as string,
  },
});
const machineArn = () => stack.machines[0]?.arn as string;

const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

const query = (sql: string) => queryDatabase(stack.env, sql);

async function finish(input: unknown): Promise<DescribeExecutionOutput> {
  const sfn = new SFNClient(client(stack.endpoints.stepFunctions));
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: machineArn(), input: JSON.stringify(input) }),
  );
  for (;;) {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    if (execution.status !== 'RUNNING') return execution;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('each service answers at its endpoint', async () => {
  const machines = await new SFNClient(client(stack.endpoints.stepFunctions)).send(
    new ListStateMachinesCommand({}),
  );
  const buckets = await new S3Client({ ...client(stack.endpoints.s3), forcePathStyle: true }).send(
    new ListBucketsCommand({}),
  );

  expect(machines.stateMachines?.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'fpe-local-train-station',
      'fpe-local-score-station',
      'fpe-local-refresh-stations',
    ]),
  );
  expect(stack.schedules).toEqual(['fpe-local-rank-nightly', 'fpe-local-rank-monthly']);
  expect(buckets.Buckets?.map(({ Name }) => Name)).toEqual(['fpe-local-models', 'fpe-local-storage']);
  expect(await query("SELECT id FROM variables WHERE id = 'FLOW_CFS'")).toHaveLength(1);
});

test('other users of the computer cannot read how it is reached', () => {
  expect(statSync(join(folder, 'stack.json')).mode & 0o777).toBe(0o600);
  expect(stack.env).toMatchObject({ DB_USER: 'fpe', DB_PASSWORD: expect.stringMatching(/^.{32}$/) });
});

test('an execution runs the bundled handlers against the database, and fails with their error', async () => {
  const execution = await finish({ station_id: 4711 });

  expect(execution).toMatchObject({ status: 'FAILED', error: 'StationNotFound' });
  expect(execution.cause).toContain('4711');
});

test('an execution that ends badly is told of as on AWS, with its input, error and cause', async () => {
  await finish({ station_id: 4713 });

  const told = () => readFileSync(join(folder, 'logs', 'notifications.log'), 'utf8');
  await until(async () => existsSync(join(folder, 'logs', 'notifications.log')) && told().includes('4713'));
  const message = told()
    .split(/\n\n(?=\d{4}-)/)
    .find((text) => text.includes('4713')) as string;

  expect(message).toMatch(/ FPE: station 4713, FAILED \(StationNotFound\), fpe-local-train-station\n/);
  expect(message).toMatch(/^The execution [0-9a-f-]+ of \S+ ended as FAILED at \d{4}-/m);
  expect(message).toContain('Input: {"station_id":4713}\nError: StationNotFound\nCause: ');
  expect(message).toContain('no row with id 4713');
  expect(message).not.toContain('trace');
  // The same input would fail again.
  expect(message).not.toContain('./fpe redrive');
  expect(message).toContain('start a new execution');
});

test('all that is wrong with an input is said at once', async () => {
  const execution = await finish({ station: 1, train_frac: 2, n_epochs: 'many' });

  expect(execution).toMatchObject({ status: 'FAILED', error: 'InvalidInput' });
  for (const name of ['station_id', 'train_frac', 'n_epochs']) expect(execution.cause).toContain(name);
});

test('a second start attaches to the stack that runs, and leaves it running', async () => {
  const second = await startStack({ folder, anyPorts: true });
  await second.stop();

  expect(second).toMatchObject({ isOwn: false, endpoints: stack.endpoints });
  expect(await findRunningStack(folder)).toMatchObject({ pid: process.pid, env: stack.env });
  await expect(resetStack(folder)).rejects.toThrow('Stop it first');
});

test('it says where everything is and how other programs use it', () => {
  const text = Object.values(describeStack(stack)).join('\n');

  for (const endpoint of Object.values(stack.endpoints)) expect(text).toContain(endpoint);
  expect(text).toContain(`export AWS_ENDPOINT_URL_SFN=${stack.endpoints.stepFunctions}`);
  expect(text).toContain('export DB_NAME=fpe');
  expect(text).toContain(machineArn());
});

test('only its user may read how it is reached, and what it keeps', () => {
  const modeOf = (name: string) => (statSync(join(folder, name)).mode & 0o777).toString(8);

  expect(modeOf('stack.json')).toBe('600');
  // As root PostgreSQL runs as another user, who must pass through.
  expect(modeOf('.')).toBe(process.getuid?.() === 0 ? '711' : '700');
  for (const name of ['s3', 'executions', 'jobs', 'logs'])
    expect([name, modeOf(name)]).toEqual([name, '700']);
});

test(
  'a folder that others use as well, such as /tmp, stays open to them',
  async () => {
    const shared = mkdtempSync(join(tmpdir(), 'fpe-shared-'));
    chmodSync(shared, 0o1777);

    const other = await startStack({ folder: shared, anyPorts: true });
    await other.stop();

    expect(statSync(shared).mode & 0o7777).toBe(0o1777);
    rmSync(shared, { recursive: true });
  },
  PACKAGING_MS,
);

test(
  'two that start at the same time, each on a folder of its own, do not take each other’s ports',
  async () => {
    const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'fpe-at-once-')));
    for (const each of folders) chmodSync(each, 0o755);

    const stacks = await Promise.all(folders.map((each) => startStack({ folder: each })));
    const ports = stacks.flatMap(({ endpoints }) => Object.values(endpoints).map((url) => new URL(url).port));
    for (const each of stacks) await each.stop();

    expect(new Set(ports).size).toBe(ports.length);
    for (const each of folders) rmSync(each, { recursive: true });
  },
  PACKAGING_MS,
);

test(
  'fpe local env prints the lines that point a shell at it, and nothing else',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--no-warnings', 'cli/fpe.ts', 'local', 'env', '--folder', folder],
    ]);
    const { stdout: said } = await promisify(execFile)('sh', [
      '-c',
      `${stdout}\nprintenv AWS_SECRET_ACCESS_KEY`,
    ]);

    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split('=')[0]),
    ).toEqual([...Object.keys(stack.env).map((name) => `export ${name}`), 'unset AWS_PROFILE']);
    expect(said.trim()).toBe(stack.env.AWS_SECRET_ACCESS_KEY);
  },
  PROGRAM_MS,
);

describe('fpe', () => {
  const environment = { ...process.env };
  afterEach(() => {
    process.env = { ...environment };
  });

  test.each([
    ['nothing', {}],
    [
      'an earlier start at the same address',
      { AWS_ACCESS_KEY_ID: 'earlier', AWS_SECRET_ACCESS_KEY: 'earlier' },
    ],
  ])('uses the credentials of the stack that runs where the shell is pointed at %s', async (_, ofShell) => {
    delete process.env.AWS_ENDPOINT_URL_SFN;
    if (Object.keys(ofShell).length > 0) process.env.AWS_ENDPOINT_URL_SFN = stack.endpoints.stepFunctions;
    Object.assign(process.env, ofShell);

    const connection = await connect({ folder });

    expect(connection.kind).toBe('local');
    expect(process.env).toMatchObject(stack.env);
  });

  test('keeps the credentials of a shell that is pointed elsewhere', async () => {
    Object.assign(process.env, { AWS_ENDPOINT_URL_SFN: 'http://elsewhere', AWS_ACCESS_KEY_ID: 'mine' });

    const connection = await connect({ folder });

    expect(connection).toEqual({ kind: 'endpoint', description: 'http://elsewhere' });
    expect(process.env.AWS_ACCESS_KEY_ID).toBe('mine');
  });
});

test(
  'fpe local fire starts a schedule with the credentials of the stack',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--no-warnings', 'cli/fpe.ts', 'local', 'fire', 'nightly', '--folder', folder],
    ]);

    expect(stdout).toContain('Fired fpe-local-rank-nightly');
  },
  PROGRAM_MS,
);

if (existsSync('/proc/net/tcp')) {
  test('it listens for this computer alone', () => {
    const found = listeningAddresses(processTree());

    expect(found.filter((address) => !address.startsWith('127.0.0.1:'))).toEqual([]);
    for (const endpoint of Object.values(stack.endpoints))
      expect(found).toContain(`127.0.0.1:${new URL(endpoint).port}`);
  });

  test('no secret is on a command line, where every user of the computer could read it', async () => {
    await finish({ station_id: 4714 });

    const commands = processTree().map(commandLineOf).join('\n');

    expect(commands).toContain('lambda-runtime');
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
      expect(commands).not.toContain(stack.env[name] as string);
  });
}

// Not part of a set-up: it is tested wherever it is installed (Debian's awscli).
if (isInstalled('aws'))
  test(
    'the AWS CLI starts and describes an execution with only an endpoint',
    async () => {
      const aws = async (...command: string[]) => {
        const { stdout } = await promisify(execFile)(
          'aws',
          [
            'stepfunctions',
            ...command,
            ...['--endpoint-url', stack.endpoints.stepFunctions, '--output', 'json'],
          ],
          { env: { ...process.env, ...stack.env } },
        );
        return JSON.parse(stdout);
      };

      const started = await aws(
        'start-execution',
        '--state-machine-arn',
        machineArn(),
        '--input',
        '{"station_id":1}',
      );
      const described = await aws('describe-execution', '--execution-arn', started.executionArn);

      expect(described).toMatchObject({ executionArn: started.executionArn, stateMachineArn: machineArn() });
    },
    PROGRAM_MS,
  );

test(
  'data outlives a stop, credentials do not, and a reset removes the data',
  async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = stack.env;
    const s3 = new S3Client({ ...client(stack.endpoints.s3), forcePathStyle: true });
    await s3.send(new PutObjectCommand({ Bucket: 'fpe-local-storage', Key: 'kept', Body: 'x' }));
    await query("INSERT INTO users VALUES ('kept', 'USER', 'Regular') ON CONFLICT DO NOTHING");

    await stack.stop();
    const whileStopped = await findRunningStack(folder);
    stack = await startStack({ folder, anyPorts: true, waitFactor: 0.01 });
    const kept = await query("SELECT id FROM users WHERE id = 'kept'");
    const isOther =
      stack.env.AWS_ACCESS_KEY_ID !== AWS_ACCESS_KEY_ID &&
      stack.env.AWS_SECRET_ACCESS_KEY !== AWS_SECRET_ACCESS_KEY;
    await stack.stop();
    await resetStack(folder);
    stack = await startStack({ folder, anyPorts: true, waitFactor: 0.01 });
    const left = await query("SELECT id FROM users WHERE id = 'kept'");

    expect({ whileStopped, isOther, kept, left }).toEqual({
      whileStopped: null,
      isOther: true,
      kept: [{ id: 'kept' }],
      left: [],
    });
  },
  PACKAGING_MS,
);

test('the log of a function holds its calls', async () => {
  await finish({ station_id: 4712 });

  const log = join(folder, 'logs', 'functions', 'fpe-local-prepare-run.log');
  expect(existsSync(log)).toBe(true);
  expect(readFileSync(log, 'utf8')).toContain('4712');
});
