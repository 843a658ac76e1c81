import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as notifyFailure } from '../../functions/notify-failure.ts';
import { ConfigurationMissing, RequestRefused } from '../../shared/errors.ts';
import { HOSTILE, startTestTopic, type TestTopic } from '../fixtures/notifications.ts';
import { call } from '../fixtures/run.ts';

let topic: TestTopic;
let arn: string;
beforeAll(async () => {
  topic = await startTestTopic();
  arn = process.env.NOTIFICATION_TOPIC as string;
});
afterAll(() => topic.stop());
beforeEach(() => {
  topic.told = [];
  process.env.NOTIFICATION_TOPIC = arn;
});

const statusChange = {
  version: '0',
  time: '2026-11-26T22:45:37Z',
  region: 'us-west-2',
  detail: {
    executionArn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-prod-train-station:first',
    stateMachineArn: 'arn:aws:states:us-west-2:000000000000:stateMachine:fpe-prod-train-station',
    name: 'first',
    status: 'FAILED',
    startDate: 0,
    stopDate: 1,
    input: '{"station_id":29}',
    inputDetails: { included: true },
    error: HOSTILE,
    cause: JSON.stringify({ errorMessage: HOSTILE }),
  },
};

describe('NotifyFailure', () => {
  test('tells a failure with its cause, whatever is in that', async () => {
    await call(notifyFailure, statusChange);

    expect(topic.told).toHaveLength(1);
    expect(topic.told[0]?.Subject).toMatch(
      /^FPE: station 29, FAILED \(Mill "Brook" \\ \{\} [\x20-\x7e]+\.\.\.$/,
    );
    expect(topic.told[0]?.Message).toContain(`Cause: ${HOSTILE}\n`);
  });

  test('names a topic that is not there', async () => {
    process.env.NOTIFICATION_TOPIC = `${arn}-other`;

    const attempt = call(notifyFailure, statusChange);

    await expect(attempt).rejects.toThrow(RequestRefused);
    await expect(attempt).rejects.toThrow('told-other');
  });

  test('names the setting of the topic where it is missing', async () => {
    delete process.env.NOTIFICATION_TOPIC;

    const attempt = call(notifyFailure, statusChange);

    await expect(attempt).rejects.toThrow(ConfigurationMissing);
    await expect(attempt).rejects.toThrow('NOTIFICATION_TOPIC');
  });
});
