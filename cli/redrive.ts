import { Command } from 'commander';
import { redriveExecution } from '../shared/aws/executions.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import { connectToMachines, findExecution } from './find-execution.ts';
import { follow } from './watch.ts';

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  redriveExecution,
  follow,
  print: (text: string): void => console.log(text),
};
type Effects = typeof EFFECTS;

/** `fpe redrive`: continues an execution where it failed. */
export function redriveCommand(effects: Effects = EFFECTS): Command {
  return new Command('redrive')
    .argument('[execution]', 'name or ARN; default: the latest')
    .option('--detach', 'do not watch it')
    .action(async (given: string | undefined, options: { detach?: boolean }, command: Command) => {
      const { connection, machineArns } = await effects.connect(command);
      const executionArn = await effects.findExecution(given, machineArns);
      await effects.redriveExecution(executionArn);
      effects.print(`Redriving ${nameInArn(executionArn)}.`);
      if (!options.detach) await effects.follow(connection, executionArn);
    });
}
