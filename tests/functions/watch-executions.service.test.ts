import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { handler } from '../../functions/watch-executions.ts';
import { ConfigurationMissing } from '../../shared/errors.ts';
import { call } from '../fixtures/run.ts';

const HOUR_S = 3600;
const machine = (name: string) => `arn:aws:states:us-west-2:000000000000:stateMachine:fpe-prod-${name}`;
const machines = [machine('train-station'), machine('score-station')];

let stepFunctions: Server;
/** ARN of a machine → hours for which its executions have been running. */
let hours: Record<string, number[]> = {};
beforeAll(async () => {
  stepFunctions = createServer(async (request, response) => {
    const { stateMachineArn, statusFilter } = (await json(request)) as Record<string, string>;
    const executions = (hours[stateMachineArn as string] ?? []).map((hour, index) => ({
      executionArn: `${stateMachineArn?.replace('stateMachine', 'execution')}:${index}`,
      startDate: Date.now() / 1000 - hour * HOUR_S,
    }));
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify({ executions: statusFilter === 'RUNNING' ? executions : [] }));
  });
  await new Promise<void>((resolve) => {
    stepFunctions.listen(0, '127.0.0.1', resolve);
  });
  const { port } = stepFunctions.address() as { port: number };
  Object.assign(process.env, { AWS_ENDPOINT_URL_SFN: `http://127.0.0.1:${port}`, MAX_RUN_HOURS: '12' });
});
afterAll(() => {
  stepFunctions.closeAllConnections();
  stepFunctions.close();
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env.MAX_RUN_HOURS = '12';
});

/** What one call answers, and the metrics that it adds. */
async function watched() {
  const add = jest.spyOn(Metrics.prototype, 'addMetric');
  const answer = await call(handler, { machines });
  return { answer, metrics: add.mock.calls.map(([name, , value]) => [name, value]) };
}

test('how long the oldest execution runs is told while it runs, and which ones are late', async () => {
  hours = { [machines[0] as string]: [1, 30], [machines[1] as string]: [13] };

  const { answer, metrics } = await watched();

  expect(metrics).toEqual([['OldestExecutionHours', expect.closeTo(30, 1)]]);
  expect(answer).toEqual({
    late: [
      { execution_arn: expect.stringMatching(/execution:fpe-prod-train-station:1$/), hours: 30 },
      { execution_arn: expect.stringMatching(/execution:fpe-prod-score-station:0$/), hours: 13 },
    ],
  });
});

test('that nothing runs is told as well', async () => {
  hours = {};

  expect(await watched()).toEqual({ answer: { late: [] }, metrics: [['OldestExecutionHours', 0]] });
});

test('without the hours of the stage it fails by name', async () => {
  delete process.env.MAX_RUN_HOURS;

  await expect(call(handler, { machines })).rejects.toThrow(ConfigurationMissing);
});
