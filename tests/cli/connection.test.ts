import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Connection,
  chooseMachine,
  connect,
  costsMoney,
  findStateMachine,
  type Wanted,
} from '../../cli/connection.ts';
import { UsageError } from '../../cli/usage-error.ts';
import type { StackDescription } from '../../local/running-stack.ts';

const environment = { ...process.env };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-connection-'));
  // Of the AWS CLI, as somebody may have them who runs these tests.
  for (const name of Object.keys(process.env)) if (/^(AWS|DB|FPE)_/.test(name)) delete process.env[name];
  writeFileSync(
    join(folder, 'config'),
    '[default]\nregion = eu-west-1\n[profile usgs]\nregion = us-east-2\n[profile bare]\noutput = json\n',
  );
  process.env.AWS_CONFIG_FILE = join(folder, 'config');
  process.env.AWS_SHARED_CREDENTIALS_FILE = join(folder, 'credentials');
});
afterEach(() => {
  process.env = { ...environment };
  rmSync(folder, { recursive: true });
});

const STACK_ENV = {
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: 'LOCALNEW',
  AWS_ENDPOINT_URL_SFN: 'http://127.0.0.1:8083',
  AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:4566',
};
const STACK = {
  endpoints: { stepFunctions: 'http://127.0.0.1:8083' },
  env: STACK_ENV,
} as unknown as StackDescription;
/** What `fpe local env` printed at an earlier start. */
const SHELL = { ...STACK_ENV, AWS_ACCESS_KEY_ID: 'LOCALOLD', AWS_ENDPOINT_URL_SFN: 'http://127.0.0.1:8099' };
const LOCAL_ARN = 'arn:aws:states:us-west-2:000000000000:execution:fpe-local-train-station:a';
const AWS_ARN = 'arn:aws:states:us-east-1:123456789012:stateMachine:fpe-prod-train-station';

/** Connects where a stack runs or not, and the one of the shell answers or not. */
const connectWith = (
  { stack = false, answers = false }: { stack?: boolean; answers?: boolean },
  wanted: Wanted = {},
): Promise<Connection> =>
  connect(wanted, {
    findRunningStack: async () => (stack ? STACK : null),
    answersAt: async () => answers,
  });

describe('a command uses', () => {
  test('the keys of the running local stack, whatever profile the shell has, real or not', async () => {
    for (const profile of ['usgs', 'wrong']) {
      process.env.AWS_PROFILE = profile;

      const connection = await connectWith({ stack: true });

      expect(connection.kind).toBe('local');
      expect([process.env.AWS_PROFILE, process.env.AWS_ACCESS_KEY_ID]).toEqual([undefined, 'LOCALNEW']);
    }
  });

  test.each<[string, boolean, Record<string, string>, Wanted, string]>([
    ['the local stack where it runs', true, {}, {}, 'the local stack'],
    [
      'it also with keys of AWS in the environment',
      true,
      { AWS_ACCESS_KEY_ID: 'AKIA' },
      {},
      'the local stack',
    ],
    ['it for an ARN of its own', true, {}, { execution: LOCAL_ARN }, 'the local stack'],
    ['AWS with --aws, though the stack runs', true, {}, { aws: true }, 'AWS, eu-west-1'],
    ['AWS for an ARN of it, in its region', true, {}, { execution: AWS_ARN }, 'AWS, us-east-1'],
    ['AWS for the ARN of a machine', false, {}, { machine: AWS_ARN }, 'AWS, us-east-1'],
    [
      'AWS for FPE_STATE_MACHINE, if that is an ARN',
      false,
      { FPE_STATE_MACHINE: AWS_ARN },
      {},
      'AWS, us-east-1',
    ],
    [
      'AWS in the region of a stage',
      false,
      { AWS_REGION: 'us-east-2' },
      { aws: true, region: 'us-west-1' },
      'AWS, us-west-1',
    ],
    [
      'the endpoint that the environment names',
      true,
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:5000' },
      {},
      'http://127.0.0.1:5000',
    ],
    ['that of the stack with the keys of its last start', true, SHELL, {}, 'the local stack'],
  ])('%s', async (_, stack, settings, wanted, description) => {
    Object.assign(process.env, settings);

    const connection = await connectWith({ stack }, wanted);

    expect(connection.description).toBe(description);
    if (connection.kind === 'local') expect(process.env).toMatchObject(STACK_ENV);
  });

  test('the stack of another folder that its shell is set up for', async () => {
    Object.assign(process.env, SHELL);

    const connection = await connectWith({ answers: true });

    expect(connection).toEqual({ kind: 'endpoint', description: SHELL.AWS_ENDPOINT_URL_SFN });
  });
});

