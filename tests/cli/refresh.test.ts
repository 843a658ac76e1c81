import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { executionSummary } from '../../cli/progress/execution-summary.ts';
import { refreshCommand, refreshInputOf } from '../../cli/refresh.ts';
import { parseStationIds } from '../../cli/stations-file.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { InvalidInput } from '../../shared/errors.ts';
import { LOCAL, REFRESH_ARN, REFRESH_MACHINE, TRAIN_MACHINE } from '../fixtures/local-executions.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-refresh-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file of stations', () => {
  test.each([
    ['one id in each line', '29\n41\n', [29, 41]],
    ['no line feed at its end', '29\n41', [29, 41]],
    ['lines of Windows and a mark at its start', '\ufeff29\r\n41\r\n', [29, 41]],
    ['comments and blank lines', '# Massachusetts\n29 # Mill Brook\n\n  41  \n', [29, 41]],
    ['a station twice', '29\n41\n29\n', [29, 41]],
  ])('may have %s', (_, text, expected) => {
    expect(parseStationIds(text, 'stations.txt')).toEqual(expected);
  });

  test('that holds something else is refused with every such line', () => {
    const parse = () => parseStationIds('29\nMill Brook\n0\n29, 41\n', 'stations.txt');

    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(
      'stations.txt has lines that are not station ids: line 2 (Mill Brook), line 3 (0), line 4 (29, 41).',
    );
  });

  test('that has nothing but something else is quoted in part', () => {
    const text = Array.from({ length: 200 }, (_, index) => `${'word '.repeat(60)}${index}`).join('\n');

    const refuse = () => parseStationIds(text, 'README.md');

    expect(refuse).toThrow(/line 1 \(word word .{0,40}\), line 2 .* and 195 more\. Expected/);
  });

  test('that names no station is refused, so that it does not mean all of them', () => {
    expect(() => parseStationIds('# none yet\n', 'stations.txt')).toThrow('stations.txt names no station');
  });
});

describe('the input of a refresh', () => {
  test('is what the options say, over what is given as JSON', () => {
    const file = join(folder, 'stations.txt');
    writeFileSync(file, '29\n41\n');

    const input = refreshInputOf(
      { mode: 'train', train: { n_epochs: 5 } },
      { stations: file, mode: 'score', minNewPairs: 0, maxTrainingJobs: 3, dryRun: true },
    );

    expect(input).toEqual({
      station_ids: [29, 41],
      mode: 'score',
      min_new_pairs: 0,
      max_training_jobs: 3,
      train: { n_epochs: 5 },
      dry_run: true,
    });
  });

  test('is empty where nothing is given: all stations, as they need it', () => {
    expect(refreshInputOf({}, {})).toEqual({});
  });

  test('trains without ImageNet weights where it is told to, at every station', () => {
    expect(refreshInputOf({ stations: { 29: { pretrained: true } } }, { pretrained: 'false' })).toEqual({
      train: { pretrained: false },
      stations: { 29: { pretrained: false } },
    });
    expect(refreshInputOf({ train: { n_epochs: 9 } }, { pretrained: 'true' })).toEqual({
      train: { n_epochs: 9, pretrained: true },
    });
  });

  test('is checked before anything starts', () => {
    expect(() => refreshInputOf({}, { concurrency: 41 })).toThrow(InvalidInput);
    expect(() => refreshInputOf({}, { stations: join(folder, 'nowhere.txt') })).toThrow('There is no file');
    expect(() => refreshInputOf({}, { stations: '-' })).toThrow(
      'Standard input (-) is not read here. Give a file with one station id per line (--stations).',
    );
  });
});

