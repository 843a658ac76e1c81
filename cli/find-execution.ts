import type { Command } from 'commander';
import { newestExecutions } from '../shared/aws/executions.ts';
import { executionArn, regionInArn } from '../shared/execution/arns.ts';
import type { MachineKind } from '../shared/inputs/machines.ts';
import { type Connection, connect, findStateMachine, UsageError } from './connection.ts';

/** Options of the program, given before or after the name of the command. */
export type GlobalOptions = { aws?: boolean; machine?: string };

/** Connects according to the options and finds the state machine, by kind if they name none. */
export async function connectToMachine(
  command: Command,
  kind?: MachineKind,
): Promise<{ connection: Connection; stateMachineArn: string }> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const connection = await connect(options);
  return { connection, stateMachineArn: await findStateMachine(options.machine, kind) };
}

/**
 * @param given ARN or name; if left out, the newest execution of the machine
 * @returns its ARN
 * @throws UsageError if there is none yet
 */
export async function findExecution(given: string | undefined, stateMachineArn: string): Promise<string> {
  if (given?.startsWith('arn:')) return given;
  if (given) return executionArn(stateMachineArn, given);
  const [newest] = await newestExecutions(stateMachineArn, 1);
  if (newest?.executionArn) return newest.executionArn;
  throw new UsageError(
    'Nothing has run yet. Start an execution with: npx fpe start events/train-station.json',
  );
}

/** Where AWS shows an execution; null for the local stack. */
export function consoleUrl(connection: Connection, arn: string): string | null {
  if (connection.kind !== 'aws') return null;
  const region = regionInArn(arn);
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${arn}`;
}
