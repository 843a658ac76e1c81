import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { untilLost } from '../../cli/progress/lost-sight.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { follow } from '../../cli/watch.ts';
import {
  AccessDenied,
  ExecutionEnded,
  ServiceFailed,
  ServiceThrottled,
  ServiceUnreachable,
} from '../../shared/errors.ts';

const ARN = 'arn:aws:states:us-west-2:000000000000:execution:fpe-local-train-station:29-one';
const AWS = { kind: 'aws' } as const;
const AGAIN = { watch: `./fpe watch ${ARN}`, redrive: './fpe redrive 29-one' };
const PARTS = { what: 'what', where: 'where', found: 'found', expected: 'expected', fix: 'fix' };

describe('watching', () => {
  test.each([
    new ServiceUnreachable(PARTS),
    new ServiceThrottled(PARTS),
    new ServiceFailed(PARTS),
    new AccessDenied(PARTS), // the credentials have run out, or are those of an earlier start of the stack
  ])('ends with the command to go on with after %s', async (error) => {
    const watched = untilLost(AWS, AGAIN, () => Promise.reject(error));

    await expect(watched).rejects.toThrow(UsageError);
    await expect(watched).rejects.toThrow(error.message);
    await expect(watched).rejects.toThrow(AGAIN.watch);
  });

  test.each([new ServiceUnreachable(PARTS), new AccessDenied(PARTS)])(
    'of a local stack that has ended, or was started anew, ends with how to go on there: %s',
    async (error) => {
      const watched = untilLost({ kind: 'local' }, AGAIN, () => Promise.reject(error));

      await expect(watched).rejects.toThrow(UsageError);
      await expect(watched).rejects.toThrow(
        'The local stack has ended, and this execution with it. To go on, start the stack with ./fpe local, then: ./fpe redrive 29-one',
      );
    },
  );

  test('passes what it has seen, and errors of another kind', async () => {
    const ended = new ExecutionEnded(PARTS);

    expect(await untilLost(AWS, AGAIN, async () => 'seen')).toBe('seen');
    await expect(untilLost(AWS, AGAIN, () => Promise.reject(ended))).rejects.toBe(ended);
  });
});

describe('an execution whose endpoint goes away', () => {
  const environment = { ...process.env };
  afterEach(() => {
    process.env = environment;
  });

  test('is not watched for ever', async () => {
    const answers: Record<string, object> = {
      DescribeStateMachineForExecution: { definition: '{"StartAt":"A","States":{"A":{"Type":"Task"}}}' },
      DescribeExecution: { status: 'RUNNING', executionArn: ARN },
      GetExecutionHistory: { events: [] },
    };
    let asked = 0;
    const server = createServer((request, response) => {
      asked += 1;
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) as string;
      response.setHeader('connection', 'close');
      response.end(JSON.stringify(answers[operation]));
      if (operation === 'GetExecutionHistory') server.close();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_SFN: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    });

    const watched = follow({ kind: 'endpoint', description: '' }, ARN);

    await expect(watched).rejects.toThrow(UsageError);
    await expect(watched).rejects.toThrow('Step Functions');
    expect(asked).toBe(3);
    expect(process.listenerCount('SIGINT')).toBe(0);
  }, 90_000);
});
