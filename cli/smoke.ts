import { join, resolve } from 'node:path';
import { styleText } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { findRunningStack } from '../local/running-stack.ts';
import { stopExecution } from '../shared/aws/executions.ts';
import { PipelineError } from '../shared/errors.ts';
import type { MachineKind } from '../shared/inputs/machines.ts';
import { parseRunInput } from '../shared/inputs/train-station.ts';
import { DEFAULT_MODEL_TYPE } from '../shared/model-types/registry.ts';
import { confirmExpense, yesOption } from './confirm.ts';
import { connect, findStateMachine, noStack } from './connection.ts';
import { INPUT_FORMS, placeOfInput, readExecutionInput } from './execution-input.ts';
import { requireStations } from './known-stations.ts';
import { LEAST_PAIRS } from './local-needs.ts';
import { stationId } from './option-values.ts';
import { printJson, printRemark, printText, terminalColumns } from './print.ts';
import { formatDuration } from './progress/progress-lines.ts';
import { sameCommand } from './same-command.ts';
import { runningExecution, SmokeFailed } from './smoke/execution.ts';
import { type Outcome, SMOKE_STEPS, type SmokePlace, type SmokeStep } from './smoke/steps.ts';
import { connectToStage, optionalStageOption, stageSettings } from './stage.ts';
import { tableLines } from './table.ts';
import { UsageError } from './usage-error.ts';

const FIRST_RUN = join(import.meta.dirname, '..', 'events', 'first-run.json');
const AWS_INTERVAL_MS = 5_000;
const LOCAL_INTERVAL_MS = 500;
/** Takes minutes on a small instance, so that a checkpoint is in S3 before the last epoch. */
const AWS_EPOCHS = 20;
const LOCAL_EPOCHS = 12;
/** The demo's station, which is the first one in an empty database. */
const DEMO_STATION = 1;

type Options = {
  stage?: string;
  station?: number;
  months?: [number, number];
  input?: string;
  folder?: string;
  from?: string;
  score?: boolean;
  yes?: boolean;
  json?: boolean;
};

/** The command's effects. */
const EFFECTS = {
  connect,
  connectToStage,
  requireStations,
  findRunningStack,
  findStateMachine,
  confirm: confirmExpense,
  trySteps,
  stopExecution,
  print: printText,
  columns: terminalColumns,
  printProgress: printRemark,
  printJson,
  now: (): Date => new Date(),
};
type Effects = typeof EFFECTS;

/** `fpe smoke`: whether a deployed stage works, by ordered checks that cost cents. */
export function smokeCommand(effects: Effects = EFFECTS): Command {
  return new Command('smoke')
    .addOption(optionalStageOption())
    .option(
      '--station <id>',
      `station to test with; needs at least ${LEAST_PAIRS} annotation pairs in the months; default: that of --input`,
      stationId,
    )
    .option(
      '--months <first-last>',
      'months of its photos; default: those of the input; on the local stack, all',
      months,
    )
    .option('--input <input>', `input of the first run: ${INPUT_FORMS}; default: events/first-run.json`)
    .addOption(
      new Option('--from <step>', 'continue with this step').choices(SMOKE_STEPS.map(({ name }) => name)),
    )
    .addOption(yesOption())
    .option('--json', 'the outcome of each step as JSON; progress goes to standard error')
    .option('--score', 'also score new photos with the station’s published model, as a nightly refresh does')
    .addHelpText(
      'after',
      `
Steps, in this order:
${tableLines(
  SMOKE_STEPS.map(({ name, proves }) => [name, proves]),
  { indent: '  ' },
).join('\n')}

No model is published; --score publishes scores of the station's published model. The files of the runs stay in the model bucket, below
rank/{station}/models/RANK-SMOKE-…/. On AWS it takes about an hour and a half and half a dollar (see docs/deploy.md for the
assumptions); Ctrl-C stops the running execution. Without --stage it tests the local stack, which has no GPU, spot instances or e-mail.
The exit code is 0 only if no step failed.

Examples:
  ./fpe smoke --stage prod --station 29
  ./fpe smoke --stage prod --station 29 --from gpu
  ./fpe smoke                                      (while ./fpe local runs, with the demo's station)`,
    )
    .action((_options: Options, command: Command) => runSmoke(command, effects));
}

