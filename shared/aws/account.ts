import {
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
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
import { GetPolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetBucketLocationCommand } from '@aws-sdk/client-s3';
import { paginateListServiceQuotas, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { s3 } from './object-store.ts';
import { SHORT_PATIENCE_MS, serviceClient } from './service-client.ts';

export type { RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint };

/** A person waits for the answers. */
const patienceMs = SHORT_PATIENCE_MS;

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

/** Everything of a VPC that decides what its functions can reach; empty lists where there is nothing. */
export type Network = {
  vpc: Vpc | null;
  subnets: Subnet[];
  routeTables: RouteTable[];
  endpoints: VpcEndpoint[];
  databaseSecurityGroup: SecurityGroup | null;
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
  return {
    vpc: vpcs.Vpcs?.[0] ?? null,
    subnets: subnets.Subnets ?? [],
    routeTables: routeTables.RouteTables ?? [],
    endpoints: endpoints.VpcEndpoints ?? [],
    databaseSecurityGroup: groups.SecurityGroups?.[0] ?? null,
  };
}

/** Name of each quota of SageMaker → its value, e.g. “ml.g6.2xlarge for training job usage” → 0. */
export async function sageMakerQuotas(): Promise<Map<string, number>> {
  const quotas = new Map<string, number>();
  const pages = paginateListServiceQuotas(
    { client: serviceClient(ServiceQuotasClient, { patienceMs }) },
    { ServiceCode: 'sagemaker' },
  );
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

/** @throws RequestRefused where there is no such policy */
export async function findPolicy(arn: string): Promise<void> {
  await serviceClient(IAMClient, { patienceMs }).send(new GetPolicyCommand({ PolicyArn: arn }));
}
