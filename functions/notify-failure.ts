import { setting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishNotification } from '../shared/aws/notifications.ts';
import { failureNotification, statusChange } from '../shared/notifications/execution-notifications.ts';

/**
 * Tells people of an execution that ended badly. EventBridge calls it with the event as it is: a template of its own would put
 * quotes, backslashes and line breaks of an error between those of the message.
 */
export const handler = lambdaHandler(statusChange, async (change): Promise<void> => {
  await publishNotification(setting('NOTIFICATION_TOPIC'), failureNotification(change));
});
