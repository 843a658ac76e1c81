import { Command } from 'commander';
import { describeExecution, stopExecution } from '../shared/aws/executions.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import { connectToMachine, findExecution } from './find-execution.ts';

/** `fpe stop`: ends an execution and the job that it waits for. */
export function stopCommand(): Command {
  return new Command('stop')
    .description('Stop an execution and its jobs; published files stay')
    .argument('[execution]', 'name or ARN; default: the latest')
    .option('--cause <text>', 'recorded with the execution', 'Stopped with fpe stop')
    .action(async (given: string | undefined, { cause }: { cause: string }, command: Command) => {
      const { stateMachineArn } = await connectToMachine(command);
      const executionArn = await findExecution(given, stateMachineArn);
      const name = nameInArn(executionArn);
      const { status } = await describeExecution(executionArn);
      if (status !== 'RUNNING' && status !== 'PENDING_REDRIVE') {
        console.log(`${name} is not running: it is ${status}.`);
        return;
      }
      await stopExecution(executionArn, cause);
      console.log(`Stopped ${name}. To continue it: npx fpe redrive ${name}`);
    });
}
