import * as z from 'zod';
import type { DescribeExecutionOutput } from '../../shared/aws/executions.ts';
import {
  leftOutPhrases,
  PAIR_EXCLUSIONS,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  type Reason,
  sumOf,
  VALUE_EXCLUSIONS,
} from '../../shared/dataset/reasons.ts';
import { isOfStandIn, nameInArn, stageOfMachine } from '../../shared/execution/arns.ts';
import { kendallTaus, learnt, promotion } from '../../shared/execution/train-station-state.ts';
import { IMAGE_FILTERS } from '../../shared/filters/image-filters.ts';
import { PAIR_FILTERS } from '../../shared/filters/pair-filters.ts';
import { parseJson } from '../../shared/formats/json.ts';
import { legibleText } from '../../shared/formats/legible-text.ts';
import { countOf, formatCount } from '../../shared/formats/numbers.ts';
import { withOpenAddresses } from '../../shared/formats/open-addresses.ts';
import { toldFailure } from '../../shared/notifications/job-error.ts';
import { worseDefault } from '../../shared/publication/promotion.ts';
import { type RefreshSummary, refreshSummary } from '../../shared/refresh/state.ts';
import { describeLate, describeRow, tablePlace, unknownStations } from '../../shared/refresh/summary.ts';
import { learntRemarks } from '../../shared/report/data/remarks.ts';
import { tableLines } from '../table.ts';
import type { StateProgress } from './execution-progress.ts';
import { formatDuration } from './progress-lines.ts';
import { describeStation, scoringLines, scoringResult, toldStation } from './scoring-lines.ts';

/** Output of the machine's last state; defaults for what executions of earlier versions lack. */
export const runResult = z.object({
  station_id: z.number(),
  model_code: z.string(),
  model_uuid: z.string(),
  model_id: z.number().nullable(),
  station: toldStation,
  diagnostics_url: z.string().nullable(),
  predictions_url: z.string().nullable(),
  images: z.object({
    found: z.number(),
    excluded: z.record(z.string(), z.number()),
    filtered: z.record(z.string(), z.number()).default({}),
    scored: z.number(),
    unreadable: z.number(),
    faults: z.record(z.string(), z.number()).default({}),
    missing: z.number().default(0),
  }),
  pairs: z.object({
    found: z.number(),
    excluded: z.record(z.string(), z.number()).default({}),
    filtered: z.record(z.string(), z.number()).default({}),
    train: z.number(),
    val: z.number(),
    leaked_images: z.number().default(0),
    learnt: learnt.nullable().default(null),
  }),
  /** Values of the station's own datasets. */
  values: z.object({ usable: z.number(), excluded: z.record(z.string(), z.number()) }).optional(),
  /** Findings on the data, by check. */
  data_findings: z.record(z.string(), z.number()).optional(),
  /** How well the model does on photos that it has not seen, in sentences; earlier versions told none. */
  agreement: z.string().optional(),
  kendall_tau: kendallTaus,
  promotion: promotion.optional().catch(undefined),
  warnings: z.array(z.string()).default([]),
});
export type RunResult = z.output<typeof runResult>;

/** Where a person finds the files of a model, if not at the addresses of its result. */
type ShownFiles = { report: string; scores: string };
type FilesOf = (result: RunResult) => ShownFiles;

/**
 * How an execution ended, in words, with addresses that work.
 *
 * @param ms in which it has run, without the pauses before redrives; default: from its start to its end
 * @param filesOf where the files of its model stay, if not at their addresses
 */
export const executionSummary = (
  execution: DescribeExecutionOutput,
  states: readonly StateProgress[],
  ms: number = Number(execution.stopDate ?? new Date()) - Number(execution.startDate),
  filesOf?: FilesOf,
): string => withOpenAddresses(summaryOf(execution, states, ms, filesOf), process.env.AWS_ENDPOINT_URL_S3);

