import { Command } from 'commander';
import { kindOfMachine, nameInArn } from '../shared/execution/arns.ts';
import { connectToMachine, findExecution } from './find-execution.ts';
import { executionSummary } from './progress/execution-summary.ts';
import { untilLost } from './progress/lost-sight.ts';
import { watchExecution } from './progress/watch-execution.ts';
import { followRefresh } from './progress/watch-refresh.ts';

/** `fpe watch`: the states of an execution as they come and go. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('Watch an execution until it ends; Ctrl-C leaves it running')
    .argument('[execution]', 'name or ARN; default: the latest')
    .action(async (given: string | undefined, _options: object, command: Command) => {
      const { stateMachineArn } = await connectToMachine(command);
      const executionArn = await findExecution(given, stateMachineArn);
      if (kindOfMachine(executionArn) === 'refresh-stations') await followRefresh(executionArn);
      else await followExecution(executionArn);
    });
}

/**
 * Watches until the end and says how it ended; the exit code is 0 only if it succeeded.
 *
 * @throws UsageError with the command to continue with, if the execution can no longer be reached
 */
export async function followExecution(executionArn: string): Promise<void> {
  const onInterrupt = () => {
    console.log(`\nIt is still running. To watch it again: npx fpe watch ${nameInArn(executionArn)}`);
    process.exit(130);
  };
  process.once('SIGINT', onInterrupt);
  const { execution, states } = await untilLost(executionArn, () => watchExecution(executionArn)).finally(
    () => process.off('SIGINT', onInterrupt),
  );
  console.log(`\n${executionSummary(execution, states)}`);
  if (execution.status !== 'SUCCEEDED') process.exitCode = 1;
}
