import { Command } from 'commander';
import { describeExecution, stopExecution } from '../shared/aws/executions.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import { isStillRunning } from '../shared/execution/status.ts';
import { commandFor, connectToMachines, findExecution, machineStageOption } from './find-execution.ts';
import { printText } from './print.ts';

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  describeExecution,
  stopExecution,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe stop`: ends an execution and the job that it waits for. */
export function stopCommand(effects: Effects = EFFECTS): Command {
  return new Command('stop')
    .argument('[execution]', 'name or ARN; default: the latest')
    .addOption(machineStageOption())
    .option('--cause <text>', 'recorded with the execution', 'Stopped with fpe stop')
    .action(async (given: string | undefined, { cause }: { cause: string }, command: Command) => {
      const { connection, machineArns } = await effects.connect(command, given);
      const executionArn = await effects.findExecution(given, machineArns);
      const name = nameInArn(executionArn);
      const { status } = await effects.describeExecution(executionArn);
      if (!isStillRunning(status)) {
        effects.print(`${name} is not running: it is ${status}.`);
        return;
      }
      await effects.stopExecution(executionArn, cause);
      effects.print(`Stopped ${name}. To continue it: ${commandFor(connection, 'redrive', executionArn)}`);
    });
}
