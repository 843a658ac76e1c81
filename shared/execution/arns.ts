import { MACHINE_INPUTS, type MachineKind } from '../inputs/machines.ts';

/**
 * ARNs of machines and executions (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html):
 *
 *     arn:partition:states:region:account:stateMachine:{app}-{stage}-{kind}
 *     arn:partition:states:region:account:execution:{app}-{stage}-{kind}:{name of the execution}
 */

/** The last part: the name of an execution or of a machine. */
export const nameInArn = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1);

/** Region of an ARN's resource, e.g. us-west-2. */
export const regionInArn = (arn: string): string => arn.split(':')[3] as string;

/** Account of an ARN's resource, e.g. 123456789012. */
const accountInArn = (arn: string): string => arn.split(':')[4] as string;

/** The account of stand-ins for AWS: numbers of AWS's own accounts are above 0. */
export const STAND_IN_ACCOUNT = '000000000000';

/** Whether a resource is of a stand-in, such as the local stack, where no address of AWS leads to it. */
export const isOfStandIn = (arn: string): boolean => accountInArn(arn) === STAND_IN_ACCOUNT;

/** Where the console of AWS shows an execution. */
export function executionPage(executionArn: string): string {
  const region = regionInArn(executionArn);
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${executionArn}`;
}

export const executionArn = (machineArn: string, name: string): string =>
  `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;

/** The machine of an execution. */
export const machineArnOf = (executionArn: string): string =>
  executionArn.slice(0, executionArn.lastIndexOf(':')).replace(':execution:', ':stateMachine:');

/** The machine itself, or that of an execution. */
const machineIn = (arnOrName: string): string =>
  arnOrName.includes(':execution:') ? machineArnOf(arnOrName) : arnOrName;

/** The kind of the machine identified by its name, its ARN or that of an execution; null if it is not one of ours. */
export function kindOfMachine(arnOrName: string): MachineKind | null {
  const machine = machineIn(arnOrName);
  const kinds = Object.keys(MACHINE_INPUTS) as MachineKind[];
  return kinds.find((kind) => machine === kind || machine.endsWith(`-${kind}`)) ?? null;
}

/** The stage of one of our machines, by its ARN or that of an execution; null if it is not one. Names of stages have no hyphen. */
export function stageOfMachine(arn: string): string | null {
  const machine = machineIn(arn);
  const kind = kindOfMachine(machine);
  return kind === null ? null : (/-([^-]+)-$/.exec(machine.slice(0, -kind.length))?.[1] ?? null);
}

/**
 * Another machine of the same app and stage.
 *
 * @param arn of a machine or of an execution
 */
export function siblingMachineArn(arn: string, kind: MachineKind): string {
  const machine = machineIn(arn);
  const own = kindOfMachine(machine);
  return own === null ? machine : `${machine.slice(0, -own.length)}${kind}`;
}

/**
 * Common prefix of the ARNs of all executions of an app and stage, up to the kind of their machine: a machine builds the ARNs of
 * the executions that it starts from it.
 *
 * @param executionArn of one of our machines
 */
export function startOfExecutionArns(executionArn: string): string {
  const machine = machineArnOf(executionArn);
  const kind = kindOfMachine(machine);
  return (kind === null ? machine : machine.slice(0, -kind.length - 1)).replace(
    ':stateMachine:',
    ':execution:',
  );
}

/** @param start see `startOfExecutionArns` */
export const machineArnAt = (start: string, kind: MachineKind): string => machineArnOf(`${start}-${kind}:`);
