import { Metrics } from '@aws-lambda-powertools/metrics';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { handler } from '../../functions/watch-executions.ts';
import { ConfigurationMissing } from '../../shared/errors.ts';
import { call } from '../fixtures/run.ts';
import { startTestStepFunctions, type TestStepFunctions } from '../services/step-functions.ts';

const HOUR_S = 3600;
const machine = (name: string) => `arn:aws:states:us-west-2:000000000000:stateMachine:fpe-prod-${name}`;
const machines = [machine('train-station'), machine('score-station')];

let stepFunctions: TestStepFunctions;
beforeAll(async () => {
  stepFunctions = await startTestStepFunctions();
});
afterAll(() => stepFunctions.stop());
beforeEach(() => {
  stepFunctions.running = [];
  process.env.MAX_RUN_HOURS = '12';
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** An execution that has been running for so many hours. */
const runningFor = (hours: number, name: string, index: number) => ({
  executionArn: `${machine(name).replace('stateMachine', 'execution')}:${index}`,
  stateMachineArn: machine(name),
  startDate: Date.now() / 1000 - hours * HOUR_S,
});

/** What one call answers, and the metrics that it adds. */
async function watched() {
  const add = jest.spyOn(Metrics.prototype, 'addMetric');
  const answer = await call(handler, { machines });
  return { answer, metrics: add.mock.calls.map(([name, , value]) => [name, value]) };
}

test('how long the oldest execution runs is told while it runs, and which ones are late', async () => {
  stepFunctions.running = [
    runningFor(1, 'train-station', 0),
    runningFor(30, 'train-station', 1),
    runningFor(13, 'score-station', 0),
    runningFor(99, 'refresh-stations', 0),
  ];

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
  expect(await watched()).toEqual({ answer: { late: [] }, metrics: [['OldestExecutionHours', 0]] });
});

test('without the hours of the stage it fails by name', async () => {
  delete process.env.MAX_RUN_HOURS;

  const attempt = call(handler, { machines });

  await expect(attempt).rejects.toThrow(ConfigurationMissing);
  await expect(attempt).rejects.toThrow('MAX_RUN_HOURS');
});
