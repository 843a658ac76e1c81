/**
 * Runs the states of one execution and writes its history, as Step Functions does: retries with their counts, catches, time-outs,
 * parallel Map iterations, the limit on data, and a redrive from the state that did not succeed.
 *
 * The library that evaluates paths and intrinsics could run whole definitions too, but it does not count retries in the context,
 * start in the middle, or report each attempt.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import { type RunTask, TaskFailure } from '../task.ts';
import type { Thread } from './execution-history.ts';
import {
  chooseNext,
  type Definition,
  evaluate,
  evaluateTemplate,
  filterByPath,
  type Json,
  placeResult,
  type Retrier,
  type State,
} from './states-language.ts';

/** Limit of input, output, parameters and results, in bytes of JSON in UTF-8. */
export const MAX_DATA_BYTES = 256 * 1024;
/** Maximum number of parallel iterations of an inline Map. */
const MAX_CONCURRENCY = 40;

/** The position of an execution, from which a redrive continues. */
export type Position = {
  state: string;
  input: Json;
  /** Outputs of the iterations of a Map that have succeeded, by index: a redrive does not run them again. */
  iterations: Record<number, Json>;
};

export type Scope = {
  runTask: RunTask;
  thread: Thread;
  /** Aborted if the execution, or the Map around this iteration, ends before these states do. */
  signal: AbortSignal;
  /** `$$` without the parts that belong to one state. */
  context: { Execution: object; StateMachine: object; Map?: object };
  /** Waits are multiplied by this. */
  waitFactor: number;
  region: string;
  /** Called at the entry of each state, and when an iteration has succeeded. */
  onPosition(position: Position): void;
};

/**
 * Runs from a position to the end.
 *
 * @param isRedriven the first state was entered before: it continues without a new entry in the history
 * @returns output of the last state
 * @throws TaskFailure with the error and cause that the execution ends with; the signal's reason if it is aborted
 */
export async function runStates(
  definition: Definition,
  start: Position,
  isRedriven: boolean,
  scope: Scope,
): Promise<Json> {
  let position = start;
  for (let isEntered = isRedriven; ; isEntered = false) {
    const { state: name, input } = position;
    const state = definition.States[name] as State;
    scope.onPosition(position);
    if (!isEntered) scope.thread.add(`${state.Type}StateEntered`, { name, input: text(input) });
    const { next, output } = await runState(state, position, scope);
    scope.thread.add(`${state.Type}StateExited`, { name, output: text(output) });
    if (next === null) return output;
    position = { state: next, input: output, iterations: {} };
  }
}

type Outcome = { next: string | null; output: Json };

async function runState(state: State, position: Position, scope: Scope): Promise<Outcome> {
  const enteredAt = new Date().toISOString();
  const contextOf = (RetryCount: number) => ({
    ...scope.context,
    State: { EnteredTime: enteredAt, Name: position.state, RetryCount },
  });
  const retried = (state.Retry ?? []).map(() => 0);
  let isRedrivenMap = Object.keys(position.iterations).length > 0;
  for (let retryCount = 0; ; retryCount += 1) {
    try {
      const outcome = await attempt(state, position, contextOf(retryCount), isRedrivenMap, scope);
      requireDataLimit(position.state, outcome.output);
      return outcome;
    } catch (thrown) {
      scope.signal.throwIfAborted();
      const failure = describeFailure(thrown, position.state, scope.thread.lastId);
      const delayMs = chooseDelay(state.Retry ?? [], retried, failure.error);
      if (delayMs === null) return catchFailure(state, position, failure);
      await sleep(delayMs * scope.waitFactor, undefined, { signal: scope.signal });
      isRedrivenMap = false;
    }
  }
}

