import { DescribeExecutionCommand, ExecutionDoesNotExist, SFNClient } from '@aws-sdk/client-sfn';

/** Whether an execution has not ended yet; one that Step Functions no longer knows has (history is kept 90 days). */
export async function isExecutionRunning(executionArn: string): Promise<boolean> {
  try {
    const { status } = await new SFNClient({}).send(new DescribeExecutionCommand({ executionArn }));
    return status === 'RUNNING' || status === 'PENDING_REDRIVE';
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return false;
    throw error;
  }
}
