import { Command } from 'commander';
import { kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import type { Connection } from './connection.ts';
import {
  commandFor,
  connectToMachines,
  consoleUrl,
  findExecution,
  machineStageOption,
} from './find-execution.ts';
import { printText } from './print.ts';
import { executionSummary } from './progress/execution-summary.ts';
import { untilLost } from './progress/lost-sight.ts';
import { watchExecution } from './progress/watch-execution.ts';
import { watchRefresh } from './progress/watch-refresh.ts';

/** The command's effects. */
const EFFECTS = { connect: connectToMachines, findExecution, follow };
type Effects = typeof EFFECTS;

/** `fpe watch`: the states of an execution as they come and go. */
export function watchCommand(effects: Effects = EFFECTS): Command {
  return new Command('watch')
    .argument('[execution]', 'name or ARN; default: the latest')
    .addOption(machineStageOption())
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const { connection, machineArns } = await effects.connect(command, given);
      await effects.follow(connection, await effects.findExecution(given, machineArns));
    });
}

/**
 * Watches an execution of any machine until its end and says how it ended; the exit code is 0 only if it did well.
 *
 * @throws UsageError with the command to continue with, if the execution can no longer be reached
 */
export async function follow(connection: Connection, executionArn: string): Promise<void> {
  const again = {
    watch: commandFor(connection, 'watch', executionArn),
    redrive: commandFor(connection, 'redrive', executionArn),
  };
  const onInterrupt = () => {
    printText(`\nIt is still running. To watch it again: ${again.watch}`);
    process.exit(130);
  };
  process.once('SIGINT', onInterrupt);
  const watch = kindOfMachine(executionArn) === 'refresh-stations' ? watchRefresh : watchUntilEnd;
  const isWell = await untilLost(connection, again, () => watch(executionArn)).finally(() =>
    process.off('SIGINT', onInterrupt),
  );
  if (!isWell) process.exitCode = 1;
}

type Follower = { follow: typeof follow; print(text: string): void };

/** Follows an execution, or says how to, if it is to be left alone. */
export async function followUnless(
  detach: boolean | undefined,
  connection: Connection,
  executionArn: string,
  { follow, print }: Follower,
): Promise<void> {
  if (detach) print(`To watch it: ${commandFor(connection, 'watch', executionArn)}`);
  else await follow(connection, executionArn);
}

/** Says that an execution has started, and where AWS shows it; then follows it unless it is to be left alone. */
export async function followStarted(
  detach: boolean | undefined,
  connection: Connection,
  executionArn: string,
  follower: Follower,
): Promise<void> {
  follower.print(`Started ${nameInArn(executionArn)} in ${connection.description}.`);
  const url = consoleUrl(connection, executionArn);
  if (url) follower.print(url);
  await followUnless(detach, connection, executionArn, follower);
}

/** @returns whether it succeeded */
async function watchUntilEnd(executionArn: string): Promise<boolean> {
  const { execution, states, ms } = await watchExecution(executionArn);
  printText(`\n${executionSummary(execution, states, ms)}`);
  return execution.status === 'SUCCEEDED';
}