async function attempt(
  state: State,
  position: Position,
  context: object,
  isRedrivenMap: boolean,
  scope: Scope,
): Promise<Outcome> {
  const { input } = position;
  const next = state.Next ?? null;
  const effective = await filterByPath(state.InputPath, input, context);
  const finish = async (output: Json): Promise<Json> => filterByPath(state.OutputPath, output, context);
  const select = async (result: Json): Promise<Json> => {
    const selected =
      state.ResultSelector === undefined
        ? result
        : await evaluateTemplate(state.ResultSelector, result, context);
    return finish(placeResult(state.ResultPath, input, selected));
  };
  const parameters = () =>
    state.Parameters === undefined ? effective : evaluateTemplate(state.Parameters, effective, context);

  switch (state.Type) {
    case 'Task':
      return {
        next,
        output: await select(
          await runTaskState(
            state,
            {
              name: position.state,
              parameters: await parameters(),
              timeoutSeconds: await timeoutSeconds(state, effective, context),
            },
            scope,
          ),
        ),
      };
    case 'Map':
      return {
        next,
        output: await select(await runMap(state, position, effective, context, isRedrivenMap, scope)),
      };
    case 'Pass':
      return { next, output: await select('Result' in state ? state.Result : await parameters()) };
    case 'Choice':
      return { next: await chooseNext(state, effective, context), output: await finish(effective) };
    case 'Wait':
      await sleep((await waitMs(state, effective, context)) * scope.waitFactor, undefined, {
        signal: scope.signal,
      });
      return { next, output: await finish(effective) };
    case 'Succeed':
      return { next: null, output: await finish(effective) };
    case 'Fail':
      throw await declaredFailure(state, effective, context);
  }
}

/** Time-out of one attempt: each starts with the full time. */
type TaskWork = { name: string; parameters: Json; timeoutSeconds: number | undefined };

async function runTaskState(
  state: State,
  { name, parameters, timeoutSeconds }: TaskWork,
  scope: Scope,
): Promise<Json> {
  requireDataLimit(name, parameters);
  const resource = state.Resource as string;
  const events = eventsOf(resource, scope);
  events.scheduled(parameters, timeoutSeconds);
  const timeout = new AbortController();
  const stopTimer =
    timeoutSeconds === undefined ? undefined : after(timeoutSeconds * 1000, () => timeout.abort());
  try {
    const signal = AbortSignal.any([scope.signal, timeout.signal]);
    const result = await scope.runTask(resource, parameters, signal);
    requireDataLimit(name, result);
    events.succeeded(result);
    return result;
  } catch (thrown) {
    scope.signal.throwIfAborted();
    const failure = timeout.signal.aborted
      ? new TaskFailure('States.Timeout', `The state ran longer than TimeoutSeconds (${timeoutSeconds})`)
      : describeFailure(thrown, name, scope.thread.lastId);
    events.failed(failure);
    throw failure;
  } finally {
    stopTimer?.();
  }
}

/** The history events of one task: functions by ARN have their own, everything else shares others. */
function eventsOf(resource: string, { thread, region }: Scope) {
  if (resource.startsWith('arn:aws:lambda:'))
    return {
      scheduled(parameters: Json, timeoutInSeconds?: number) {
        thread.add('LambdaFunctionScheduled', {
          resource,
          input: text(parameters),
          ...(timeoutInSeconds !== undefined && { timeoutInSeconds }),
        });
        thread.add('LambdaFunctionStarted');
      },
      succeeded: (result: Json) => thread.add('LambdaFunctionSucceeded', { output: text(result) }),
      failed: (failure: TaskFailure) =>
        thread.add(`LambdaFunction${isTimeout(failure) ? 'TimedOut' : 'Failed'}`, causeOf(failure)),
    };
  // arn:aws:states:::sagemaker:createTrainingJob.sync → sagemaker, createTrainingJob.sync; a version may follow, as in .sync:2
  const [, resourceType, called] = /:::(.*?):([^:]+(?::\d+)?)$/.exec(resource) ?? [];
  const names = { resourceType, resource: called };
  return {
    scheduled(parameters: Json, timeoutInSeconds?: number) {
      thread.add('TaskScheduled', {
        ...names,
        region,
        parameters: text(parameters),
        ...(timeoutInSeconds !== undefined && { timeoutInSeconds }),
      });
      thread.add('TaskStarted', names);
    },
    succeeded: (result: Json) => thread.add('TaskSucceeded', { ...names, output: text(result) }),
    failed(failure: TaskFailure) {
      // The service refused to start the job; for a job that ran and failed, the error is States.TaskFailed.
      const wasRefused = /\.sync(:2)?$/.test(called ?? '') && failure.error !== 'States.TaskFailed';
      const type = isTimeout(failure) ? 'TimedOut' : wasRefused ? 'SubmitFailed' : 'Failed';
      thread.add(`Task${type}`, { ...names, ...causeOf(failure) });
    },
  };
}

