/**
 * Name by which the console links a nested execution with the one that started it (Step Functions guide, "Start workflow
 * executions from a task state").
 */
export const STARTED_BY = 'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID';

/** What an input may hold besides parameters; by the second, an editor checks the file. */
const NO_PARAMETERS: readonly string[] = [STARTED_BY, '$schema'];

/** The parameters in an execution's input. */
export function parametersIn(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => !NO_PARAMETERS.includes(name)));
}
