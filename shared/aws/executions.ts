import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  DescribeStateMachineForExecutionCommand,
  type ExecutionListItem,
  type ExecutionStatus,
  type HistoryEvent,
  paginateGetExecutionHistory,
  paginateListExecutions,
  paginateListStateMachines,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { ExecutionEnded, RequestRefused } from '../errors.ts';
import type { RunningExecution } from '../execution/late-executions.ts';
import { isStillRunning } from '../execution/status.ts';
import { parseJson } from '../formats/json.ts';
import { shorten } from '../formats/shortened-text.ts';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

export type { DescribeExecutionOutput, ExecutionListItem, HistoryEvent };

let client: SFNClient | undefined;

function stepFunctions(): SFNClient {
  client ??= serviceClient(SFNClient, { patienceMs: SHORT_PATIENCE_MS });
  return client;
}

/**
 * Whether an execution is still running; one that Step Functions no longer knows has ended (history is kept 90 days).
 *
 * @throws ServiceUnreachable
 */
export async function isExecutionRunning(executionArn: string): Promise<boolean> {
  try {
    const { status } = await describeExecution(executionArn);
    return isStillRunning(status);
  } catch (error) {
    if (isUnknown(error)) return false;
    throw error;
  }
}

/**
 * What an execution can still do: a redrivable one failed or was stopped and can be continued (14 days in AWS); one that Step
 * Functions no longer knows is over.
 */
export async function executionPhase(
  executionArn: string,
): Promise<'running' | 'succeeded' | 'redrivable' | 'over'> {
  try {
    const { status, redriveStatus } = await describeExecution(executionArn);
    if (isStillRunning(status)) return 'running';
    if (status === 'SUCCEEDED') return 'succeeded';
    return redriveStatus === 'REDRIVABLE' ? 'redrivable' : 'over';
  } catch (error) {
    if (isUnknown(error)) return 'over';
    throw error;
  }
}

/**
 * The last check before something is published: after an execution is stopped, everything must stay as it was.
 *
 * @throws ExecutionEnded, ServiceUnreachable
 */
export async function requireExecutionRunning(executionArn: string): Promise<void> {
  if (await isExecutionRunning(executionArn)) return;
  throw new ExecutionEnded({
    what: 'The execution has ended before this was published',
    where: executionArn,
    found: 'an execution that was stopped, has failed or has timed out',
    expected: 'one that runs',
    fix: 'redrive the execution if it should be published after all',
  });
}

/** An execution's description with its output parsed; null if Step Functions does not know it. */
export async function findExecutionOutcome(executionArn: string) {
  try {
    const { status, error, cause, output } = await describeExecution(executionArn);
    return {
      execution_arn: executionArn,
      status: String(status),
      error: error ?? null,
      cause: cause ?? null,
      output: parseJson(output ?? 'null'),
    };
  } catch (error) {
    if (isUnknown(error)) return null;
    throw error;
  }
}

const isUnknown = (error: unknown): boolean =>
  error instanceof RequestRefused && error.code === 'ExecutionDoesNotExist';

export const describeExecution = (executionArn: string): Promise<DescribeExecutionOutput> =>
  stepFunctions().send(new DescribeExecutionCommand({ executionArn }));

/** @returns ARN of the new execution; the name must be new, or null for one that Step Functions makes */
export async function startExecution(
  stateMachineArn: string,
  input: unknown,
  name: string | null,
): Promise<string> {
  const { executionArn } = await stepFunctions().send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), ...(name && { name }) }),
  );
  return executionArn as string;
}

export async function stopExecution(executionArn: string, cause: string): Promise<void> {
  await stepFunctions().send(
    new StopExecutionCommand({ executionArn, error: 'StoppedByUser', cause: shorten(cause, 32_768) }),
  );
}

export async function redriveExecution(executionArn: string): Promise<void> {
  await stepFunctions().send(new RedriveExecutionCommand({ executionArn }));
}

/** All events so far, oldest first. */
export async function executionHistory(executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  const pages = paginateGetExecutionHistory(
    { client: stepFunctions(), pageSize: 1000 },
    { executionArn, includeExecutionData: true },
  );
  for await (const page of pages) for (const event of page.events ?? []) events.push(event);
  return events;
}

/** The newest `count` executions of a machine, newest first. */
export async function newestExecutions(
  stateMachineArn: string,
  count: number,
  status: ExecutionStatus | null = null,
): Promise<ExecutionListItem[]> {
  const found: ExecutionListItem[] = [];
  const pages = paginateListExecutions(
    { client: stepFunctions(), pageSize: Math.min(count, 1000) },
    { stateMachineArn, ...(status && { statusFilter: status }) },
  );
  for await (const page of pages) {
    for (const execution of page.executions ?? []) found.push(execution);
    if (found.length >= count) break;
  }
  return found.slice(0, count);
}

/** Running executions of machines. @throws ServiceUnreachable, AccessDenied */
export async function runningExecutions(machineArns: readonly string[]): Promise<RunningExecution[]> {
  return (await Promise.all(machineArns.map(runningOf))).flat();
}

async function runningOf(stateMachineArn: string): Promise<RunningExecution[]> {
  const found: RunningExecution[] = [];
  const pages = paginateListExecutions(
    { client: stepFunctions(), pageSize: 1000 },
    { stateMachineArn, statusFilter: 'RUNNING' },
  );
  for await (const page of pages)
    for (const { executionArn, startDate, redriveDate } of page.executions ?? [])
      found.push({
        execution_arn: executionArn as string,
        running_since: Number(redriveDate ?? startDate),
      });
  return found;
}

/** Name → ARN of every state machine of the account and region. */
export async function stateMachines(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const page of paginateListStateMachines({ client: stepFunctions(), pageSize: 1000 }, {}))
    for (const { name, stateMachineArn } of page.stateMachines ?? [])
      found.set(name as string, stateMachineArn as string);
  return found;
}

/** The definition that an execution runs: Amazon States Language, as an object. */
export async function executionDefinition(
  executionArn: string,
): Promise<{ StartAt: string; States: Record<string, { Type: string }> }> {
  const { definition } = await stepFunctions().send(
    new DescribeStateMachineForExecutionCommand({ executionArn }),
  );
  return parseJson(definition as string) as { StartAt: string; States: Record<string, { Type: string }> };
}
