import { Command, InvalidArgumentError, Option } from 'commander';
import pMap from 'p-map';
import * as z from 'zod';
import {
  describeExecution,
  type ExecutionListItem,
  executionHistory,
  newestExecutions,
} from '../shared/aws/executions.ts';
import { kindOfMachine, machineArnOf, nameInArn } from '../shared/execution/arns.ts';
import type { NamedStation } from '../shared/execution/station.ts';
import { parseJson } from '../shared/formats/json.ts';
import { countOf } from '../shared/formats/numbers.ts';
import { toldFailure } from '../shared/notifications/job-error.ts';
import type { RefreshStatus, RefreshSummary } from '../shared/refresh/state.ts';
import { unknownStations } from '../shared/refresh/summary.ts';
import { requireAskedStation } from './asked-station.ts';
import { connectToMachines, machineStageOption } from './find-execution.ts';
import { findLocalStations } from './known-stations.ts';
import { parseSince, stationId } from './option-values.ts';
import { printJson, printText, terminalColumns } from './print.ts';
import { runningMs } from './progress/execution-progress.ts';
import { formatDuration } from './progress/progress-lines.ts';
import { tableLines } from './table.ts';

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'] as const;
type Options = {
  count: number;
  status?: (typeof STATUSES)[number];
  station?: number;
  stage?: string;
  since?: string;
  json?: boolean;
};
/** Of each machine, where a filter needs more than Step Functions lists. */
const MOST_LOOKED_AT = 500;

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachines,
  newestExecutions,
  describeExecution,
  executionHistory,
  requireAskedStation,
  findLocalStations,
  columns: terminalColumns,
  print: printText,
  printJson,
  now: (): Date => new Date(),
};
type Effects = typeof EFFECTS;

/** `fpe list`: what has run recently, of all machines of the stage. */
export function listCommand(effects: Effects = EFFECTS): Command {
  return new Command('list')
    .addOption(machineStageOption())
    .option('-n, --count <n>', 'how many', positive, 10)
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .option('--station <id>', 'only those of this station', stationId)
    .option('--since <age>', 'only those started since then: 90m, 12h, 7d, or a date such as 2026-11-27')
    .option('--json', 'as JSON')
    .action(async (options: Options, command: Command) => {
      const from = options.since === undefined ? null : parseSince(options.since, effects.now());
      const { connection, machineArns } = await effects.connect(command);
      const listed = await findListed(machineArns, options, from, effects);
      const found = tellSynthetic(listed, await effects.findLocalStations(connection));
      if (found.length === 0 && options.station !== undefined)
        await effects.requireAskedStation(options.station, connection, options.stage);
      if (options.json) effects.printJson(found);
      else effects.print(describeList(found, options.station, effects.columns()));
    });
}

/** What is told of an execution in a list. */
type Listed = {
  name: string;
  arn: string;
  machine: string;
  status: string;
  /** Of an execution that did not succeed. */
  error: string | null;
  /** Of a job that failed, the one that it has told. */
  job_error: string | null;
  /** Null for a refresh of all stations. */
  stations: number[] | null;
  /** Whether a program made its one station up; null where it has not told. */
  synthetic: boolean | null;
  model_code: string | null;
  /** Whether a refresh did its work, only planned it, or left it to another one. */
  refresh: RefreshStatus | null;
  /** Stations of a refresh by what was to be done, and by their outcome. */
  counts: RefreshSummary['counts'] | null;
  started_at: string;
  stopped_at: string | null;
  /** Without the time between a failure and a redrive. */
  seconds: number;
};

async function findListed(
  machineArns: readonly string[],
  { count, status, station }: Options,
  from: Date | null,
  effects: Effects,
): Promise<Listed[]> {
  const most = station === undefined ? count : MOST_LOOKED_AT;
  const lists = await pMap(machineArns, (arn) => effects.newestExecutions(arn, most, status ?? null));
  const newest = lists
    .flat()
    .filter(({ startDate }) => from === null || (startDate ?? from) >= from)
    .sort((one, other) => Number(other.startDate) - Number(one.startDate));
  const looked = station === undefined ? newest.slice(0, count) : newest;
  const listed = await pMap(looked, (execution) => lookAt(execution, effects), { concurrency: 10 });
  return listed
    .filter(({ stations }) => station === undefined || stations?.includes(station))
    .slice(0, count);
}

