import { type Command, Option } from 'commander';
import { readStage } from '../config/stage.ts';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { findExecutionOutcome, newestExecutions } from '../shared/aws/executions.ts';
import {
  executionArn,
  executionPage,
  isOfStandIn,
  kindOfMachine,
  machineArnOf,
  nameInArn,
  siblingMachineArn,
} from '../shared/execution/arns.ts';
import { MACHINE_INPUTS, type MachineKind } from '../shared/inputs/machines.ts';
import { type Connection, connect, findStateMachine } from './connection.ts';
import { connectToStage } from './stage.ts';
import { UsageError } from './usage-error.ts';

/** Options of the program, given before or after the name of the command. */
export type GlobalOptions = { aws?: boolean; machine?: string; folder?: string };
export type PlaceOptions = GlobalOptions & { stage?: string };

/** For commands about executions. */
export const machineStageOption = (): Option =>
  new Option('--stage <stage>', 'use the machines of this stage in AWS, as in config/{stage}.yml');

/** Connects according to the options and finds the state machine, by kind if they name none. */
export async function connectToMachine(
  command: Command,
  kind: MachineKind = 'train-station',
): Promise<{ connection: Connection; stateMachineArn: string }> {
  const options = command.optsWithGlobals<PlaceOptions>();
  if (!options.stage) {
    const connection = await connect(options);
    return { connection, stateMachineArn: await findStateMachine(options.machine, kind) };
  }
  const { connection, stage } = await connectToStage(options.stage);
  const start = `${stage.appName}-${stage.stage}-`;
  return { connection, stateMachineArn: await findStateMachine(options.machine, kind, start) };
}

/**
 * Connects according to the options and finds the machines of the stage, or only the one that --machine names.
 *
 * @param given name or ARN of an execution; an ARN says where
 */
export async function connectToMachines(command: Command, given?: string): Promise<ConnectedMachines> {
  const options = command.optsWithGlobals<PlaceOptions>();
  if (given?.startsWith('arn:')) {
    const connection = await connect({ ...options, execution: given });
    const machineArn = machineArnOf(given);
    if (options.machine !== undefined) await requireSame(options.machine, machineArn);
    const machineArns = machinesBeside(machineArn);
    return { connection, machineArns, modelBucket: modelBucketOf(options) };
  }
  const { connection, stateMachineArn } = await connectToMachine(command);
  return {
    connection,
    machineArns: options.machine ? [stateMachineArn] : machinesBeside(stateMachineArn),
    modelBucket: modelBucketOf(options),
  };
}

/** @throws UsageError if the machine that is named is not that of the execution */
async function requireSame(named: string, machineArn: string): Promise<void> {
  if ((await findStateMachine(named)) === machineArn) return;
  throw new UsageError(
    `The execution is one of ${nameInArn(machineArn)}, and --machine names ${named}. Leave --machine out.`,
  );
}

/** `modelBucket` is null if neither a stage nor the environment names one. */
export type ConnectedMachines = { connection: Connection; machineArns: string[]; modelBucket: string | null };

const modelBucketOf = ({ stage }: PlaceOptions): string | null =>
  stage ? readStage(stage).modelBucket : (optionalSetting('MODEL_BUCKET') ?? null);

/** All machines of the app and stage of one of them. */
export const machinesBeside = (machineArn: string): string[] =>
  kindOfMachine(machineArn) === null
    ? [machineArn]
    : (Object.keys(MACHINE_INPUTS) as MachineKind[]).map((kind) => siblingMachineArn(machineArn, kind));

const QUESTIONS = { findExecutionOutcome, newestExecutions };

/**
 * @param given ARN or name; if left out, the newest execution of all machines
 * @returns its ARN
 * @throws UsageError if there is none, or several machines have one of that name
 */
export async function findExecution(
  given: string | undefined,
  machineArns: readonly string[],
  questions = QUESTIONS,
): Promise<string> {
  if (given?.startsWith('arn:')) return given;
  return given ? findByName(given, machineArns, questions) : findNewest(machineArns, questions);
}

async function findByName(
  name: string,
  machineArns: readonly string[],
  { findExecutionOutcome }: typeof QUESTIONS,
): Promise<string> {
  const candidates = machineArns.map((machine) => executionArn(machine, name));
  const outcomes = await Promise.all(candidates.map(findExecutionOutcome));
  const found = candidates.filter((_, index) => outcomes[index] !== null);
  if (found.length === 1) return found[0] as string;
  const machines = machineArns.map(nameInArn).join(', ');
  throw new UsageError(
    found.length === 0
      ? `There is no execution ${name} of ${machines}. Expected: the name or the ARN of one. The latest are listed by: ./fpe list`
      : `Several machines have an execution ${name}. Choose one: ${found.join(', ')}`,
  );
}

async function findNewest(
  machineArns: readonly string[],
  { newestExecutions }: typeof QUESTIONS,
): Promise<string> {
  const newest = (await Promise.all(machineArns.map((machine) => newestExecutions(machine, 1)))).flat();
  const [last] = newest.sort((one, other) => Number(other.startDate) - Number(one.startDate));
  if (last?.executionArn) return last.executionArn;
  const [machine = '', ...others] = machineArns;
  throw new UsageError(
    others.length === 0 && kindOfMachine(machine) !== 'train-station'
      ? `No execution of ${nameInArn(machine)} has run yet. Start one with: ${startOfOther(machine)}`
      : `Nothing has run yet. ${whatToStart(machine)}`,
  );
}

/** Of a machine that trains no single station. */
const startOfOther = (machineArn: string): string =>
  kindOfMachine(machineArn) === 'score-station'
    ? './fpe start ID --machine score-station'
    : proposedRefresh(machineArn);

const whatToStart = (machineArn: string): string =>
  `${isOfStandIn(machineArn) ? 'Load a station with ./fpe import FOLDER (./fpe demo draws one), then start' : 'Start'} an execution of a station with: ${proposedStart(machineArn)}`;

/** A start that works at once: the local stack has no ImageNet weights unless somebody has brought them. @param arn of a machine */
export const proposedStart = (arn: string): string =>
  isOfStandIn(arn) ? './fpe start ID --pretrained false' : './fpe start ID';

/** The same of a refresh. */
export const proposedRefresh = (arn: string): string =>
  isOfStandIn(arn) ? './fpe refresh --pretrained false' : './fpe refresh';

/** Where AWS shows an execution; null for the local stack. */
export const consoleUrl = (connection: Connection, arn: string): string | null =>
  connection.kind === 'aws' ? executionPage(arn) : null;

/**
 * A command about an execution, to be printed: it works in another shell, too. On AWS the ARN says where; on this computer the name
 * is enough.
 */
export function commandFor(
  connection: Connection,
  action: 'watch' | 'redrive' | 'show' | 'stop' | 'logs',
  arn: string,
): string {
  const execution = connection.kind === 'local' ? nameInArn(arn) : arn;
  return `./fpe ${action} ${execution}`;
}
