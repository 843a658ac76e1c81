import { Command } from 'commander';
import { redriveExecution } from '../shared/aws/executions.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import { connectToMachine, findExecution } from './find-execution.ts';
import { followExecution } from './watch.ts';

/** `fpe redrive`: continues an execution where it failed. */
export function redriveCommand(): Command {
  return new Command('redrive')
    .description('Continue an execution that failed or was stopped; training resumes from its checkpoints')
    .argument('[execution]', 'name or ARN; default: the latest')
    .option('--detach', 'do not watch it')
    .action(async (given: string | undefined, options: { detach?: boolean }, command: Command) => {
      const { stateMachineArn } = await connectToMachine(command);
      const executionArn = await findExecution(given, stateMachineArn);
      await redriveExecution(executionArn);
      console.log(`Redriving ${nameInArn(executionArn)}.`);
      if (!options.detach) await followExecution(executionArn);
    });
}
