import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  EC2Client,
  type RouteTable,
  type SecurityGroup,
  type Subnet,
  type Vpc,
  type VpcEndpoint,
} from '@aws-sdk/client-ec2';
import { BatchGetImageCommand, ECRClient } from '@aws-sdk/client-ecr';
import {
  type ContextEntry,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  IAMClient,
  paginateSimulateCustomPolicy,
} from '@aws-sdk/client-iam';
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import {
  paginateListAWSDefaultServiceQuotas,
  paginateListServiceQuotas,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { paginateListSubscriptionsByTopic, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { RequestRefused } from '../errors.ts';
import { s3 } from './object-store.ts';
import { photoBase } from './photos.ts';
import { type PolicyStatement, parsePolicy } from './policy-document.ts';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

export type { RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint };

/** A person waits for the answers. */
const patienceMs = SHORT_PATIENCE_MS;
/** For the first byte of a photo, asked for as a browser does. */
const ANYONE_MS = 15_000;

/** What an account tells of the facts in config/{stage}.yml; each question is one call, and none changes anything. */
export const callerIdentity = async () => {
  const { Account, Arn } = await serviceClient(STSClient, { patienceMs }).send(
    new GetCallerIdentityCommand({}),
  );
  return { account: Account as string, arn: Arn as string };
};

/** Region of a bucket; S3 tells no name for the oldest of them. */
export async function bucketRegion(bucket: string): Promise<string> {
  const { LocationConstraint } = await s3().send(new GetBucketLocationCommand({ Bucket: bucket }));
  return LocationConstraint || 'us-east-1';
}

/** Of new objects; `kmsKey` is null where AWS's own key is meant. */
export type BucketEncryption = { algorithm: string; kmsKey: string | null };

/** Default encryption of a bucket; S3 says nothing of the buckets that have only what every bucket has. */
export async function bucketEncryption(bucket: string): Promise<BucketEncryption> {
  try {
    const { ServerSideEncryptionConfiguration } = await s3().send(
      new GetBucketEncryptionCommand({ Bucket: bucket }),
    );
    const rule = ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    return { algorithm: rule?.SSEAlgorithm ?? 'AES256', kmsKey: rule?.KMSMasterKeyID ?? null };
  } catch (error) {
    if (isNamed(error, 'ServerSideEncryptionConfigurationNotFoundError'))
      return { algorithm: 'AES256', kmsKey: null };
    throw error;
  }
}

/** Policy of a bucket, null where it has none. */
export async function bucketPolicy(bucket: string): Promise<PolicyStatement[] | null> {
  try {
    const { Policy = '' } = await s3().send(new GetBucketPolicyCommand({ Bucket: bucket }));
    return parsePolicy(Policy);
  } catch (error) {
    if (isNamed(error, 'NoSuchBucketPolicy')) return null;
    throw error;
  }
}

/** Whether a photo answers to somebody without credentials, who comes from a page of this address. */
export async function isOpenToAnyone(
  { bucket, key }: { bucket: string; key: string },
  referer: string | null = null,
): Promise<boolean> {
  const address = `${photoBase(bucket)}${key.split('/').map(encodeURIComponent).join('/')}`;
  const response = await fetch(address, {
    headers: { range: 'bytes=0-0', ...(referer && { referer }) },
    signal: AbortSignal.timeout(ANYONE_MS),
  });
  await response.body?.cancel();
  return response.ok;
}

const isNamed = (error: unknown, code: string): boolean =>
  error instanceof RequestRefused && error.code === code;

/** Everything of a VPC that decides what its functions can reach; empty lists where there is nothing. */
export type Network = {
  vpc: Vpc | null;
  /** Whether names are resolved in the VPC, and whether its machines and endpoints get names. */
  dns: { support: boolean; hostnames: boolean };
  subnets: Subnet[];
  routeTables: RouteTable[];
  endpoints: VpcEndpoint[];
  databaseSecurityGroup: SecurityGroup | null;
  /** Of the endpoints. */
  endpointSecurityGroups: SecurityGroup[];
};

export async function readNetwork(ids: {
  vpcId: string;
  privateSubnetIds: readonly string[];
  databaseSecurityGroupId: string;
}): Promise<Network> {
  const ec2 = serviceClient(EC2Client, { patienceMs });
  const inVpc = [{ Name: 'vpc-id', Values: [ids.vpcId] }];
  // By filters, as asking for an id that is not there is an error that names only the first.
  const [vpcs, subnets, routeTables, endpoints, groups] = await Promise.all([
    ec2.send(new DescribeVpcsCommand({ Filters: inVpc })),
    ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: 'subnet-id', Values: [...ids.privateSubnetIds] }] }),
    ),
    ec2.send(new DescribeRouteTablesCommand({ Filters: inVpc })),
    ec2.send(new DescribeVpcEndpointsCommand({ Filters: inVpc })),
    ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [{ Name: 'group-id', Values: [ids.databaseSecurityGroupId] }],
      }),
    ),
  ]);
  const vpc = vpcs.Vpcs?.[0] ?? null;
  const attribute = async (Attribute: 'enableDnsSupport' | 'enableDnsHostnames') => {
    if (!vpc) return false;
    const found = await ec2.send(new DescribeVpcAttributeCommand({ VpcId: ids.vpcId, Attribute }));
    return (
      (Attribute === 'enableDnsSupport' ? found.EnableDnsSupport : found.EnableDnsHostnames)?.Value ?? false
    );
  };
  const endpointGroups = [
    ...new Set(
      (endpoints.VpcEndpoints ?? []).flatMap(({ Groups = [] }) =>
        Groups.flatMap(({ GroupId }) => GroupId ?? []),
      ),
    ),
  ];
  const [support, hostnames, ofEndpoints] = await Promise.all([
    attribute('enableDnsSupport'),
    attribute('enableDnsHostnames'),
    endpointGroups.length === 0
      ? []
      : ec2
          .send(
            new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-id', Values: endpointGroups }] }),
          )
          .then(({ SecurityGroups = [] }) => SecurityGroups),
  ]);
  return {
    vpc,
    dns: { support, hostnames },
    subnets: subnets.Subnets ?? [],
    routeTables: routeTables.RouteTables ?? [],
    endpoints: endpoints.VpcEndpoints ?? [],
    databaseSecurityGroup: groups.SecurityGroups?.[0] ?? null,
    endpointSecurityGroups: ofEndpoints,
  };
}

