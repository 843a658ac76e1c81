import { expect, test } from '@jest/globals';
import { watchCommand } from '../../cli/watch.ts';
import { LOCAL, REFRESH_ARN } from '../fixtures/local-executions.ts';

test('fpe watch follows the execution that is named', async () => {
  const did: unknown[][] = [];
  const command = watchCommand({
    connect: async () => ({ connection: LOCAL, machineArns: ['one', 'two'], modelBucket: null }),
    findExecution: async (...given) => {
      did.push(['find', ...given]);
      return REFRESH_ARN;
    },
    follow: async (...given) => void did.push(['follow', ...given]),
  });

  await command.parseAsync(['nightly-1'], { from: 'user' });

  expect(did).toEqual([
    ['find', 'nightly-1', ['one', 'two']],
    ['follow', LOCAL, REFRESH_ARN],
  ]);
});
