import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  DeleteRouteTableCommand,
  DescribeRouteTablesCommand,
  DisassociateRouteTableCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
} from '@aws-sdk/client-ec2';
import {
  DeleteBucketEncryptionCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { ListStateMachinesCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readStage, type Stage } from '../../config/stage.ts';
import { planDeployment, removeArtifacts, uploadPackage } from '../../deployment/deploy.ts';
import {
  ENVIRONMENT_TEMPLATE,
  environmentStackName,
  planEnvironment,
  removeEnvironment,
  stageFileOf,
} from '../../deployment/environment.ts';
import { type Manifest, packageStage, stackName, type Template } from '../../deployment/package.ts';
import { blocking, preflight } from '../../deployment/preflight.ts';
import { makeChanges, removeStack } from '../../deployment/stack.ts';
import { type JsonApi, startJsonApi } from '../../local/json-api.ts';
import { listObjects } from '../../shared/aws/object-store.ts';
import { findStack } from '../../shared/aws/stacks.ts';
import { packFiles } from '../../shared/formats/packed-archive.ts';
import { environmentCredentials } from '../support/environment-credentials.ts';
import { type Moto, startMoto } from './moto.ts';

/**
 * The whole life of a deployment in an AWS API emulator that others wrote: a development environment from nothing, the
 * pipeline into it, two updates, and everything removed again.
 */
const ROOT = join(import.meta.dirname, '../..');
const STAGE = { appName: 'fpe', stage: 'moto' };
const LIFE_MS = 900_000;
const quick = { pollMs: 50 };
/** Types that moto's CloudFormation passes over: of these it is not proven that they can be created. */
const UNKNOWN_TO_MOTO = [
  'AWS::CloudWatch::Alarm',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::TopicPolicy',
  'AWS::Scheduler::Schedule',
];
/** Types that hold something which a replacement would lose. */
const STATEFUL = [
  'AWS::EC2::SecurityGroup',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::RDS::DBInstance',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::StepFunctions::StateMachine',
];

let moto: Moto;
let answered: JsonApi[];
/** A copy of the project whose config/ has a stage for the emulator. */
let root: string;
beforeAll(async () => {
  moto = await startMoto();
  answered = await Promise.all([answerForQuotas(), answerForContainers()]);
  root = mkdtempSync(join(tmpdir(), 'fpe-emulator-'));
  const copied =
    'browser config deployment functions host local model package.json package-lock.json resources serverless.yml shared statemachines'.split(
      ' ',
    );
  for (const name of copied) cpSync(join(ROOT, name), join(root, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
}, LIFE_MS);
afterAll(async () => {
  await Promise.all([moto.stop(), ...answered.map((service) => service.stop())]);
  rmSync(root, { recursive: true });
});

/** One that was never changed, so that it is listed among AWS's defaults alone. */
const DEFAULT_QUOTA = { QuotaName: 'ml.m5.xlarge for training job usage', Value: 15 };

/** An account with no GPU for training, and a quota that is not listed. */
async function answerForQuotas(): Promise<JsonApi> {
  const Quotas = [
    { QuotaName: 'ml.g6.2xlarge for training job usage', Value: 0 },
    { QuotaName: 'ml.c5.xlarge for transform job usage', Value: 4 },
  ];
  const service = await startJsonApi(
    { target: 'ServiceQuotasV20190624', version: '1.1' },
    {
      ListServiceQuotas: () => ({ Quotas }),
      ListAWSDefaultServiceQuotas: () => ({
        Quotas: [...Quotas.map((quota) => ({ ...quota, Value: 9 })), DEFAULT_QUOTA],
      }),
    },
    { credentials: environmentCredentials() },
  );
  process.env.AWS_ENDPOINT_URL_SERVICE_QUOTAS = service.endpoint;
  return service;
}

/** A registry that has the container for training, and not the one for serving. */
async function answerForContainers(): Promise<JsonApi> {
  const service = await startJsonApi(
    { target: 'AmazonEC2ContainerRegistry_V20150921', version: '1.1' },
    { BatchGetImage: ({ repositoryName }) => ({ images: repositoryName === 'pytorch' ? [{}] : [] }) },
    { credentials: environmentCredentials() },
  );
  process.env.AWS_ENDPOINT_URL_ECR = service.endpoint;
  return service;
}

type Deployed = { id: string; type: string; physicalId: string };

/** What a stack consists of; resources that moto passed over have no id of their own. */
async function resourcesOf(stack: string): Promise<Deployed[]> {
  const { StackResources = [] } = await new CloudFormationClient({}).send(
    new DescribeStackResourcesCommand({ StackName: stack }),
  );
  return StackResources.filter(({ LogicalResourceId }) => LogicalResourceId).map((resource) => ({
    id: resource.LogicalResourceId as string,
    type: resource.ResourceType as string,
    physicalId: resource.PhysicalResourceId as string,
  }));
}

/** Logical ids of a template that the stack has not, by type. */
function missing(template: Template, deployed: readonly Deployed[]): string[] {
  const ids = new Set(deployed.map(({ id }) => id));
  const types = Object.entries(template.Resources).flatMap(([id, { Type }]) => (ids.has(id) ? [] : [Type]));
  return [...new Set(types)].sort();
}

const stateful = (deployed: readonly Deployed[]) => deployed.filter(({ type }) => STATEFUL.includes(type));

/** Packages the stage with these changes of its file, uploads and deploys. */
async function deploy(change = ''): Promise<{ manifest: Manifest; template: Template; isChange: boolean }> {
  const file = join(root, 'config', `${STAGE.stage}.yml`);
  writeFileSync(file, `${stageFile}${change}`);
  const folder = join(root, 'dist');
  const manifest = await packageStage(root, STAGE.stage, folder);
  await uploadPackage(folder, manifest);
  const { changeSet } = await planDeployment(manifest, quick);
  if (changeSet) await makeChanges(manifest.stack, changeSet, quick);
  const template = JSON.parse(readFileSync(join(folder, manifest.template.file), 'utf8'));
  return { manifest, template, isChange: changeSet !== null };
}

let stageFile: string;

/** moto tells no outputs of a stack that a change set made: here they are, from its resources. */
function outputsOf(deployed: readonly Deployed[]) {
  const idOf = (id: string) => deployed.find((resource) => resource.id === id)?.physicalId as string;
  return Object.entries({
    StorageBucket: idOf('StorageBucket'),
    ModelBucket: idOf('ModelBucket'),
    VpcId: idOf('Vpc'),
    PrivateSubnetIds: `${idOf('PrivateSubnetA')},${idOf('PrivateSubnetB')}`,
    DbSecret: 'rds!db-0123',
    DbHost: `${idOf('Database')}.us-west-2.rds.amazonaws.com`,
    DatabasePort: '5432',
    DatabaseSecurityGroupId: idOf('DatabaseSecurityGroup'),
  }).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
}

/** moto's CloudFormation passes over this property of a VPC. */
const turnDnsHostnamesOn = (VpcId: string) =>
  new EC2Client({}).send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));

/** moto deletes no route table of a stack, and then refuses to delete the VPC, which CloudFormation does in its order. */
async function deleteRouteTables(vpcId: string): Promise<void> {
  const ec2 = new EC2Client({});
  const { RouteTables = [] } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  );
  for (const { RouteTableId, Associations = [] } of RouteTables) {
    if (Associations.some(({ Main }) => Main)) continue;
    for (const { RouteTableAssociationId: AssociationId } of Associations)
      await ec2.send(new DisassociateRouteTableCommand({ AssociationId }));
    await ec2.send(new DeleteRouteTableCommand({ RouteTableId }));
  }
}

