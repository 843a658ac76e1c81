import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import {
  describeExecution,
  type ExecutionListItem,
  executionHistory,
  newestExecutions,
} from '../../shared/aws/executions.ts';
import { siblingMachineArn } from '../../shared/execution/arns.ts';
import { isStillRunning } from '../../shared/execution/status.ts';
import { parseJson } from '../../shared/formats/json.ts';
import { countOf } from '../../shared/formats/numbers.ts';
import { type Refresh, refresh, refreshSummary } from '../../shared/refresh/state.ts';
import { printText } from '../print.ts';
import { executionProgress, runningMs } from './execution-progress.ts';
import { executionSummary } from './execution-summary.ts';
import { appendedLines, type LiveLine } from './live-lines.ts';
import { formatDuration } from './progress-lines.ts';

/** Slower than for one station: two lists of executions are requested each time. */
const INTERVAL_MS = 2000;
const MACHINES = { train: 'train-station', score: 'score-station' } as const;
const MARKS: Record<string, string> = {
  RUNNING: styleText('cyan', '▸'),
  SUCCEEDED: styleText('green', '✔'),
  FAILED: styleText('red', '✖'),
  TIMED_OUT: styleText('red', '✖'),
  ABORTED: styleText('yellow', '■'),
};

/**
 * Watches a refresh until it ends: a line whenever a station begins or ends, then the table.
 *
 * @returns whether no station failed and no other refresh was running
 */
export async function watchRefresh(executionArn: string): Promise<boolean> {
  const view = appendedLines(process.stdout);
  let plan: Refresh | null = null;
  for (;;) {
    const execution = await describeExecution(executionArn);
    plan ??= await findPlan(executionArn);
    if (plan) view.show(await stationLines(plan, executionArn));
    if (!isStillRunning(execution.status)) {
      const history = await executionHistory(executionArn);
      const states = executionProgress(STATES, history);
      printText(`\n${executionSummary(execution, states, runningMs(history, new Date()))}`);
      const { data } = refreshSummary.safeParse(parseJson(execution.output ?? 'null'));
      return data !== undefined && data.counts.failed === 0 && !data.status.startsWith('already');
    }
    await sleep(INTERVAL_MS);
  }
}

const STATES = ['PlanRefresh', 'RefreshStations', 'SummarizeRefresh', 'NotifyRefresh'];

/** What PlanRefresh has decided, once it has. */
async function findPlan(executionArn: string): Promise<Refresh | null> {
  const [planned] = executionProgress(STATES, await executionHistory(executionArn));
  const parsed = refresh.safeParse((planned?.output as { refresh?: unknown } | null)?.refresh);
  if (!parsed.success) return null;
  const announced = announcement(parsed.data);
  if (announced !== null) printText(announced);
  return parsed.data;
}

/** What is begun. Null without tasks: the summary follows at once, and says why. */
export function announcement({ tasks }: Pick<Refresh, 'tasks'>): string | null {
  const count = (action: string) => tasks.filter((task) => task.action === action).length;
  return tasks.length === 0
    ? null
    : `${countOf(count('train'), 'station')} to train, ${count('score')} to score.`;
}

/** The names of the stations' executions begin with the refresh's id; two lists are enough to find all of them. */
async function stationLines(plan: Refresh, executionArn: string): Promise<LiveLine[]> {
  const lines: LiveLine[] = [];
  for (const action of ['train', 'score'] as const) {
    const tasks = plan.tasks.filter((task) => task.action === action);
    if (tasks.length === 0) continue;
    const machine = siblingMachineArn(executionArn, MACHINES[action]);
    const newest = await newestExecutions(machine, 2 * tasks.length);
    for (const execution of newest.reverse())
      if (execution.name?.startsWith(`${plan.id}-`)) lines.push(stationLine(action, execution));
  }
  return lines;
}

/** Worth a line when a station begins and when it ends. */
export function stationLine(
  action: string,
  {
    name = '',
    status = 'RUNNING',
    startDate,
    stopDate,
  }: Pick<ExecutionListItem, 'name' | 'status' | 'startDate' | 'stopDate'>,
): LiveLine {
  const station = name.split('-').at(-2);
  const duration = stopDate && startDate ? formatDuration(stopDate.getTime() - startDate.getTime()) : '';
  const text = `${MARKS[status] ?? '·'} Station ${String(station).padEnd(6)} ${action.padEnd(6)} ${duration}`;
  return { name, text: text.trimEnd(), news: status };
}