describe('fpe refresh', () => {
  /** Runs the command. @returns what it did and printed */
  async function run(...args: string[]) {
    const did: unknown[][] = [];
    const command = refreshCommand({
      connect: async (command, kind) => ({
        connection: LOCAL,
        stateMachineArn: String(command.optsWithGlobals().machine ?? process.env.FPE_STATE_MACHINE ?? kind),
      }),
      confirm: async (_, yes, expense) => void did.push(['confirm', yes, await expense()]),
      requireRefreshNeeds: async (...needs) => void did.push(['needs', ...needs]),
      findExecutionOutcome: async (arn) => (arn.endsWith(':used') ? ({} as never) : null),
      startExecution: async (...given) => {
        did.push(['start', ...given]);
        return REFRESH_ARN;
      },
      follow: async (...given) => void did.push(['follow', ...given]),
      print: (...given) => did.push(['print', ...given]),
    });
    const program = new Command().option('--machine <name>').addCommand(command);
    await program.parseAsync(['refresh', ...args], { from: 'user' });
    return did;
  }

  test('refuses to start another machine', async () => {
    const refused = run('--machine', TRAIN_MACHINE);

    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(
      'fpe refresh starts refresh-stations, and --machine names fpe-local-train-station.',
    );
  });

  test('starts the machine of refreshes beside that of FPE_STATE_MACHINE', async () => {
    process.env.FPE_STATE_MACHINE = TRAIN_MACHINE;
    try {
      const started = (await run('--yes')).find(([what]) => what === 'start');

      expect(started?.[1]).toBe(REFRESH_MACHINE);
    } finally {
      delete process.env.FPE_STATE_MACHINE;
    }
  });

  test('starts a refresh with what is given, and follows it', async () => {
    expect(await run('{"mode": "train"}', '--concurrency', '2', '--name', 'nightly-1')).toEqual([
      [
        'needs',
        { mode: 'train', concurrency: 2 },
        'The input',
        {
          without: `./fpe refresh '{"mode": "train"}' --concurrency 2 --name nightly-1 --pretrained false`,
          scoring: `./fpe refresh '{"mode": "train"}' --concurrency 2 --name nightly-1 --mode score`,
        },
      ],
      [
        'confirm',
        undefined,
        { what: 'This starts refresh-stations', cost: expect.stringContaining('20 trainings') },
      ],
      ['start', 'refresh-stations', { mode: 'train', concurrency: 2 }, 'nightly-1'],
      ['print', 'Started nightly-1 in the local stack.'],
      ['follow', LOCAL, REFRESH_ARN],
    ]);
  });

  test('proposes without weights a refresh by the same rules', async () => {
    const rules = ['--mode', 'train', '--min-new-pairs', '9', '--max-training-jobs', '3'];
    const others = ['--max-model-age-days', '90', '--concurrency', '2', '--detach', '--yes'];

    const [needs] = await run(...rules, '--pretrained', 'true', ...others);

    const { without, scoring } = (needs as unknown[]).at(-1) as { without: string; scoring: string };
    expect(without).toBe(`./fpe refresh ${[...rules, ...others].join(' ')} --pretrained false`);
    expect(scoring).toMatch(/^\.\/fpe refresh .*--min-new-pairs 9 .*--detach --yes --mode score$/);
    expect(scoring).not.toContain('--mode train');
  });

  test('proposes no name that an execution has already', async () => {
    const [used] = await run('--name', 'used', '--detach');
    const [fresh] = await run('--name', 'fresh', '--detach');

    expect((used as unknown[]).at(-1)).toMatchObject({ scoring: './fpe refresh --detach --mode score' });
    expect((fresh as unknown[]).at(-1)).toMatchObject({
      scoring: './fpe refresh --name fresh --detach --mode score',
    });
  });

  test('names what its stations come from', async () => {
    const file = join(folder, 'some.txt');
    writeFileSync(file, '29\n');

    const [listed] = await run('--stations', file, '--dry-run');
    const [named] = await run('29', '--dry-run');

    expect([listed?.[2], named?.[2]]).toEqual([file, 'The input']);
  });

  test('takes the id of a station, as fpe start does', async () => {
    const [, started] = (await run('29', '--dry-run')).filter(([what]) => what !== 'confirm');

    expect(started).toEqual(['start', 'refresh-stations', { station_ids: [29], dry_run: true }, null]);
  });

  test('with --dry-run costs nothing, so that nobody is asked', async () => {
    expect((await run('--dry-run')).map(([what]) => what)).toEqual(['needs', 'start', 'print', 'follow']);
  });

  test('with --detach says how to watch it', async () => {
    expect((await run('--detach')).at(-1)).toEqual(['print', 'To watch it: ./fpe watch nightly-1']);
  });
});

test('the summary of a refresh has a line for each station, and counts', () => {
  const row = (station_id: number, change: object) => ({
    station_id,
    station_name: 'Mill Brook',
    action: 'score',
    reason: 'It has 9 new photos.',
    outcome: 'succeeded',
    detail: '9 photos scored',
    execution_arn: 'arn',
    ...change,
  });
  const output = JSON.stringify({
    refresh_id: 'r',
    status: 'refreshed',
    note: 'Started by hand.',
    counts: { stations: 3, train: 1, score: 1, nothing: 1, succeeded: 1, failed: 1 },
    stations: [
      row(29, {}),
      row(41, { action: 'train', outcome: 'failed', detail: 'NotEnoughPairs: There are too few.' }),
      row(42, {
        action: 'nothing',
        reason: 'It has no annotation pairs for FLOW_CFS.',
        outcome: 'none',
        execution_arn: null,
      }),
    ],
    stations_left_out: 0,
    result_uri: 's3://models/rank/refreshes/r/result.csv',
  });

  const text = executionSummary(
    { startDate: new Date(0), stopDate: new Date(95_000), status: 'SUCCEEDED', output } as never,
    [],
  );

  expect(text.split('\n').slice(2)).toEqual([
    'Started by hand.',
    '',
    '  Station 29 (Mill Brook): score succeeded. 9 photos scored',
    '  Station 41 (Mill Brook): train failed. NotEnoughPairs: There are too few.',
    '  Station 42 (Mill Brook): nothing. It has no annotation pairs for FLOW_CFS.',
    '',
    'Stations  3: 1 to train, 1 to score, 1 to leave alone',
    'Outcome   1 succeeded, 1 failed',
    'Table     s3://models/rank/refreshes/r/result.csv',
  ]);
  const planned = {
    status: 'SUCCEEDED',
    output: output.replace('refreshed', 'dry_run'),
    startDate: new Date(0),
  };
  expect(executionSummary(planned as never, [])).not.toContain('Outcome');
  const more = { ...planned, output: planned.output.replace('"stations":3', '"stations":4') };
  expect(executionSummary(more as never, [])).toContain(
    'Stations  4: 1 to train, 1 to score, 1 to leave alone, 1 that the database does not have',
  );
  const local = { status: 'SUCCEEDED', output, executionArn: REFRESH_ARN, startDate: new Date(0) };
  expect(executionSummary(local as never, [])).toMatch(/^Table {5}\.\/fpe open table nightly-1$/m);
});
