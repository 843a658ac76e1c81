import { Command } from 'commander';
import { startExecution } from '../shared/aws/executions.ts';
import { kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import { machineOfInput } from '../shared/inputs/machines.ts';
import { readExecutionInput } from './execution-input.ts';
import { connectToMachine, consoleUrl, type GlobalOptions } from './find-execution.ts';
import { followRefresh } from './progress/watch-refresh.ts';
import { followExecution } from './watch.ts';

/** `fpe start`: one execution, of the machine that the input is meant for. */
export function startCommand(): Command {
  return new Command('start')
    .description('Start an execution and watch it')
    .argument('<input>', 'station id, JSON file, JSON text, or - for standard input')
    .option('--name <name>', 'name of the execution; must be new')
    .option('--detach', 'do not watch it')
    .action(async (given: string, options: { name?: string; detach?: boolean }, command: Command) => {
      const { machine = process.env.FPE_STATE_MACHINE } = command.optsWithGlobals<GlobalOptions>();
      const input = readExecutionInput(
        given,
        machine === undefined ? undefined : (kindOfMachine(machine) ?? 'train-station'),
      );
      const { connection, stateMachineArn } = await connectToMachine(command, machineOfInput(input));
      const executionArn = await startExecution(stateMachineArn, input, options.name ?? null);
      console.log(`Started ${nameInArn(executionArn)} in ${connection.description}.`);
      const url = consoleUrl(connection, executionArn);
      if (url) console.log(url);
      if (options.detach) console.log(`To watch it: npx fpe watch ${executionArn}`);
      else if (kindOfMachine(executionArn) === 'refresh-stations') await followRefresh(executionArn);
      else await followExecution(executionArn);
    });
}
