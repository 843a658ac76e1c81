/**
 * Runs a state that starts an execution of another machine and waits for its end: `states:startExecution.sync:2`, whose result
 * holds input and output as JSON. A child that does not succeed fails the state with its DescribeExecution output; a state that
 * is stopped stops its child. The other forms (`startExecution`, `.sync`) are refused by name.
 */

import { ApiError } from '../json-api.ts';
import { TaskFailure } from '../task.ts';
import type { Execution } from './executions.ts';

export const NESTED_EXECUTION = 'arn:aws:states:::states:startExecution.sync:2';

export const isNestedExecution = (resource: string): boolean => resource === NESTED_EXECUTION;

/**
 * @param start the API's operation, with its own rules for names and inputs
 * @returns the result of DescribeExecution in Step Functions' form: names in capitals, input and output parsed, times in ms
 * @throws TaskFailure States.TaskFailed for a child that failed; StepFunctions.… for one that could not be started
 */
export async function runNestedExecution(
  parameters: unknown,
  signal: AbortSignal,
  start: (request: Record<string, unknown>) => Execution,
): Promise<unknown> {
  const { StateMachineArn, Name, Input } = parameters as Record<string, unknown>;
  const child = startChild(
    { stateMachineArn: StateMachineArn, name: Name, input: JSON.stringify(Input ?? {}) },
    start,
  );
  const stop = () => child.stop('StoppedByParent', 'The execution that started it was stopped.');
  signal.addEventListener('abort', stop);
  await child.whenEnded;
  signal.removeEventListener('abort', stop);
  const { status, input, output, error, cause, ...record } = child.record;
  const described = {
    ExecutionArn: record.executionArn,
    InputDetails: { Included: true },
    Name: record.name,
    StartDate: record.startDate,
    StateMachineArn: record.stateMachineArn,
    Status: status,
    StopDate: record.stopDate,
  };
  if (status !== 'SUCCEEDED')
    throw new TaskFailure(
      'States.TaskFailed',
      JSON.stringify({ ...described, Input: input, Error: error, Cause: cause }),
    );
  return {
    ...described,
    Input: JSON.parse(input),
    Output: JSON.parse(output as string),
    OutputDetails: { Included: true },
  };
}

function startChild(
  request: Record<string, unknown>,
  start: (request: Record<string, unknown>) => Execution,
): Execution {
  try {
    return start(request);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new TaskFailure(`StepFunctions.${error.name}Exception`, error.message);
  }
}
