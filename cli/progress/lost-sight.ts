import { AccessDenied, PASSING_ERRORS, PipelineError, ServiceUntrusted } from '../../shared/errors.ts';
import { nameInArn } from '../../shared/execution/arns.ts';
import { UsageError } from '../connection.ts';

/**
 * Watches, and says how to go on when what is watched cannot be seen any more: the endpoint went away, falls silent or has other
 * credentials by now.
 *
 * @throws UsageError then; any other error as it is
 */
export async function untilLost<Result>(executionArn: string, watch: () => Promise<Result>): Promise<Result> {
  try {
    return await watch();
  } catch (error) {
    if (!isLoss(error)) throw error;
    throw new UsageError(
      `\nLost contact with ${nameInArn(executionArn)}; it may still be running. ${error.name}: ${error.message}\nTo watch it again, once Step Functions answers (the local stack: npx fpe local): npx fpe watch ${executionArn}`,
      { cause: error },
    );
  }
}

const isLoss = (error: unknown): error is PipelineError =>
  error instanceof AccessDenied ||
  error instanceof ServiceUntrusted ||
  (error instanceof PipelineError && PASSING_ERRORS.some((name) => name === error.name));
