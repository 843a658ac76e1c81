import { Command, InvalidArgumentError, Option } from 'commander';
import pMap from 'p-map';
import { describeExecution, type ExecutionListItem, newestExecutions } from '../shared/aws/executions.ts';
import { parseJson } from '../shared/formats/json.ts';
import { connectToMachine, machineStageOption } from './find-execution.ts';
import { formatDuration } from './progress/progress-lines.ts';
import { tableLines } from './table.ts';

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'] as const;
type Options = { count: number; status?: (typeof STATUSES)[number] };

/** The command's effects. */
const EFFECTS = {
  connect: connectToMachine,
  newestExecutions,
  describeExecution,
  print: (text: string): void => console.log(text),
  now: (): Date => new Date(),
};
type Effects = {
  connect(command: Command): Promise<{ stateMachineArn: string }>;
} & Omit<typeof EFFECTS, 'connect'>;

/** `fpe list`: what has run recently. */
export function listCommand(effects: Effects = EFFECTS): Command {
  return new Command('list')
    .addOption(machineStageOption())
    .option('-n, --count <n>', 'how many', positive, 10)
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .action(async ({ count, status }: Options, command: Command) => {
      const { stateMachineArn } = await effects.connect(command);
      const executions = await effects.newestExecutions(stateMachineArn, count, status ?? null);
      const rows = await pMap(executions, (execution) => row(execution, effects), { concurrency: 10 });
      effects.print(rows.length === 0 ? 'No execution.' : tableLines([HEADER, ...rows]).join('\n'));
    });
}

const HEADER = ['EXECUTION', 'STATUS', 'STATION', 'RESULT', 'STARTED', 'DURATION'];

async function row(
  { executionArn, name, status, startDate, stopDate }: ExecutionListItem,
  { describeExecution, now }: Effects,
): Promise<string[]> {
  const { input, output } = await describeExecution(executionArn as string);
  const { station_id, station_ids } = parseJson(input ?? '{}') as {
    station_id?: number;
    station_ids?: number[];
  };
  const { model_code, counts } = parseJson(output ?? '{}') as {
    model_code?: string;
    counts?: { stations: number; succeeded: number; failed: number };
  };
  const duration = startDate ? (stopDate ?? now()).getTime() - startDate.getTime() : 0;
  return [
    name ?? '',
    status ?? '',
    String(station_id ?? (counts ? `${counts.stations} stations` : (station_ids?.join(',') ?? ''))),
    model_code ?? (counts ? `${counts.succeeded} succeeded, ${counts.failed} failed` : ''),
    startDate?.toISOString().slice(0, 19).replace('T', ' ') ?? '',
    formatDuration(duration),
  ];
}

function positive(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('Expected a whole number above 0.');
}
