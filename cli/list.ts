import { Command, InvalidArgumentError, Option } from 'commander';
import pMap from 'p-map';
import { describeExecution, type ExecutionListItem, newestExecutions } from '../shared/aws/executions.ts';
import { parseJson } from '../shared/formats/json.ts';
import { connectToMachine } from './find-execution.ts';
import { formatDuration } from './progress/progress-lines.ts';

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'] as const;
type Options = { count: number; status?: (typeof STATUSES)[number] };

/** `fpe list`: what ran lately. */
export function listCommand(): Command {
  return new Command('list')
    .description('List the newest executions')
    .option('-n, --count <n>', 'how many', positive, 10)
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .action(async ({ count, status }: Options, command: Command) => {
      const { stateMachineArn } = await connectToMachine(command);
      const executions = await newestExecutions(stateMachineArn, count, status ?? null);
      if (executions.length === 0) console.log('No execution.');
      else console.log(table([HEADER, ...(await pMap(executions, row, { concurrency: 10 }))]));
    });
}

const HEADER = ['EXECUTION', 'STATUS', 'STATION', 'RESULT', 'STARTED', 'DURATION'];

async function row({
  executionArn,
  name,
  status,
  startDate,
  stopDate,
}: ExecutionListItem): Promise<string[]> {
  const { input, output } = await describeExecution(executionArn as string);
  const { station_id, station_ids } = parseJson(input ?? '{}') as {
    station_id?: number;
    station_ids?: number[];
  };
  const { model_code, counts } = parseJson(output ?? '{}') as {
    model_code?: string;
    counts?: { stations: number; succeeded: number; failed: number };
  };
  const duration = startDate ? (stopDate ?? new Date()).getTime() - startDate.getTime() : 0;
  return [
    name ?? '',
    status ?? '',
    String(station_id ?? (counts ? `${counts.stations} stations` : (station_ids?.join(',') ?? ''))),
    model_code ?? (counts ? `${counts.succeeded} succeeded, ${counts.failed} failed` : ''),
    startDate?.toISOString().slice(0, 19).replace('T', ' ') ?? '',
    formatDuration(duration),
  ];
}

/** Columns as wide as their longest cell. */
function table(rows: string[][]): string {
  const widths = HEADER.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

function positive(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('Expected a whole number above 0.');
}
