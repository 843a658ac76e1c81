import { JOB_ADVICE } from './failure-advice.ts';
import { readFailureCause } from './failure-cause.ts';

/** What Step Functions calls every failure of a job. */
const OF_ANY_JOB = 'States.TaskFailed';
const JOB_ERRORS = JOB_ADVICE.flatMap(({ names }) => names);
/** How SageMaker's FailureReason begins where one of our jobs has told its error. */
const TOLD = new RegExp(`^(?:AlgorithmError: )?(${JOB_ERRORS.join('|')}): `);

/** @returns the error of ours that a job has told in a message, or a line of its log; null where there is none */
export const jobErrorIn = (message: string): string | null => TOLD.exec(message)?.[1] ?? null;

/**
 * What failed, for people: of a job its own error, which says more than that a job has failed.
 *
 * @param error, cause of an execution or a state
 */
export function toldFailure(
  error: string | undefined,
  cause: string | undefined,
): { name: string; job_error: string | null; message: string } {
  const { name, message } = readFailureCause(cause ?? '');
  const job_error = error === OF_ANY_JOB ? jobErrorIn(message) : null;
  return {
    name: job_error ?? name ?? error ?? 'Unknown',
    job_error,
    // SageMaker's frame tells nothing more.
    message: job_error === null ? message : message.replace(TOLD, '').replace(/, exit code: \d+$/, ''),
  };
}
