import * as z from 'zod';
import { MalformedJson, parseJsonAs } from '../formats/json.ts';
import { withoutAddresses } from './notification.ts';

/** What Lambda makes of an error, and what DescribeTrainingJob and its like tell of a job. */
const failure = z.object({
  errorType: z.string().optional().catch(undefined),
  errorMessage: z.unknown().optional(),
  FailureReason: z.unknown().optional(),
});

/** What a cause says to a person, and the name of the error where the cause has one of its own. */
export type FailureCause = { name: string | null; message: string };

/** @param cause of a failed execution or state: JSON of a function or a job, or text; empty where none was given */
export function readFailureCause(cause: string): FailureCause {
  const { errorType = null, errorMessage, FailureReason } = parseFailure(cause);
  const message = errorMessage ?? FailureReason ?? cause;
  return {
    name: errorType,
    message: withoutAddresses(typeof message === 'string' ? message : JSON.stringify(message)),
  };
}

function parseFailure(cause: string): z.output<typeof failure> {
  try {
    return parseJsonAs(cause, failure);
  } catch (error) {
    // Text, then.
    if (error instanceof MalformedJson) return {};
    throw error;
  }
}
