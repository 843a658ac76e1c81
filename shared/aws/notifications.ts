import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { withOpenAddresses } from '../formats/open-addresses.ts';
import type { Notification } from '../notifications/notification.ts';
import { optionalSetting } from './configuration.ts';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

let client: SNSClient | undefined;

/** Sends it to every subscriber of the topic, with addresses that can be opened where it is sent. @throws ServiceUnreachable, AccessDenied */
export async function publishNotification(
  topicArn: string,
  { subject, message }: Notification,
): Promise<void> {
  client ??= serviceClient(SNSClient, { patienceMs: SHORT_PATIENCE_MS });
  const Message = withOpenAddresses(message, optionalSetting('AWS_ENDPOINT_URL_S3'));
  await client.send(new PublishCommand({ TopicArn: topicArn, Subject: subject, Message }));
}