/**
 * Name of each quota of SageMaker → its value, e.g. “ml.g6.2xlarge for training job usage” → 0. One that was never changed may be told
 * among AWS's defaults alone.
 */
export async function sageMakerQuotas(): Promise<Map<string, number>> {
  const quotas = new Map<string, number>();
  const client = serviceClient(ServiceQuotasClient, { patienceMs });
  const of = { ServiceCode: 'sagemaker' };
  for (const pages of [
    paginateListAWSDefaultServiceQuotas({ client }, of),
    paginateListServiceQuotas({ client }, of),
  ])
    for await (const page of pages)
      for (const { QuotaName, Value } of page.Quotas ?? []) quotas.set(QuotaName as string, Value ?? 0);
  return quotas;
}

/** Whether an image can be pulled from ECR, its own account's or another's. */
export async function canPullImage(image: {
  account: string;
  region: string;
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
}): Promise<boolean> {
  const { account, region, repository, tag, digest } = image;
  const { images = [] } = await serviceClient(ECRClient, { region, patienceMs }).send(
    new BatchGetImageCommand({
      registryId: account,
      repositoryName: repository,
      imageIds: [digest ? { imageDigest: digest } : { imageTag: tag }],
    }),
  );
  return images.length > 0;
}

/** Text of a managed policy, JSON. @throws RequestRefused where there is no such policy */
export async function readPolicy(arn: string): Promise<string> {
  const iam = serviceClient(IAMClient, { patienceMs });
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: arn }));
  const { PolicyVersion } = await iam.send(
    new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: Policy?.DefaultVersionId }),
  );
  return decodeURIComponent(PolicyVersion?.Document ?? '');
}

const ALLOW_EVERYTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

/** Whether an action on a resource is let pass; `missing` names keys of conditions whose values were not given. */
export type BoundaryDecision = { action: string; resource: string; isAllowed: boolean; missing: string[] };

/**
 * What a permissions boundary lets pass of requests that a role's own policy allows: each action on each resource.
 *
 * @param boundary text of the policy
 * @param resources ARNs, or `*` alone for actions that know none
 */
