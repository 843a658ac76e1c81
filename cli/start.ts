import { Command } from 'commander';
import { startExecution } from '../shared/aws/executions.ts';
import { machineKind } from '../shared/machine-inputs.ts';
import { readExecutionInput } from './execution-input.ts';
import { connectToMachine, consoleUrl, nameOf } from './find-execution.ts';
import { followExecution } from './watch.ts';

/** `fpe start`: one execution of the machine, which trains a station's model unless another is named. */
export function startCommand(): Command {
  return new Command('start')
    .description('Start an execution and watch it')
    .argument('<input>', 'id of a station, JSON file, JSON itself, or - for standard input')
    .option('--name <name>', 'name of the execution; must be new')
    .option('--detach', 'do not watch it')
    .action(async (given: string, options: { name?: string; detach?: boolean }, command: Command) => {
      const machine: string | undefined = command.optsWithGlobals().machine ?? process.env.FPE_STATE_MACHINE;
      const input = readExecutionInput(given, machineKind(machine));
      const { connection, stateMachineArn } = await connectToMachine(command);
      const executionArn = await startExecution(stateMachineArn, input, options.name ?? null);
      console.log(`Started ${nameOf(executionArn)} in ${connection.description}.`);
      const url = consoleUrl(connection, executionArn);
      if (url) console.log(url);
      if (options.detach) console.log(`To watch it: npx fpe watch ${nameOf(executionArn)}`);
      else await followExecution(executionArn);
    });
}
