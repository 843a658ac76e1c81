import { containerImages, ecrImage } from '../config/containers.ts';
import type { Stage } from '../config/stage.ts';
import {
  bucketRegion,
  callerIdentity,
  canPullImage,
  findPolicy,
  readNetwork,
  sageMakerQuotas,
} from '../shared/aws/account.ts';
import { DATABASE_SECRET } from '../shared/aws/database.ts';
import { findSize } from '../shared/aws/object-store.ts';
import { readSecret } from '../shared/aws/secrets.ts';
import { AccessDenied, RequestRefused } from '../shared/errors.ts';
import { parseJson } from '../shared/json.ts';
import { runInput } from '../shared/run-input.ts';
import { networkChecks } from './network.ts';

/** One thing that a deployment or a run needs. */
export type Check = {
  name: string;
  /** unknown: the credentials may not ask. */
  status: 'ok' | 'warning' | 'failed' | 'unknown';
  found: string;
  fix?: string;
  /** A stack can be made without it, but an execution would fail. */
  isForRuns?: boolean;
};

/** What keeps a stage from being deployed. */
export const blocking = (checks: readonly Check[]): Check[] =>
  checks.filter(({ status, isForRuns }) => status === 'failed' && !isForRuns);

/** Asks the account for everything that config/{stage}.yml says of it; nothing is changed. */
export async function preflight(stage: Stage): Promise<Check[]> {
  const credentials = await credentialsCheck(stage);
  // Without credentials every other answer would be the same complaint.
  if (credentials.status === 'failed') return [credentials];
  const groups = await Promise.all([
    bucketCheck('Storage bucket', stage.storageBucket, 'storageBucket', stage),
    bucketCheck('Model bucket', stage.modelBucket, 'modelBucket', stage),
    secretCheck(stage),
    networkGroup(stage),
    boundaryCheck(stage),
    quotaChecks(),
    imageChecks(stage),
    weightsCheck(stage),
  ]);
  return [credentials, ...groups.flat()];
}

async function credentialsCheck({ region }: Stage): Promise<Check> {
  const name = 'Credentials';
  try {
    const { account, arn } = await callerIdentity();
    return { name, status: 'ok', found: `${arn}, account ${account}, ${region}` };
  } catch (error) {
    return {
      name,
      status: 'failed',
      found: toldBy(error),
      fix: 'log in to AWS, e.g. with aws sso login, and set AWS_PROFILE',
    };
  }
}

const bucketCheck = (name: string, bucket: string, parameter: string, { region }: Stage): Promise<Check> =>
  asking(name, `set ${parameter} to a bucket of this account`, async () => {
    const found = await bucketRegion(bucket);
    if (found === region) return { name, status: 'ok', found: `${bucket} in ${found}` };
    return {
      name,
      status: 'failed',
      found: `${bucket} is in ${found}`,
      fix: `set region to ${found}: SageMaker reads buckets of its own region only`,
    };
  });

const secretCheck = ({ dbSecret, dbHost }: Stage): Promise<Check> => {
  const name = 'Secret of the database';
  return asking(name, 'set dbSecret to the name or ARN of the secret', async () => {
    const text = await readSecret(dbSecret, DATABASE_SECRET);
    const secret = parseObject(text);
    const lacks = [
      ...(secret?.username || secret?.user ? [] : ['username']),
      ...(secret?.password ? [] : ['password']),
      ...(secret?.host || dbHost ? [] : ['host']),
    ];
    if (lacks.length === 0) return { name, status: 'ok', found: dbSecret };
    return {
      name,
      status: 'failed',
      found: secret ? `${dbSecret} has no ${lacks.join(', ')}` : `${dbSecret} holds no JSON object`,
      fix:
        lacks.join() === 'host'
          ? 'set dbHost, as a secret that RDS manages does not tell the host'
          : 'set dbSecret to the secret of the database',
    };
  });
};

async function networkGroup(stage: Stage): Promise<Check[]> {
  try {
    return networkChecks(stage, await readNetwork(stage));
  } catch (error) {
    return [unanswered('Network', error, 'check vpcId, privateSubnetIds and databaseSecurityGroupId')];
  }
}