describe('a region follows the rules of the AWS CLI:', () => {
  test.each<[string, Record<string, string>]>([
    ['us-east-1', { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-2', AWS_PROFILE: 'usgs' }],
    ['us-east-1', { AWS_DEFAULT_REGION: 'us-east-1', AWS_PROFILE: 'usgs' }],
    ['us-east-2', { AWS_PROFILE: 'usgs' }],
    ['eu-west-1', {}],
  ])('%s for %j', async (region, settings) => {
    Object.assign(process.env, settings);

    const { description } = await connectWith({}, { aws: true });

    expect(description).toBe(`AWS, ${region}`);
    expect(process.env.AWS_REGION).toBe(region);
  });

  test('keys in the environment come before those of a profile', async () => {
    Object.assign(process.env, { AWS_PROFILE: 'usgs', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });

    await connectWith({}, { aws: true });

    expect(process.env.AWS_PROFILE).toBeUndefined();
    expect(process.env.AWS_REGION).toBe('us-east-2');
  });
});

describe('a command ends with what to do', () => {
  test.each<[string, Record<string, string>, Wanted, RegExp]>([
    [
      'nothing runs, and AWS was not asked for',
      { AWS_ACCESS_KEY_ID: 'AKIA' },
      {},
      /^Where\? .*\.\/fpe local; .*--aws .*--stage NAME/,
    ],
    [
      'no stack runs on the folder',
      {},
      { folder: '/no where' },
      /^The local stack is not running on \/no where\. Start it with: \.\/fpe local$/,
    ],
    [
      'no stack runs that an ARN is of',
      {},
      { execution: LOCAL_ARN },
      /^The local stack is not running\. Start it with: \.\/fpe local$/,
    ],
    [
      'the stack of the shell has ended',
      SHELL,
      {},
      /^The local stack that this shell is set up for \(http:\/\/127\.0\.0\.1:8099\) has ended\./,
    ],
    ['its shell is to reach AWS', SHELL, { aws: true }, /^This shell is set up for the local stack/],
    [
      'the profile does not exist',
      { AWS_PROFILE: 'wrong' },
      { aws: true },
      /^There is no AWS profile wrong .*Found: bare, default, usgs\./,
    ],
    [
      'it does not exist, though the region is known',
      { AWS_PROFILE: 'wrong' },
      { aws: true, region: 'us-west-2' },
      /^There is no AWS profile wrong/,
    ],
    [
      'the profile has no region',
      { AWS_PROFILE: 'bare' },
      { aws: true },
      /^Which AWS region\? Set AWS_REGION/,
    ],
    [
      'the endpoint has no scheme',
      { AWS_ENDPOINT_URL: 'localhost:5000' },
      {},
      /^The endpoint localhost:5000 .* is no address\./,
    ],
  ])('if %s', async (_, settings, wanted, message) => {
    Object.assign(process.env, settings);

    const connecting = connectWith({}, wanted);

    await expect(connecting).rejects.toThrow(UsageError);
    await expect(connecting).rejects.toThrow(message);
  });
});

describe('a machine', () => {
  const KINDS = ['train-station', 'score-station', 'refresh-stations'];
  const arnOf = (name: string) => `arn:aws:states:us-west-2:000000000000:stateMachine:${name}`;
  const MACHINES = new Map(KINDS.map((kind) => [`fpe-local-${kind}`, arnOf(`fpe-local-${kind}`)]));

  test.each([undefined, 'score-station', 'fpe-local-score-station', arnOf('fpe-local-score-station')])(
    'is chosen by its kind, the end of its name, its name or its ARN: %s',
    (wanted) => {
      expect(chooseMachine(MACHINES, wanted, 'score-station')).toBe(arnOf('fpe-local-score-station'));
    },
  );

  test.each(['nonsense', arnOf('nonsense')])(
    'that there is not is refused with those that there are: %s',
    (wanted) => {
      const choose = () => chooseMachine(MACHINES, wanted, 'train-station');

      expect(choose).toThrow(UsageError);
      expect(choose).toThrow(`is named ${wanted}`);
      expect(choose).toThrow(`Found: ${[...MACHINES.keys()].join(', ')}. Choose one of them`);
    },
  );

  test('of AWS is not looked up by its ARN, which has to be one', async () => {
    const refused = findStateMachine('arn:aws:states:us-east-1:123456789012:execution:a:b');

    expect(await findStateMachine(AWS_ARN)).toBe(AWS_ARN);
    await expect(refused).rejects.toThrow(/^arn:\S+ is not the ARN of a state machine\. Expected: /);
  });
});

test.each([
  [{ kind: 'local', description: 'the local stack' }, false],
  [{ kind: 'aws', description: 'AWS, us-west-2' }, true],
  [{ kind: 'endpoint', description: 'http://127.0.0.1:5000' }, false],
  [{ kind: 'endpoint', description: 'http://[::1]:5000' }, false],
  [{ kind: 'endpoint', description: 'https://vpce-1.states.us-west-2.vpce.amazonaws.com' }, true],
] as const)('what is started in %j costs money: %s', (connection, isExpensive) => {
  expect(costsMoney(connection)).toBe(isExpensive);
});
