/**
 * Stands in for EventBridge: delivers what the compiled rules ask for of "Step Functions Execution Status Change" to SNS
 * topics, through their input transformers.
 *
 * Patterns are lists of exact values; content filters (`prefix`, `exists`, …), other targets and other events are refused
 * by name before anything starts. A path that an event lacks is empty in the message, as in AWS. Not here: retries, dead
 * letters, the HTTP API.
 */
import { randomUUID } from 'node:crypto';
import type { ExecutionRecord } from './executions.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './template.ts';

type Pattern = { [name: string]: Pattern | readonly string[] };
export type Target = {
  Arn: string;
  InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate: string };
};
/** A rule of the compiled template, its references resolved. */
export type Rule = { name: string; pattern: Pattern; targets: Target[] };

export type EventBridge = {
  /** What happens to an execution, told to whoever a rule names. */
  executionChanged(record: Readonly<ExecutionRecord>): void;
  /** Resolves when all that was told is delivered. */
  stop(): Promise<void>;
};

/**
 * @param publish puts a message into the topic
 * @throws Error naming what a rule asks for that is not done here
 */
export function startEventBridge(
  rules: readonly Rule[],
  publish: (topicArn: string, message: string) => Promise<void>,
): EventBridge {
  for (const rule of rules) requireKnown(rule);
  const underWay = new Set<Promise<void>>();
  const deliver = (event: object, { Arn, InputTransformer }: Target) => {
    const message = InputTransformer ? transform(event, InputTransformer) : JSON.stringify(event);
    const delivery = publish(Arn, message)
      .catch((error) => console.error(`EventBridge could not deliver to ${Arn}:`, error))
      .finally(() => underWay.delete(delivery));
    underWay.add(delivery);
  };
  return {
    executionChanged(record) {
      const event = statusChange(record);
      for (const { pattern, targets } of rules)
        if (matches(event, pattern)) for (const target of targets) deliver(event, target);
    },
    async stop() {
      await Promise.all(underWay);
    },
  };
}

/** The event that Step Functions sends (Step Functions guide, "Execution status change events"). */
function statusChange(record: Readonly<ExecutionRecord>) {
  const { executionArn, stateMachineArn, name, status, startDate, input } = record;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    account: LOCAL_ACCOUNT,
    time: `${new Date(record.stopDate ?? startDate).toISOString().slice(0, 19)}Z`,
    region: LOCAL_REGION,
    resources: [executionArn],
    detail: {
      executionArn,
      stateMachineArn,
      name,
      status,
      startDate,
      stopDate: record.stopDate ?? null,
      input,
      output: record.output ?? null,
      error: record.error ?? null,
      cause: record.cause ?? null,
    },
  };
}

/** Every member of the pattern names a member of the event, which is one of the listed values. */
function matches(event: unknown, pattern: Pattern): boolean {
  if (typeof event !== 'object' || event === null) return false;
  return Object.entries(pattern).every(([name, expected]) => {
    const found = (event as Record<string, unknown>)[name];
    return isList(expected) ? expected.includes(String(found)) : matches(found, expected);
  });
}

/** Replaces `<name>` by what its path finds, escaped as in a JSON text where the template is one. */
function transform(
  event: object,
  { InputPathsMap = {}, InputTemplate }: NonNullable<Target['InputTransformer']>,
): string {
  return InputTemplate.replaceAll(/<([\w.-]+)>/g, (placeholder, name: string) => {
    const path = InputPathsMap[name];
    return path === undefined ? placeholder : textOf(find(event, path));
  });
}

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value);
};

/** @param path e.g. $.detail.name */
const find = (event: object, path: string): unknown =>
  path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], event);

const isList = (value: Pattern | readonly string[]): value is readonly string[] => Array.isArray(value);

function requireKnown({ name, pattern, targets }: Rule): void {
  const refuse = (what: string) =>
    new Error(
      `The local stack cannot run the rule ${name}: ${what}. It compares values exactly and delivers to SNS topics.`,
    );
  const requireExact = (part: Pattern): void => {
    for (const [member, expected] of Object.entries(part)) {
      if (!isList(expected)) requireExact(expected);
      else if (expected.some((value) => typeof value !== 'string'))
        throw refuse(`the pattern of ${member} is ${JSON.stringify(expected)}`);
    }
  };
  requireExact(pattern);
  for (const { Arn } of targets) if (!Arn.startsWith('arn:aws:sns:')) throw refuse(`its target is ${Arn}`);
}
