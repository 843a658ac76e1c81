import type { Stage } from '../config/stage.ts';
import type { Network, RouteTable, SecurityGroup, Subnet, VpcEndpoint } from '../shared/aws/account.ts';
import { parsePolicy } from '../shared/aws/policy-document.ts';
import { isOrAre } from '../shared/formats/numbers.ts';
import { type Check, type CheckOutcome, checked, failed, ok, unknown, warning } from './check.ts';

/** Services other than S3 that functions in the VPC call, with their callers. */
const CALLED_SERVICES = {
  secretsmanager: 'every function that uses the database, for its password',
  states:
    'PrepareRun, SelectPhotos, PublishModel, PublishPredictions and PlanRefresh, to see which executions are running',
};

/**
 * What the functions that use the database can reach from their subnets: the database, S3, Secrets Manager and Step
 * Functions, by endpoints of the VPC or through a NAT gateway.
 *
 * @param functionGroup id of the functions' security group, null before the stack exists
 */
export function networkChecks(stage: Stage, network: Network, functionGroup: string | null = null): Check[] {
  const { vpcId, privateSubnetIds, region } = stage;
  const vpc = {
    name: 'VPC',
    needs: `the VPC of the database in ${region}`,
    fix: 'set vpcId to the VPC of the database',
  };
  if (!network.vpc) return [checked(vpc, failed(`there is no ${vpcId} in ${region}`))];
  return [
    checked(vpc, ok(vpcId)),
    dnsCheck(stage, network),
    subnetCheck(stage, network),
    databaseGroupCheck(stage, network),
    ...privateSubnetIds.flatMap((id) => {
      const subnet = network.subnets.find(({ SubnetId }) => SubnetId === id);
      return subnet ? reachChecks(stage, network, subnet) : [];
    }),
    ...endpointChecks(stage, network, functionGroup),
  ];
}

