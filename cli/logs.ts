import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { defaultFolder } from '../local/running-stack.ts';
import { executionHistory, isExecutionRunning } from '../shared/aws/executions.ts';
import { type LogQuery, logEvents } from '../shared/aws/logs.ts';
import { nameInArn } from '../shared/execution/arns.ts';
import type { Connection } from './connection.ts';
import { commandFor, connectToMachines, findExecution, machineStageOption } from './find-execution.ts';
import { followFile, type NewLines } from './log-file.ts';
import { LOG_LEVELS, type LogLevel, loggedLines, readableLines } from './log-line.ts';
import { executionProgress, type StateProgress } from './progress/execution-progress.ts';
import { untilLost } from './progress/lost-sight.ts';
import { watchedStates } from './progress/watch-execution.ts';
import { UsageError } from './usage-error.ts';

type Options = { state?: string; follow?: boolean; level?: LogLevel; verbose?: boolean; json?: boolean };
const INTERVAL_MS = 2000;
/** CloudWatch Logs shows lines late, and not in order. */
const OVERLAP_MS = 60_000;

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  findExecution,
  executionHistory,
  watchedStates,
  isExecutionRunning,
  logEvents,
  followFile,
  sleep: (): Promise<void> => sleep(INTERVAL_MS),
  print: (text: string): void => console.log(text),
  remark: (text: string): void => console.error(text),
};
type Effects = typeof EFFECTS;

/** `fpe logs`: what the function or the job of a state has logged. */
export function logsCommand(effects: Effects = EFFECTS): Command {
  return new Command('logs')
    .argument('[execution]', 'name or ARN; default: the latest')
    .addOption(machineStageOption())
    .option('--state <name>', 'whose function or job; default: the state that failed, or the last one')
    .option('--follow', 'go on until the execution ends')
    .addOption(
      new Option(
        '--level <level>',
        'only lines of at least this level; default: info, with --json all',
      ).choices(LOG_LEVELS),
    )
    .option('--verbose', 'also where in the sources errors were raised: paths and traces')
    .option('--json', 'lines as they were logged: those of functions are JSON with all they know')
    .action(async (given: string | undefined, options: Options, command: Command) => {
      if (options.json && options.verbose)
        throw new UsageError(
          '--json gives lines as they were logged, with all they know: --verbose has no use. Leave it out.',
        );
      const { connection, machineArns } = await effects.connect(command, given);
      const executionArn = await effects.findExecution(given, machineArns);
      const again = {
        watch: `${commandFor(connection, 'logs', executionArn)} --follow`,
        redrive: commandFor(connection, 'redrive', executionArn),
      };
      await untilLost(connection, again, () => showLogs(connection, executionArn, options, effects));
    });
}

async function showLogs(
  connection: Connection,
  executionArn: string,
  { state, follow, json, ...wanted }: Options,
  effects: Effects,
): Promise<void> {
  let source = await findSource(executionArn, state, effects);
  const begin = () => {
    effects.remark(`${nameInArn(executionArn)}, ${source.state}: ${source.name}`);
    return readerOf(source, executionArn, connection, effects);
  };
  const show = async (isLast: boolean) => {
    for await (const line of read(isLast)) {
      const text = shown(line);
      if (text !== null) effects.print(text);
    }
  };
  const lines = json ? loggedLines : readableLines;
  let [read, shown] = [begin(), lines(wanted)];
  for (let isLast = false; !isLast; ) {
    // Asked before the lines are read, so that the last ones are read, too.
    isLast = !follow || !(await effects.isExecutionRunning(executionArn));
    const later = follow && state === undefined ? await sourcesAfter(source, executionArn, effects) : [];
    await show(isLast || later.length > 0);
    for (const [index, next] of later.entries()) {
      source = next;
      [read, shown] = [begin(), lines(wanted)];
      await show(isLast || index < later.length - 1);
    }
    if (!isLast) await effects.sleep();
  }
}

/** Where a state's work is logged: by a function, or by a job of SageMaker. */
type Source = {
  state: string;
  kind: 'function' | 'TrainingJobs' | 'TransformJobs';
  name: string;
  sinceMs: number;
};

