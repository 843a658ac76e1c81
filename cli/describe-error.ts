import { StageInvalid } from '../config/stage.ts';
import { StackFailed } from '../deployment/stack.ts';
import { AccessDenied, PipelineError } from '../shared/errors.ts';
import { UsageError } from './usage-error.ts';

/** A user's mistake is reported without a stack trace; ours with it. */
export function describeError(error: unknown): string {
  if (error instanceof UsageError || error instanceof StageInvalid || error instanceof StackFailed)
    return error.message;
  if (error instanceof AccessDenied && (error.cause as Error).name === 'CredentialsProviderError')
    return 'There are no AWS credentials. Log in to AWS (aws sso login, aws configure, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY).';
  if (error instanceof PipelineError) return `${error.name}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? error.message;
}