function summaryOf(
  execution: DescribeExecutionOutput,
  states: readonly StateProgress[],
  ms: number,
  filesOf?: FilesOf,
): string {
  const duration = formatDuration(ms);
  switch (execution.status) {
    case 'SUCCEEDED': {
      const output = parseJson(execution.output ?? '{}');
      const end = `It succeeded after ${duration}.`;
      const refreshed = refreshSummary.safeParse(output);
      if (refreshed.success)
        return `${end}\n\n${refreshLines(refreshed.data, execution.executionArn).join('\n')}`;
      const [trained, scored] = [runResult.safeParse(output), scoringResult.safeParse(output)];
      if (trained.success)
        return `${end}\n\n${resultLines(trained.data, execution.executionArn, filesOf?.(trained.data)).join('\n')}`;
      if (scored.success) return `${end}\n\n${scoringLines(scored.data).join('\n')}`;
      return `${end}\n${execution.output}`;
    }
    case 'RUNNING':
    case 'PENDING_REDRIVE':
      return `It has been running for ${duration}.`;
    case 'ABORTED':
      return `It was stopped after ${duration}${execution.cause ? `: ${execution.cause}` : '.'}`;
    default: {
      const failed = states.find(({ status }) => status === 'failed');
      const where = failed ? ` in ${failed.name}` : '';
      return `It failed${where} after ${duration}.\n\n${describeFailure(execution.error, execution.cause)}`;
    }
  }
}

/** Photos, pairs, agreement with observed values, and where the files are. @param executionArn of the training */
export function resultLines(result: RunResult, executionArn = '', files?: ShownFiles): string[] {
  const { images, pairs, values, kendall_tau } = result;
  const without = [
    ...(images.unreadable ? [`${formatCount(images.unreadable)} unreadable`] : []),
    ...(images.missing ? [`${formatCount(images.missing)} without an answer`] : []),
  ].map((text) => `, ${text}`);
  const worse = result.promotion ? worseDefault(result.promotion) : null;
  return [
    ...(worse === null ? [] : [`⚠ ${worse}`]),
    `Model     ${result.model_code} of ${describeStation(result)}`,
    `Photos    ${formatCount(images.scored)} scored of ${formatCount(images.found)}${without.join('')}`,
    ...leftOut(PHOTO_EXCLUSIONS, images.excluded),
    ...leftOut(IMAGE_FILTERS, images.filtered),
    ...leftOut(PHOTO_FAULTS, images.faults),
    `Pairs     ${formatCount(pairs.train)} to train, ${formatCount(pairs.val)} to validate, of ${formatCount(pairs.found)} annotated`,
    ...leftOut(PAIR_EXCLUSIONS, pairs.excluded),
    ...leftOut(PAIR_FILTERS, pairs.filtered),
    ...learntRemarks(pairs.learnt, { pair_splits: pairs }).map((remark) => `          ${remark}`),
    ...(pairs.leaked_images
      ? [
          `          ${formatCount(pairs.leaked_images)} photos are in pairs of both, so validation looks better than it is`,
        ]
      : []),
    ...(values ? valueLines(values) : []),
    ...(result.data_findings ? [findingsLine(result.data_findings)] : []),
    ...(result.agreement?.split(/(?<=\.) (?=[A-Z])/) ?? []),
    'Kendall tau of scores and observed values (1: the same order, 0: no relation, –: no such photos or values)',
    ...tableLines(
      TAU_LABELS.map(([name, label]) => [label, formatTau(kendall_tau[name])]),
      { indent: '          ' },
    ),
    ...publicationLines(result, executionArn, files),
    ...result.warnings,
  ];
}

