import type { Stage } from '../config/stage.ts';
import type { Network, RouteTable, Subnet, VpcEndpoint } from '../shared/aws/account.ts';
import type { Check } from './preflight.ts';

/** Services that the functions in the VPC call, besides S3, and who does. */
const CALLED_SERVICES = {
  secretsmanager: 'every function that uses the database, for its password',
  states: 'PrepareRun, to see whether another execution still runs',
};

/**
 * What the functions that use the database can reach from their subnets: the database, S3, Secrets Manager and Step
 * Functions, by endpoints of the VPC or through a NAT gateway.
 */
export function networkChecks(stage: Stage, network: Network): Check[] {
  const { vpcId, privateSubnetIds, region } = stage;
  if (!network.vpc)
    return [failed('VPC', `there is no ${vpcId} in ${region}`, 'set vpcId to the VPC of the database')];
  return [
    { name: 'VPC', status: 'ok', found: vpcId },
    subnetCheck(stage, network),
    databaseGroupCheck(stage, network),
    ...privateSubnetIds.flatMap((id) => {
      const subnet = network.subnets.find(({ SubnetId }) => SubnetId === id);
      return subnet ? reachChecks(stage, network, subnet) : [];
    }),
  ];
}

function subnetCheck({ vpcId, privateSubnetIds }: Stage, { subnets }: Network): Check {
  const missing = privateSubnetIds.filter((id) => !subnets.some(({ SubnetId }) => SubnetId === id));
  if (missing.length > 0)
    return failed(
      'Subnets',
      `there is no ${missing.join(', ')}`,
      'set privateSubnetIds to subnets of the VPC',
    );
  const elsewhere = subnets.filter(({ VpcId }) => VpcId !== vpcId).map(({ SubnetId }) => SubnetId);
  if (elsewhere.length > 0)
    return failed(
      'Subnets',
      `${elsewhere.join(', ')} are not in ${vpcId}`,
      'set privateSubnetIds to subnets of the VPC',
    );
  const zones = new Set(subnets.map(({ AvailabilityZone }) => AvailabilityZone));
  if (zones.size < 2)
    return {
      name: 'Subnets',
      status: 'warning',
      found: `all in ${[...zones].join(', ')}`,
      fix: 'name a second subnet in another zone, so that runs go on when one zone is down',
    };
  return { name: 'Subnets', status: 'ok', found: `${subnets.length} in ${[...zones].sort().join(', ')}` };
}

function databaseGroupCheck(
  { databaseSecurityGroupId: id, databaseIngress, databasePort, vpcId }: Stage,
  { databaseSecurityGroup: group }: Network,
): Check {
  const name = 'Security group of the database';
  if (!group)
    return failed(name, `there is no ${id}`, 'set databaseSecurityGroupId to the group of the database');
  if (group.VpcId !== vpcId)
    return failed(
      name,
      `${id} is in ${group.VpcId}, not in ${vpcId}`,
      'set databaseSecurityGroupId and vpcId to those of the database',
    );
  if (databaseIngress) return { name, status: 'ok', found: `${id}; the stack adds a rule to it` };
  return {
    name,
    status: 'warning',
    found: `${id}; databaseIngress is false, so the stack adds no rule to it`,
    fix: `have its owner let in TCP ${databasePort} from the group FunctionSecurityGroup of the stack`,
  };
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
    const name = `${service} from ${id}`;
    const endpoint = network.endpoints.find((found) =>
      isInterfaceOf(found, `com.amazonaws.${region}.${service}`),
    );
    if (endpoint && endpoint.PrivateDnsEnabled === false)
      return failed(
        name,
        `${endpoint.VpcEndpointId} has no private DNS names`,
        'enable private DNS names of that endpoint',
      );
    if (endpoint) return { name, status: 'ok', found: `endpoint ${endpoint.VpcEndpointId}` };
    if (way.isNat) return { name, status: 'ok', found: way.found };
    return failed(
      name,
      `no endpoint, and ${way.found}`,
      `add an interface endpoint for com.amazonaws.${region}.${service} with private DNS names to the VPC, or a NAT gateway to the subnet's routes. It is called by ${caller}`,
    );
  });
  const name = `s3 from ${id}`;
  if (s3) return [{ name, status: 'ok', found: `gateway endpoint ${s3.VpcEndpointId}` }, ...interfaces];
  if (!way.isNat)
    return [
      failed(
        name,
        `no gateway endpoint in its routes, and ${way.found}`,
        `add a gateway endpoint for com.amazonaws.${region}.s3 to the VPC and to the subnet's route table; it is free`,
      ),
      ...interfaces,
    ];
  return [
    {
      name,
      status: 'warning',
      found: way.found,
      fix: `add a gateway endpoint for com.amazonaws.${region}.s3 to the subnet's route table: it is free, a NAT gateway bills each gigabyte`,
    },
    ...interfaces,
  ];
}

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
    found: `its default route leads to ${route.GatewayId ?? 'nowhere'}, which functions cannot use as they have no public address`,
  };
}

const isUsable = (state: string | undefined): boolean => !state || /^(available|pending)$/i.test(state);

const isInterfaceOf = ({ ServiceName, VpcEndpointType, State }: VpcEndpoint, service: string): boolean =>
  ServiceName === service && VpcEndpointType === 'Interface' && isUsable(State);

const failed = (name: string, found: string, fix: string): Check => ({ name, status: 'failed', found, fix });
