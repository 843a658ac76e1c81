import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerImages, ecrImage } from '../config/containers.ts';
import type { Stage } from '../config/stage.ts';
import { callerIdentity, canPullImage, readNetwork, sageMakerQuotas } from '../shared/aws/account.ts';
import { findStackResource } from '../shared/aws/stacks.ts';
import { parseJsonAs } from '../shared/formats/json.ts';
import { runInput } from '../shared/inputs/train-station.ts';
import { findWeights, IMAGENET_WEIGHTS } from '../shared/model-bucket/imagenet-weights.ts';
import { deployedChecks } from './after-deployment.ts';
import { boundaryChecks } from './boundary.ts';
import { bucketChecks } from './buckets.ts';
import {
  type Check,
  checkAnswer,
  checked,
  checkThat,
  failed,
  ok,
  outcomeOfError,
  unknown,
  warning,
} from './check.ts';
import { networkChecks } from './network.ts';
import { stackName, type Template } from './package.ts';
import { secretChecks } from './secrets.ts';

/** The input of a first run, which trains without a GPU. */
const FIRST_RUN = parseJsonAs(
  readFileSync(join(import.meta.dirname, '../events/first-run.json'), 'utf8'),
  runInput,
);

/** Findings that keep a stage from being deployed. */
export const blocking = (checks: readonly Check[]): Check[] =>
  checks.filter(({ status, isForRuns }) => status === 'failed' && !isForRuns);

/**
 * Checks everything that config/{stage}.yml says about the account, and what requires an existing stack; nothing is changed.
 *
 * @param compile compiles the template of the stage; only called if the stage has a permissions boundary
 */
export async function preflight(stage: Stage, compile: () => Promise<Template>): Promise<Check[]> {
  const { check: credentials, answer: caller } = await credentialsCheck(stage);
  // Without credentials every other answer would be the same complaint, and anyone with credentials may ask whose they are.
  if (caller === null) return [{ ...credentials, status: 'failed' }];
  const { account } = caller;
  const groups = await Promise.all([
    bucketChecks(stage, account),
    secretChecks(stage),
    networkGroup(stage),
    boundaryChecks(stage, account, compile),
    quotaChecks(),
    imageChecks(stage),
    weightsCheck(stage),
    deployedChecks(stage, account),
  ]);
  return [credentials, ...groups.flat()];
}

const credentialsCheck = ({ region }: Stage) =>
  checkAnswer(
    {
      name: 'Credentials',
      needs: 'credentials of the account, in the environment',
      fix: 'log in to AWS, e.g. with aws sso login, and set AWS_PROFILE',
    },
    callerIdentity,
    ({ arn, account }) => ok(`${arn}, account ${account}, ${region}`),
  );

async function networkGroup(stage: Stage): Promise<Check[]> {
  try {
    return networkChecks(stage, await readNetwork(stage), await functionGroup(stage));
  } catch (error) {
    return [
      checked(
        {
          name: 'Network',
          needs: 'a VPC with subnets that can reach the database and AWS’s services',
          fix: 'check vpcId, privateSubnetIds and databaseSecurityGroupId',
        },
        outcomeOfError(error),
      ),
    ];
  }
}

/** Id of the functions' security group; null before the stack exists or if it may not be read. */
const functionGroup = (stage: Stage): Promise<string | null> =>
  findStackResource(stackName(stage), 'FunctionSecurityGroup').catch(() => null);

/**
 * Quotas of the instances that an execution uses by default, and of the one for a first run. New accounts may have quotas of
 * zero.
 */
async function quotaChecks(): Promise<Check[]> {
  const { training_instance_type: training, transform_instance_type: transform } = runInput.parse({
    station_id: 1,
  });
  const wanted = [
    { quota: `${training} for training job usage` },
    { quota: `${training} for spot training job usage`, onlyFor: 'training_spot' },
    {
      quota: `${FIRST_RUN.training_instance_type} for training job usage`,
      onlyFor: 'events/first-run.json, with which fpe smoke trains without a GPU',
    },
    { quota: `${transform} for transform job usage` },
  ];
  const subjectOf = (name: string, fix: string) => ({
    name,
    needs: '1 instance or more',
    fix,
    isForRuns: true,
  });
  try {
    const quotas = await sageMakerQuotas();
    return wanted.map(({ quota, onlyFor }): Check => {
      const value = quotas.get(quota);
      const otherwise = onlyFor
        ? `; needed only for ${onlyFor}`
        : ', or name another instance type in the input';
      const subject = subjectOf(
        `Quota ${quota}`,
        `ask AWS for 1 or more in Service Quotas, Amazon SageMaker, “${quota}” (hours to days)${otherwise}`,
      );
      if (value === undefined) return checked(subject, unknown('Service Quotas does not list it'));
      if (value >= 1) return checked(subject, ok(String(value)));
      const found = '0 instances, the value of new accounts';
      return checked(subject, onlyFor ? warning(found) : failed(found));
    });
  } catch (error) {
    const { status, found } = outcomeOfError(error);
    // A service that does not answer says nothing about the quotas.
    return [
      checked(
        subjectOf('Quotas of SageMaker', 'look at the quotas of Amazon SageMaker in Service Quotas'),
        unknown(status === 'unknown' ? found : `could not be checked: Service Quotas: ${found}`),
      ),
    ];
  }
}

function imageChecks(stage: Stage): Promise<Check[]> {
  const { training, serving } = containerImages(stage);
  const images = { trainingImage: training, servingImage: serving };
  return Promise.all(
    Object.entries(images).map(([parameter, image]) =>
      checkThat(
        {
          name: `Container ${parameter}`,
          needs: 'an image in ECR that can be pulled',
          fix: `set ${parameter} to an image that exists, in ECR`,
          isForRuns: true,
        },
        async () => {
          const found = ecrImage(image);
          if (!found) return failed(`${image} is not in ECR`);
          return (await canPullImage(found)) ? ok(image) : failed(`there is no ${image}`);
        },
      ),
    ),
  );
}

const weightsCheck = ({ stage, modelBucket: bucket, weightsKey: key }: Stage): Promise<Check> => {
  const where = `s3://${bucket}/${key}`;
  return checkThat(
    {
      name: 'ImageNet weights',
      needs: `${IMAGENET_WEIGHTS.file} of torchvision, ${IMAGENET_WEIGHTS.bytes.toLocaleString('en')} bytes`,
      fix: `upload them once: ./fpe weights --stage ${stage}; or start with "pretrained": false`,
      isForRuns: true,
    },
    async () => {
      const found = await findWeights({ bucket, key });
      if (found.state === 'missing')
        return failed(`there is no ${where}, so that no training starts unless its input says otherwise`);
      if (found.state === 'wrong') return failed(`${where} ${found.fault}`);
      return ok(`${where}, sha256 ${IMAGENET_WEIGHTS.sha256.slice(0, 8)}…`);
    },
  );
};
