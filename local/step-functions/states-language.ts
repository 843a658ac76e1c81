/**
 * The part of the Amazon States Language that the local stack runs: JSONPath with States.* intrinsics, as
 * `aws-local-stepfunctions` evaluates them, in Task, Choice, Pass, Wait, Succeed, Fail and inline Map states.
 *
 * Refused by name when a definition is loaded: Parallel, distributed Map, JSONata, variables, task tokens, heartbeats.
 */
import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { TaskFailure } from '../task.ts';

export type Json = unknown;

export type Retrier = {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  BackoffRate?: number;
  MaxAttempts?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: 'FULL' | 'NONE';
};
export type Catcher = { ErrorEquals: string[]; ResultPath?: string | null; Next: string };

export type State = {
  Type: 'Task' | 'Choice' | 'Pass' | 'Wait' | 'Succeed' | 'Fail' | 'Map';
  Next?: string;
  End?: boolean;
  InputPath?: string | null;
  OutputPath?: string | null;
  Parameters?: Json;
  ResultSelector?: Json;
  ResultPath?: string | null;
  Result?: Json;
  Retry?: Retrier[];
  Catch?: Catcher[];
  Resource?: string;
  TimeoutSeconds?: number;
  TimeoutSecondsPath?: string;
  Choices?: { Next: string }[];
  Default?: string;
  Error?: string;
  ErrorPath?: string;
  Cause?: string;
  CausePath?: string;
  Seconds?: number;
  SecondsPath?: string;
  Timestamp?: string;
  TimestampPath?: string;
  ItemsPath?: string;
  ItemSelector?: Json;
  ItemProcessor?: Definition & { ProcessorConfig?: { Mode?: string } };
  MaxConcurrency?: number;
  MaxConcurrencyPath?: string;
};

export type Definition = { StartAt: string; States: Record<string, State>; TimeoutSeconds?: number };

const OF_EVERY_STATE = ['Type', 'Comment', 'QueryLanguage', 'InputPath', 'OutputPath'];
const OF_A_STEP = ['Next', 'End', 'Parameters', 'ResultPath'];
const OF_WORK = ['ResultSelector', 'Retry', 'Catch'];
const FIELDS: Record<State['Type'], string[]> = {
  Task: [...OF_A_STEP, ...OF_WORK, 'Resource', 'TimeoutSeconds', 'TimeoutSecondsPath'],
  Map: [
    ...OF_A_STEP.filter((field) => field !== 'Parameters'),
    ...OF_WORK,
    'ItemsPath',
    'ItemSelector',
    'ItemProcessor',
    'MaxConcurrency',
    'MaxConcurrencyPath',
  ],
  Pass: [...OF_A_STEP, 'Result'],
  Choice: ['Choices', 'Default'],
  Wait: ['Next', 'End', 'Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'],
  Succeed: [],
  Fail: ['Error', 'ErrorPath', 'Cause', 'CausePath'],
};

/** Members that a path writes to; the library's other notations are not used here. */
const REFERENCE_PATH = /^\$(\.[\w-]+)*$/;

/**
 * Checks a definition as CreateStateMachine does, and that every part of it is supported here.
 *
 * @throws Error naming the state and the field
 */
export function readDefinition(text: string): Definition {
  const definition: Definition = JSON.parse(text);
  new StateMachine(definition as StateMachineDefinition, {
    validationOptions: { checkArn: false, checkPaths: true },
  });
  requireSupported(definition);
  return definition;
}

function requireSupported({ States }: Definition): void {
  for (const [name, state] of Object.entries(States)) {
    const unsupported = unsupportedPart(state);
    if (unsupported) throw new Error(`The local Step Functions does not run ${unsupported} (state ${name}).`);
    if (state.ItemProcessor) requireSupported(state.ItemProcessor);
  }
}

