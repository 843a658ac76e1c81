import { Command } from 'commander';
import { describeExecution, executionHistory } from '../shared/aws/executions.ts';
import { connectToMachine, consoleUrl, findExecution } from './find-execution.ts';
import { executionProgress } from './progress/execution-progress.ts';
import { executionSummary } from './progress/execution-summary.ts';
import { progressLines } from './progress/progress-lines.ts';
import { watchedStates } from './progress/watch-execution.ts';

/** `fpe show`: everything about one execution. */
export function showCommand(): Command {
  return new Command('show')
    .description('Show the states, the result and the input of an execution')
    .argument('[execution]', 'name or ARN; default: the latest')
    .option('--json', 'the description from Step Functions, as JSON')
    .action(async (given: string | undefined, options: { json?: boolean }, command: Command) => {
      const { connection, stateMachineArn } = await connectToMachine(command);
      const executionArn = await findExecution(given, stateMachineArn);
      const execution = await describeExecution(executionArn);
      if (options.json) {
        const { $metadata: _, ...described } = execution as typeof execution & { $metadata: unknown };
        console.log(JSON.stringify(described, null, 2));
        return;
      }
      const history = await executionHistory(executionArn);
      const states = executionProgress(await watchedStates(executionArn), history);
      const url = consoleUrl(connection, executionArn);
      console.log(
        [
          executionArn,
          ...(url ? [url] : []),
          `Input: ${execution.input}`,
          '',
          ...progressLines(states, new Map(), new Date()),
          '',
          executionSummary(execution, states),
        ].join('\n'),
      );
    });
}
