import { afterEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { awaitFinding, meaningOf, SmokeFailed } from '../../cli/smoke/execution.ts';
import type { SmokePlace } from '../../cli/smoke/steps.ts';
import { smokeCommand, smokeTable } from '../../cli/smoke.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { readStage } from '../../config/stage.ts';
import type { StackDescription } from '../../local/running-stack.ts';
import * as errors from '../../shared/errors.ts';
import { expectDocumented } from '../support/documented-json.ts';

describe('the meaning of an error in the first hour', () => {
  test.each([
    ['DatabaseUnavailable', 'security group'],
    ['DatabaseRefused', 'password'],
    ['DatabaseUntrusted', 'dbHost'],
    ['AccessDenied', 'docs/boundary.md'],
    ['SageMaker.AccessDeniedException', 'docs/boundary.md'],
    ['ServiceUnreachable', 'endpoints'],
    ['SageMaker.ResourceLimitExceededException', 'quota'],
    ['NotEnoughPairs', '--station'],
    ['Lambda.AWSLambdaException', 'permissions of the machine'],
    ['States.TaskFailed', 'SageMaker'],
  ])('%s names %s', (error, word) => {
    expect(meaningOf(error)).toContain(word);
  });

  test('is the error’s own where nothing else is known of it', () => {
    expect(meaningOf('ModelCodeExists')).toContain('says itself');
  });

  test('is told of errors that there are', () => {
    const ours = Object.keys(errors);
    const told = ours.filter((name) => !meaningOf(name).includes('says itself'));

    expect(told.length).toBeGreaterThan(10);
  });
});

describe('what is waited for', () => {
  const notYet = (turn: number) => new SmokeFailed(`not yet after turn ${turn}`, 'wait longer');

  test('is looked at again until it is there', async () => {
    let turns = 0;

    const found = await awaitFinding({ limitMs: 60_000, intervalMs: 1 }, async () =>
      ++turns < 3 ? notYet(turns) : `there in turn ${turns}`,
    );

    expect(found).toBe('there in turn 3');
  });

  test('fails as it last did once the time is over', async () => {
    let turns = 0;

    const attempt = awaitFinding({ limitMs: -1, intervalMs: 1 }, async () => notYet(++turns));

    await expect(attempt).rejects.toThrow(SmokeFailed);
    await expect(attempt).rejects.toThrow('not yet after turn 1');
  });

  test('fails at once where waiting does not help', async () => {
    const attempt = awaitFinding({ limitMs: 60_000, intervalMs: 1 }, async () => {
      throw new SmokeFailed('the job has failed', 'see its log');
    });

    await expect(attempt).rejects.toThrow(SmokeFailed);
    await expect(attempt).rejects.toThrow('the job has failed');
  });
});

test('the table has a line for each step, also for those that were not tried', () => {
  const rows = [
    { name: 'wrong-input', status: 'passed', ms: 1200, found: 'InvalidInput' },
    { name: 'failure-email', status: 'failed', ms: 61_000, found: 'nobody has confirmed' },
  ] as const;

  expect(smokeTable(rows)).toEqual([
    'STEP              RESULT     TOOK    FOUND',
    'wrong-input       passed     1.2s    InvalidInput',
    'failure-email     failed     1m 01s  nobody has confirmed',
    'unknown-station   not tried',
    'first-run         not tried',
    'gpu               not tried',
    'stop-and-redrive  not tried',
    'spot              not tried',
    'score-station     not tried',
    'refresh           not tried',
  ]);
});

describe('fpe smoke', () => {
  const environment = { ...process.env };
  afterEach(() => {
    process.env = { ...environment };
    process.exitCode = undefined;
  });

  type Situation = { stack?: boolean; kind?: 'local' | 'endpoint'; status?: 'passed' | 'failed' };

  /** Runs the command. @returns where it tested what, what it printed, and why it failed */
  async function run(args: string[], { stack = true, kind = 'local', status = 'passed' }: Situation = {}) {
    const tested: { steps: string[]; place: SmokePlace }[] = [];
    const asked: unknown[] = [];
    const printed: string[] = [];
    const progress: string[] = [];
    const facts: unknown[] = [];
    const running = { folder: '/data', env: { MODEL_BUCKET: 'local-models' } } as unknown as StackDescription;
    const command = smokeCommand({
      connect: async () => ({ kind, description: 'http://elsewhere' }),
      connectToStage: async (name) => ({
        stage: { ...readStage('example'), stage: name },
        connection: { kind: 'aws', description: 'AWS, us-west-2' },
      }),
      requireStations: async (ids) => {
        if (ids.includes(99)) throw new UsageError('There is no station 99');
      },
      findRunningStack: async () => (stack ? running : null),
      findStateMachine: async (name, _kind, start = '') => `arn:${start}${name}`,
      confirm: async (_, yes, expense) => void asked.push([yes, await expense()]),
      trySteps: async (steps, place) => {
        tested.push({ steps: steps.map(({ name }) => name), place });
        return [{ name: steps[0]?.name as string, status, ms: 10, found: 'something' }];
      },
      stopExecution: async () => undefined,
      columns: () => undefined,
      print: (text) => printed.push(text),
      printProgress: (text) => progress.push(text),
      printJson: (found) => facts.push(found),
      now: () => new Date('2026-11-27T07:05:00Z'),
    });
    const program = new Command().option('--folder <folder>').addCommand(command);
    const failure = await program.parseAsync(['smoke', ...args], { from: 'user' }).then(
      () => null,
      (error) => error,
    );
    return { tested, asked, printed: printed.join('\n'), progress, facts, failure };
  }

  test('tests the local stack with the demo’s station, for nothing', async () => {
    const { tested, asked, printed } = await run([]);

    expect(asked).toEqual([]);
    expect(tested[0]?.place).toMatchObject({
      stage: null,
      machines: { 'train-station': 'arn:train-station', 'refresh-stations': 'arn:refresh-stations' },
      modelBucket: 'local-models',
      stationId: 1,
      codes: 'RANK-SMOKE-20261127-0705',
      notificationsLog: '/data/logs/notifications.log',
    });
    expect(tested[0]?.place.firstRun).toMatchObject({ min_month: 1, max_month: 12 });
    expect(printed).toContain('Everything that was tested works.');
  });

  test.each([
    ['the local stack', []],
    ['a stage', ['--stage', 'prod']],
  ])('tests %s with the station that the input names', async (_, place) => {
    const { tested } = await run([...place, '--input', '{"station_id": 7}']);

    expect(tested[0]?.place.stationId).toBe(7);
  });

  test('tests a stage after it has asked, from the step that is named', async () => {
    const { tested, asked } = await run(['--stage', 'prod', '--station', '29', '--from', 'spot', '--score']);

    expect(asked).toEqual([
      [undefined, { what: 'This tests stage prod', cost: expect.stringContaining('0.50 USD') }],
    ]);
    expect(tested[0]?.steps).toEqual(['spot', 'score-station', 'refresh']);
    expect(tested[0]?.place).toMatchObject({ stationId: 29, scores: true, notificationsLog: null });
    expect(tested[0]?.place.machines['score-station']).toMatch(/^arn:.*-prod-score-station$/);
  });

  test('prints with --json what docs/commands.md says, and its progress elsewhere', async () => {
    const { facts, printed, progress } = await run(['--json', '--from', 'refresh']);

    expectDocumented('smoke', facts[0]);
    expect(facts).toEqual([[{ step: 'refresh', status: 'passed', seconds: 0.01, found: 'something' }]]);
    expect(printed).toBe('');
    expect(progress).toEqual(['\nEverything that was tested works.']);
  });

  test('says after a failure how to go on, and ends with 1', async () => {
    const { printed } = await run([], { status: 'failed' });

    expect(printed).toContain('Once it is fixed, continue with: ./fpe smoke --from wrong-input');
    expect(process.exitCode).toBe(1);
  });

  test('goes on after a failure with all that was given before, from the step that failed', async () => {
    const given = `--stage prod --station 29 --input '{"station_id": 29}' --months 11-2 --score --yes --json`;

    const { progress } = await run(
      [...(given.match(/'.*'|\S+/g) ?? []).map((word) => word.replaceAll("'", '')), '--from', 'gpu'],
      { status: 'failed' },
    );

    expect(progress.at(-1)).toContain(`continue with: ./fpe smoke ${given} --from gpu`);
  });

  test.each<[string, string[], Situation, RegExp]>([
    ['nothing runs', [], { stack: false }, /^The local stack is not running\. .*; or give --stage NAME\.$/],
    [
      'the environment names another endpoint',
      [],
      { kind: 'endpoint' },
      /^The environment names http:\/\/elsewhere/,
    ],
    ['the stack does not have the station', ['--station', '99'], {}, /^There is no station 99/],
    ['the stack does not have the input’s station', ['--input', '99'], {}, /^There is no station 99/],
    [
      'the input is of another station than is named',
      ['--station', '7', '--input', '8'],
      {},
      /^Which station\? The input names 8, and --station 7\. /,
    ],
    ['a stage needs a station', ['--stage', 'prod'], {}, /^Which station\? Give --station ID/],
  ])('tests nothing where %s', async (_, args, situation, message) => {
    const { tested, failure } = await run(args, situation);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toMatch(message);
    expect(tested).toEqual([]);
  });
});
