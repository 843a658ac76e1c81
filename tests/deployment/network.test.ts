import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readStage, type Stage } from '../../config/stage.ts';
import { networkChecks } from '../../deployment/network.ts';
import type { Network, RouteTable, SecurityGroup, VpcEndpoint } from '../../shared/aws/account.ts';

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
  PolicyDocument: '{"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}',
  ...(service !== 's3' && { Groups: [{ GroupId: 'sg-endpoints' }] }),
  ...(service === 's3' && { RouteTableIds: ['rtb-main'] }),
  ...change,
});
/** Group of the endpoints with one rule. */
const group = (rule: NonNullable<SecurityGroup['IpPermissions']>[number]): SecurityGroup => ({
  GroupId: 'sg-endpoints',
  IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, ...rule }],
});
const mainTable = (...routes: NonNullable<RouteTable['Routes']>): RouteTable => ({
  RouteTableId: 'rtb-main',
  Associations: [{ Main: true }],
  Routes: [{ DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local' }, ...routes],
});
const defaultRoute = { DestinationCidrBlock: '0.0.0.0/0' };
const network = (change: Partial<Network> = {}): Network => ({
  vpc: { VpcId: 'vpc-1' },
  dns: { support: true, hostnames: true },
  subnets: [
    { SubnetId: 'subnet-a', VpcId: 'vpc-1', AvailabilityZone: 'us-west-2a', CidrBlock: '10.0.0.0/26' },
    { SubnetId: 'subnet-b', VpcId: 'vpc-1', AvailabilityZone: 'us-west-2b', CidrBlock: '10.0.0.64/26' },
  ],
  routeTables: [mainTable()],
  endpoints: [endpoint('s3'), endpoint('secretsmanager'), endpoint('states')],
  databaseSecurityGroup: { GroupId: 'sg-db', VpcId: 'vpc-1' },
  endpointSecurityGroups: [group({ IpRanges: [{ CidrIp: '10.0.0.0/16' }] })],
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

describe('the endpoints', () => {
  const withRule = (rule: Parameters<typeof group>[0]) => network({ endpointSecurityGroups: [group(rule)] });

  test.each([
    ['some other group', { UserIdGroupPairs: [{ GroupId: 'sg-other' }] }],
    ['one subnet of two', { IpRanges: [{ CidrIp: '10.0.0.0/26' }] }],
    ['another port', { FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.0.0.0/16' }] }],
    ['UDP', { IpProtocol: 'udp', IpRanges: [{ CidrIp: '10.0.0.0/16' }] }],
  ])('that let in %s shut the functions out, and say whom to let in', (_, rule) => {
    const [complaint, ...more] = complaints(withRule(rule));

    expect(complaint).toMatchObject({
      status: 'failed',
      name: 'Security group of the endpoint for secretsmanager',
      needs: 'a security group that admits the functions on TCP 443',
    });
    expect(complaint?.found).toMatch(/^sg-endpoints does not let .*subnet-b \(10\.0\.0\.64\/26\)/);
    expect(complaint?.fix).toContain('let TCP 443 in to sg-endpoints from 10.0.0.0/26 and 10.0.0.64/26');
    expect(more.map(({ name }) => name)).toEqual(['Security group of the endpoint for states']);
  });

  test.each([
    ['all traffic of a range', { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    ['each subnet by its own range', { IpRanges: [{ CidrIp: '10.0.0.0/26' }, { CidrIp: '10.0.0.64/26' }] }],
  ])('that let in %s are in order', (_, rule) => {
    expect(told(withRule(rule))).toEqual([]);
  });

  test('that let in the group of the functions are in order, once the stack is there', () => {
    const onlyFunctions = withRule({ UserIdGroupPairs: [{ GroupId: 'sg-functions' }] });

    expect(
      networkChecks(stage, onlyFunctions, 'sg-functions').filter(({ status }) => status !== 'ok'),
    ).toEqual([]);
    expect(told(onlyFunctions)).toHaveLength(2);
  });

  const everything = { Effect: 'Allow', Action: '*', Resource: '*', Principal: '*' };

  test.each([
    { Statement: { ...everything, Action: 's3:*' } },
    { Statement: { ...everything, Resource: 'arn:aws:s3:::models/*' } },
    { Statement: { ...everything, Principal: { AWS: 'arn:aws:iam::123456789012:root' } } },
    { Statement: { ...everything, Condition: { StringEquals: { 'aws:PrincipalAccount': '123456789012' } } } },
    { Statement: [everything, { ...everything, Effect: 'Deny', Action: 's3:PutObject' }] },
  ])('with a policy of their own are to be read by a person: %j', (document) => {
    const policy = { PolicyDocument: JSON.stringify(document) };
    const endpoints = [endpoint('s3', policy), endpoint('secretsmanager'), endpoint('states')];

    expect(told(network({ endpoints }))).toEqual(['warning Policy of the endpoint for s3']);
  });
});

test.each([
  ['names', { support: false, hostnames: true }, 'enableDnsSupport off', '--enable-dns-support'],
  ['host names', { support: true, hostnames: false }, 'enableDnsHostnames off', '--enable-dns-hostnames'],
])('a VPC without %s does not find its endpoints', (_, dns, found, fix) => {
  expect(complaints(network({ dns }))).toMatchObject([
    { status: 'failed', name: 'DNS of the VPC', found, fix: expect.stringContaining(fix) },
  ]);
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

test('the callers of Step Functions that a check names are the functions in the VPC whose roles allow it', () => {
  const read = (name: string) =>
    parse(readFileSync(join(import.meta.dirname, '../../resources', name), 'utf8'), { merge: true });
  const functions: Record<string, { role: string; vpc?: object }> = read('functions.yml');
  const roles = read('roles/functions.yml').Resources;
  const callers = Object.entries(functions)
    .filter(([, { role, vpc }]) => vpc && JSON.stringify(roles[role]).includes('"states:'))
    .map(([name]) => `${name[0]?.toUpperCase()}${name.slice(1)}`);

  const [without] = networkChecks(stage, network({ endpoints: [endpoint('s3'), endpoint('secretsmanager')] }))
    .filter(({ name }) => name.startsWith('states from'))
    .map(({ needs }) => needs);

  expect(callers.length).toBeGreaterThan(3);
  expect(without?.match(/\b[A-Z][a-z]+[A-Z]\w+/g)?.toSorted()).toEqual(callers.toSorted());
});
