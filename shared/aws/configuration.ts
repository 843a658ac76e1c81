import { ConfigurationMissing } from '../errors.ts';
import { USUAL_MARGIN } from '../execution/job-limits.ts';

/**
 * Reads one setting of the deployment.
 *
 * @throws ConfigurationMissing naming the variable
 */
export function setting(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new ConfigurationMissing({
    what: `The setting ${name} is missing`,
    where: `environment of ${process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'this process'}`,
    found: value === undefined ? 'no such variable' : 'an empty value',
    ...(isByHand()
      ? {
          expected: 'a value, set by a stage, the local stack or the user',
          fix: `name a stage (--stage NAME), start the local stack (./fpe local), or set ${name}`,
        }
      : {
          expected: 'a value, set by serverless.yml',
          fix: `set ${name} under the function's environment in serverless.yml`,
        }),
  });
}

export const optionalSetting = (name: string): string | undefined => process.env[name] || undefined;

/** Whether a person at a keyboard runs this, as opposed to a function. */
export const isByHand = (): boolean => optionalSetting('AWS_LAMBDA_FUNCTION_NAME') === undefined;

/** The stage's factor: how many times its assumed duration a job may take. */
export const jobTimeMargin = (): number => Number(optionalSetting('JOB_TIME_MARGIN') ?? USUAL_MARGIN);

export const buckets = () => ({ storage: setting('STORAGE_BUCKET'), model: setting('MODEL_BUCKET') });