/** What a state itself uses that is not supported here, in words; null if everything is. */
function unsupportedPart(state: State): string | null {
  const fields = FIELDS[state.Type];
  if (!fields) return `states of type ${state.Type}`;
  const unknown = Object.keys(state).find((field) => ![...OF_EVERY_STATE, ...fields].includes(field));
  if (unknown) return `the field ${unknown} of a ${state.Type} state`;
  if (((state as { QueryLanguage?: string }).QueryLanguage ?? 'JSONPath') !== 'JSONPath') return 'JSONata';
  if (state.Resource?.endsWith('.waitForTaskToken')) return 'task tokens';
  if (typeof state.ResultPath === 'string' && !REFERENCE_PATH.test(state.ResultPath))
    return `the ResultPath ${state.ResultPath}`;
  if ((state.ItemProcessor?.ProcessorConfig?.Mode ?? 'INLINE') !== 'INLINE') return 'a distributed Map';
  return null;
}

/** Values of a template's members whose names end in `.$` are read from the input or the context (`$$`). */
export const evaluateTemplate = (template: Json, input: Json, context: object): Promise<Json> =>
  runOne({ Type: 'Pass', Parameters: template as never, End: true }, input, context);

/** @param expression a path or an intrinsic function */
export async function evaluate(expression: string, input: Json, context: object): Promise<Json> {
  const { value } = (await evaluateTemplate({ 'value.$': expression }, input, context)) as { value: Json };
  return value;
}

/** `InputPath` and `OutputPath`: absent selects everything, null nothing. */
export async function filterByPath(
  path: string | null | undefined,
  value: Json,
  context: object,
): Promise<Json> {
  if (path === undefined || path === '$') return value;
  return path === null ? {} : evaluate(path, value, context);
}

/** @returns name of the state that a Choice leads to */
export async function chooseNext(choice: State, input: Json, context: object): Promise<string> {
  const targets = [...(choice.Choices ?? []).map(({ Next }) => Next), choice.Default ?? []].flat();
  const ends = targets.map((name) => [name, { Type: 'Pass', Result: name, End: true }]);
  // Unlike any target's name, because a Choice may lead back to itself.
  return (await run(
    { StartAt: ' ', States: { ' ': choice, ...Object.fromEntries(ends) } },
    input,
    context,
  )) as string;
}

/** Inserts a state's result into its input at `ResultPath`. @throws TaskFailure States.ResultPathMatchFailure */
export function placeResult(path: string | null | undefined, input: Json, result: Json): Json {
  if (path === null) return input;
  if (path === undefined || path === '$') return result;
  return placeAt(path.slice(2).split('.'), input, result);
}

function placeAt([name, ...rest]: string[], target: Json, result: Json): Json {
  if (name === undefined) return result;
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
  if (!isObject && target !== undefined)
    throw new TaskFailure(
      'States.ResultPathMatchFailure',
      `Unable to apply ReferencePath to input: ${name} cannot be added to ${JSON.stringify(target).slice(0, 200)}`,
    );
  const members = (target ?? {}) as Record<string, Json>;
  return { ...members, [name]: placeAt(rest, members[name], result) };
}

const runOne = (state: object, input: Json, context: object) =>
  run({ StartAt: ' ', States: { ' ': state } }, input, context);

/** Runs states that only handle data. @throws TaskFailure with the error that Step Functions names */
async function run(definition: object, input: Json, context: object): Promise<Json> {
  const machine = new StateMachine(withOwnContext(definition) as StateMachineDefinition, {
    validationOptions: { noValidate: true },
  });
  try {
    const { Execution, ...others } = context as { Execution?: object };
    return await machine.run(input as never, { context: { ...others, [OWN_EXECUTION]: Execution } as never })
      .result;
  } catch (error) {
    const { name, message } = ((error as Error).cause ?? error) as Error;
    throw new TaskFailure(name.startsWith('States.') ? name : 'States.Runtime', message);
  }
}

/** The library inserts its own start time and input into `$$.Execution`, so ours has another name. */
const OWN_EXECUTION = 'StateMachineExecution';

function withOwnContext(value: Json, isPath = false): Json {
  if (typeof value === 'string')
    return isPath ? value.replaceAll(/\$\$\.Execution\b/g, `$$$$.${OWN_EXECUTION}`) : value;
  if (Array.isArray(value)) return value.map((element) => withOwnContext(element));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      withOwnContext(part, name.endsWith('.$') || name.endsWith('Path') || name === 'Variable'),
    ]),
  );
}
