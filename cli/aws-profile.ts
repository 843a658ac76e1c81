import { readProfile } from '../shared/aws/profile.ts';
import { UsageError } from './usage-error.ts';

/**
 * The region by the rules of the AWS CLI: AWS_REGION, AWS_DEFAULT_REGION, the profile's
 * (https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html).
 *
 * @throws UsageError if AWS_PROFILE names none
 */
export async function configuredRegion(): Promise<string | null> {
  const { region } = await requireProfile();
  return process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || region;
}

/** @throws UsageError if AWS_PROFILE names none */
export async function requireProfile(): Promise<{ region: string | null }> {
  const named = process.env.AWS_PROFILE;
  const { isKnown, region, names } = await readProfile();
  if (named && !isKnown)
    throw new UsageError(
      `There is no AWS profile ${named} (AWS_PROFILE) in ~/.aws/config or ~/.aws/credentials. Found: ${names.join(', ') || 'no profile'}. Set AWS_PROFILE to one of them, or make it with: aws configure --profile ${named}`,
    );
  // Keys in the environment come before those of a profile, as for the AWS CLI; the SDK would take the profile's.
  if (process.env.AWS_ACCESS_KEY_ID && process.env.AWS_SECRET_ACCESS_KEY) delete process.env.AWS_PROFILE;
  return { region };
}