async function boundaryCheck({ permissionsBoundary: given }: Stage): Promise<Check[]> {
  if (given === '') return [];
  const name = 'Permissions boundary';
  const check = await asking(
    name,
    'set permissionsBoundary to the name or ARN of a policy of this account',
    async () => {
      const { account } = await callerIdentity();
      const arn = given.startsWith('arn:') ? given : `arn:aws:iam::${account}:policy/${given}`;
      await findPolicy(arn);
      return { name, status: 'ok', found: arn };
    },
  );
  return [check];
}

/** Of the instances that an execution asks for unless its input names others. New accounts may have none of them. */
async function quotaChecks(): Promise<Check[]> {
  const { training_instance_type: training, transform_instance_type: transform } = runInput.parse({
    station_id: 1,
  });
  const wanted = [
    { quota: `${training} for training job usage`, isNeeded: true },
    { quota: `${training} for spot training job usage`, isNeeded: false },
    { quota: `${transform} for transform job usage`, isNeeded: true },
  ];
  try {
    const quotas = await sageMakerQuotas();
    return wanted.map(({ quota, isNeeded }): Check => {
      const name = `Quota ${quota}`;
      const value = quotas.get(quota);
      if (value === undefined)
        return { name, status: 'unknown', found: 'Service Quotas does not list it', isForRuns: true };
      if (value >= 1) return { name, status: 'ok', found: String(value), isForRuns: true };
      return {
        name,
        status: isNeeded ? 'failed' : 'warning',
        found: '0 instances, the value of new accounts',
        fix: `ask AWS for 1 or more in Service Quotas, Amazon SageMaker, “${quota}” (hours to days)${isNeeded ? ', or name another instance type in the input' : '; needed only with training_spot'}`,
        isForRuns: true,
      };
    });
  } catch (error) {
    const { status, found } = unanswered('', error, '');
    // A service that does not answer says nothing of the quotas.
    return [
      {
        name: 'Quotas of SageMaker',
        status: 'unknown',
        found: status === 'unknown' ? found : `Service Quotas: ${found}`,
        isForRuns: true,
      },
    ];
  }
}

function imageChecks(stage: Stage): Promise<Check[]> {
  const { training, serving } = containerImages(stage);
  const images = { trainingImage: training, servingImage: serving };
  return Promise.all(
    Object.entries(images).map(async ([parameter, image]) => {
      const name = `Container ${parameter}`;
      const found = ecrImage(image);
      const fix = `set ${parameter} to an image that exists, in ECR`;
      if (!found)
        return { name, status: 'failed' as const, found: `${image} is not in ECR`, fix, isForRuns: true };
      const check = await asking(name, fix, async () =>
        (await canPullImage(found))
          ? { name, status: 'ok', found: image }
          : { name, status: 'failed', found: `there is no ${image}`, fix },
      );
      return { ...check, isForRuns: true };
    }),
  );
}

const weightsCheck = async ({ modelBucket, weightsKey }: Stage): Promise<Check> => {
  const name = 'ImageNet weights';
  const where = `s3://${modelBucket}/${weightsKey}`;
  const check = await asking(name, 'set weightsKey', async () => {
    if ((await findSize({ bucket: modelBucket, key: weightsKey })) !== null)
      return { name, status: 'ok', found: where };
    return {
      name,
      status: 'warning',
      found: `there is no ${where}`,
      fix: `upload them once (README, “ImageNet weights”): aws s3 cp resnet18-f37072fd.pth ${where}; or start with "pretrained": false`,
    };
  });
  return { ...check, isForRuns: true };
};

/** A service that says no is an answer; one that does not let us ask is none. */
async function asking(name: string, fix: string, work: () => Promise<Check>): Promise<Check> {
  try {
    return await work();
  } catch (error) {
    return unanswered(name, error, fix);
  }
}

function unanswered(name: string, error: unknown, fix: string): Check {
  if (error instanceof AccessDenied)
    return {
      name,
      status: 'unknown',
      found: `these credentials may not ask (${(error.cause as Error).name})`,
    };
  return { name, status: 'failed', found: toldBy(error), fix };
}

/** In the service's own words: what to do about it, a check knows better. */
function toldBy(error: unknown): string {
  const isAnswer = error instanceof AccessDenied || error instanceof RequestRefused;
  const { name, message } = (isAnswer ? error.cause : error) as Error;
  return `${name}: ${message}`;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