export async function simulateBoundary(
  boundary: string,
  asked: { actions: string[]; resources: string[]; context: Record<string, string[]> },
): Promise<BoundaryDecision[]> {
  const decisions: BoundaryDecision[] = [];
  const pages = paginateSimulateCustomPolicy(
    { client: serviceClient(IAMClient, { patienceMs }), pageSize: 1000 },
    {
      PolicyInputList: [ALLOW_EVERYTHING],
      PermissionsBoundaryPolicyInputList: [boundary],
      ActionNames: asked.actions,
      ResourceArns: asked.resources,
      ContextEntries: Object.entries(asked.context).map(
        ([ContextKeyName, ContextKeyValues]): ContextEntry => ({
          ContextKeyName,
          ContextKeyValues,
          ContextKeyType: ContextKeyValues.every((value) => /^(true|false)$/.test(value))
            ? 'boolean'
            : 'string',
        }),
      ),
    },
  );
  for await (const { EvaluationResults = [] } of pages)
    for (const result of EvaluationResults) {
      const action = result.EvalActionName as string;
      const details = result.ResourceSpecificResults ?? [];
      // One result for an action tells of its resources in a list; asked about `*`, of itself.
      const each =
        details.length > 0
          ? details.map((detail) => ({
              resource: detail.EvalResourceName as string,
              decision: detail.EvalResourceDecision,
              missing: detail.MissingContextValues,
            }))
          : [
              {
                resource: result.EvalResourceName ?? '*',
                decision: result.EvalDecision,
                missing: result.MissingContextValues,
              },
            ];
      for (const { resource, decision, missing = [] } of each)
        decisions.push({ action, resource, isAllowed: decision === 'allowed', missing });
    }
  return decisions;
}

/** Who hears of a topic; `isConfirmed` is false until the link in AWS's message was followed. */
export async function topicSubscriptions(
  topicArn: string,
): Promise<{ protocol: string; endpoint: string; isConfirmed: boolean }[]> {
  const found = [];
  const client = serviceClient(SNSClient, { patienceMs });
  for await (const page of paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn }))
    for (const { Protocol = '', Endpoint = '', SubscriptionArn = '' } of page.Subscriptions ?? [])
      found.push({
        protocol: Protocol,
        endpoint: Endpoint,
        isConfirmed: SubscriptionArn.startsWith('arn:'),
      });
  return found;
}

/** Sum of a metric of CloudWatch since an instant; minutes pass until one counts what has happened. */
async function metricSum(
  [Namespace, MetricName]: [namespace: string, name: string],
  [Name, Value]: [dimension: string, value: string],
  since: Date,
): Promise<number> {
  // CloudWatch knows whole minutes, and refuses a time that is over as it begins.
  const end = new Date(Date.now() + 60_000);
  // Of a day, CloudWatch may count what was before the instant; of more minutes than a day has, it tells none.
  const isShort = end.getTime() - since.getTime() < 86_400_000;
  const { Datapoints = [] } = await serviceClient(CloudWatchClient, { patienceMs }).send(
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName,
      Dimensions: [{ Name, Value }],
      StartTime: since,
      EndTime: end,
      Period: isShort ? 60 : 86_400,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
}

/** How often a rule of EventBridge has called its target, and how often in vain, since an instant. */
export async function ruleInvocations(rule: string, since: Date): Promise<{ all: number; failed: number }> {
  const [all, failed] = await Promise.all(
    ['Invocations', 'FailedInvocations'].map((name) =>
      metricSum(['AWS/Events', name], ['RuleName', rule], since),
    ),
  );
  return { all: all as number, failed: failed as number };
}

/** How many messages of a topic have reached a subscriber, and how many have not, since an instant. */
export async function topicDeliveries(
  topic: string,
  since: Date,
): Promise<{ delivered: number; failed: number }> {
  const [delivered, failed] = await Promise.all(
    ['NumberOfNotificationsDelivered', 'NumberOfNotificationsFailed'].map((name) =>
      metricSum(['AWS/SNS', name], ['TopicName', topic], since),
    ),
  );
  return { delivered: delivered as number, failed: failed as number };
}
