import { expect, test } from '@jest/globals';
import { redriveCommand } from '../../cli/redrive.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { LOCAL, SCORE_ARN } from '../fixtures/local-executions.ts';

/** Runs the command. @returns what it did and printed */
async function run(...args: string[]) {
  return runOn('FAILED', args);
}

async function runOn(status: string, args: string[]) {
  const did: unknown[][] = [];
  const command = redriveCommand({
    connect: async () => ({ connection: LOCAL, machineArns: ['machine'], modelBucket: null }),
    findExecution: async () => SCORE_ARN,
    confirm: async (_, yes, expense) => void did.push(['confirm', yes, (await expense()).what]),
    describeExecution: async () => ({ input: '{"station_id":29}', status }) as never,
    redriveExecution: async (...given) => void did.push(['redrive', ...given]),
    follow: async (...given) => void did.push(['follow', ...given]),
    print: (...given) => did.push(['print', ...given]),
  });
  await command.parseAsync(args, { from: 'user' });
  return did;
}

test('fpe redrive continues an execution and follows it, whichever machine it is of', async () => {
  expect(await run('score-1')).toEqual([
    ['confirm', undefined, 'This continues score-1'],
    ['redrive', SCORE_ARN],
    ['print', 'Redriving score-1.'],
    ['follow', LOCAL, SCORE_ARN],
  ]);
});

test('fpe redrive --detach only continues it', async () => {
  expect(await run('--detach', '--yes')).toEqual([
    ['confirm', true, 'This continues score-1'],
    ['redrive', SCORE_ARN],
    ['print', 'Redriving score-1.'],
    ['print', 'To watch it: ./fpe watch score-1'],
  ]);
});

test.each([
  ['SUCCEEDED', /^score-1 has succeeded: only what has failed, timed out or been stopped can be redriven\./],
  ['RUNNING', /^score-1 is still running: only/],
])('fpe redrive of an execution that is %s says so, and asks for no money', async (status, words) => {
  const attempt = runOn(status, ['score-1']);

  await expect(attempt).rejects.toThrow(UsageError);
  await expect(attempt).rejects.toThrow(words);
});
