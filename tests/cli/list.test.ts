import { describe, expect, test } from '@jest/globals';
import { listCommand } from '../../cli/list.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { LOCAL } from '../fixtures/local-executions.ts';
import { expectDocumented } from '../support/documented-json.ts';

const PREFIX = 'arn:aws:states:us-west-2:123456789012';
const machine = (kind: string) => `${PREFIX}:stateMachine:fpe-dev-${kind}`;
const arnOf = (kind: string, name: string) => `${PREFIX}:execution:fpe-dev-${kind}:${name}`;
const MACHINES = ['train-station', 'refresh-stations'].map(machine);
const minute = (n: number) => new Date(Date.UTC(2026, 0, 2, 3, n));

type Sample = { kind: string; name: string; status: string; from: number; to?: number; described: object };
const refreshOutput = (status: string, counts: object = {}) =>
  JSON.stringify({
    status,
    counts: { stations: 3, train: 1, score: 2, nothing: 0, succeeded: 0, failed: 0, ...counts },
  });
/** Newest first, as Step Functions lists them. */
const SAMPLES: Sample[] = [
  {
    kind: 'train-station',
    name: 'running',
    status: 'RUNNING',
    from: 9,
    described: { input: '{"station_id": 29}' },
  },
  {
    ...{ kind: 'refresh-stations', name: 'nightly', status: 'SUCCEEDED', from: 6, to: 7 },
    described: { input: '{}', output: refreshOutput('refreshed', { succeeded: 2, failed: 1 }) },
  },
  {
    ...{ kind: 'train-station', name: 'trained', status: 'SUCCEEDED', from: 4, to: 8 },
    // Stopped at 5, redriven at 7.
    described: {
      input: '{"station_id": 41}',
      output: '{"model_code": "RANK-FLOW-20260102"}',
      redriveCount: 1,
    },
  },
  {
    ...{ kind: 'refresh-stations', name: 'two', status: 'FAILED', from: 0, to: 1 },
    described: { input: '{"station_ids": [29, 41]}', error: 'DatabaseUnavailable' },
  },
];
const HISTORY = [
  { type: 'ExecutionStarted', timestamp: minute(4) },
  { type: 'ExecutionAborted', timestamp: minute(5) },
  { type: 'ExecutionRedriven', timestamp: minute(7) },
  { type: 'ExecutionSucceeded', timestamp: minute(8) },
];

