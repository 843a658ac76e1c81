import * as z from 'zod';
import { setting } from '../shared/aws/configuration.ts';
import { runningExecutions } from '../shared/aws/executions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { logger } from '../shared/aws/logger.ts';
import { publishOldestExecution } from '../shared/aws/metrics.ts';
import { type LateExecution, lateExecutions, oldestHours } from '../shared/execution/late-executions.ts';

const event = z.object({ machines: z.array(z.string().startsWith('arn:')) });

/**
 * Checks how long executions have been running, and writes the longest time as a metric that an alarm watches: Step Functions
 * itself reports durations only when an execution ends. Called on a schedule of its own, because a refresh may be what does not
 * end, and schedules of refreshes may be off.
 */
export const handler = lambdaHandler(event, async ({ machines }): Promise<{ late: LateExecution[] }> => {
  const running = await runningExecutions(machines);
  const now = Date.now();
  publishOldestExecution(oldestHours(running, now));
  const late = lateExecutions(running, Number(setting('MAX_RUN_HOURS')), now);
  for (const execution of late) logger.warn('an execution is older than expected', { ...execution });
  return { late };
});
