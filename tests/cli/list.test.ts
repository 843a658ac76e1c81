import { expect, test } from '@jest/globals';
import { listCommand } from '../../cli/list.ts';

const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:fpe-dev-train-station';
const minute = (n: number) => new Date(Date.UTC(2026, 0, 2, 3, n));
const EXECUTIONS = [
  { executionArn: 'running', name: 'station-29', status: 'RUNNING', startDate: minute(4) },
  {
    executionArn: 'trained',
    name: 'station-41',
    status: 'SUCCEEDED',
    startDate: minute(0),
    stopDate: minute(2),
  },
  {
    executionArn: 'refresh',
    name: 'nightly',
    status: 'SUCCEEDED',
    startDate: minute(0),
    stopDate: minute(1),
  },
  { executionArn: 'planned', name: 'two', status: 'FAILED', startDate: minute(0), stopDate: minute(1) },
];
const DESCRIBED: Record<string, { input?: string; output?: string }> = {
  running: { input: '{"station_id": 29}' },
  trained: { input: '{"station_id": 41}', output: '{"model_code": "RANK-FLOW-20260102"}' },
  refresh: { input: '{}', output: '{"counts": {"stations": 3, "succeeded": 2, "failed": 1}}' },
  planned: { input: '{"station_ids": [29, 41]}' },
};

/** Runs the command with these arguments. @returns what it asked for and what it printed */
async function list(args: string[], executions: object[] = EXECUTIONS) {
  const asked: unknown[][] = [];
  const printed: string[] = [];
  const command = listCommand({
    connect: async () => ({ stateMachineArn: MACHINE }),
    newestExecutions: async (...given) => {
      asked.push(given);
      return executions as never;
    },
    describeExecution: async (arn) => DESCRIBED[arn] as never,
    print: (text) => printed.push(text),
    now: () => minute(5),
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(args, { from: 'user' });
  return { asked, lines: printed.join('\n').split('\n') };
}

test('the newest executions stand in a table, with station, result and duration', async () => {
  const { asked, lines } = await list([]);

  expect(asked).toEqual([[MACHINE, 10, null]]);
  expect(lines).toEqual([
    'EXECUTION   STATUS     STATION     RESULT                 STARTED              DURATION',
    'station-29  RUNNING    29                                 2026-01-02 03:04:00  1m 00s',
    'station-41  SUCCEEDED  41          RANK-FLOW-20260102     2026-01-02 03:00:00  2m 00s',
    'nightly     SUCCEEDED  3 stations  2 succeeded, 1 failed  2026-01-02 03:00:00  1m 00s',
    'two         FAILED     29,41                              2026-01-02 03:00:00  1m 00s',
  ]);
});

test('how many, and which, is asked for as the options say', async () => {
  const { asked, lines } = await list(['-n', '3', '--status', 'FAILED'], []);

  expect(asked).toEqual([[MACHINE, 3, 'FAILED']]);
  expect(lines).toEqual(['No execution.']);
});

test.each([['0'], ['-1'], ['2.5'], ['many']])('a count of %s is refused', async (count) => {
  await expect(list([`--count=${count}`])).rejects.toThrow('Expected a whole number above 0.');
});
