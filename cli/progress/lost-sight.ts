import {
  AccessDenied,
  PASSING_ERRORS,
  PipelineError,
  ServiceUnreachable,
  ServiceUntrusted,
} from '../../shared/errors.ts';
import type { Connection } from '../connection.ts';
import { UsageError } from '../usage-error.ts';

/**
 * Watches, and says how to continue if what is watched can no longer be reached: the endpoint has gone away, has fallen silent or
 * now has other credentials. With the local stack its executions end; once it runs again, they can be redriven.
 *
 * @param again the commands that watch it again and that redrive it
 * @throws UsageError in that case; any other error unchanged
 */
export async function untilLost<Result>(
  { kind }: Pick<Connection, 'kind'>,
  again: { watch: string; redrive: string },
  watch: () => Promise<Result>,
): Promise<Result> {
  try {
    return await watch();
  } catch (error) {
    if (!isLoss(error)) throw error;
    const hasEnded =
      kind === 'local' && (error instanceof ServiceUnreachable || error instanceof AccessDenied);
    throw new UsageError(hasEnded ? stackEnded(again.redrive) : lost(error, again.watch), { cause: error });
  }
}

const stackEnded = (redrive: string): string =>
  `\nThe local stack has ended, and this execution with it. To go on, start the stack with ./fpe local, then: ${redrive}`;

const lost = ({ name, message }: Error, again: string): string =>
  `\nLost contact with the execution; it may still be running. ${name}: ${message}\nTo watch it again, once Step Functions answers: ${again}`;

const isLoss = (error: unknown): error is PipelineError =>
  error instanceof AccessDenied ||
  error instanceof ServiceUntrusted ||
  (error instanceof PipelineError && PASSING_ERRORS.some((name) => name === error.name));