/** Endpoints with private DNS names, and the database, are found by name. */
function dnsCheck({ vpcId }: Stage, { dns }: Network): Check {
  const off = [
    ...(dns.support ? [] : ['enableDnsSupport']),
    ...(dns.hostnames ? [] : ['enableDnsHostnames']),
  ];
  return checked(
    {
      name: 'DNS of the VPC',
      needs:
        'enableDnsSupport and enableDnsHostnames, because the database and the endpoints are found by name',
      fix: `turn it on: ${off.map((name) => `aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --${kebab(name)}`).join(' and ')}`,
    },
    off.length === 0 ? ok('both on') : failed(`${off.join(' and ')} off`),
  );
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function subnetCheck({ vpcId, privateSubnetIds }: Stage, { subnets }: Network): Check {
  const subject = {
    name: 'Subnets',
    needs: `subnets of ${vpcId}, better two in different zones`,
    fix: 'set privateSubnetIds to subnets of the VPC',
  };
  const missing = privateSubnetIds.filter((id) => !subnets.some(({ SubnetId }) => SubnetId === id));
  if (missing.length > 0) return checked(subject, failed(`there is no ${missing.join(', ')}`));
  const elsewhere = subnets.filter(({ VpcId }) => VpcId !== vpcId).map(({ SubnetId }) => SubnetId);
  if (elsewhere.length > 0)
    return checked(subject, failed(`${elsewhere.join(', ')} ${isOrAre(elsewhere.length)} not in ${vpcId}`));
  const zones = new Set(subnets.map(({ AvailabilityZone }) => AvailabilityZone));
  if (zones.size < 2)
    return checked(
      subject,
      warning(
        `all in ${[...zones].join(', ')}`,
        'name a second subnet in another zone, so that runs go on when one zone is down',
      ),
    );
  return checked(subject, ok(`${subnets.length} in ${[...zones].sort().join(', ')}`));
}

function databaseGroupCheck(
  { databaseSecurityGroupId: id, databaseIngress, databasePort, vpcId }: Stage,
  { databaseSecurityGroup: group }: Network,
): Check {
  const subject = {
    name: 'Security group of the database',
    needs: `a group of ${vpcId} that lets the functions in at TCP ${databasePort}`,
    fix: 'set databaseSecurityGroupId to the group of the database',
  };
  if (!group) return checked(subject, failed(`there is no ${id}`));
  if (group.VpcId !== vpcId)
    return checked(
      subject,
      failed(
        `${id} is in ${group.VpcId}, not in ${vpcId}`,
        'set databaseSecurityGroupId and vpcId to those of the database',
      ),
    );
  if (databaseIngress) return checked(subject, ok(`${id}; the stack adds a rule to it`));
  return checked(
    subject,
    warning(
      `${id}; databaseIngress is false, so the stack adds no rule to it`,
      `have its owner let in TCP ${databasePort} from the group FunctionSecurityGroup of the stack`,
    ),
  );
}

/** One check for each service that a subnet must reach. */
function reachChecks({ region }: Stage, network: Network, subnet: Subnet): Check[] {
  const table = routeTableOf(subnet, network.routeTables);
  const way = wayOut(table);
  const id = subnet.SubnetId as string;
  const s3 = network.endpoints.find(
    ({ ServiceName, VpcEndpointType, RouteTableIds, State }) =>
      ServiceName === `com.amazonaws.${region}.s3` &&
      VpcEndpointType === 'Gateway' &&
      isUsable(State) &&
      RouteTableIds?.includes(table?.RouteTableId ?? ''),
  );
  const interfaces = Object.entries(CALLED_SERVICES).map(([service, caller]): Check => {
    const subject = {
      name: `${service} from ${id}`,
      needs: `a route to ${service}, which is called by ${caller}`,
      fix: `add an interface endpoint for com.amazonaws.${region}.${service} with private DNS names to the VPC, or a NAT gateway to the subnet's routes. It is called by ${caller}`,
    };
    const endpoint = network.endpoints.find((found) =>
      isInterfaceOf(found, `com.amazonaws.${region}.${service}`),
    );
    if (endpoint && endpoint.PrivateDnsEnabled === false)
      return checked(
        subject,
        failed(
          `${endpoint.VpcEndpointId} has no private DNS names`,
          'enable private DNS names of that endpoint',
        ),
      );
    if (endpoint) return checked(subject, ok(`endpoint ${endpoint.VpcEndpointId}`));
    if (way.isNat) return checked(subject, ok(way.found));
    return checked(subject, failed(`no endpoint, and ${way.found}`));
  });
  const subject = {
    name: `s3 from ${id}`,
    needs: 'a route to S3, where all functions read and write files',
    fix: `add a gateway endpoint for com.amazonaws.${region}.s3 to the VPC and to the subnet's route table; it is free`,
  };
  if (s3) return [checked(subject, ok(`gateway endpoint ${s3.VpcEndpointId}`)), ...interfaces];
  if (!way.isNat)
    return [checked(subject, failed(`no gateway endpoint in its routes, and ${way.found}`)), ...interfaces];
  return [
    checked(
      subject,
      warning(
        way.found,
        `add a gateway endpoint for com.amazonaws.${region}.s3 to the subnet's route table: it is free, a NAT gateway bills each gigabyte`,
      ),
    ),
    ...interfaces,
  ];
}

/** Which traffic every endpoint used by the functions admits, and which requests it allows. */
function endpointChecks(
  { region, privateSubnetIds }: Stage,
  network: Network,
  functionGroup: string | null,
): Check[] {
  const services = [...Object.keys(CALLED_SERVICES), 's3'];
  const used = network.endpoints.filter(
    ({ ServiceName, State }) =>
      isUsable(State) && services.some((service) => ServiceName === `com.amazonaws.${region}.${service}`),
  );
  const subnets = network.subnets.filter(({ SubnetId = '' }) => privateSubnetIds.includes(SubnetId));
  return used.flatMap((endpoint) => {
    const name = endpoint.ServiceName?.split('.').at(-1);
    const id = endpoint.VpcEndpointId;
    const policy = checked(
      {
        name: `Policy of the endpoint for ${name}`,
        needs: 'one that lets the functions through, as AWS makes it',
        fix: `make sure that the policy of ${id} allows what the roles do there (docs/resources.md)`,
      },
      letsAllThrough(endpoint)
        ? ok(`${id} lets everything through`)
        : warning(`${id} has a policy of its own`),
    );
    if (endpoint.VpcEndpointType !== 'Interface') return [policy];
    const groups = (endpoint.Groups ?? []).flatMap(
      ({ GroupId }) => network.endpointSecurityGroups.find((group) => group.GroupId === GroupId) ?? [],
    );
    const group = checked(
      {
        name: `Security group of the endpoint for ${name}`,
        needs: 'a security group that admits the functions on TCP 443',
        fix: `let TCP 443 in to ${groups.map(({ GroupId }) => GroupId).join(' or ') || id} from ${subnets.map(({ CidrBlock }) => CidrBlock).join(' and ')}, or from the group FunctionSecurityGroup once the stack is there`,
      },
      ingressFinding(groups, subnets, functionGroup),
    );
    return [group, policy];
  });
}

const HTTPS = 443;

function ingressFinding(
  groups: readonly SecurityGroup[],
  subnets: readonly Subnet[],
  functionGroup: string | null,
): CheckOutcome {
  const names = groups.map(({ GroupId }) => GroupId).join(', ');
  const [lets, doesNotLet] = groups.length === 1 ? ['lets', 'does not let'] : ['let', 'do not let'];
  if (groups.length === 0) return unknown('could not be checked, as the endpoint tells no group');
  const rules = groups
    .flatMap(({ IpPermissions = [] }) => IpPermissions)
    .filter(
      ({ IpProtocol, FromPort = 0, ToPort = 65_535 }) =>
        IpProtocol === '-1' || (IpProtocol === 'tcp' && FromPort <= HTTPS && HTTPS <= ToPort),
    );
  const isFunctionGroup = rules.some(({ UserIdGroupPairs = [] }) =>
    UserIdGroupPairs.some(({ GroupId }) => functionGroup !== null && GroupId === functionGroup),
  );
  if (isFunctionGroup) return ok(`${names} ${lets} ${functionGroup} in`);
  const ranges = rules.flatMap(({ IpRanges = [] }) => IpRanges.flatMap(({ CidrIp }) => CidrIp ?? []));
  const shut = subnets.filter(({ CidrBlock = '' }) => !ranges.some((range) => holds(range, CidrBlock)));
  if (shut.length === 0) return ok(`${names} ${lets} ${ranges.join(', ')} in`);
  if (rules.some(({ PrefixListIds = [] }) => PrefixListIds.length > 0))
    return warning(
      `${names} ${lets} a prefix list in, of which it is not known whether it holds the subnets`,
    );
  const from = rules.flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.map(({ GroupId }) => GroupId));
  return failed(
    `${names} ${doesNotLet} ${shut.map(({ SubnetId, CidrBlock }) => `${SubnetId} (${CidrBlock})`).join(', ')} in at TCP 443. Let in: ${[...ranges, ...from].join(', ') || 'nothing'}`,
  );
}

