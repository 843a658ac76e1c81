import * as z from 'zod';
import { isOfStandIn, nameInArn } from '../execution/arns.ts';
import type { LateExecution } from '../execution/late-executions.ts';
import { shownStationName } from '../execution/station.ts';
import { isStillRunning } from '../execution/status.ts';
import { promotion } from '../execution/train-station-state.ts';
import { csvHeader, csvRows } from '../formats/csv.ts';
import { countOf, formatCount } from '../formats/numbers.ts';
import { toldFailure } from '../notifications/job-error.ts';
import { lineOf, type Notification, notificationOf } from '../notifications/notification.ts';
import { worseDefault } from '../publication/promotion.ts';
import type { RefreshDecision } from './plan.ts';
import type { Refresh, RefreshRow, RefreshSummary } from './state.ts';

/** What is known about the execution of one station: what DescribeExecution says, or the error because of which none was started. */
export type StationExecution = {
  execution_arn: string;
  status: string;
  error: string | null;
  cause: string | null;
  /** Output of train-station or score-station, parsed. */
  output: unknown;
};

/** Size of the table in the output of an execution. Step Functions allows 256 KiB in all, and everything else is small. */
const MAX_TABLE_BYTES = 104 * 1024;
const MAX_DETAIL_CHARACTERS = 300;
/** Of what happened, however long the advice after it is. */
const LEAST_TOLD = 60;
const MAX_NAME_CHARACTERS = 80;
/** Of an execution, with its command (Step Functions quotas: 80 characters of name, twice, and the rest). */
const MAX_ARN_CHARACTERS = 256;
const MAX_REASON_CHARACTERS = 400;
const MAX_LINES = 60;

const COLUMNS = [
  'station_id',
  'station_name',
  'action',
  'reason',
  'outcome',
  'detail',
  'execution_arn',
] as const;

const NO_STATION =
  'StationNotFound: the database has no station of this id; correct the file of --stations, or station_ids or stations of the input, which names it';

/** One row for each station of the plan, in its order. */
export function resultRows(
  decisions: readonly RefreshDecision[],
  { status }: Pick<Refresh, 'status'>,
  executions: ReadonlyMap<number, StationExecution>,
): RefreshRow[] {
  return decisions.map((decision) => {
    const row = (
      outcome: RefreshRow['outcome'],
      detail: string,
      execution_arn: string | null = null,
    ): RefreshRow => ({
      ...decision,
      outcome,
      detail: lineOf(detail, MAX_DETAIL_CHARACTERS),
      execution_arn,
    });
    // Whoever asks for a station that does not exist must be told so.
    if (decision.station_name === null) return row('failed', NO_STATION);
    if (decision.action === 'nothing') return row('none', '');
    if (status === 'dry_run') return row('planned', '');
    const execution = executions.get(decision.station_id);
    if (!execution) return row('failed', 'It was not started.');
    return execution.status === 'SUCCEEDED'
      ? row('succeeded', describeOutput(decision.action, execution.output), execution.execution_arn)
      : row('failed', describeFailure(execution), execution.execution_arn);
  });
}

const trained = z.object({
  model_code: z.string(),
  images: z.object({ scored: z.number() }),
  promotion: z.union([promotion, z.object({ reason: z.string() })]).optional(),
});
const scored = z.object({
  scored: z.number(),
  removed: z.number().optional(),
  unreadable: z.number().optional(),
});

/** Read leniently, so that the refresh does not fail because of what a newer or older machine returns. */
function describeOutput(action: RefreshRow['action'], output: unknown): string {
  if (action === 'train') {
    const { data } = trained.safeParse(output);
    if (!data) return '';
    const worse = data.promotion && 'make_default' in data.promotion ? worseDefault(data.promotion) : null;
    const scoredBy = `${data.model_code}, ${countOf(data.images.scored, 'photo')} scored`;
    return `${worse ? `Warning: ${worse} ` : ''}${scoredBy}${data.promotion ? `. ${data.promotion.reason}` : ''}`;
  }
  const { data } = scored.safeParse(output);
  if (!data) return '';
  return [
    `${countOf(data.scored, 'photo')} scored`,
    ...(data.removed ? [`${formatCount(data.removed)} removed`] : []),
    ...(data.unreadable ? [`${formatCount(data.unreadable)} unreadable`] : []),
  ].join(', ');
}

function describeFailure({ status, error, cause }: StationExecution): string {
  if (isStillRunning(status)) return 'It has been waited for in vain, and still runs.';
  const { job_error, message } = toldFailure(error ?? status, cause ?? '');
  return shortFailure([job_error ?? error ?? status, message].filter(Boolean).join(': '));
}

/** The pipeline's errors end with what to do (errors.ts): of one that is too long, what was found goes first. */
function shortFailure(text: string): string {
  const line = lineOf(text, Number.POSITIVE_INFINITY);
  const [, told, fix] = /^(.*?)(?: Found: .*)?( To fix: .*)$/.exec(line) ?? [];
  if (line.length <= MAX_DETAIL_CHARACTERS || !told || !fix) return line;
  return lineOf(told, Math.max(LEAST_TOLD, MAX_DETAIL_CHARACTERS - fix.length)) + fix;
}