/** What the account of `spoilAccount` has wrong, in the order of the checks. */
const SPOILED = [
  'Photos by their address',
  'Model bucket, default encryption',
  'Model bucket, refusals in its policy',
  'ImageNet weights',
  'Deliveries of EventBridge',
  'GPU of the last training',
];
const SPOILED_PHOTO = 'imagesets/1/images/a (1).jpg';
const SPOILED_JOB = 'fpe-moto-rank-29-train-0-0';
const SPOILED_OUTPUT = `rank/passing/1/${SPOILED_JOB}/output/output.tar.gz`;

/** Makes what a person finds in an account that others look after; moto keeps objects closed to those without credentials, and keeps to a policy as soon as there is one. */
async function spoilAccount({ storageBucket, modelBucket, weightsKey }: Stage): Promise<void> {
  const s3 = new S3Client({ forcePathStyle: true });
  const put = (Bucket: string, Key: string, Body: string | Uint8Array) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  await put(storageBucket, SPOILED_PHOTO, 'a photo');
  await put(modelBucket, weightsKey, '<Error />');
  await put(modelBucket, SPOILED_OUTPUT, await trainingOutput({ device: 'cpu' }));
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: modelBucket,
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: 'arn:aws:kms:us-west-2:1:key/1',
            },
          },
        ],
      },
    }),
  );
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket: modelBucket,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'OnlyVpc',
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:PutObject',
            Resource: `arn:aws:s3:::${modelBucket}/rank/*`,
            Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } },
          },
        ],
      }),
    }),
  );
  const sum = (MetricName: string, Value: number) => ({
    MetricName,
    Value,
    Dimensions: [{ Name: 'RuleName', Value: 'fpe-moto-rank-execution-ended-badly' }],
  });
  await new CloudWatchClient({}).send(
    new PutMetricDataCommand({
      Namespace: 'AWS/Events',
      MetricData: [sum('Invocations', 3), sum('FailedInvocations', 2)],
    }),
  );
  await new SageMakerClient({}).send(
    new CreateTrainingJobCommand({
      TrainingJobName: SPOILED_JOB,
      RoleArn: 'arn:aws:iam::123456789012:role/jobs-of-the-stage',
      AlgorithmSpecification: { TrainingInputMode: 'File', TrainingImage: 'pytorch' },
      OutputDataConfig: { S3OutputPath: `s3://${modelBucket}/rank/passing/1` },
      ResourceConfig: { InstanceType: 'ml.g6.2xlarge', InstanceCount: 1, VolumeSizeInGB: 100 },
      StoppingCondition: { MaxRuntimeInSeconds: 3600 },
    }),
  );
}

