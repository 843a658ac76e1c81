import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { handler as notifyFailure } from '../../functions/notify-failure.ts';
import { handler as notifySuccess } from '../../functions/notify-success.ts';
import { type Published, type S3, startS3 } from '../../local/s3.ts';
import { noneOf, PHOTO_EXCLUSIONS, PHOTO_FAULTS } from '../../shared/dataset/reasons.ts';
import { InvalidState, RequestRefused } from '../../shared/errors.ts';
import { testScoringRun } from '../fixtures/scoring-run.ts';

/** Names and causes as nobody should write them, and some do. */
const HOSTILE = 'Mill "Brook" \\ {} \\{ \' 😀'.padEnd(1000, 'x');

let sns: S3;
let told: Published[];
beforeAll(async () => {
  sns = await startS3(null, { onPublish: (message) => told.push(message) });
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: sns.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sns.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_SNS: sns.endpoint,
    AWS_REGION: 'us-west-2',
  });
});
afterAll(() => sns.stop());
beforeEach(async () => {
  told = [];
  process.env.NOTIFICATION_TOPIC = await sns.createTopic('told');
});

const call = (handler: (event: never, context: never) => Promise<unknown>, event: unknown) =>
  handler(event as never, {} as never);

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
const scored = () => ({
  run: {
    ...testScoringRun({ id: 29 }, { storage: 'storage', model: 'model' }),
    station: { id: 29, name: HOSTILE, timezone: 'UTC' },
  },
  selection: { removed: 1, left_out: noneOf(PHOTO_EXCLUSIONS) },
  extended: { scored: 2, unreadable: 0, images: 10, remarks: '', faults: noneOf(PHOTO_FAULTS), imagesets: 1 },
});

test('a failure is told with its cause, whatever is in that', async () => {
  await call(notifyFailure, statusChange);

  expect(told).toHaveLength(1);
  expect(told[0]?.Subject).toMatch(/^FPE: station 29, FAILED \(Mill "Brook" \\ \{\} [\x20-\x7e]+\.\.\.$/);
  expect(told[0]?.Message).toContain(`Cause: ${HOSTILE}\n`);
});

test('a scoring is told with the name of its station, whatever is in that', async () => {
  await call(notifySuccess, scored());

  expect(told[0]?.Subject).toBe('FPE: station 29 has new scores');
  expect(told[0]?.Message).toMatch(/^Station 29 \(Mill "Brook" \\ \{\} \\\{ ' 😀x+…\), model RANK-FLOW-/);
});

test('what SNS would refuse is refused by its stand-in as well', async () => {
  const { publishNotification } = await import('../../shared/aws/notifications.ts');

  const sent = publishNotification(process.env.NOTIFICATION_TOPIC as string, {
    subject: 'x'.repeat(100),
    message: 'text',
  });

  await expect(sent).rejects.toThrow(RequestRefused);
  await expect(sent).rejects.toThrow(/Subject/);
});

test('a topic that is not there is named', async () => {
  process.env.NOTIFICATION_TOPIC = `${await sns.createTopic('told')}-other`;

  const attempt = call(notifyFailure, statusChange);

  await expect(attempt).rejects.toThrow(RequestRefused);
  await expect(attempt).rejects.toThrow('told-other');
});

test('what is neither a training nor a scoring is refused', async () => {
  await expect(call(notifySuccess, { run: {} })).rejects.toThrow(InvalidState);
});
