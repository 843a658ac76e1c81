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
 * now has other credentials. The local stack keeps its executions in memory, so with it they are gone.
 *
 * @param again the command that watches it again
 * @throws UsageError in that case; any other error unchanged
 */
export async function untilLost<Result>(
  { kind }: Pick<Connection, 'kind'>,
  again: string,
  watch: () => Promise<Result>,
): Promise<Result> {
  try {
    return await watch();
  } catch (error) {
    if (!isLoss(error)) throw error;
    const hasEnded =
      kind === 'local' && (error instanceof ServiceUnreachable || error instanceof AccessDenied);
    throw new UsageError(hasEnded ? STACK_ENDED : lost(error, again), { cause: error });
  }
}

const STACK_ENDED =
  '\nThe local stack has ended, and with it this execution. What was published before stays. To begin again, start the stack with ./fpe local and then a new execution.';

const lost = ({ name, message }: Error, again: string): string =>
  `\nLost contact with the execution; it may still be running. ${name}: ${message}\nTo watch it again, once Step Functions answers: ${again}`;

const isLoss = (error: unknown): error is PipelineError =>
  error instanceof AccessDenied ||
  error instanceof ServiceUntrusted ||
  (error instanceof PipelineError && PASSING_ERRORS.some((name) => name === error.name));
