/**
 * Name by which the console links a nested execution with the one that started it (Step Functions guide, "Start workflow
 * executions from a task state"). It is part of the input, and none of its parameters.
 */
export const STARTED_BY = 'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID';

/** An execution's input as a person would write it. */
export function withoutStarter(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !(STARTED_BY in input)) return input;
  const { [STARTED_BY]: _, ...rest } = input as Record<string, unknown>;
  return rest;
}