/** Runs the command with these arguments. @returns what it asked for and what it printed */
async function list(
  args: string[],
  samples: Sample[] | null = SAMPLES,
  {
    columns,
    known = [],
  }: { columns?: number; known?: { id: number; name: string; synthetic: boolean }[] } = {},
) {
  const asked: unknown[][] = [];
  const printed: string[] = [];
  const facts: unknown[] = [];
  const command = listCommand({
    connect: async () => {
      if (samples === null) throw new Error('there is nothing to connect to');
      return { connection: LOCAL, machineArns: MACHINES, modelBucket: null };
    },
    newestExecutions: async (machineArn, ...given) => {
      asked.push([machineArn, ...given]);
      return (samples ?? [])
        .filter(({ kind }) => machineArn === machine(kind))
        .map(({ kind, name, status, from, to }) => ({
          executionArn: arnOf(kind, name),
          ...{ name, status, startDate: minute(from), ...(to !== undefined && { stopDate: minute(to) }) },
        })) as never;
    },
    describeExecution: async (arn) =>
      samples?.find(({ kind, name }) => arnOf(kind, name) === arn)?.described as never,
    executionHistory: async () => HISTORY as never,
    requireAskedStation: async (id) => {
      if (id === 9) throw new UsageError('There is no station 9 in the database.');
    },
    findLocalStations: async () => known,
    columns: () => columns,
    print: (text) => printed.push(text),
    printJson: (found) => facts.push(found),
    now: () => minute(10),
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(args, { from: 'user' });
  return { asked, facts, lines: printed.join('\n').split('\n') };
}

test.each([[[]], [['--json']]])(
  'a station that there is not is refused, where nothing has run for it: %j',
  async (more) => {
    await expect(list(['--station', '9', ...more])).rejects.toThrow(
      new UsageError('There is no station 9 in the database.'),
    );
    const { lines } = await list(['--station', '30']);
    expect(lines).toEqual(['No execution of station 30.']);
  },
);

test('of a training whose job has failed the error is told that the job has told', async () => {
  const described = {
    ...{ input: '{"station_id": 29}', error: 'States.TaskFailed' },
    cause: '{"FailureReason":"AlgorithmError: TrainingDiverged: It diverged, exit code: 1"}',
  };
  const failed = { kind: 'train-station', name: 'nans', status: 'FAILED', from: 0, to: 1, described };

  expect((await list([], [failed])).lines[1]).toMatch(/FAILED +29 +TrainingDiverged /);
  expect((await list(['--json'], [failed])).facts[0]).toMatchObject([
    { error: 'States.TaskFailed', job_error: 'TrainingDiverged' },
  ]);
});

test('a terminal of 60 or 80 columns has the same cells in lines that fit', async () => {
  const cellsIn = (lines: readonly string[]) => lines.join('  ').split(/ {2,}/);
  const { lines: whole } = await list([]);
  for (const columns of [60, 80]) {
    const { lines } = await list([], SAMPLES, { columns });

    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(cellsIn(lines)).toEqual(cellsIn(whole));
  }
  expect((await list([], SAMPLES, { columns: 60 })).lines.slice(0, 4)).toEqual([
    'EXECUTION  MACHINE           STATUS     STATION',
    '  RESULT                 STARTED              DURATION',
    'running    train-station     RUNNING    29',
    '                         2026-01-02 03:09:00  1m 00s',
  ]);
});

test('says which station is synthetic, once one of its executions, or the local database, has told', async () => {
  const of = (name: string, station_id: number, output?: object) => ({
    ...{ kind: 'train-station', name, status: output ? 'SUCCEEDED' : 'RUNNING', from: 9 },
    described: { input: JSON.stringify({ station_id }), ...(output && { output: JSON.stringify(output) }) },
  });
  const station = (synthetic: boolean) => ({ station: { name: 'Mill Brook', synthetic } });
  const samples = [of('a', 1), of('b', 1, station(true)), of('c', 2, station(false)), of('d', 3), of('e', 4)];
  const known = [{ id: 3, name: 'Demo', synthetic: true }];

  const { lines } = await list([], samples, { known });
  const { facts } = await list(['--json'], samples, { known });

  expect(lines.slice(1).map((line) => line.split(/ {2,}/)[3])).toEqual([
    '1, synthetic',
    '1, synthetic',
    '2',
    '3, synthetic',
    '4',
  ]);
  expect(facts[0]).toMatchObject([true, true, false, true, null].map((synthetic) => ({ synthetic })));
});

const namesIn = (lines: string[]) => lines.slice(1).map((line) => line.split(' ')[0]);

describe('fpe list', () => {
  test('shows the newest executions of all machines, with station, result or error, and duration without pauses', async () => {
    const { asked, lines } = await list([]);

    expect(asked).toEqual(MACHINES.map((arn) => [arn, 10, null]));
    expect(lines).toEqual([
      'EXECUTION  MACHINE           STATUS     STATION     RESULT                 STARTED              DURATION',
      'running    train-station     RUNNING    29                                 2026-01-02 03:09:00  1m 00s',
      'nightly    refresh-stations  SUCCEEDED  3 stations  2 succeeded, 1 failed  2026-01-02 03:06:00  1m 00s',
      'trained    train-station     SUCCEEDED  41          RANK-FLOW-20260102     2026-01-02 03:04:00  2m 00s',
      'two        refresh-stations  FAILED     29,41       DatabaseUnavailable    2026-01-02 03:00:00  1m 00s',
    ]);
  });

  test.each([
    ['dry_run', 'a plan: 1 to train, 2 to score'],
    ['already_running', 'nothing: another one was running'],
    ['already_started', 'nothing: it had been started already'],
  ])('tells no outcome of a refresh that ran nothing: %s', async (status, expected) => {
    const described = { input: '{}', output: refreshOutput(status) };

    const { lines } = await list([], [{ ...(SAMPLES[1] as Sample), described }]);

    expect(lines[1]).toContain(`3 stations  ${expected}  2026`);
    expect(lines[1]).not.toContain('succeeded');
  });

  test.each([
    ['29', [29]],
    ['29,41', [29, 41]],
    ['6 stations', [1, 2, 3, 4, 5, 6]],
  ])(
    'tells the stations of a refresh alike while it runs and once it has ended: %s',
    async (expected, station_ids) => {
      const input = JSON.stringify({ station_ids });
      const sample = SAMPLES[1] as Sample;
      const running = { ...sample, name: 'running', status: 'RUNNING', described: { input } };
      const ended = {
        ...sample,
        described: { input, output: refreshOutput('refreshed', { stations: station_ids.length }) },
      };

      const { lines } = await list([], [running, ended]);

      for (const line of lines.slice(1))
        expect(line).toMatch(new RegExp(`(RUNNING|SUCCEEDED) +${expected} `));
    },
  );

  test('counts in a plan the stations that the database does not have', async () => {
    const described = { input: '{}', output: refreshOutput('dry_run', { stations: 5 }) };

    const { lines } = await list([], [{ ...(SAMPLES[1] as Sample), described }]);

    expect(lines[1]).toContain('5 stations  a plan: 1 to train, 2 to score, 2 unknown  2026');
  });

  test('shows as many, and of such a status, as the options say', async () => {
    const { asked, lines } = await list(['-n', '3', '--status', 'FAILED']);
    const none = await list([], []);

    expect(asked).toEqual(MACHINES.map((arn) => [arn, 3, 'FAILED']));
    expect(namesIn(lines)).toEqual(['running', 'nightly', 'trained']);
    expect(none.lines).toEqual(['No execution.']);
  });

  test('shows those of a station, also of refreshes that name it', async () => {
    expect(namesIn((await list(['--station', '29'])).lines)).toEqual(['running', 'two']);
    expect(namesIn((await list(['--station', '41', '-n', '1'])).lines)).toEqual(['trained']);
  });

  test.each([
    ['5m', ['running', 'nightly']],
    ['1h', ['running', 'nightly', 'trained', 'two']],
    ['2026-01-02T03:04:00Z', ['running', 'nightly', 'trained']],
  ])('shows those since %s', async (since, names) => {
    expect(namesIn((await list(['--since', since])).lines)).toEqual(names);
  });

  test.each([
    ['99999999999d', '“99999999999d” is longer ago than there are dates'],
    ['2026-02-31', 'There is no day 2026-02-31'],
    ['2025-02-29T12:00', 'There is no day 2025-02-29'],
    ['2026-13-01', '“2026-13-01” is no age'],
    ['yesterday', '“yesterday” is no age'],
  ])('refuses to show those since %s', async (since, message) => {
    const attempt = list(['--since', since]);

    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(message);
  });

  test('prints with --json what docs/commands.md says', async () => {
    const { facts, lines } = await list(['--json']);

    expectDocumented('list', facts[0]);
    expect(facts[0]).toMatchObject([
      { name: 'running', machine: 'train-station', stations: [29], stopped_at: null, seconds: 60 },
      {
        name: 'nightly',
        stations: null,
        refresh: 'refreshed',
        counts: { stations: 3, succeeded: 2, failed: 1 },
      },
      { name: 'trained', model_code: 'RANK-FLOW-20260102', seconds: 120 },
      { name: 'two', error: 'DatabaseUnavailable', stations: [29, 41] },
    ]);
    expect(lines).toEqual(['']);
  });

  test.each(['0', '-1', '2.5', 'many'])('refuses a count of %s', async (count) => {
    await expect(list([`--count=${count}`])).rejects.toThrow('Expected a whole number above 0.');
  });

  test.each(['yesterday', '5', '5y', '2026-13-01', '-1d'])('refuses the age %s at once', async (age) => {
    const listing = list([`--since=${age}`], null);

    await expect(listing).rejects.toThrow(UsageError);
    await expect(listing).rejects.toThrow(`“${age}” is no age. Expected: 90m, 12h`);
  });
});
