import type { HistoryEvent } from '../../shared/aws/executions.ts';
import { parseJson } from '../../shared/formats/json.ts';

export type StateStatus = 'waiting' | 'running' | 'done' | 'failed' | 'stopped' | 'skipped';

/** Progress of one state of an execution. */
export type StateProgress = {
  name: string;
  status: StateStatus;
  startedAt: Date | null;
  endedAt: Date | null;
  /** Before `startedAt`, in earlier runs of an execution that was redriven. */
  earlierMs: number;
  /** Attempts that failed and were retried. */
  retries: number;
  /** Why the last attempt failed. */
  error: { name: string; cause: string } | null;
  /** The machine's state when this state was entered, and when it was left. */
  input: unknown;
  output: unknown;
  /** Request of a Task that is not a Lambda function, e.g. CreateTrainingJob. */
  request: Record<string, unknown> | null;
  /** Of a Task that is a Lambda function, or of the functions of a Map. */
  functionArn: string | null;
  /** Items of a Map. */
  items: { total: number; done: number } | null;
};

/**
 * Reads the history of an execution as progress of its states.
 *
 * @param stateNames states of interest, in running order; others are left out
 * @param events history, oldest first
 */
export function executionProgress(
  stateNames: readonly string[],
  events: readonly HistoryEvent[],
): StateProgress[] {
  const states = new Map(stateNames.map((name) => [name, waitingState(name)]));
  const order = [...states.values()];
  let current: StateProgress | undefined;

  for (const event of events) {
    const entered = states.get(event.stateEnteredEventDetails?.name ?? '');
    const exited = states.get(event.stateExitedEventDetails?.name ?? '');
    if (entered) {
      current = entered;
      enter(current, event);
      passBy(order.slice(0, order.indexOf(current)));
    } else if (exited) {
      leave(exited, event);
    } else if (current) {
      EFFECTS[event.type as string]?.(current, event);
    }
    // What was not entered by the end is not entered any more.
    if (event.type === 'ExecutionSucceeded') passBy(order);
  }
  return order;
}

const waitingState = (name: string): StateProgress => ({
  name,
  status: 'waiting',
  startedAt: null,
  endedAt: null,
  earlierMs: 0,
  retries: 0,
  error: null,
  input: null,
  output: null,
  request: null,
  functionArn: null,
  items: null,
});

const timeOf = (event: HistoryEvent): Date | null => event.timestamp ?? null;

/** Applies an event to the state that it belongs to. */
type Effect = (state: StateProgress, event: HistoryEvent) => void;

const enter: Effect = (state, event) => {
  const input = parseOptional(event.stateEnteredEventDetails?.input);
  Object.assign(state, { status: 'running', startedAt: timeOf(event), input });
};

const leave: Effect = (state, event) => {
  const output = parseOptional(event.stateExitedEventDetails?.output);
  Object.assign(state, { status: 'done', endedAt: timeOf(event), error: null, output });
};

/** States before the current one that were never entered have been skipped. */
function passBy(before: readonly StateProgress[]): void {
  for (const state of before) if (state.status === 'waiting') state.status = 'skipped';
}

/** An attempt begins: the first one, or another after a failed one. */
const attempt: Effect = (state) => {
  if (state.error === null) return;
  state.retries += 1;
  state.error = null;
};

const failAttempt: Effect = (state, event) => {
  state.error = failureOf(event);
};

/** The execution ends; a state that it was in ends with it. */
const endAs =
  (status: StateStatus): Effect =>
  (state, event) => {
    if (state.status !== 'running') return;
    Object.assign(state, { status, endedAt: timeOf(event), error: failureOf(event) ?? state.error });
  };

/** By event type; other types change nothing that is shown. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  TaskScheduled(state, event) {
    const { parameters } = event.taskScheduledEventDetails ?? {};
    state.request = parseOptional(parameters) as Record<string, unknown>;
    attempt(state, event);
  },
  LambdaFunctionScheduled(state, event) {
    state.functionArn = event.lambdaFunctionScheduledEventDetails?.resource ?? null;
    attempt(state, event);
  },
  LambdaFunctionFailed: failAttempt,
  LambdaFunctionTimedOut: failAttempt,
  LambdaFunctionScheduleFailed: failAttempt,
  LambdaFunctionStartFailed: failAttempt,
  TaskFailed: failAttempt,
  TaskTimedOut: failAttempt,
  TaskStartFailed: failAttempt,
  TaskSubmitFailed: failAttempt,
  MapStateStarted(state, event) {
    state.items = { total: event.mapStateStartedEventDetails?.length ?? 0, done: 0 };
  },
  MapIterationSucceeded(state) {
    if (state.items) state.items.done += 1;
  },
  ExecutionFailed: endAs('failed'),
  ExecutionTimedOut: endAs('failed'),
  ExecutionAborted: endAs('stopped'),
  ExecutionRedriven(state, event) {
    const earlierMs = stateMs(state, state.endedAt ?? timeOf(event));
    // The attempt that follows is no retry: a person has asked for it.
    Object.assign(state, {
      status: 'running',
      startedAt: timeOf(event),
      endedAt: null,
      earlierMs,
      error: null,
    });
  },
};

/** Milliseconds in which a state has run, pauses before a redrive left out. */
export const stateMs = ({ startedAt, endedAt, earlierMs }: StateProgress, now: Date | null): number =>
  earlierMs + (startedAt === null ? 0 : Number(endedAt ?? now ?? startedAt) - Number(startedAt));

const BEGINNINGS = new Set(['ExecutionStarted', 'ExecutionRedriven']);
const ENDS = new Set(['ExecutionSucceeded', 'ExecutionFailed', 'ExecutionTimedOut', 'ExecutionAborted']);

/** Milliseconds in which an execution has run: from its start, and from each redrive, to the end that follows. */
export function runningMs(events: readonly HistoryEvent[], now: Date): number {
  let sum = 0;
  let since: number | null = null;
  for (const { type = '', timestamp } of events) {
    if (BEGINNINGS.has(type)) since = Number(timestamp);
    if (!ENDS.has(type) || since === null) continue;
    sum += Number(timestamp) - since;
    since = null;
  }
  return sum + (since === null ? 0 : now.getTime() - since);
}

/** Error and cause of an event that has them; each type of event keeps them in a member of its own. */
function failureOf(event: HistoryEvent): StateProgress['error'] {
  const details = Object.entries(event).find(([name]) => name.endsWith('EventDetails'))?.[1] as
    | { error?: string; cause?: string }
    | undefined;
  if (!details?.error && !details?.cause) return null;
  return { name: details.error ?? 'Unknown', cause: details.cause ?? '' };
}

const parseOptional = (text: string | undefined): unknown => (text === undefined ? null : parseJson(text));
