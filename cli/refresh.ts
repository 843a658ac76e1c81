import { Command, InvalidArgumentError, Option } from 'commander';
import { startExecution } from '../shared/aws/executions.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import { parseRefreshInput } from '../shared/inputs/refresh-stations.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { readExecutionInput } from './execution-input.ts';
import { connectToMachine, machineStageOption } from './find-execution.ts';
import { readGivenFile } from './given-file.ts';
import { printText } from './print.ts';
import { parseStationIds } from './stations-file.ts';
import { follow, followStarted } from './watch.ts';

type Options = {
  stations?: string;
  mode?: 'auto' | 'train' | 'score';
  minNewPairs?: number;
  maxModelAgeDays?: number;
  maxTrainingJobs?: number;
  concurrency?: number;
  dryRun?: boolean;
  name?: string;
  detach?: boolean;
  yes?: boolean;
};

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachine,
  confirm: confirmExpense,
  startExecution,
  follow,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe refresh`: many stations, each trained, scored or left as it is. */
export function refreshCommand(effects: Effects = EFFECTS): Command {
  return new Command('refresh')
    .argument('[input]', 'JSON file, JSON text, or - for standard input; options override it')
    .addOption(machineStageOption())
    .option('--stations <file>', 'file with one station id per line; default: all stations')
    .addOption(
      new Option('--mode <mode>', 'train or score only (default: auto)').choices(['auto', 'train', 'score']),
    )
    .option('--min-new-pairs <n>', 'train from this many new annotation pairs; 0 always trains', number)
    .option('--max-model-age-days <n>', 'retrain an older model for a single new pair', number)
    .option('--max-training-jobs <n>', 'most trainings; the rest wait for the next refresh', number)
    .option('--concurrency <n>', 'stations at once, at most 40', number)
    .option('--dry-run', 'only show what would be done, and why')
    .option('--name <name>', 'name of the execution; must be new')
    .option('--detach', 'do not watch it')
    .addOption(yesOption())
    .action((given: string | undefined, options: Options, command: Command) =>
      runRefresh(given, options, command, effects),
    );
}

async function runRefresh(
  given: string | undefined,
  options: Options,
  command: Command,
  { connect, confirm, startExecution, follow, print }: Effects,
): Promise<void> {
  const input = refreshInputOf(
    given === undefined ? {} : readExecutionInput(given, 'refresh-stations'),
    options,
  );
  const { connection, stateMachineArn } = await connect(command, 'refresh-stations');
  if (!input.dry_run)
    await confirm(connection, options.yes, async () => {
      const { costOfExecution } = await import('./expenses.ts');
      const cost = costOfExecution('refresh-stations', input);
      return { what: `This starts ${nameInArn(stateMachineArn)}`, cost };
    });
  const executionArn = await startExecution(stateMachineArn, input, options.name ?? null);
  await followStarted(options.detach, connection, executionArn, { follow, print });
}

/**
 * The input of the execution: the given JSON, overridden by the options; checked as PlanRefresh checks it.
 *
 * @throws UsageError, InvalidInput
 */
export function refreshInputOf(given: Record<string, unknown>, options: Options): Record<string, unknown> {
  const input = {
    ...given,
    ...(options.stations !== undefined && { station_ids: readStations(options.stations) }),
    ...(options.mode && { mode: options.mode }),
    ...(options.minNewPairs !== undefined && { min_new_pairs: options.minNewPairs }),
    ...(options.maxModelAgeDays !== undefined && { max_model_age_days: options.maxModelAgeDays }),
    ...(options.maxTrainingJobs !== undefined && { max_training_jobs: options.maxTrainingJobs }),
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(options.dryRun && { dry_run: true }),
  };
  parseRefreshInput(input);
  return input;
}

const readStations = (file: string): number[] =>
  parseStationIds(readGivenFile(file, 'Give a file with one station id per line (--stations).'), file);

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}
