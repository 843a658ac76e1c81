import { setting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishNotification } from '../shared/aws/notifications.ts';
import { failureNotification, statusChange } from '../shared/notifications/execution-notifications.ts';

/**
 * Notifies people of an execution that failed. EventBridge passes it the event unchanged: an input template would mix quotes,
 * backslashes and line breaks of an error with those of the message.
 */
export const handler = lambdaHandler(statusChange, async (change): Promise<void> => {
  await publishNotification(setting('NOTIFICATION_TOPIC'), failureNotification(change));
});
