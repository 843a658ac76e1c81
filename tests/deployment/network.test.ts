import { describe, expect, test } from '@jest/globals';
import { readStage, type Stage } from '../../config/stage.ts';
import { networkChecks } from '../../deployment/network.ts';
import type { Network, RouteTable, VpcEndpoint } from '../../shared/aws/account.ts';

const stage: Stage = {
  ...readStage('example'),
  privateSubnetIds: ['subnet-a', 'subnet-b'],
  vpcId: 'vpc-1',
  databaseSecurityGroupId: 'sg-db',
};
const endpoint = (service: string, change: Partial<VpcEndpoint> = {}): VpcEndpoint => ({
  VpcEndpointId: `vpce-${service}`,
  ServiceName: `com.amazonaws.us-west-2.${service}`,
  VpcEndpointType: service === 's3' ? 'Gateway' : 'Interface',
  State: 'Available',
  PrivateDnsEnabled: true,
  ...(service === 's3' && { RouteTableIds: ['rtb-main'] }),
  ...change,
});
const mainTable = (...routes: NonNullable<RouteTable['Routes']>): RouteTable => ({
  RouteTableId: 'rtb-main',
  Associations: [{ Main: true }],
  Routes: [{ DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local' }, ...routes],
});
const defaultRoute = { DestinationCidrBlock: '0.0.0.0/0' };
const network = (change: Partial<Network> = {}): Network => ({
  vpc: { VpcId: 'vpc-1' },
  subnets: [
    { SubnetId: 'subnet-a', VpcId: 'vpc-1', AvailabilityZone: 'us-west-2a' },
    { SubnetId: 'subnet-b', VpcId: 'vpc-1', AvailabilityZone: 'us-west-2b' },
  ],
  routeTables: [mainTable()],
  endpoints: [endpoint('s3'), endpoint('secretsmanager'), endpoint('states')],
  databaseSecurityGroup: { GroupId: 'sg-db', VpcId: 'vpc-1' },
  ...change,
});

/** Name and status of whatever is not in order. */
const complaints = (given: Network, of: Stage = stage) =>
  networkChecks(of, given).filter(({ status }) => status !== 'ok');
const told = (given: Network, of?: Stage) =>
  complaints(given, of).map(({ status, name }) => `${status} ${name}`);

describe('a network', () => {
  test('with an endpoint for each service is in order', () => {
    expect(told(network())).toEqual([]);
  });

  test('with a NAT gateway is in order, but for a gateway endpoint that would be cheaper', () => {
    const nat = network({
      endpoints: [],
      routeTables: [mainTable({ ...defaultRoute, NatGatewayId: 'nat-1' })],
    });

    expect(told(nat)).toEqual(['warning s3 from subnet-a', 'warning s3 from subnet-b']);
    expect(complaints(nat)[0]?.found).toBe('default route to nat-1');
  });

  test.each([
    ['without any way out', mainTable(), 'no default route'],
    [
      'with public subnets only',
      mainTable({ ...defaultRoute, GatewayId: 'igw-1' }),
      'leads to igw-1, which functions cannot use',
    ],
  ])('%s lacks all three services, each with what to add', (_, table, found) => {
    const missing = complaints(network({ endpoints: [], routeTables: [table] }));

    expect(missing.map(({ name }) => name)).toEqual(
      ['subnet-a', 'subnet-b'].flatMap((id) =>
        ['s3', 'secretsmanager', 'states'].map((service) => `${service} from ${id}`),
      ),
    );
    expect(missing[0]?.found).toContain(found);
    expect(missing[0]?.fix).toContain('add a gateway endpoint for com.amazonaws.us-west-2.s3');
    expect(missing[1]?.fix).toContain('add an interface endpoint for com.amazonaws.us-west-2.secretsmanager');
  });

  test('is looked at through the table of each subnet, not the main one alone', () => {
    const own: RouteTable = { RouteTableId: 'rtb-own', Associations: [{ SubnetId: 'subnet-b' }], Routes: [] };

    expect(told(network({ routeTables: [mainTable(), own] }))).toEqual(['failed s3 from subnet-b']);
  });

  test.each([
    ['no private names', { PrivateDnsEnabled: false }, 'has no private DNS names'],
    ['been deleted', { State: 'Deleted' as const }, 'no endpoint'],
  ])('whose endpoint has %s cannot be reached by it', (_, change, found) => {
    const [complaint] = complaints(
      network({ endpoints: [endpoint('s3'), endpoint('secretsmanager', change), endpoint('states')] }),
    );

    expect(complaint).toMatchObject({ status: 'failed', name: 'secretsmanager from subnet-a' });
    expect(complaint?.found).toContain(found);
  });
});

describe('facts that do not fit together', () => {
  test.each([
    ['a VPC that is not there', { vpc: null }, 'failed VPC'],
    ['a subnet that is not there', { subnets: network().subnets.slice(1) }, 'failed Subnets'],
    [
      'a subnet of another VPC',
      { subnets: network().subnets.map((subnet) => ({ ...subnet, VpcId: 'vpc-2' })) },
      'failed Subnets',
    ],
    [
      'subnets in one zone',
      { subnets: network().subnets.map((subnet) => ({ ...subnet, AvailabilityZone: 'us-west-2a' })) },
      'warning Subnets',
    ],
    ['no security group', { databaseSecurityGroup: null }, 'failed Security group of the database'],
    [
      'a security group of another VPC',
      { databaseSecurityGroup: { GroupId: 'sg-db', VpcId: 'vpc-2' } },
      'failed Security group of the database',
    ],
  ])('%s', (_, change, expected) => {
    expect(told(network(change))).toEqual([expected]);
  });

  test('a database that the stack may not open asks for whoever may', () => {
    const [complaint] = complaints(network(), { ...stage, databaseIngress: false });

    expect(complaint).toMatchObject({ status: 'warning', name: 'Security group of the database' });
    expect(complaint?.fix).toContain('let in TCP 5432 from the group FunctionSecurityGroup');
  });
});
