import { StageInvalid } from '../config/stage.ts';
import { StackFailed } from '../deployment/stack.ts';
import { AccessDenied, PipelineError } from '../shared/errors.ts';
import { UsageError } from './connection.ts';

/** A user's mistake is reported without a stack trace; ours with it. */
export function describeError(error: unknown): string {
  if (error instanceof UsageError || error instanceof StageInvalid || error instanceof StackFailed)
    return error.message;
  if (error instanceof AccessDenied && (error.cause as Error).name === 'CredentialsProviderError')
    return 'There are no AWS credentials, and the local stack is not running. Log in to AWS, or start the stack with: ./fpe local';
  if (error instanceof PipelineError) return `${error.name}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? error.message;
}