function publicationLines(result: RunResult, executionArn: string, files?: ShownFiles): string[] {
  const { model_id, diagnostics_url, predictions_url, promotion } = result;
  const row =
    model_id === null
      ? 'It was not published.'
      : predictions_url === null
        ? `models.id ${model_id}, which the website does not draw.`
        : `Published as models.id ${model_id}.`;
  const shown = model_id === null ? undefined : files;
  const report = shown?.report ?? diagnostics_url ?? commandForReport(executionArn);
  const scores = shown?.scores ?? predictions_url;
  return [
    `${row} ${model_id === null ? '' : (promotion?.reason ?? '')}`.trimEnd(),
    ...(report === null ? [] : [`Report    ${report}`]),
    ...(scores === null ? [] : [`Scores    ${scores}`]),
  ];
}

/** Opens the report of a model that the website does not draw, from the model bucket alone; null where its training is not known. */
function commandForReport(executionArn: string): string | null {
  if (executionArn === '') return null;
  if (isOfStandIn(executionArn)) return `./fpe open report ${nameInArn(executionArn)}`;
  const stage = stageOfMachine(executionArn);
  return `./fpe open report ${executionArn}${stage === null ? '' : ` --stage ${stage}`}`;
}

const findingsLine = (counts: Record<string, number>): string => {
  const found = Object.entries(counts).filter(([, count]) => count > 0);
  const words = found.map(([check, count]) => `${check} ${formatCount(count)}`).join(', ');
  return found.length === 0
    ? 'Data      the checks of clocks, copies, gaps, values, light and annotators found nothing'
    : `Data      ${countOf(sumOf(counts), 'finding')} (${words}): see “Data quality” in the report`;
};

/** Nothing if no value was left out. */
const valueLines = ({ usable, excluded }: { usable: number; excluded: Record<string, number> }): string[] => {
  const lines = leftOut(VALUE_EXCLUSIONS, excluded);
  return lines.length > 0
    ? [`Values    ${formatCount(usable)} usable in the station’s datasets`, ...lines]
    : [];
};

/** One line for each station, including those left as they are. */
function refreshLines(
  { status, note, counts, stations, stations_left_out, result_uri, late }: RefreshSummary,
  executionArn = '',
): string[] {
  const unknown = unknownStations(counts);
  return [
    note,
    ...(stations.length > 0 ? [''] : []),
    ...stations.map((row) => `  ${describeRow(row)}`),
    ...(stations_left_out ? [`  and ${formatCount(stations_left_out)} more that were left alone`] : []),
    ...(counts.stations
      ? [
          '',
          `Stations  ${formatCount(counts.stations)}: ${counts.train} to train, ${counts.score} to score, ${counts.nothing} to leave alone${unknown > 0 ? `, ${unknown} that the database does not have` : ''}`,
          ...(status === 'dry_run'
            ? []
            : [`Outcome   ${counts.succeeded} succeeded, ${counts.failed} failed`]),
        ]
      : []),
    ...(result_uri ? [`Table     ${tablePlace(result_uri, executionArn)}`] : []),
    ...late.map(describeLate),
  ];
}

/** One line for each reason that left something out. */
const leftOut = (reasons: Record<string, Reason>, counts: Record<string, number>): string[] =>
  leftOutPhrases(reasons, counts, formatCount).map((phrase) => `          ${phrase}`);

const TAU_LABELS = [
  ['train', 'training photos'],
  ['val', 'validation photos'],
  ['test-in', 'other photos, in period'],
  ['test-out', 'other photos, outside'],
  ['overall', 'all photos'],
] as const satisfies [keyof RunResult['kendall_tau'], string][];

const formatTau = (value: number | null): string => (value === null ? '–' : value.toFixed(2));

/** Error and message of a failed execution; causes of functions and jobs are JSON with the message inside. */
export function describeFailure(error: string | undefined, cause: string | undefined): string {
  const { name, message: text } = toldFailure(error, cause);
  const message = legibleText(text || 'No cause was given.');
  // The parts of our own errors each on a separate line.
  return `${name}\n  ${message.replaceAll(/\. (?=(Found|Expected|To fix): )/g, '.\n  ').trim()}`;
}
