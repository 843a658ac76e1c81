import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Change,
  createChangeSet,
  deleteChangeSet,
  deleteStack,
  describeChangeSet,
  executeChangeSet,
  findStack,
  type Stack,
  type StackEvent,
  stackEvents,
} from '../shared/aws/stacks.ts';

const POLL_MS = 2_000;
/** CloudFormation's different messages for a template that changes nothing. */
const NOTHING_TO_CHANGE = /didn't contain changes|No updates are to be performed/;

/** A stack that CloudFormation could not create or change: shown as it is, without a stack trace. */
export class StackFailed extends Error {
  override readonly name = 'StackFailed';
}

export type StackRequest = {
  name: string;
  /** Address of a template in S3, or its text. */
  template: { url: string } | { text: string };
  parameters?: Record<string, string>;
  capabilities?: readonly 'CAPABILITY_IAM'[];
  tags: Record<string, string>;
};

export type PlannedChanges = {
  /** Null if nothing would change. */
  changeSet: string | null;
  isNew: boolean;
  changes: Change[];
};

export type StackProgress = { pollMs?: number; onEvent?: (event: StackEvent) => void };

/**
 * Asks CloudFormation what a template would change, and changes nothing yet.
 *
 * @throws StackFailed if the template or the state of the stack does not allow it
 */
export async function planChanges(
  request: StackRequest,
  { pollMs = POLL_MS }: StackProgress = {},
): Promise<PlannedChanges> {
  const { name, template, parameters = {}, capabilities = [], tags } = request;
  const stack = await findStack(name);
  requireChangeable(name, stack);
  const isNew = stack === null || stack.StackStatus === 'REVIEW_IN_PROGRESS';
  const changeSet = `fpe-${Date.now()}`;
  try {
    await createChangeSet({
      StackName: name,
      ChangeSetName: changeSet,
      ChangeSetType: isNew ? 'CREATE' : 'UPDATE',
      ...('url' in template ? { TemplateURL: template.url } : { TemplateBody: template.text }),
      Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      })),
      Capabilities: [...capabilities],
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
  } catch (error) {
    if (NOTHING_TO_CHANGE.test((error as Error).message)) return { changeSet: null, isNew, changes: [] };
    throw error;
  }
  for (;;) {
    const { status, reason, changes } = await describeChangeSet(name, changeSet);
    if (status === 'FAILED' && NOTHING_TO_CHANGE.test(reason)) {
      await deleteChangeSet(name, changeSet);
      return { changeSet: null, isNew, changes: [] };
    }
    if (status === 'FAILED')
      throw new StackFailed(
        `CloudFormation refuses the template for ${name}: ${reason}. Nothing was changed.`,
      );
    if (status.endsWith('COMPLETE')) return { changeSet, isNew, changes };
    await sleep(pollMs);
  }
}

/**
 * Carries out the planned changes and waits until they are complete, or rolled back.
 *
 * @throws StackFailed with the first failure
 */
export async function makeChanges(
  name: string,
  changeSet: string,
  progress: StackProgress = {},
): Promise<Stack> {
  const since = new Date();
  await executeChangeSet(name, changeSet);
  const { stack, events } = await settled(name, since, progress);
  const status = stack?.StackStatus ?? 'gone';
  if (stack && /^(CREATE|UPDATE)_COMPLETE$/.test(status)) return stack;
  const first = events.find(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'));
  throw new StackFailed(
    [
      `The stack ${name} could not be changed: it is ${status}.`,
      ...(first
        ? [`First failure: ${first.LogicalResourceId} (${first.ResourceType}): ${first.ResourceStatusReason}`]
        : []),
      status === 'ROLLBACK_COMPLETE'
        ? 'To fix: correct the cause, remove what is left of this first attempt (npm run remove), then deploy again.'
        : 'CloudFormation has undone the changes. To fix: correct the cause and deploy again.',
    ].join('\n'),
  );
}

/** Deletes a stack with everything in it and waits until it is gone. @throws StackFailed */
export async function removeStack(name: string, progress: StackProgress = {}): Promise<void> {
  const stack = await findStack(name);
  if (!stack) return;
  const since = new Date();
  await deleteStack(name);
  // Once it is deleted, it can be found only by its id.
  const { stack: left, events } = await settled(stack.StackId ?? name, since, progress);
  if (!left || left.StackStatus === 'DELETE_COMPLETE') return;
  const failures = events.filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_FAILED');
  throw new StackFailed(
    [
      `The stack ${name} could not be removed: it is ${left.StackStatus}.`,
      ...failures.map(
        ({ LogicalResourceId, ResourceType, ResourceStatusReason }) =>
          `  ${LogicalResourceId} (${ResourceType}): ${ResourceStatusReason}`,
      ),
      'To fix: remove what holds them, then run the command again.',
    ].join('\n'),
  );
}

/** Follows a stack until no operation on it is in progress. */
async function settled(name: string, since: Date, { pollMs = POLL_MS, onEvent }: StackProgress) {
  const told = new Set<string>();
  const events: StackEvent[] = [];
  for (;;) {
    const stack = await findStack(name);
    const newer = stack ? await stackEvents(name, since) : [];
    for (const event of newer) {
      if (told.has(event.EventId as string)) continue;
      told.add(event.EventId as string);
      events.push(event);
      onEvent?.(event);
    }
    if (!stack?.StackStatus?.endsWith('_IN_PROGRESS')) return { stack, events };
    await sleep(pollMs);
  }
}

function requireChangeable(name: string, stack: Stack | null): void {
  const status = stack?.StackStatus ?? '';
  if (status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS')
    throw new StackFailed(
      `The stack ${name} is being changed by someone: it is ${status}. To fix: wait until that is over.`,
    );
  if (status === 'ROLLBACK_COMPLETE' || status.endsWith('_FAILED'))
    throw new StackFailed(
      `The stack ${name} is ${status} and can only be removed. To fix: run the remove command for this stage, then deploy again.`,
    );
}
