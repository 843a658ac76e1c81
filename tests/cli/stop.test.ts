import { expect, test } from '@jest/globals';
import { stopCommand } from '../../cli/stop.ts';
import { LOCAL, REFRESH_ARN, TRAIN_ARN } from '../fixtures/local-executions.ts';

/** Runs the command. @returns what it stopped and printed */
async function run(args: string[], { arn = TRAIN_ARN, status = 'RUNNING' } = {}) {
  const stopped: unknown[][] = [];
  const printed: string[] = [];
  const command = stopCommand({
    connect: async () => ({ connection: LOCAL, machineArns: ['machine'], modelBucket: null }),
    findExecution: async () => arn,
    describeExecution: async () => ({ status }) as never,
    stopExecution: async (...given) => void stopped.push(given),
    print: (text) => printed.push(text),
  });
  await command.parseAsync(args, { from: 'user' });
  return { stopped, printed };
}

test.each([
  ['train-station', TRAIN_ARN, 'try-1'],
  ['refresh-stations', REFRESH_ARN, 'nightly-1'],
])('fpe stop ends an execution of %s, and says how it goes on', async (_, arn, name) => {
  const { stopped, printed } = await run([name, '--cause', 'a wrong month'], { arn });

  expect(stopped).toEqual([[arn, 'a wrong month']]);
  expect(printed).toEqual([`Stopped ${name}. To continue it: ./fpe redrive ${name}`]);
});

test('fpe stop leaves what has ended as it is', async () => {
  const { stopped, printed } = await run([], { status: 'SUCCEEDED' });

  expect(stopped).toEqual([]);
  expect(printed).toEqual(['try-1 is not running: it is SUCCEEDED.']);
});
