import {
  type Change,
  CloudFormationClient,
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  paginateDescribeStackEvents,
  type Stack,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { RequestRefused } from '../errors.ts';
import { serviceClient } from './service-client.ts';

export type { Change, Stack, StackEvent };

let client: CloudFormationClient | undefined;
function cloudFormation(): CloudFormationClient {
  client ??= serviceClient(CloudFormationClient);
  return client;
}

/** The stack with this name or id; null if there is none, or if it was only planned. */
export async function findStack(name: string): Promise<Stack | null> {
  try {
    const { Stacks = [] } = await cloudFormation().send(new DescribeStacksCommand({ StackName: name }));
    return Stacks[0] ?? null;
  } catch (error) {
    if (error instanceof RequestRefused && /does not exist/.test(error.message)) return null;
    throw error;
  }
}

/** Physical id of a resource of a stack, null if there is no such stack or resource. */
export async function findStackResource(stack: string, logicalId: string): Promise<string | null> {
  try {
    const { StackResourceDetail } = await cloudFormation().send(
      new DescribeStackResourceCommand({ StackName: stack, LogicalResourceId: logicalId }),
    );
    return StackResourceDetail?.PhysicalResourceId ?? null;
  } catch (error) {
    if (error instanceof RequestRefused && /does not exist/.test(error.message)) return null;
    throw error;
  }
}

export async function createChangeSet(request: CreateChangeSetCommandInput): Promise<void> {
  await cloudFormation().send(new CreateChangeSetCommand(request));
}

/** State of a change set with all of its changes. */
export async function describeChangeSet(
  stack: string,
  name: string,
): Promise<{ status: string; reason: string; changes: Change[] }> {
  const changes: Change[] = [];
  for (let token: string | undefined; ; ) {
    const page = await cloudFormation().send(
      new DescribeChangeSetCommand({
        StackName: stack,
        ChangeSetName: name,
        ...(token && { NextToken: token }),
      }),
    );
    for (const change of page.Changes ?? []) changes.push(change);
    token = page.NextToken;
    if (!token) return { status: page.Status ?? '', reason: page.StatusReason ?? '', changes };
  }
}

export async function executeChangeSet(stack: string, name: string): Promise<void> {
  await cloudFormation().send(new ExecuteChangeSetCommand({ StackName: stack, ChangeSetName: name }));
}

export async function deleteChangeSet(stack: string, name: string): Promise<void> {
  try {
    await cloudFormation().send(new DeleteChangeSetCommand({ StackName: stack, ChangeSetName: name }));
  } catch (error) {
    if (!(error instanceof RequestRefused && /^ChangeSetNotFound/.test(error.code))) throw error;
  }
}

export async function deleteStack(name: string): Promise<void> {
  await cloudFormation().send(new DeleteStackCommand({ StackName: name }));
}

/** Events of a stack after an instant, oldest first. @param stack name or, for one that is gone, its id */
export async function stackEvents(stack: string, since: Date): Promise<StackEvent[]> {
  const events: StackEvent[] = [];
  for await (const page of paginateDescribeStackEvents({ client: cloudFormation() }, { StackName: stack })) {
    const found = page.StackEvents ?? [];
    for (const event of found) if (event.Timestamp && event.Timestamp >= since) events.push(event);
    // Newest first: reading ends at the first older one.
    if (found.some(({ Timestamp }) => Timestamp && Timestamp < since)) break;
  }
  return events.reverse();
}
