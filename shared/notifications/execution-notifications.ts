import * as z from 'zod';
import { executionPage, isOfStandIn, nameInArn, stageOfMachine } from '../execution/arns.ts';
import type { Extension, ScoringRun, Selection } from '../execution/score-station-state.ts';
import { shownStationName } from '../execution/station.ts';
import type { Predictions, Promotion, Report, Run } from '../execution/train-station-state.ts';
import { parseJson } from '../formats/json.ts';
import { legibleText } from '../formats/legible-text.ts';
import { formatCount } from '../formats/numbers.ts';
import { shorten } from '../formats/shortened-text.ts';
import { worseDefault } from '../publication/promotion.ts';
import { EXECUTION_ADVICE, JOB_ADVICE } from './failure-advice.ts';
import { readFailureCause } from './failure-cause.ts';
import { ADVISED, FAILURE_KINDS, type FailureAdvice, type FailureKind } from './failure-kinds.ts';
import { jobErrorIn } from './job-error.ts';
import { lineOf, type Notification, notificationOf } from './notification.ts';

/**
 * What people are told of single executions. It is put together here, not by a machine or a rule: their interpreters do not agree
 * on what a quote, a backslash or a brace in a value means, and none of them shortens anything.
 */

const MAX_NAME_CHARACTERS = 80;
const MAX_SENTENCES_CHARACTERS = 2_000;
const MAX_ERROR_CHARACTERS = 200;
const MAX_CAUSE_CHARACTERS = 8_000;
const MAX_INPUT_CHARACTERS = 2_000;

const stationOf = ({ id, name, synthetic }: { id: number; name: string; synthetic: boolean }): string =>
  `Station ${id} (${shownStationName(lineOf(name, MAX_NAME_CHARACTERS), synthetic)})`;

/** @param note where the model is to be seen, or why it is not */
export function trainingNotification(
  { station, model_code }: Pick<Run, 'station' | 'model_code'>,
  {
    predictions: { scored, images },
    report,
    promotion,
  }: {
    predictions: Pick<Predictions, 'scored' | 'images'>;
    report: Pick<Report, 'note' | 'remarks'>;
    promotion: Promotion;
  },
  note: string,
): Notification {
  const worse = worseDefault(promotion);
  const warning = worse === null ? '' : `Warning: ${lineOf(worse, MAX_SENTENCES_CHARACTERS)} `;
  const sentences = [report.note, promotion.reason, note].map((part) =>
    lineOf(part, MAX_SENTENCES_CHARACTERS),
  );
  const counts = `model ${lineOf(model_code, MAX_NAME_CHARACTERS)} scored ${formatCount(scored)} of ${formatCount(images)} photos.`;
  return notificationOf(
    `FPE: ${worse === null ? 'a model' : 'a worse default'} of station ${station.id} is finished`,
    `${warning}${stationOf(station)}: ${counts} ${sentences.join(' ')}${report.remarks}`,
  );
}

