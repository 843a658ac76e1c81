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
import { DAY_MS } from '../formats/durations.ts';
import { s3 } from './object-store.ts';
import { photoBase } from './photos.ts';
import { type PolicyStatement, parsePolicy } from './policy-document.ts';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

export type { RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint };

/** A person waits for the answers. */
const patienceMs = SHORT_PATIENCE_MS;
/** Limit for the first byte of a photo, requested as a browser would. */
const ANYONE_MS = 15_000;

/** Reads from an account what config/{stage}.yml states about it: one call per question, none of which changes anything. */
export const callerIdentity = async () => {
  const { Account, Arn } = await serviceClient(STSClient, { patienceMs }).send(
    new GetCallerIdentityCommand({}),
  );
  return { account: Account as string, arn: Arn as string };
};

/** Region of a bucket; S3 returns no name for the oldest region. */
export async function bucketRegion(bucket: string): Promise<string> {
  const { LocationConstraint } = await s3().send(new GetBucketLocationCommand({ Bucket: bucket }));
  return LocationConstraint || 'us-east-1';
}

/** Encryption of new objects; `kmsKey` is null for AWS's own key. */
export type BucketEncryption = { algorithm: string; kmsKey: string | null };

/** Default encryption of a bucket; S3 returns none for buckets that have only the encryption of every bucket. */
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

/** Policy of a bucket; null if it has none. */
export async function bucketPolicy(bucket: string): Promise<PolicyStatement[] | null> {
  try {
    const { Policy = '' } = await s3().send(new GetBucketPolicyCommand({ Bucket: bucket }));
    return parsePolicy(Policy);
  } catch (error) {
    if (isNamed(error, 'NoSuchBucketPolicy')) return null;
    throw error;
  }
}

/** Whether a photo can be read without credentials, from a page at this address. */
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

/** Everything of a VPC that decides what its functions can reach; empty lists for missing parts. */
export type Network = {
  vpc: Vpc | null;
  /** Whether names are resolved in the VPC, and whether its machines and endpoints get names. */
  dns: { support: boolean; hostnames: boolean };
  subnets: Subnet[];
  routeTables: RouteTable[];
  endpoints: VpcEndpoint[];
  databaseSecurityGroup: SecurityGroup | null;
  /** Security groups of the endpoints. */
  endpointSecurityGroups: SecurityGroup[];
};

export async function readNetwork(ids: {
  vpcId: string;
  privateSubnetIds: readonly string[];
  databaseSecurityGroupId: string;
}): Promise<Network> {
  const ec2 = serviceClient(EC2Client, { patienceMs });
  const inVpc = [{ Name: 'vpc-id', Values: [ids.vpcId] }];
  // By filters, because requesting an unknown id is an error that names only the first one.
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
 * Name of each quota of SageMaker → its value, e.g. “ml.g6.2xlarge for training job usage” → 0. A quota that was never changed
 * may be listed only among AWS's defaults.
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

/** Text of a managed policy, JSON. @throws RequestRefused if there is no such policy */
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

/** Whether an action on a resource is allowed; `missing` names keys of conditions whose values were not given. */
export type BoundaryDecision = { action: string; resource: string; isAllowed: boolean; missing: string[] };

/**
 * Which requests that a role's own policy allows a permissions boundary allows, too: each action on each resource.
 *
 * @param boundary text of the policy
 * @param resources ARNs, or only `*` for actions without resources
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
      // The result for an action lists its resources; for `*`, it describes the action itself.
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

/** Subscribers of a topic; `isConfirmed` is false until the link in AWS's message has been followed. */
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

/** Sum of a CloudWatch metric since an instant; events are counted only minutes later. */
async function metricSum(
  [Namespace, MetricName]: [namespace: string, name: string],
  [Name, Value]: [dimension: string, value: string],
  since: Date,
): Promise<number> {
  // CloudWatch rounds to whole minutes and refuses a period that ends when it begins.
  const end = new Date(Date.now() + 60_000);
  // With a period of a day, CloudWatch may count events before the instant; with a period of minutes, it answers for at most a
  // day.
  const isShort = end.getTime() - since.getTime() < DAY_MS;
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

/** How often an EventBridge rule has called its target since an instant, and how often the call failed. */
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
