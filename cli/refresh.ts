import { Command, InvalidArgumentError, Option } from 'commander';
import { findExecutionOutcome, startExecution } from '../shared/aws/executions.ts';
import { kindOfMachine, nameInArn, siblingMachineArn } from '../shared/execution/arns.ts';
import { parseRefreshInput } from '../shared/inputs/refresh-stations.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { INPUT_FORMS, placeOfInput, readExecutionInput } from './execution-input.ts';
import { connectToMachine, type GlobalOptions, machineStageOption } from './find-execution.ts';
import { readGivenFile } from './given-file.ts';
import { printText } from './print.ts';
import { requireRefreshNeeds } from './refresh-needs.ts';
import { sameCommand } from './same-command.ts';
import { pretrainedOption, startNamed, takenName } from './start.ts';
import { parseStationIds } from './stations-file.ts';
import { UsageError } from './usage-error.ts';
import { follow, followStarted } from './watch.ts';

type Options = {
  stations?: string;
  mode?: 'auto' | 'train' | 'score';
  minNewPairs?: number;
  maxModelAgeDays?: number;
  maxTrainingJobs?: number;
  concurrency?: number;
  pretrained?: 'true' | 'false';
  dryRun?: boolean;
  name?: string;
  detach?: boolean;
  yes?: boolean;
};

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachine,
  confirm: confirmExpense,
  requireRefreshNeeds,
  findExecutionOutcome,
  startExecution,
  follow,
  print: printText,
};
type Effects = typeof EFFECTS;

/** `fpe refresh`: many stations, each trained, scored or left as it is. */
export function refreshCommand(effects: Effects = EFFECTS): Command {
  return new Command('refresh')
    .argument('[input]', `${INPUT_FORMS}; options override it`)
    .addOption(machineStageOption())
    .option('--stations <file>', 'file with one station id per line; default: all stations')
    .addOption(
      new Option('--mode <mode>', 'train or score only (default: auto)').choices(['auto', 'train', 'score']),
    )
    .option(
      '--min-new-pairs <n>',
      'train from this many new annotation pairs; 0: wherever a training has enough',
      number,
    )
    .option('--max-model-age-days <n>', 'retrain an older model for a single new pair', number)
    .option('--max-training-jobs <n>', 'most trainings; the rest wait for the next refresh', number)
    .option('--concurrency <n>', 'stations at once, at most 40', number)
    .addOption(pretrainedOption())
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
  { connect, confirm, requireRefreshNeeds, startExecution, follow, print, ...effects }: Effects,
): Promise<void> {
  const read = given === undefined ? {} : readExecutionInput(given, 'refresh-stations');
  const input = refreshInputOf(read, options);
  const { connection, stateMachineArn: found } = await connect(command, 'refresh-stations');
  const stateMachineArn = refreshMachine(found, command.optsWithGlobals<GlobalOptions>());
  if (connection.kind === 'local') {
    const without = await takenName(stateMachineArn, options.name, effects);
    const again = (options: Record<string, string>) =>
      sameCommand(command, { options, without, input: read });
    await requireRefreshNeeds(input, options.stations ?? placeOfInput(given ?? '{}'), {
      without: again({ '--pretrained': 'false' }),
      scoring: again({ '--mode': 'score' }),
    });
  }
  if (!input.dry_run)
    await confirm(connection, options.yes, async () => {
      const { costOfExecution } = await import('./expenses.ts');
      const cost = costOfExecution('refresh-stations', input);
      return { what: `This starts ${nameInArn(stateMachineArn)}`, cost };
    });
  const executionArn = await startNamed(startExecution, stateMachineArn, input, options.name);
  await followStarted(options.detach, connection, executionArn, { follow, print });
}

/**
 * FPE_STATE_MACHINE says where, and may be of another kind: a refresh is of the machine beside it.
 *
 * @throws UsageError for one that is named for this command and is not of refreshes
 */
function refreshMachine(found: string, { machine }: GlobalOptions): string {
  const kind = kindOfMachine(found);
  if (machine === undefined || kind === null || kind === 'refresh-stations')
    return siblingMachineArn(found, 'refresh-stations');
  throw new UsageError(
    `fpe refresh starts refresh-stations, and --machine names ${nameInArn(found)}. Leave it out; fpe start starts the others.`,
  );
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
    ...(options.pretrained !== undefined && withPretrained(given, options.pretrained === 'true')),
    ...(options.dryRun && { dry_run: true }),
  };
  parseRefreshInput(input);
  return input;
}

/** For every training, whatever the input says of it or of single stations. */
function withPretrained({ train, stations }: Record<string, unknown>, pretrained: boolean) {
  const rules = Object.entries(Object(stations) as Record<string, object>);
  return {
    train: { ...Object(train), pretrained },
    ...(rules.length > 0 && {
      stations: Object.fromEntries(rules.map(([id, own]) => [id, { ...own, pretrained }])),
    }),
  };
}

const readStations = (file: string): number[] =>
  parseStationIds(readGivenFile(file, 'Give a file with one station id per line (--stations).'), file);

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}