async function runSmoke(command: Command, effects: Effects): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  const tell = options.json ? effects.printProgress : effects.print;
  const given = readExecutionInput(options.input ?? FIRST_RUN, 'train-station');
  const place = await placeOf(given, options, { ...effects, print: tell });
  const first = options.from ? SMOKE_STEPS.findIndex(({ name }) => name === options.from) : 0;
  const onInterrupt = async () => {
    const arn = runningExecution();
    tell(arn ? '\nStopping the running execution …' : '');
    if (arn) await effects.stopExecution(arn, 'Ctrl-C in fpe smoke').catch(() => undefined);
    process.exit(130);
  };
  process.once('SIGINT', onInterrupt);
  const rows = await effects
    .trySteps(SMOKE_STEPS.slice(first), place, tell)
    .finally(() => process.off('SIGINT', onInterrupt));
  if (options.json) effects.printJson(smokeFacts(rows));
  else effects.print(`\n${smokeTable(rows, effects.columns()).join('\n')}`);
  const failed = rows.find(({ status }) => status === 'failed');
  if (failed) {
    process.exitCode = 1;
    tell(
      `\nOnce it is fixed, continue with: ${sameCommand(command, { options: { '--from': failed.name }, input: given })}`,
    );
  } else tell('\nEverything that was tested works.');
}

async function placeOf(
  given: Record<string, unknown>,
  options: Options,
  effects: Effects,
): Promise<SmokePlace> {
  const { score = false } = options;
  const common = {
    codes: `${DEFAULT_MODEL_TYPE}-SMOKE-${effects.now().toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}`,
    scores: score,
    onState: (text: string) => effects.print(`    ${text}`),
  };
  // The demo's pairs are spread over the year.
  const firstRun = firstRunOf(given, options.months ?? (options.stage ? undefined : [1, 12]));
  const own = { ...options, station: stationOf(given, options) };
  const place = options.stage
    ? await placeOfStage(options.stage, firstRun, own, effects)
    : await placeOfLocalStack(firstRun, own, effects);
  return { ...common, ...place };
}

/**
 * The station to test with, as far as somebody has named one.
 *
 * @throws UsageError where two are named
 */
function stationOf(given: Record<string, unknown>, { station, input }: Options): number | undefined {
  const named = input === undefined ? undefined : Number(given.station_id);
  if (station !== undefined && named !== undefined && station !== named)
    throw new UsageError(
      `Which station? ${placeOfInput(input as string)} names ${named}, and --station ${station}. Leave --station out, or give the input of station ${station}.`,
    );
  return station ?? named;
}

type OwnOptions = Omit<Options, 'station'> & { station: number | undefined };
type OwnPlace = Omit<SmokePlace, 'codes' | 'scores' | 'onState'>;

async function placeOfStage(
  name: string,
  firstRun: Record<string, unknown>,
  { station, yes }: OwnOptions,
  { connectToStage, findStateMachine, confirm }: Effects,
): Promise<OwnPlace> {
  if (station === undefined)
    throw new UsageError(
      `Which station? Give --station ID, with at least ${LEAST_PAIRS} annotation pairs of photos in the months of events/first-run.json (May and June), or choose others with --months 7-8.`,
    );
  const { stage, connection } = await connectToStage(name);
  Object.assign(process.env, stageSettings(stage));
  await confirm(connection, yes, async () => {
    const { COST_OF_SMOKE } = await import('./expenses.ts');
    return { what: `This tests stage ${name}`, cost: COST_OF_SMOKE };
  });
  return {
    stage,
    machines: await machinesOf((kind) => findStateMachine(kind, kind, `${stage.appName}-${stage.stage}-`)),
    modelBucket: stage.modelBucket,
    stationId: station,
    firstRun,
    epochsToStop: AWS_EPOCHS,
    notificationsLog: null,
    intervalMs: AWS_INTERVAL_MS,
  };
}

