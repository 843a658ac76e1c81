/**
 * Stands in for EventBridge: delivers the "Step Functions Execution Status Change" events that match the compiled rules to
 * functions and SNS topics, unchanged or through their input transformers.
 *
 * Patterns are lists of exact values; content filters (`prefix`, `exists`, …), other targets, variables of EventBridge itself
 * (`<aws.events.…>`) and other events are refused by name before anything starts. Not supported: retries, dead letters,
 * destinations for failed function calls, the HTTP API.
 */
import { randomUUID } from 'node:crypto';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './account.ts';
import type { ExecutionRecord } from './step-functions/executions.ts';

type Pattern = { [name: string]: Pattern | readonly string[] };
export type Target = {
  Arn: string;
  InputTransformer?: { InputPathsMap?: Record<string, string>; InputTemplate: string };
};
/** A rule of the compiled template with resolved references. */
export type Rule = { name: string; pattern: Pattern; targets: Target[] };

export type EventBridge = {
  /** Reports changes of an execution to the targets of the rules. */
  executionChanged(record: Readonly<ExecutionRecord>): void;
  /** Resolves once everything reported has been delivered. */
  stop(): Promise<void>;
};

/**
 * @param send calls the function with the payload, or publishes it into the topic
 * @throws Error naming a feature of a rule that is not supported here
 */
export function startEventBridge(
  rules: readonly Rule[],
  send: (targetArn: string, payload: string) => Promise<void>,
): EventBridge {
  for (const rule of rules) requireKnown(rule);
  const underWay = new Set<Promise<void>>();
  const attempt = async (event: object, target: Target) => {
    const { Arn, InputTransformer } = target;
    const payload = InputTransformer ? transform(event, InputTransformer) : JSON.stringify(event);
    requireJson(payload, target);
    await send(Arn, payload);
  };
  const deliver = (event: object, target: Target) => {
    const delivery = attempt(event, target)
      .catch((error) => console.error(`EventBridge could not deliver to ${target.Arn}:`, error))
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

/** Every member of the pattern names a member of the event whose value must be one of those listed. */
function matches(event: unknown, pattern: Pattern): boolean {
  if (typeof event !== 'object' || event === null) return false;
  return Object.entries(pattern).every(([name, expected]) => {
    const found = (event as Record<string, unknown>)[name];
    return isList(expected) ? expected.includes(String(found)) : matches(found, expected);
  });
}

/**
 * Inserts the values of the paths into the template as EventBridge does (EventBridge guide, "Input transformation", common
 * issues): without escaping anything. Within quotes, a text is inserted unchanged and a structure without its quotes; outside of
 * them, a text gets quotes. A missing value leaves no trace.
 */
function transform(
  event: object,
  { InputPathsMap = {}, InputTemplate }: NonNullable<Target['InputTransformer']>,
): string {
  let isQuoted = false;
  return InputTemplate.replaceAll(/\\.|"|<([\w.-]+)>/gs, (part, name: string | undefined) => {
    if (part === '"') isQuoted = !isQuoted;
    const path = name === undefined ? undefined : InputPathsMap[name];
    if (path === undefined) return part;
    return inserted(find(event, path), isQuoted);
  });
}

function inserted(value: unknown, isQuoted: boolean): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return isQuoted ? value : `"${value}"`;
  const text = JSON.stringify(value);
  return isQuoted ? text.replaceAll('"', '') : text;
}

/** Functions require JSON; a topic accepts any text, unless it was meant to be an object. */
function requireJson(payload: string, { Arn, InputTransformer }: Target): void {
  if (!InputTransformer || (isTopic(Arn) && !InputTransformer.InputTemplate.trimStart().startsWith('{')))
    return;
  try {
    JSON.parse(payload);
  } catch (error) {
    throw new Error(`The input transformer made no JSON of the event: ${(error as Error).message}`);
  }
}

/** @param path e.g. $.detail.name */
const find = (event: object, path: string): unknown =>
  path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], event);

const isTopic = (arn: string): boolean => arn.startsWith('arn:aws:sns:');
const isList = (value: Pattern | readonly string[]): value is readonly string[] => Array.isArray(value);

function requireKnown({ name, pattern, targets }: Rule): void {
  const refuse = (what: string) =>
    new Error(
      `The local stack cannot run the rule ${name}: ${what}. It compares values exactly and delivers to functions and SNS topics.`,
    );
  const requireExact = (part: Pattern): void => {
    for (const [member, expected] of Object.entries(part)) {
      if (!isList(expected)) requireExact(expected);
      else if (expected.some((value) => typeof value !== 'string'))
        throw refuse(`the pattern of ${member} is ${JSON.stringify(expected)}`);
    }
  };
  requireExact(pattern);
  for (const { Arn, InputTransformer } of targets) {
    if (!isTopic(Arn) && !Arn.startsWith('arn:aws:lambda:')) throw refuse(`its target is ${Arn}`);
    const own = /<aws\.events\.[^>]*>/.exec(InputTransformer?.InputTemplate ?? '');
    if (own) throw refuse(`its template has ${own[0]}`);
  }
}
