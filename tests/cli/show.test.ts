import { describe, expect, test } from '@jest/globals';
import { showCommand } from '../../cli/show.ts';
import { LOCAL, TRAIN_ARN } from '../fixtures/local-executions.ts';
import { expectDocumented } from '../support/documented-json.ts';

const EXECUTION = {
  executionArn: TRAIN_ARN,
  status: 'FAILED',
  startDate: new Date(0),
  stopDate: new Date(95_000),
  input: '{"station_id":29}',
  error: 'NotEnoughPairs',
  cause: '{"errorType":"NotEnoughPairs","errorMessage":"There are too few pairs"}',
};
const HISTORY = [
  { type: 'ExecutionStarted', timestamp: new Date(0) },
  { type: 'TaskStateEntered', timestamp: new Date(0), stateEnteredEventDetails: { name: 'SplitPairs' } },
  { type: 'LambdaFunctionFailed', lambdaFunctionFailedEventDetails: { error: 'NotEnoughPairs' } },
  {
    type: 'ExecutionFailed',
    timestamp: new Date(95_000),
    executionFailedEventDetails: { error: 'NotEnoughPairs' },
  },
];

async function run(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const command = showCommand({
    connect: async () => ({ connection: LOCAL, machineArns: [], modelBucket: null }),
    findExecution: async () => TRAIN_ARN,
    describeExecution: async () => ({ ...EXECUTION, $metadata: { requestId: 'a' } }) as never,
    executionHistory: async () => HISTORY as never,
    watchedStates: async () => ['ExportStation', 'SplitPairs', 'TrainModel'],
    print: (text) => printed.push(text),
    printJson: (facts) => printed.push(JSON.stringify(facts)),
    now: () => new Date(200_000),
  });
  await command.parseAsync(args, { from: 'user' });
  return printed.join('\n');
}

describe('fpe show', () => {
  test('tells of the states, the input and the end of an execution', async () => {
    const lines = (await run('try-1')).split('\n');

    expect(lines.slice(0, 2)).toEqual([TRAIN_ARN, 'Input: {"station_id":29}']);
    expect(lines).toContainEqual(expect.stringMatching(/SplitPairs +1m 35s +NotEnoughPairs$/));
    expect(lines).toContainEqual(expect.stringMatching(/ExportStation +skipped$/));
    expect(lines).toContain('It failed in SplitPairs after 1m 35s.');
    expect(lines).toContain('  There are too few pairs');
  });

  test('with --json prints the description alone', async () => {
    const described = JSON.parse(await run('--json'));

    expectDocumented('show', described);
    expect(described).toEqual({
      ...EXECUTION,
      startDate: '1970-01-01T00:00:00.000Z',
      stopDate: '1970-01-01T00:01:35.000Z',
    });
  });
});