async function runMap(
  state: State,
  position: Position,
  input: Json,
  context: object,
  isRedriven: boolean,
  scope: Scope,
): Promise<Json> {
  const { state: name } = position;
  const items = await evaluate(state.ItemsPath ?? '$', input, context);
  if (!Array.isArray(items))
    throw new TaskFailure(
      'States.Runtime',
      `Reference path "${state.ItemsPath ?? '$'}" must point to array.`,
    );
  const processor = state.ItemProcessor as Definition;
  if (!isRedriven) {
    position.iterations = {};
    scope.thread.add('MapStateStarted', { length: items.length });
  }
  const { iterations } = position;
  const others = new AbortController();
  const signal = AbortSignal.any([scope.signal, others.signal]);
  let failure: unknown;

  const iterate = async (value: Json, index: number): Promise<void> => {
    if (index in iterations || others.signal.aborted) return;
    const itsContext = { ...scope.context, Map: { Item: { Index: index, Value: value } } };
    const thread = scope.thread.fork();
    thread.add('MapIterationStarted', { name, index });
    try {
      const itemContext = { ...context, ...itsContext };
      const item =
        state.ItemSelector === undefined
          ? value
          : await evaluateTemplate(state.ItemSelector, input, itemContext);
      requireDataLimit(name, item);
      const output = await runStates(
        processor,
        { state: processor.StartAt, input: item, iterations: {} },
        false,
        {
          ...scope,
          thread,
          signal,
          context: itsContext,
          onPosition: () => undefined,
        },
      );
      thread.add('MapIterationSucceeded', { name, index });
      iterations[index] = output;
      scope.onPosition(position);
    } catch (error) {
      scope.signal.throwIfAborted();
      thread.add(others.signal.aborted ? 'MapIterationAborted' : 'MapIterationFailed', { name, index });
      if (!others.signal.aborted) failure = error;
      others.abort(new Error('Another iteration failed'));
    }
  };

  const wanted = state.MaxConcurrencyPath
    ? Number(await evaluate(state.MaxConcurrencyPath, input, context))
    : state.MaxConcurrency;
  const concurrency = Math.min(wanted || MAX_CONCURRENCY, MAX_CONCURRENCY);
  await pMap(items, iterate, { concurrency });
  if (failure) {
    scope.thread.add('MapStateFailed');
    throw failure;
  }
  scope.thread.add('MapStateSucceeded');
  return items.map((_, index) => iterations[index]);
}

/** What Step Functions accepts: whole seconds, up to three years. */
const MAX_TIMEOUT_SECONDS = 99_999_999;

/** @throws TaskFailure States.Runtime if the path does not lead to a number of seconds */
async function timeoutSeconds(
  { TimeoutSeconds, TimeoutSecondsPath }: State,
  input: Json,
  context: object,
): Promise<number | undefined> {
  if (TimeoutSecondsPath === undefined) return TimeoutSeconds;
  const found = await evaluate(TimeoutSecondsPath, input, context);
  if (Number.isInteger(found) && Number(found) > 0 && Number(found) <= MAX_TIMEOUT_SECONDS)
    return Number(found);
  throw new TaskFailure(
    'States.Runtime',
    `The TimeoutSecondsPath parameter '${TimeoutSecondsPath}' resolves to ${JSON.stringify(found)}, which is not a positive integer.`,
  );
}