/** Whether a range of IPv4 addresses contains another, e.g. 10.0.0.0/16 contains 10.0.3.0/24. */
function holds(range: string, other: string): boolean {
  const [address, length] = parseRange(range);
  const [otherAddress, otherLength] = parseRange(other);
  if (length > otherLength) return false;
  const size = 2 ** (32 - length);
  return Math.floor(address / size) === Math.floor(otherAddress / size);
}

function parseRange(range: string): [address: number, length: number] {
  const [address = '', length = '32'] = range.split('/');
  return [address.split('.').reduce((number, part) => number * 256 + Number(part), 0), Number(length)];
}

/** Endpoints are created with a policy that allows everyone everything; what another policy allows is not evaluated here. */
function letsAllThrough({ PolicyDocument }: VpcEndpoint): boolean {
  if (!PolicyDocument) return true;
  const statements = parsePolicy(PolicyDocument);
  return (
    statements.every(({ Effect }) => Effect === 'Allow') &&
    statements.some(
      ({ Action, Resource, Principal, Condition }) =>
        isEverything(Action) &&
        isEverything(Resource) &&
        !Condition &&
        isEverything((Principal as { AWS?: string } | null)?.AWS ?? Principal),
    )
  );
}

const isEverything = (value: unknown): boolean =>
  value === '*' || (Array.isArray(value) && value.includes('*'));

/** A subnet without a table of its own uses the VPC's main table. */
const routeTableOf = ({ SubnetId }: Subnet, tables: readonly RouteTable[]): RouteTable | undefined =>
  tables.find(({ Associations }) => Associations?.some((association) => association.SubnetId === SubnetId)) ??
  tables.find(({ Associations }) => Associations?.some(({ Main }) => Main));

/** Where a subnet's default route leads; an internet gateway does not help functions, which have no public address. */
function wayOut(table: RouteTable | undefined): { isNat: boolean; found: string } {
  const route = table?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === '0.0.0.0/0');
  if (!route) return { isNat: false, found: 'no default route' };
  const to = route.NatGatewayId ?? route.TransitGatewayId ?? route.NetworkInterfaceId ?? route.InstanceId;
  if (to) return { isNat: true, found: `default route to ${to}` };
  return {
    isNat: false,
    found: `its default route leads to ${route.GatewayId ?? 'nowhere'}, which functions cannot use because they have no public address`,
  };
}

const isUsable = (state: string | undefined): boolean => !state || /^(available|pending)$/i.test(state);

const isInterfaceOf = ({ ServiceName, VpcEndpointType, State }: VpcEndpoint, service: string): boolean =>
  ServiceName === service && VpcEndpointType === 'Interface' && isUsable(State);
