import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { describeEnded, runningOn } from '../../cli/ended-executions.ts';
import { localCommand } from '../../cli/local.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { ApiError } from '../../local/json-api.ts';
import type { StackDescription } from '../../local/running-stack.ts';
import { machineArnOf, nameInArn } from '../../shared/execution/arns.ts';
import { STARTED_BY } from '../../shared/inputs/parameters.ts';
import { REFRESH_ARN, SCORE_ARN, TRAIN_ARN } from '../fixtures/local-executions.ts';
import { expectDocumented } from '../support/documented-json.ts';

const folders: string[] = [];
afterEach(() => {
  process.exitCode = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const STACK: StackDescription = {
  pid: 4711,
  pid_started: '12',
  started_at: '2026-11-27T07:05:00.000Z',
  folder: '/data',
  endpoints: {
    stepFunctions: 'http://127.0.0.1:8083',
    scheduler: 'http://127.0.0.1:8087',
    sageMaker: 'http://127.0.0.1:8084',
    s3: 'http://127.0.0.1:4566',
    usgs: 'http://127.0.0.1:8086',
    postgres: 'postgresql://fpe@127.0.0.1:5433/fpe',
  },
  machines: [{ name: 'fpe-local-train-station', arn: 'arn:train' }],
  database: 'embedded',
  schedules: ['fpe-local-rank-nightly'],
  env: { AWS_ACCESS_KEY_ID: 'LOCALKEY', AWS_SECRET_ACCESS_KEY: 'hidden', DB_HOST: '127.0.0.1' },
};

/** `isFinished`: it ends by itself, just before the stack does. */
type Running = { arn: string; startedBy?: string; isFinished?: boolean };

/** A stack's folder. */
function folderWith(executions: readonly Running[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-local-'));
  folders.push(folder);
  for (const { arn, startedBy } of executions) {
    const input = JSON.stringify(startedBy ? { [STARTED_BY]: startedBy } : { station_id: 1 });
    const record = { executionArn: arn, name: nameInArn(arn), status: 'RUNNING', input };
    const own = join(folder, 'executions', nameInArn(machineArnOf(arn)), nameInArn(arn));
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'execution.json'), JSON.stringify(record));
  }
  return folder;
}

function end(folder: string, executions: readonly Running[]): void {
  for (const { arn, isFinished } of executions) {
    const file = join(folder, 'executions', nameInArn(machineArnOf(arn)), nameInArn(arn), 'execution.json');
    const record = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...record, status: isFinished ? 'SUCCEEDED' : 'ABORTED' }));
  }
}

type Situation = { running?: boolean; refusal?: Error; executions?: Running[] };