export function scoringNotification(
  { station, model_code, predictions_url }: Pick<ScoringRun, 'station' | 'model_code' | 'predictions_url'>,
  { removed }: Pick<Selection, 'removed'>,
  { scored, unreadable, images, remarks }: Pick<Extension, 'scored' | 'unreadable' | 'images' | 'remarks'>,
): Notification {
  const counts = `New photos scored ${formatCount(scored)}, unreadable ${formatCount(unreadable)}, photos removed ${formatCount(removed)}.`;
  return notificationOf(
    `FPE: station ${station.id} has new scores`,
    `${stationOf(station)}, model ${lineOf(model_code, MAX_NAME_CHARACTERS)}. ${counts} Its ${formatCount(images)} predictions are at ${lineOf(predictions_url, MAX_SENTENCES_CHARACTERS)}${remarks}`,
  );
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

/** "Step Functions Execution Status Change" (Step Functions guide); input and output are missing where they are long. */
export const statusChange = z.object({
  time: z.string(),
  region: z.string(),
  detail: z.object({
    executionArn: z.string(),
    stateMachineArn: z.string(),
    name: z.string(),
    status: z.string(),
    input: text,
    error: text,
    cause: text,
  }),
});
export type StatusChange = z.output<typeof statusChange>;

/** What is told of an execution that failed, timed out or was stopped. */
export function failureNotification({ time, detail }: StatusChange): Notification {
  const { executionArn, status } = detail;
  const cause = readFailureCause(detail.cause);
  const name = lineOf(detail.error || cause.name || '', MAX_ERROR_CHARACTERS);
  const { job, advice } = adviceOn(name, status, cause.message);
  const end = endOf(advice, cause.message);
  const error = job === null ? name : `${name}: ${job}`;
  const machine = nameInArn(detail.stateMachineArn);
  const station = stationIn(detail.input);
  const isOnAws = !isOfStandIn(executionArn);
  const execution = isOnAws ? executionArn : detail.name;
  const place = { execution, station, stage: isOnAws ? stageOfMachine(executionArn) : null };
  return notificationOf(
    `FPE: ${station === null ? '' : `station ${station}, `}${status}${error && ` (${error})`}, ${machine}`,
    [
      `The execution ${detail.name} of ${machine} ended as ${status} at ${time}.`,
      `Input: ${lineOf(detail.input, MAX_INPUT_CHARACTERS) || 'not told'}`,
      `Error: ${error || 'not told'}`,
      `Cause: ${partOf(cause.message, MAX_CAUSE_CHARACTERS) || 'not told'}`,
      '',
      `Kind: ${FAILURE_KINDS[advice.kind].what}`,
      ...(end.isOfCause ? [OF_CAUSE] : advice.fix.map((line) => withPlace(addressed(line), place))),
      '',
      'Nothing it had not yet published has changed on the website.',
      `States, input and output: ${isOnAws ? executionPage(executionArn) : `./fpe show ${execution}`}`,
      againLine(end, isOnAws ? `${execution} (or Redrive in the console)` : execution),
    ].join('\n'),
  );
}

/** Of what ended from outside: its error, if any, is a word of whoever ended it. */
const ERROR_OF_STATUS: Record<string, string> = { ABORTED: 'ExecutionEnded', TIMED_OUT: 'States.Timeout' };
const UNNAMED: FailureAdvice = {
  names: [],
  kind: 'unknown',
  fix: [
    'Operator: read the cause above and the log of the state; redrive once.',
    'Developer: if it comes again, report it with that log.',
  ],
};

/** @returns job: the error that the job has told, if it is one of ours */
function adviceOn(
  error: string,
  status: string,
  message: string,
): { job: string | null; advice: FailureAdvice } {
  const job = error === 'States.TaskFailed' ? jobErrorIn(message) : null;
  const ofJob = job === null ? undefined : findAdvice(JOB_ADVICE, job);
  if (ofJob) return { job, advice: ofJob };
  return { job: null, advice: findAdvice(EXECUTION_ADVICE, ERROR_OF_STATUS[status] ?? error) ?? UNNAMED };
}

const findAdvice = (all: readonly FailureAdvice[], error: string): FailureAdvice | undefined =>
  all.find(({ names }) => names.includes(error));

const addressed = (line: string): string =>
  line.replace(/^\w+/, (who) => ADVISED[who as keyof typeof ADVISED].address);

type Place = { execution: string; station: number | null; stage: string | null };

/** With commands that work for this execution; where its station is not told, the placeholder stays. */
const withPlace = (line: string, { execution, station, stage }: Place): string =>
  line.replaceAll(/`\.\/fpe [^`]+`/g, (command) =>
    command
      .replace('NAME', execution)
      .replace('STATION', station === null ? 'STATION' : String(station))
      .replace(' --stage STAGE', stage === null ? '' : ` --stage ${stage}`),
  );

type End = Pick<FailureKind, 'again' | 'when'> & { isOfCause: boolean };

const OF_CAUSE = 'What to do stands in the cause above, at its end.';
/** What our own errors end with (shared/errors.ts). */
const FIX = /To fix: (.*)$/s;

/** A cause knows more than the name of its error: where it says another end than the kind of failure, it is right. */
function endOf({ kind }: FailureAdvice, message: string): End {
  const { again, when } = FAILURE_KINDS[kind];
  const [named] = /\bredrive\b|\bnew execution\b/.exec(FIX.exec(message)?.[1] ?? '') ?? [];
  const said = named === 'redrive' ? 'redrive' : 'start';
  if (named === undefined || said === again) return { again, when, isOfCause: false };
  return { again: said, when: 'Once that is done', isOfCause: true };
}

function againLine({ again, when }: End, execution: string): string {
  switch (again) {
    case 'redrive':
      return `${when}, continue from where it failed: ./fpe redrive ${execution}`;
    case 'start':
      return `${when}, start a new execution. A redrive would use the same input and files.`;
    case 'leave':
      return 'Do not redrive it. What the other execution publishes stays.';
  }
}

/** Several lines, each set in, so that none passes for one of the message. */
const partOf = (cause: string, maxCharacters: number): string =>
  legibleText(shorten(cause, maxCharacters)).trim().replaceAll('\n', '\n  ');

const stationInput = z.object({ station_id: z.int() });

function stationIn(input: string): number | null {
  try {
    return stationInput.safeParse(parseJson(input)).data?.station_id ?? null;
  } catch {
    return null;
  }
}