async function placeOfLocalStack(
  firstRun: Record<string, unknown>,
  { folder, station }: OwnOptions,
  { connect, requireStations, findRunningStack, findStateMachine }: Effects,
): Promise<OwnPlace> {
  const stack = await findRunningStack(folder && resolve(folder));
  if (!stack) throw new UsageError(`${noStack(folder ? { folder } : {})}; or give --stage NAME.`);
  const { kind, description } = await connect({ ...(folder && { folder }) });
  if (kind !== 'local')
    throw new UsageError(
      `The environment names ${description}, which does not belong to the local stack of this folder. Unset AWS_ENDPOINT_URL_SFN and AWS_ENDPOINT_URL, or give --stage NAME.`,
    );
  const stationId = station ?? DEMO_STATION;
  await requireStations([stationId], undefined);
  return {
    stage: null,
    machines: await machinesOf((kind) => findStateMachine(kind)),
    modelBucket: stack.env.MODEL_BUCKET as string,
    stationId,
    firstRun,
    epochsToStop: LOCAL_EPOCHS,
    notificationsLog: join(stack.folder, 'logs', 'notifications.log'),
    intervalMs: LOCAL_INTERVAL_MS,
  };
}

async function machinesOf(
  find: (kind: MachineKind) => Promise<string>,
): Promise<Record<MachineKind, string>> {
  return {
    'train-station': await find('train-station'),
    'score-station': await find('score-station'),
    'refresh-stations': await find('refresh-stations'),
  };
}

/** @throws InvalidInput */
function firstRunOf(given: Record<string, unknown>, chosen?: [number, number]): Record<string, unknown> {
  const input = { ...given, ...(chosen && { min_month: chosen[0], max_month: chosen[1] }) };
  parseRunInput(input);
  return input;
}

export type SmokeRow = { name: string; status: Outcome['status'] | 'failed'; ms: number; found: string };

/** Runs the steps one after the other until one fails; the row of a step that failed is the last. */
export async function trySteps(
  steps: readonly SmokeStep[],
  place: SmokePlace,
  tell: (line: string) => void,
): Promise<SmokeRow[]> {
  const rows: SmokeRow[] = [];
  for (const { name, proves, run } of steps) {
    tell(`${styleText('cyan', '▸')} ${name}: ${proves}`);
    const startedAt = performance.now();
    const end = (status: SmokeRow['status'], found: string) =>
      rows.push({ name, status, ms: performance.now() - startedAt, found });
    try {
      const { status, found } = await run(place);
      end(status, found);
      tell(`${SIGNS[status]} ${name}: ${found}`);
    } catch (error) {
      const { found, means } = told(error, place);
      end('failed', found);
      tell(`${SIGNS.failed} ${name}: ${found}\n    It means: ${means}.`);
      return rows;
    }
  }
  return rows;
}

const SIGNS = {
  passed: styleText('green', '✔'),
  skipped: styleText('dim', '–'),
  failed: styleText('red', '✖'),
};

/** @throws an error that is not an answer of the stage but our own mistake */
function told(error: unknown, { stage }: Pick<SmokePlace, 'stage'>): { found: string; means: string } {
  if (error instanceof SmokeFailed) return { found: error.message, means: error.means };
  if (error instanceof PipelineError)
    return {
      found: `${error.name}: ${error.message}`,
      means: `The step could not be carried out; its message says why. Anything it started keeps running; stop it with ./fpe stop${stage ? ` --stage ${stage.stage}` : ''}`,
    };
  throw error;
}

/** Step, outcome, duration and what was found, in columns. */
export const smokeTable = (rows: readonly SmokeRow[], columns?: number): string[] =>
  tableLines(
    [
      ['STEP', 'RESULT', 'TOOK', 'FOUND'],
      ...rows.map(({ name, status, ms, found }) => [name, status, formatDuration(ms), found]),
      ...notTried(rows).map((name) => [name, 'not tried', '', '']),
    ],
    { columns },
  );

const notTried = (rows: readonly SmokeRow[]): string[] =>
  SMOKE_STEPS.slice(SMOKE_STEPS.findIndex(({ name }) => name === rows.at(-1)?.name) + 1).map(
    ({ name }) => name,
  );

/** The same for programs. */
const smokeFacts = (rows: readonly SmokeRow[]) => [
  ...rows.map(({ name, status, ms, found }) => ({ step: name, status, seconds: ms / 1000, found })),
  ...notTried(rows).map((step) => ({ step, status: 'not tried', seconds: null, found: null })),
];

function months(text: string): [number, number] {
  const [, first, last] = /^(\d{1,2})-(\d{1,2})$/.exec(text) ?? [];
  const range = [Number(first), Number(last)] as [number, number];
  if (range.every((month) => month >= 1 && month <= 12)) return range;
  throw new InvalidArgumentError('Expected two months, such as 5-6 or 11-2.');
}