/** The output of the execution; stations for which something was done come first in `stations`. */
export function summarizeRefresh(
  { id, status, note }: Pick<Refresh, 'id' | 'status' | 'note'>,
  rows: readonly RefreshRow[],
  result_uri: string | null,
  late: LateExecution[] = [],
): RefreshSummary {
  const count = (is: (row: RefreshRow) => boolean) => rows.filter(is).length;
  const stations = fitting(rows);
  return {
    refresh_id: id,
    status,
    note,
    counts: {
      stations: rows.length,
      train: count(({ action }) => action === 'train'),
      score: count(({ action }) => action === 'score'),
      nothing: count(({ action, outcome }) => action === 'nothing' && outcome === 'none'),
      succeeded: count(({ outcome }) => outcome === 'succeeded'),
      failed: count(({ outcome }) => outcome === 'failed'),
    },
    stations,
    stations_left_out: rows.length - stations.length,
    late,
    result_uri,
  };
}

/** How many of the stations the database does not have: they are planned for nothing, and counted as failed. */
export const unknownStations = ({ stations, train, score, nothing }: RefreshSummary['counts']): number =>
  stations - train - score - nothing;

const URGENCY: Record<RefreshRow['outcome'], number> = { failed: 0, succeeded: 1, planned: 1, none: 2 };

function fitting(rows: readonly RefreshRow[]): RefreshRow[] {
  let bytes = 0;
  const kept = new Set(
    [...rows]
      .sort((a, b) => URGENCY[a.outcome] - URGENCY[b.outcome])
      .filter((row) => {
        const more = Buffer.byteLength(JSON.stringify(row)) + 1;
        if (bytes + more > MAX_TABLE_BYTES) return false;
        bytes += more;
        return true;
      }),
  );
  return rows.filter((row) => kept.has(row));
}

/** Content of result.csv: every station, with all that is known about it. */
export const resultCsv = (rows: readonly RefreshRow[]): string => csvHeader(COLUMNS) + csvRows(COLUMNS, rows);

/**
 * Where a person finds result.csv: its address, or for the local stack, whose buckets are on one computer alone, a command.
 *
 * @param executionArn of the refresh
 */
export const tablePlace = (uri: string, executionArn: string): string =>
  isOfStandIn(executionArn) ? `./fpe open table ${nameInArn(executionArn)}` : uri;

/**
 * The message to people; stations that failed come first.
 *
 * @param table where result.csv is; null if there is none
 */
export function refreshMessage(
  { counts, stations, late, note }: RefreshSummary,
  table: string | null,
): Notification {
  const done = (action: RefreshRow['action']) =>
    stations.filter((row) => row.action === action && row.outcome === 'succeeded').length;
  const parts = [
    `${done('train')} trained`,
    `${done('score')} scored`,
    ...(counts.failed ? [`${counts.failed} failed`] : []),
    ...(late.length > 0 ? [`${late.length} late`] : []),
  ].join(', ');
  const told = [...stations]
    .filter(({ outcome }) => outcome !== 'none')
    .sort((a, b) => URGENCY[a.outcome] - URGENCY[b.outcome]);
  const lines = told.slice(0, MAX_LINES).map(describeRow);
  return notificationOf(
    `FPE refresh: ${parts}`,
    [
      `${countOf(counts.stations, 'station')}: ${parts}, ${counts.nothing} left as they are.`,
      '',
      ...lines,
      ...(told.length > MAX_LINES ? [`and ${told.length - MAX_LINES} more`] : []),
      '',
      ...late.slice(0, MAX_LINES).map(describeLate),
      ...(late.length > 0 ? [''] : []),
      table === null ? note : `All of them: ${table}`,
    ].join('\n'),
  );
}

/** What a person should know about an execution that does not end, and what to do. */
export const describeLate = ({ execution_arn, hours }: LateExecution): string =>
  `Older than expected, it runs for ${hours} h: ./fpe show ${execution_arn}; to end it: ./fpe stop ${execution_arn}`;

/** The refresh itself has succeeded, so what is to be redriven has to be named. */
const redriveOf = (executionArn: string): string =>
  `./fpe redrive ${isOfStandIn(executionArn) ? nameInArn(executionArn) : executionArn}`;

/** One line for a person, whatever the station is called. */
export function describeRow({
  station_id,
  station_name,
  synthetic,
  action,
  reason,
  outcome,
  detail,
  execution_arn,
}: RefreshRow): string {
  const name =
    station_name === null
      ? ''
      : ` (${shownStationName(lineOf(station_name, MAX_NAME_CHARACTERS), synthetic)})`;
  const station = `Station ${station_id}${name}`;
  if (outcome === 'none' || outcome === 'planned')
    return `${station}: ${action}. ${lineOf(reason, MAX_REASON_CHARACTERS)}`;
  const redriven =
    execution_arn === null ? detail : detail.replace('redrive the execution', redriveOf(execution_arn));
  // Nothing was tried with a station that does not exist.
  const what = action === 'nothing' ? outcome : `${action} ${outcome}`;
  return `${station}: ${what}${redriven ? `. ${lineOf(redriven, MAX_DETAIL_CHARACTERS + MAX_ARN_CHARACTERS)}` : ''}`;
}
