import { AccessDenied, PASSING_ERRORS, PipelineError, ServiceUntrusted } from '../../shared/errors.ts';
import { UsageError } from '../usage-error.ts';

/**
 * Watches, and says how to continue if what is watched can no longer be reached: the endpoint has gone away, has fallen silent or
 * now has other credentials.
 *
 * @param again the command that watches it again
 * @throws UsageError in that case; any other error unchanged
 */
export async function untilLost<Result>(again: string, watch: () => Promise<Result>): Promise<Result> {
  try {
    return await watch();
  } catch (error) {
    if (!isLoss(error)) throw error;
    throw new UsageError(
      `\nLost contact with the execution; it may still be running. ${error.name}: ${error.message}\nTo watch it again, once Step Functions answers (the local stack: ./fpe local): ${again}`,
      { cause: error },
    );
  }
}

const isLoss = (error: unknown): error is PipelineError =>
  error instanceof AccessDenied ||
  error instanceof ServiceUntrusted ||
  (error instanceof PipelineError && PASSING_ERRORS.some((name) => name === error.name));