/** So that the buckets can be removed. */
async function restoreAccount({ storageBucket, modelBucket, weightsKey }: Stage): Promise<void> {
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket: modelBucket }));
  await s3.send(new DeleteBucketPolicyCommand({ Bucket: modelBucket }));
  const remove = (Bucket: string, Key: string) => s3.send(new DeleteObjectCommand({ Bucket, Key }));
  await remove(storageBucket, SPOILED_PHOTO);
  await remove(modelBucket, weightsKey);
  await remove(modelBucket, SPOILED_OUTPUT);
}

/** output.tar.gz as SageMaker leaves it. */
const trainingOutput = (facts: object): Promise<Uint8Array> =>
  packFiles([
    ['data/metrics.csv', 'epoch,train_loss,val_loss\n0,1,1\n'],
    ['data/args.json', '{}'],
    ['data/training.json', JSON.stringify(facts)],
  ]);

/** moto cannot refer to a parameter group from a database (it takes the object for its name). */
const environmentTemplate = readFileSync(ENVIRONMENT_TEMPLATE, 'utf8').replace(
  / *DBParameterGroupName: .*\n/,
  '',
);

test(
  'an environment is made from nothing, the pipeline deployed into it, updated twice and removed without a trace',
  async () => {
    // The environment, and the stage's file from its outputs.
    const environment = environmentStackName(STAGE);
    const { changeSet } = await planEnvironment(
      { ...STAGE, developerCidr: '203.0.113.7/32' },
      quick,
      environmentTemplate,
    );
    const made = await makeChanges(environment, changeSet as string, quick);
    const environmentBefore = await resourcesOf(environment);
    stageFile = stageFileOf(
      { ...made, Outputs: outputsOf(environmentBefore) },
      { appName: STAGE.appName, region: 'us-west-2' },
    );

    // The pipeline.
    const first = await deploy();
    const created = await resourcesOf(first.manifest.stack);
    expect(missing(first.template, created).filter((type) => !UNKNOWN_TO_MOTO.includes(type))).toEqual([]);
    expect(created.length).toBeGreaterThan(40);
    const machine = created.find(({ id }) => id === 'TrainStation') as Deployed;
    const started = await new SFNClient({}).send(
      new StartExecutionCommand({ stateMachineArn: machine.physicalId, input: '{"station_id":29}' }),
    );
    expect(started.executionArn).toContain(':execution:fpe-moto-train-station:');

    await turnDnsHostnamesOn(environmentBefore.find(({ id }) => id === 'Vpc')?.physicalId as string);

    // The account now has what the stage needs: quotas and containers are answered for, as moto knows neither; it makes
    // no association of a subnet with its routes, so the way to S3 is left out.
    const found = await preflight(readStage(STAGE.stage, join(root, 'config')), async () => first.template);
    const checks = found.filter(({ name }) => !name.startsWith('s3 from'));
    expect(checks.filter(({ status }) => status !== 'ok')).toMatchObject([
      {
        name: 'Photos by their address',
        status: 'unknown',
        found: expect.stringContaining('no photo in s3://'),
      },
      {
        name: 'Secret of the database',
        status: 'failed',
        found: expect.stringContaining('ResourceNotFound'),
      },
      {
        name: 'Quota ml.g6.2xlarge for training job usage',
        status: 'failed',
        found: '0 instances, the value of new accounts',
        fix: expect.stringContaining('ask AWS for 1 or more in Service Quotas'),
        isForRuns: true,
      },
      { name: 'Quota ml.g6.2xlarge for spot training job usage', status: 'unknown' },
      {
        name: 'Container servingImage',
        status: 'failed',
        found: expect.stringMatching(/^there is no .*pytorch-inference/),
      },
      {
        name: 'ImageNet weights',
        status: 'failed',
        isForRuns: true,
        fix: expect.stringContaining('upload them once'),
      },
      { name: 'Subscription of the notifications', status: 'warning', found: 'nobody is subscribed' },
      {
        name: 'GPU of the last training',
        status: 'unknown',
        fix: './fpe smoke --stage moto makes one, for cents',
      },
    ]);
    const okOf = (name: string) =>
      checks.find((check) => check.name === name && check.status === 'ok')?.found;
    expect(okOf('Storage bucket, default encryption')).toBe('SSE-S3');
    expect(okOf('Model bucket, refusals in its policy')).toBeDefined();
    expect(okOf('DNS of the VPC')).toBe('both on');
    expect(okOf('Security group of the endpoint for states')).toContain('lets');
    expect(okOf('Quota ml.m5.xlarge for training job usage')).toBe('15');
    expect(okOf('Deliveries of EventBridge')).toBe('nothing was to be told so far');
    expect(blocking(checks).map(({ name }) => name)).toEqual(['Secret of the database']);

    await spoilAccount(readStage(STAGE.stage, join(root, 'config')));
    const spoiled = await preflight(readStage(STAGE.stage, join(root, 'config')), async () => first.template);
    expect(spoiled.filter(({ name }) => SPOILED.includes(name))).toMatchObject([
      { status: 'warning', found: expect.stringContaining('imagesets/1/images/a (1).jpg') },
      { status: 'failed', found: expect.stringContaining('aws:kms with arn:aws:kms:us-west-2:1:key/1') },
      { status: 'failed', found: 'OnlyVpc denies s3:PutObject if StringNotEquals aws:SourceVpc vpc-1' },
      {
        status: 'failed',
        found: expect.stringMatching(
          /weights\/.* has 9 bytes, and should have 46,830,571: it is another file/,
        ),
      },
      { status: 'failed', found: expect.stringContaining('2 of 3 were not delivered') },
      { status: 'failed', found: expect.stringContaining('-train-0-0, ml.g6.2xlarge: cpu') },
    ]);
    await restoreAccount(readStage(STAGE.stage, join(root, 'config')));

    // Twice the same changes nothing; two real updates replace nothing that holds something. (Retention is left alone: moto
    // loses sight of a log group that it changes.)
    const same = await deploy();
    expect(same.isChange).toBe(false);
    for (const change of [
      'mergeConcurrency: 4\n',
      'logLevel: DEBUG\nmaxRunHours: 3\nnotificationEmail: a@example.org\nnightlySchedule: true\n',
    ]) {
      const updated = await deploy(change);
      expect(updated.isChange).toBe(true);
      expect(stateful(await resourcesOf(updated.manifest.stack))).toEqual(stateful(created));
    }
    const again = await planEnvironment({ ...STAGE }, quick, environmentTemplate);
    expect(again.changes).toEqual([]);
    expect(stateful(await resourcesOf(environment))).toEqual(stateful(environmentBefore));

    // Removed in the only order that works.
    await expect(removeEnvironment(STAGE, quick)).rejects.toThrow('still deployed into this environment');
    const modelBucket = first.manifest.template.bucket;
    await removeStack(stackName(STAGE), quick);
    const artifacts = await removeArtifacts({ ...STAGE, modelBucket });
    expect(artifacts).toBeGreaterThan(12);
    expect(await Array.fromAsync(listObjects(modelBucket, ''))).toEqual([]);
    const { stateMachines } = await new SFNClient({}).send(new ListStateMachinesCommand({}));
    expect(stateMachines).toEqual([]);
    await deleteRouteTables(environmentBefore.find(({ id }) => id === 'Vpc')?.physicalId as string);
    await removeEnvironment(STAGE, quick);
    expect([await findStack(stackName(STAGE)), await findStack(environment)]).toEqual([null, null]);
  },
  LIFE_MS,
);
