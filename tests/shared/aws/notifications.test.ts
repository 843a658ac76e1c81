import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { publishNotification } from '../../../shared/aws/notifications.ts';
import { RequestRefused } from '../../../shared/errors.ts';
import { startTestTopic, type TestTopic } from '../../fixtures/notifications.ts';

let topic: TestTopic;
beforeAll(async () => {
  topic = await startTestTopic();
});
afterAll(() => topic.stop());

test('what SNS would refuse is refused by its stand-in as well', async () => {
  const sent = publishNotification(process.env.NOTIFICATION_TOPIC as string, {
    subject: 'x'.repeat(100),
    message: 'text',
  });

  await expect(sent).rejects.toThrow(RequestRefused);
  await expect(sent).rejects.toThrow(/Subject/);
});
