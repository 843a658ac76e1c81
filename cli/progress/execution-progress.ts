import type { HistoryEvent } from '../../shared/aws/executions.ts';
import { parseJson } from '../../shared/formats/json.ts';

export type StateStatus = 'waiting' | 'running' | 'done' | 'failed' | 'stopped' | 'skipped';

/** How far one state of an execution is. */
export type StateProgress = {
  name: string;
  status: StateStatus;
  startedAt: Date | null;
  endedAt: Date | null;
  /** Attempts that failed and were tried again. */
  retries: number;
  /** Why the last attempt failed. */
  error: { name: string; cause: string } | null;
  /** The machine's state when this state was entered, and when it was left. */
  input: unknown;
  output: unknown;
  /** Request of a Task that is not a Lambda function, e.g. CreateTrainingJob. */
  request: Record<string, unknown> | null;
  /** Items of a Map. */
  items: { total: number; done: number } | null;
};

/** Failed, timed out or refused attempts; the details lie in a member of their own for each type of event. */
const FAILED_ATTEMPT =
  /^(LambdaFunction(Failed|TimedOut|ScheduleFailed|StartFailed)|Task(Failed|TimedOut|StartFailed|SubmitFailed))$/;
const ENDED: Record<string, StateStatus> = {
  ExecutionFailed: 'failed',
  ExecutionTimedOut: 'failed',
  ExecutionAborted: 'stopped',
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
    const type = event.type as string;
    const entered = event.stateEnteredEventDetails;
    const exited = event.stateExitedEventDetails;
    const at = event.timestamp ?? null;
    if (entered?.name && states.has(entered.name)) {
      current = states.get(entered.name) as StateProgress;
      Object.assign(current, { status: 'running', startedAt: at, input: parseOptional(entered.input) });
      // Whatever lies before it and was never entered was passed by.
      for (const before of order.slice(0, order.indexOf(current)))
        if (before.status === 'waiting') before.status = 'skipped';
    } else if (exited?.name && states.has(exited.name)) {
      Object.assign(states.get(exited.name) as StateProgress, {
        status: 'done',
        endedAt: at,
        error: null,
        output: parseOptional(exited.output),
      });
    } else if (!current) {
    } else if (type === 'TaskScheduled') {
      current.request = parseOptional(event.taskScheduledEventDetails?.parameters) as Record<string, unknown>;
      resume(current);
    } else if (type === 'LambdaFunctionScheduled') {
      resume(current);
    } else if (type === 'MapStateStarted') {
      current.items = { total: event.mapStateStartedEventDetails?.length ?? 0, done: 0 };
    } else if (type === 'MapIterationSucceeded' && current.items) {
      current.items.done += 1;
    } else if (FAILED_ATTEMPT.test(type)) {
      current.error = failureOf(event);
    } else if (type in ENDED && current.status === 'running') {
      const status = ENDED[type] as StateStatus;
      Object.assign(current, { status, endedAt: at, error: failureOf(event) ?? current.error });
    } else if (type === 'ExecutionRedriven') {
      Object.assign(current, { status: 'running', startedAt: at, endedAt: null });
    }
  }
  return order;
}

const waitingState = (name: string): StateProgress => ({
  name,
  status: 'waiting',
  startedAt: null,
  endedAt: null,
  retries: 0,
  error: null,
  input: null,
  output: null,
  request: null,
  items: null,
});

/** A new attempt after a failed one. */
function resume(state: StateProgress): void {
  if (state.error === null) return;
  state.retries += 1;
  state.error = null;
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