/** Node.js timers are limited to 24 days, and fire at once beyond that. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @returns a function that cancels it */
export function after(ms: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number) => {
    timer = setTimeout(
      () => (left > MAX_TIMER_MS ? wait(left - MAX_TIMER_MS) : act()),
      Math.min(left, MAX_TIMER_MS),
    );
  };
  wait(ms);
  return () => clearTimeout(timer);
}

async function waitMs(state: State, input: Json, context: object): Promise<number> {
  const seconds = state.SecondsPath ? await evaluate(state.SecondsPath, input, context) : state.Seconds;
  if (seconds !== undefined) return Number(seconds) * 1000;
  const until = state.TimestampPath ? await evaluate(state.TimestampPath, input, context) : state.Timestamp;
  return Math.max(0, Date.parse(String(until)) - Date.now());
}

async function declaredFailure(state: State, input: Json, context: object): Promise<TaskFailure> {
  const error = state.ErrorPath ? await evaluate(state.ErrorPath, input, context) : state.Error;
  const cause = state.CausePath ? await evaluate(state.CausePath, input, context) : state.Cause;
  return new TaskFailure(String(error ?? ''), String(cause ?? ''));
}

/** @returns milliseconds until the next attempt; null if no retrier matches the error, or its attempts are used up */
function chooseDelay(retriers: readonly Retrier[], retried: number[], error: string): number | null {
  const index = retriers.findIndex(({ ErrorEquals }) => matches(ErrorEquals, error));
  const retrier = retriers[index];
  if (!retrier) return null;
  const { IntervalSeconds = 1, BackoffRate = 2, MaxAttempts = 3, MaxDelaySeconds, JitterStrategy } = retrier;
  const attempts = retried[index] as number;
  if (attempts >= MaxAttempts) return null;
  retried[index] = attempts + 1;
  const delayMs = Math.min(IntervalSeconds * BackoffRate ** attempts, MaxDelaySeconds ?? Infinity) * 1000;
  return JitterStrategy === 'FULL' ? Math.random() * delayMs : delayMs;
}

/** @throws the failure, if no catcher matches it */
function catchFailure(state: State, { input }: Position, failure: TaskFailure): Outcome {
  const catcher = state.Catch?.find(({ ErrorEquals }) => matches(ErrorEquals, failure.error));
  if (!catcher) throw failure;
  const errorOutput = { Error: failure.error, Cause: String(failure.cause) };
  return { next: catcher.Next, output: placeResult(catcher.ResultPath, input, errorOutput) };
}

/** Wildcards exclude the errors that, according to Step Functions, no wildcard matches. */
function matches(errorEquals: readonly string[], error: string): boolean {
  const isTerminal = error === 'States.Runtime' || error === 'States.DataLimitExceeded';
  return errorEquals.some((name) => {
    if (name === 'States.ALL') return !isTerminal;
    if (name === 'States.TaskFailed') return !isTerminal && error !== 'States.Timeout';
    return name === error;
  });
}

/** @throws TaskFailure States.DataLimitExceeded */
function requireDataLimit(state: string, data: Json): void {
  if (Buffer.byteLength(text(data)) <= MAX_DATA_BYTES) return;
  throw new TaskFailure(
    'States.DataLimitExceeded',
    `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}

function describeFailure(thrown: unknown, state: string, eventId: number): TaskFailure {
  const failure = thrown instanceof TaskFailure ? thrown : new TaskFailure('States.Runtime', String(thrown));
  const cause = String(failure.cause);
  if (failure.error !== 'States.Runtime' || cause.startsWith('An error occurred')) return failure;
  return new TaskFailure(
    failure.error,
    `An error occurred while executing the state '${state}' (entered at the event id #${eventId}). ${cause}`,
  );
}

export const causeOf = ({ error, cause }: TaskFailure) => ({ error, cause: String(cause) });
const isTimeout = ({ error }: TaskFailure): boolean => error === 'States.Timeout';
const text = (value: Json): string => JSON.stringify(value ?? null);
