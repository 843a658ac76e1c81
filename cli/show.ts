import { Command } from 'commander';
import { describeExecution, executionHistory } from '../shared/aws/executions.ts';
import { connectToMachines, consoleUrl, findExecution, machineStageOption } from './find-execution.ts';
import { printJson, printText } from './print.ts';
import { executionProgress, runningMs } from './progress/execution-progress.ts';
import { executionSummary } from './progress/execution-summary.ts';
import { progressLines } from './progress/progress-lines.ts';
import { watchedStates } from './progress/watch-execution.ts';

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  describeExecution,
  executionHistory,
  watchedStates,
  print: printText,
  printJson,
  now: (): Date => new Date(),
};
type Effects = typeof EFFECTS;

/** `fpe show`: everything about one execution. */
export function showCommand(effects: Effects = EFFECTS): Command {
  return new Command('show')
    .argument('[execution]', 'name or ARN; default: the latest')
    .addOption(machineStageOption())
    .option('--json', 'the description from Step Functions, as JSON')
    .action(async (given: string | undefined, options: { json?: boolean }, command: Command) => {
      const { connection, machineArns } = await effects.connect(command, given);
      const executionArn = await effects.findExecution(given, machineArns);
      const execution = await effects.describeExecution(executionArn);
      if (options.json) {
        const { $metadata: _, ...described } = execution as typeof execution & { $metadata: unknown };
        effects.printJson(described);
        return;
      }
      const history = await effects.executionHistory(executionArn);
      const states = executionProgress(await effects.watchedStates(executionArn), history);
      const url = consoleUrl(connection, executionArn);
      effects.print(
        [
          executionArn,
          ...(url ? [url] : []),
          `Input: ${execution.input}`,
          '',
          ...progressLines(states, new Map(), effects.now()),
          '',
          executionSummary(execution, states, runningMs(history, effects.now())),
        ].join('\n'),
      );
    });
}
