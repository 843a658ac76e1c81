import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Notification } from '../notifications/notification.ts';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

let client: SNSClient | undefined;

/** Sends it to every subscriber of the topic. @throws ServiceUnreachable, AccessDenied */
export async function publishNotification(
  topicArn: string,
  { subject, message }: Notification,
): Promise<void> {
  client ??= serviceClient(SNSClient, { patienceMs: SHORT_PATIENCE_MS });
  await client.send(new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: message }));
}
