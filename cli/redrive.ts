import { Command } from 'commander';
import { describeExecution, redriveExecution } from '../shared/aws/executions.ts';
import { kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import { isStillRunning } from '../shared/execution/status.ts';
import { parseJson } from '../shared/formats/json.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { connectToMachines, findExecution, machineStageOption } from './find-execution.ts';
import { printText } from './print.ts';
import { UsageError } from './usage-error.ts';
import { follow, followUnless } from './watch.ts';

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  confirm: confirmExpense,
  describeExecution,
  redriveExecution,
  follow,
  print: printText,
};
type Options = { detach?: boolean; yes?: boolean };
type Effects = typeof EFFECTS;

/** `fpe redrive`: continues an execution where it failed. */
export function redriveCommand(effects: Effects = EFFECTS): Command {
  return new Command('redrive')
    .argument('[execution]', 'name or ARN; default: the latest')
    .addOption(machineStageOption())
    .option('--detach', 'do not watch it')
    .addOption(yesOption())
    .action(async (given: string | undefined, { detach, yes }: Options, command: Command) => {
      const { connection, machineArns } = await effects.connect(command, given);
      const executionArn = await effects.findExecution(given, machineArns);
      const { status, input = '{}' } = await effects.describeExecution(executionArn);
      if (status === 'SUCCEEDED' || isStillRunning(status))
        throw new UsageError(
          `${nameInArn(executionArn)} ${status === 'SUCCEEDED' ? 'has succeeded' : 'is still running'}: only what has failed, timed out or been stopped can be redriven. To run it again, start a new execution.`,
        );
      await effects.confirm(connection, yes, async () => {
        const { costOfExecution } = await import('./expenses.ts');
        const kind = kindOfMachine(executionArn) ?? 'train-station';
        const cost = costOfExecution(kind, parseJson(input) as Record<string, unknown>);
        return {
          what: `This continues ${nameInArn(executionArn)}`,
          cost: `at most what all of it costs, ${cost}`,
        };
      });
      await effects.redriveExecution(executionArn);
      effects.print(`Redriving ${nameInArn(executionArn)}.`);
      await followUnless(detach, connection, executionArn, effects);
    });
}