async function findSource(
  executionArn: string,
  wanted: string | undefined,
  { executionHistory, watchedStates }: Effects,
): Promise<Source> {
  const states = await statesOf(executionArn, { executionHistory, watchedStates });
  const sources = states.flatMap((state) => sourceOf(state) ?? []);
  const failed = states.find(({ status }) => status === 'failed')?.name;
  const found = sources.find(({ state }) => state === (wanted ?? failed)) ?? (wanted ? null : sources.at(-1));
  if (found) return found;
  const names = sources.map(({ state }) => state).join(', ') || 'none yet';
  throw new UsageError(
    `${nameInArn(executionArn)} has no log${wanted ? ` of ${wanted}` : ''}. States with a log: ${names}.`,
  );
}

const statesOf = async (
  executionArn: string,
  { executionHistory, watchedStates }: Pick<Effects, 'executionHistory' | 'watchedStates'>,
): Promise<StateProgress[]> => {
  const history = await executionHistory(executionArn);
  return executionProgress(await watchedStates(executionArn), history);
};

/** What has begun since; a retried job has a log of its own. */
async function sourcesAfter(source: Source, executionArn: string, effects: Effects): Promise<Source[]> {
  const sources = (await statesOf(executionArn, effects)).flatMap((state) => sourceOf(state) ?? []);
  const place = sources.findLastIndex(({ state, name }) => state === source.state && name === source.name);
  return sources.slice(place + 1).filter(({ sinceMs }) => sinceMs >= source.sinceMs);
}

function sourceOf({ name: state, request, functionArn, startedAt }: StateProgress): Source | null {
  const sinceMs = Number(startedAt ?? 0);
  const { TrainingJobName, TransformJobName } = (request ?? {}) as Record<string, string | undefined>;
  if (TrainingJobName) return { state, kind: 'TrainingJobs', name: TrainingJobName, sinceMs };
  if (TransformJobName) return { state, kind: 'TransformJobs', name: TransformJobName, sinceMs };
  return functionArn ? { state, kind: 'function', name: functionIn(functionArn), sinceMs } : null;
}

/** arn:aws:lambda:region:account:function:NAME, perhaps with a version */
const functionIn = (arn: string): string => arn.split(':')[6] ?? arn;

function readerOf(
  source: Source,
  executionArn: string,
  connection: Connection,
  { followFile, logEvents }: Effects,
): NewLines {
  if (connection.kind !== 'local') return newEvents(queryOf(source, executionArn), logEvents);
  const folder = join(connection.folder ?? defaultFolder(), 'logs');
  const file = join(folder, source.kind === 'function' ? 'functions' : 'jobs', `${source.name}.log`);
  const newLines = followFile(file);
  return source.kind === 'function' ? linesOfExecution(executionArn, newLines) : newLines;
}

/** A function has one log for all executions: its lines name theirs, but for those that go on with the one before. */
function linesOfExecution(executionArn: string, newLines: NewLines): NewLines {
  let isOurs = false;
  return async function* (isLast) {
    for await (const line of newLines(isLast)) {
      isOurs = line.includes(JSON.stringify(executionArn)) || (isOurs && /^\s/.test(line));
      if (isOurs) yield line;
    }
  };
}

const queryOf = ({ kind, name, sinceMs }: Source, executionArn: string): LogQuery =>
  kind === 'function'
    ? { group: `/aws/lambda/${name}`, filter: `{ $.execution_arn = "${executionArn}" }`, sinceMs }
    : { group: `/aws/sagemaker/${kind}`, streamPrefix: `${name}/`, sinceMs };

function newEvents(query: LogQuery, ask: typeof logEvents): NewLines {
  const shown = new Set<string>();
  let sinceMs = query.sinceMs;
  return async function* () {
    for await (const { id, timestampMs, message } of ask({ ...query, sinceMs })) {
      if (shown.has(id)) continue;
      shown.add(id);
      sinceMs = Math.max(sinceMs, timestampMs - OVERLAP_MS);
      yield* message.split('\n');
    }
  };
}