/** Runs the command below a program with its options. @returns what it did and printed, and why it failed */
async function run(args: string[], { running = true, refusal, executions = [] }: Situation = {}) {
  const folder = executions.length > 0 ? folderWith(executions) : '/data';
  const did: unknown[][] = [];
  const whole: string[] = [];
  const printed: string[] = [];
  const facts: unknown[] = [];
  let isThere = running;
  const command = localCommand({
    findRunningStack: async () => (isThere ? STACK : null),
    startStack: async ({ folder, database, onProgress } = {}) => {
      did.push(['start', folder, database]);
      onProgress?.('S3');
      const stop = async () => {
        end(folder ?? '', executions);
        did.push(['end']);
      };
      return { ...STACK, isOwn: true, stop };
    },
    resetStack: async (folder) => void did.push(['reset', folder]),
    fireSchedule: async (...given) => {
      if (refusal) throw refusal;
      did.push(['fire', ...given]);
      return { name: 'fpe-local-rank-nightly', input: '{}', executionArn: REFRESH_ARN };
    },
    runningOn,
    describeEnded,
    untilTold: async () => void did.push(['wait']),
    kill: (pid) => {
      did.push(['kill', pid]);
      end(folder, executions);
      isThere = false;
    },
    print: (text) => printed.push(text),
    printLines: (text) => {
      printed.push(text);
      whole.push(text);
    },
    printJson: (found) => facts.push(found),
  });
  const program = new Command().option('--folder <folder>').addCommand(command);
  const failure = await program.parseAsync(['local', '--folder', folder, ...args], { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { did, printed: printed.join('\n'), whole: whole.join('\n'), facts, failure };
}

describe('fpe local', () => {
  test('starts the stack, shows what it serves, and stops it when it is told to', async () => {
    const { did, printed } = await run([], { running: false });

    expect(did).toEqual([['start', '/data', undefined], ['wait'], ['end']]);
    expect(printed).toContain('Starting S3 …');
    expect(printed).toContain('  Step Functions  http://127.0.0.1:8083');
  });

  test('with --reset empties it first, and not under a running one', async () => {
    const { did } = await run(['--reset'], { running: false });
    const refused = await run(['--reset']);

    expect(did[0]).toEqual(['reset', '/data']);
    expect(refused.failure).toBeInstanceOf(UsageError);
    expect(refused.failure.message).toContain('so its data cannot be reset. Stop it first: ./fpe local stop');
  });

  test('with --reset deletes nothing before it knows that it can use the database', async () => {
    const { did, failure } = await run(['--reset', '--database', 'postgresql://127.0.0.1/fpe'], {
      running: false,
    });

    expect(failure.message).toContain('no user');
    expect(did).toEqual([]);
  });

  test('shows the one that is running, and refuses another database for it', async () => {
    const { did, printed } = await run(['start']);
    const other = await run(['--database', 'postgresql://a:b@127.0.0.1:5432/fpe']);

    expect(did).toEqual([]);
    expect(printed).toMatch(/^The local stack is already running\.\n\nLocal stack: process 4711/);
    expect(other.failure).toBeInstanceOf(UsageError);
    expect(other.failure.message).toContain('with a different database, postgresql://fpe@127.0.0.1:5433/fpe');
  });
});

describe('the end of the stack', () => {
  const OTHER_ARN = TRAIN_ARN.replace('try-1', 'try-2');

  test.each([
    ['fpe local stop', ['stop'], true],
    ['Ctrl-C', [], false],
  ])('by %s tells what it has ended, and how that goes on', async (_, args, running) => {
    const { printed } = await run(args, { running, executions: [{ arn: TRAIN_ARN }] });

    expect(printed).toMatch(
      /1 execution that was still running ended with it: try-1\.\nTo go on, start the stack with \.\/fpe local, then: \.\/fpe redrive try-1$/,
    );
  });

  test('says nothing of what has ended by itself', async () => {
    const { printed } = await run(['stop'], { executions: [{ arn: TRAIN_ARN, isFinished: true }] });

    expect(printed).toBe('Stopped.');
  });

  test('gives a redrive for each, but none for what a refresh starts anew', async () => {
    const { printed } = await run(['stop'], {
      executions: [
        { arn: TRAIN_ARN },
        { arn: OTHER_ARN },
        { arn: REFRESH_ARN },
        { arn: SCORE_ARN, startedBy: REFRESH_ARN },
      ],
    });

    expect(printed).toContain('3 executions that were still running ended with it: ');
    expect(printed).toContain(', with 1 execution of stations that a refresh had started.');
    expect(printed.split('\n').slice(2).sort()).toEqual([
      '  ./fpe redrive nightly-1',
      '  ./fpe redrive try-1',
      '  ./fpe redrive try-2',
    ]);
  });

  test('names by their ARNs what has the name of another', async () => {
    const twin = SCORE_ARN.replace('score-1', 'try-1');

    const { printed } = await run(['stop'], { executions: [{ arn: TRAIN_ARN }, { arn: twin }] });

    expect(printed).toContain(`./fpe redrive ${TRAIN_ARN}`);
    expect(printed).toContain(`./fpe redrive ${twin}`);
  });
});

test.each([
  [['stop', '--reset'], '--reset is for “local start”, and does nothing with “local stop”'],
  [['status', '--database', 'postgresql://a@127.0.0.1/b'], '--database is for “local start”, and'],
  [['stop', '--json'], '--json is for “local status”, and does nothing with “local stop”'],
  [['env', 'nightly'], '“local env” takes no nightly: only fire'],
])('fpe local %j is refused, as nobody shall believe that all of it was done', async (args, message) => {
  const { did, failure } = await run(args);

  expect(failure).toBeInstanceOf(UsageError);
  expect(failure.message).toContain(message);
  expect(did).toEqual([]);
});

describe('fpe local status', () => {
  test('fits the table to the terminal, and keeps whole what is to be copied', async () => {
    const { whole, printed } = await run(['status']);

    expect(printed).toContain('Step Functions  http://127.0.0.1:8083');
    expect(whole).toMatch(/^ {2}export AWS_ACCESS_KEY_ID=/);
    expect(whole).not.toContain('Step Functions');
  });

  test('shows the stack that runs', async () => {
    const { printed } = await run(['status']);

    expect(printed).toMatch(/^Local stack: process 4711, started 2026-11-27T07:05:00.000Z, data in \/data/);
    expect(process.exitCode).toBeUndefined();
  });

  test('ends with 1 and says how to start it where none runs', async () => {
    const { printed } = await run(['status'], { running: false });

    expect(printed).toBe('The local stack is not running on /data. Start it with: ./fpe local');
    expect(process.exitCode).toBe(1);
  });

  test('prints with --json what docs/commands.md says, and no password', async () => {
    const { facts, printed } = await run(['status', '--json']);
    const none = await run(['status', '--json'], { running: false });

    expectDocumented('local', facts[0]);
    expect(JSON.stringify(facts)).not.toContain('hidden');
    expect(none.facts).toEqual([{ running: false, folder: '/data' }]);
    expect(printed + none.printed).toBe('');
  });
});

describe('fpe local stop', () => {
  test('ends the process and waits for its end', async () => {
    const { did, printed } = await run(['stop']);

    expect(did).toEqual([['kill', 4711]]);
    expect(printed).toBe('Stopped.');
  });

  test('has nothing to do where none runs', async () => {
    const { did, printed } = await run(['stop'], { running: false });

    expect(did).toEqual([]);
    expect(printed).toBe('The local stack is not running.');
  });
});

test('fpe local env prints the settings of a shell', async () => {
  const { printed } = await run(['env']);
  const none = await run(['env'], { running: false });

  expect(printed.split('\n')).toEqual([
    'export AWS_ACCESS_KEY_ID=LOCALKEY',
    'export AWS_SECRET_ACCESS_KEY=hidden',
    'export DB_HOST=127.0.0.1',
    'unset AWS_PROFILE',
  ]);
  expect(none.failure).toBeInstanceOf(UsageError);
});

describe('fpe local fire', () => {
  test('starts a schedule with the credentials of the stack, and says how to watch it', async () => {
    const { did, printed } = await run(['fire', 'nightly']);

    const credentials = { accessKeyId: 'LOCALKEY', secretAccessKey: 'hidden' };
    expect(did).toEqual([['fire', 'http://127.0.0.1:8087', 'nightly', credentials]]);
    expect(printed).toContain('Fired fpe-local-rank-nightly with the input {}');
    expect(printed).toContain('To watch it: ./fpe watch nightly-1');
  });

  test.each<[string, string[], { running?: boolean; refusal?: Error }, string]>([
    ['no stack runs', ['fire', 'nightly'], { running: false }, 'The local stack is not running on /data.'],
    ['no schedule is named', ['fire'], {}, 'Which schedule? Choose one of: fpe-local-rank-nightly.'],
    [
      'there is no such schedule',
      ['fire', 'weekly'],
      { refusal: new ApiError('NotFound', 'No weekly') },
      'No weekly',
    ],
  ])('fires nothing where %s', async (_, args, situation, message) => {
    const { did, failure } = await run(args, situation);

    expect(did).toEqual([]);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain(message);
  });
});
