// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are CloudFormation’s
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readStage } from '../../config/stage.ts';
import { boundaryChecks } from '../../deployment/boundary.ts';
import type { Template } from '../../deployment/package.ts';
import type { Statement } from '../templates/iam.ts';
import { type IamService, startIamService } from './iam-service.ts';

const ACCOUNT = '111122223333';
const stage = { ...readStage('example'), permissionsBoundary: 'the-boundary' };

const role = (...Statement: object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: { Policies: [{ PolicyName: 'own', PolicyDocument: { Statement } }] },
});
const allow = (Action: string | string[], Resource: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
/** Two functions of the VPC, a machine and jobs. */
const template: Template = {
  Resources: {
    Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'fpe-example-rank' } },
    LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/lambda/fpe-example-work' } },
    JobRole: role(allow(['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::models/rank/*')),
    ReadRole: role(
      allow(['ec2:CreateNetworkInterface'], '*'),
      allow('s3:GetObject', 'arn:aws:s3:::models/rank/*'),
    ),
    WriteRole: role(
      allow('ec2:CreateNetworkInterface', '*'),
      allow('logs:PutLogEvents', { 'Fn::GetAtt': ['LogGroup', 'Arn'] }),
      {
        Effect: 'Deny',
        Action: 's3:*',
        Resource: '*',
        Condition: { ArnLike: { 'lambda:SourceFunctionArn': 'arn:aws:lambda:*' } },
      },
    ),
    MachineRole: role(
      allow('sns:Publish', { Ref: 'Topic' }),
      allow('events:PutRule', {
        'Fn::Sub': 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctions*',
      }),
      allow(
        'iam:PassRole',
        { 'Fn::GetAtt': ['JobRole', 'Arn'] },
        { Condition: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } } },
      ),
    ),
  },
};
const everything: Statement = { Effect: 'Allow', Action: '*', Resource: '*' };

let iam: IamService | undefined;
beforeEach(() => {
  Object.assign(process.env, {
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
  });
});
afterEach(async () => {
  await iam?.stop();
});

async function checksWith(
  statements: Statement[] | null,
  options: Parameters<typeof startIamService>[1] = {},
) {
  iam = await startIamService(statements && { Statement: statements }, options);
  return boundaryChecks(stage, ACCOUNT, async () => template);
}

describe('the permissions boundary', () => {
  test('is in order where it lets pass every right of every role', async () => {
    const checks = await checksWith([everything]);

    expect(checks.map(({ name, status, found }) => [name, status, found])).toEqual([
      ['Permissions boundary', 'ok', `arn:aws:iam::${ACCOUNT}:policy/the-boundary`],
      ['Permissions boundary, for the deployment', 'ok', 'lets pass 3 rights of 3 roles'],
      ['Permissions boundary, for runs', 'ok', 'lets pass 6 rights of 4 roles'],
    ]);
  });

  test('keeps a stage from being deployed where it refuses what making the stack takes, each action named with its roles', async () => {
    const [, deployment] = await checksWith([
      { Effect: 'Allow', Action: ['s3:*', 'sns:*', 'iam:*'], Resource: '*' },
    ]);

    expect(deployment).toMatchObject({
      status: 'failed',
      found:
        'it refuses ec2:CreateNetworkInterface on * (ReadRole and 1 more); events:PutRule on arn:aws:events:us-west-2:111122223333:rule/StepFunctionsexample (MachineRole)',
      fix: expect.stringContaining('docs/boundary.md'),
    });
    expect(deployment).not.toHaveProperty('isForRuns');
  });

  test('lets a stage be deployed where it refuses what only runs take', async () => {
    const [, deployment, runs] = await checksWith([
      everything,
      { Effect: 'Deny', Action: 's3:PutObject', Resource: '*' },
    ]);

    expect(deployment?.status).toBe('ok');
    expect(runs).toMatchObject({
      status: 'failed',
      isForRuns: true,
      found: 'it refuses s3:PutObject on arn:aws:s3:::models/rank/example (JobRole)',
    });
  });

  test('is asked about a stream of a log group, where functions write', async () => {
    const streams = 'arn:aws:logs:*:*:log-group:/aws/lambda/fpe-*:log-stream:*';
    const [, , runs] = await checksWith([
      { ...everything, Action: ['s3:*', 'sns:*', 'iam:*', 'ec2:*', 'events:*'] },
      { ...everything, Action: 'logs:PutLogEvents', Resource: streams },
    ]);

    expect(runs?.status).toBe('ok');
  });

  test('is asked with what requests hold: to whom a role is passed, and in which region', async () => {
    const checks = await checksWith([
      {
        Effect: 'Allow',
        Action: '*',
        Resource: '*',
        Condition: { StringEquals: { 'aws:RequestedRegion': 'us-west-2' } },
      },
      {
        Effect: 'Deny',
        Action: 'iam:PassRole',
        Resource: '*',
        Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
      },
    ]);

    expect(checks.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
  });

  test('is not judged where it hangs on what only a request tells', async () => {
    const [, , runs] = await checksWith([{ ...everything, Action: 'ec2:*' }], {
      missing: ['aws:PrincipalTag/team'],
    });

    expect(runs).toMatchObject({ status: 'unknown' });
    expect(runs?.found).toMatch(/^could not be checked for .*it hangs on aws:PrincipalTag\/team/);
  });

  test('that these credentials may not read could not be checked, which is no failure', async () => {
    const checks = await checksWith(null);

    expect(checks).toMatchObject([
      {
        status: 'unknown',
        found: expect.stringMatching(
          /^could not be checked, as these credentials may not ask: AccessDenied: .*iam:GetPolicy/,
        ),
      },
    ]);
    expect(iam?.asked).toEqual(['GetPolicy']);
  });

  test('that a stage does not have is not asked about, and nothing is compiled for it', async () => {
    const checks = await boundaryChecks({ ...stage, permissionsBoundary: '' }, ACCOUNT, () => {
      throw new Error('compiled');
    });

    expect(checks).toEqual([]);
  });
});