/** What one execution has told of a station, or the database of the local stack knows of it, is so of the others. */
function tellSynthetic(found: readonly Listed[], known: readonly NamedStation[]): Listed[] {
  const told = new Map(known.map(({ id, synthetic }) => [id, synthetic === true]));
  for (const { stations, synthetic } of found)
    if (stations && synthetic !== null) told.set(stations[0] as number, synthetic);
  return found.map((listed) => {
    const [id, ...others] = listed.stations ?? [];
    return { ...listed, synthetic: id === undefined || others.length > 0 ? null : (told.get(id) ?? null) };
  });
}

async function lookAt(item: ExecutionListItem, effects: Effects): Promise<Listed> {
  const arn = item.executionArn as string;
  const { input, output, error, cause, redriveCount = 0 } = await effects.describeExecution(arn);
  const { station_id, station_ids } = parseJson(input ?? '{}') as {
    station_id?: number;
    station_ids?: number[];
  };
  const told = parseJson(output ?? '{}');
  const { model_code, counts, status } = told as Partial<
    Pick<Listed, 'model_code'> & Pick<RefreshSummary, 'counts' | 'status'>
  >;
  const startedAt = item.startDate ?? effects.now();
  const ms =
    redriveCount > 0
      ? runningMs(await effects.executionHistory(arn), effects.now())
      : (item.stopDate ?? effects.now()).getTime() - startedAt.getTime();
  return {
    name: item.name ?? nameInArn(arn),
    arn,
    machine: kindOfMachine(arn) ?? nameInArn(machineArnOf(arn)),
    status: String(item.status),
    error: error ?? null,
    job_error: toldFailure(error, cause).job_error,
    stations: station_id === undefined ? (station_ids ?? null) : [station_id],
    synthetic: syntheticIn(told),
    model_code: model_code ?? null,
    refresh: counts ? (status ?? null) : null,
    counts: counts ?? null,
    started_at: startedAt.toISOString(),
    stopped_at: item.stopDate?.toISOString() ?? null,
    seconds: ms / 1000,
  };
}

const stationOutput = z.object({ station: z.object({ synthetic: z.boolean() }) });
/** Executions of earlier versions do not tell. */
const syntheticIn = (output: unknown): boolean | null =>
  stationOutput.safeParse(output).data?.station.synthetic ?? null;

const HEADER = ['EXECUTION', 'MACHINE', 'STATUS', 'STATION', 'RESULT', 'STARTED', 'DURATION'];

const describeList = (
  found: readonly Listed[],
  station: number | undefined,
  columns: number | undefined,
): string =>
  found.length === 0
    ? `No execution${station === undefined ? '' : ` of station ${station}`}.`
    : tableLines([HEADER, ...found.map(rowOf)], { columns }).join('\n');

const rowOf = (listed: Listed): string[] => [
  listed.name,
  listed.machine,
  listed.status,
  stationsOf(listed),
  listed.job_error ?? listed.error ?? listed.model_code ?? resultOf(listed),
  listed.started_at.slice(0, 19).replace('T', ' '),
  formatDuration(1000 * listed.seconds),
];

/** The same while a refresh runs and once it has ended; how many are all stations is known only then. */
function stationsOf({ stations, synthetic, counts }: Listed): string {
  if (stations === null) return counts ? countOf(counts.stations, 'station') : '';
  if (synthetic) return `${stations.join(',')}, synthetic`;
  return stations.length <= MOST_NAMED ? stations.join(',') : countOf(stations.length, 'station');
}
const MOST_NAMED = 5;

function resultOf({ refresh, counts }: Listed): string {
  if (!counts) return '';
  switch (refresh) {
    case 'dry_run':
      return `a plan: ${counts.train} to train, ${counts.score} to score${unknownStations(counts) > 0 ? `, ${unknownStations(counts)} unknown` : ''}`;
    case 'already_running':
      return 'nothing: another one was running';
    case 'already_started':
      return 'nothing: it had been started already';
    default:
      return `${counts.succeeded} succeeded, ${counts.failed} failed`;
  }
}

function positive(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('Expected a whole number above 0.');
}
