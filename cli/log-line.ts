import { styleText } from 'node:util';
import * as z from 'zod';
import { parseJson } from '../shared/formats/json.ts';
import { legibleText } from '../shared/formats/legible-text.ts';
import { jobErrorIn } from '../shared/notifications/job-error.ts';
import { lineOf } from '../shared/notifications/notification.ts';

const logged = z.looseObject({ timestamp: z.string(), level: z.string(), message: z.string() });
const loggedError = z.object({
  name: z.string().default('Error'),
  message: z.string().default(''),
  location: z.string().optional(),
  stack: z.string().catch(''),
  cause: z.unknown().optional(),
});

/** What every line of a function repeats (shared/aws/lambda-handler.ts), and what a readable one has elsewhere. */
const REPEATED = new Set([
  ...['timestamp', 'level', 'message', 'error', 'service', 'cold_start', 'sampling_rate', 'xray_trace_id'],
  ...['station_id', 'model_code', 'execution_arn', 'run_id'],
]);
const COLORS: Record<string, 'red' | 'yellow'> = { ERROR: 'red', CRITICAL: 'red', WARN: 'yellow' };
const MAX_VALUE_CHARACTERS = 200;

/** From the least to the most urgent. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Wanted = {
  /** Lines of at least this level. */
  level?: LogLevel | undefined;
  /** Also where in the sources an error was raised, which tells a developer alone. */
  verbose?: boolean | undefined;
};

/** Of one log, line by line, as a trace has many: what is shown of a line, null for nothing. */
type LineReader = (line: string) => string | null;

/** For a person, by default without what is for debugging, such as each call of AWS: of what a function has logged time, level, message and error; any other line as it is. */
export function readableLines({ level = 'info', verbose = false }: Wanted): LineReader {
  const place = placeFollower();
  return (line) => {
    const { entry, isFrame, level: own } = place(line);
    if (!isAtLeast(level, own)) return null;
    if (entry) return readableEntry(entry, verbose);
    return isFrame && !verbose ? null : legibleText(line);
  };
}

/** The same lines as they were logged, of at least a level. */
export function loggedLines({ level = 'debug' }: Wanted): LineReader {
  const place = placeFollower();
  return (line) => (isAtLeast(level, place(line).level) ? line : null);
}

/** What a line is: what a function has logged, or where in the sources an error was raised; else anything. */
type Place = { entry: Entry | null; isFrame: boolean; level: LogLevel };

/** Where lines are: within Python's trace, or that of a group of errors; at the error that ends a trace; or anywhere else. */
type Within = 'trace' | 'group' | 'error' | null;

/**
 * Tells of each line of a log what it is. A line that goes on with another one has its level. Python's traces end with the error,
 * whose message may have many lines; those of JavaScript begin with it, and each of their lines can be told by itself.
 */
function placeFollower(): (line: string) => Place {
  let within: Within = null;
  let level: LogLevel = 'info';
  return (line) => {
    const entry = entryOf(line);
    within = entry ? null : withinOf(line, within);
    const isFurther = /^(?:\s|$)/.test(line);
    const own = entry ? (LEVELS[entry.level] ?? 'info') : levelOf(line, within);
    if (!isFurther || isAtLeast(level, own)) level = own;
    return { entry, isFrame: isFrame(line, within), level };
  };
}

function withinOf(line: string, before: Within): Within {
  if (/^\s*\+ Exception Group Traceback \(most recent call last\):/.test(line)) return 'group';
  if (/^Traceback \(most recent call last\):/.test(line)) return 'trace';
  if (before === 'trace') return /^\S/.test(line) ? 'error' : 'trace';
  if (before === 'group' && /^\s*[|+]/.test(line)) return 'group';
  return before === 'error' && !BEGINS.test(line) && jobErrorIn(line) === null ? 'error' : null;
}
/** What visibly belongs to no message before it: after an error, rather too much than too little is shown. */
const BEGINS =
  /^(?:[[{]|\d{4}-\d|\d\d:\d\d|\w+=|(?:START|END|REPORT|DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)\b|Exited )/;

const SCRIPT_FRAME = /^\s+at .+(?::\d+:\d+|<anonymous>|native)\)?$/;
/** Of a group of errors, each error stands within the frames. */
const isFrame = (line: string, within: Within): boolean =>
  within === 'trace' ||
  (within === 'group' && !/^[\s|]*\| [A-Za-z_][\w.]*(?:: |$)/.test(line)) ||
  SCRIPT_FRAME.test(line);

const isAtLeast = (wanted: LogLevel, level: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(wanted);

/** Jobs tell no level: what they end with is an error, and all else information. */
function levelOf(line: string, within: Within): LogLevel {
  if (within !== null || SCRIPT_FRAME.test(line) || jobErrorIn(line) !== null || OTHER_ERROR.test(line))
    return 'error';
  return OTHER_WARNING.test(line) ? 'warn' : 'info';
}
const LEVELS: Record<string, LogLevel> = {
  ...{ TRACE: 'debug', DEBUG: 'debug', INFO: 'info' },
  ...{ WARN: 'warn', ERROR: 'error', CRITICAL: 'error' },
};
/** As Python, Node.js and their libraries write them, after a time and a place perhaps. */
const OTHER_ERROR =
  /^(?:[\w.]*(?:Error|Exception)(?: \[\w+\])?(?:: |$)|KeyboardInterrupt$)|(?:^|[\s[])(?:ERROR|CRITICAL)\b/;
const OTHER_WARNING = /(?:^|[\s[])WARN(?:ING)?\b|^\S*:?\d*:?\s*\w*Warning: /;

function readableEntry(entry: Entry, verbose: boolean): string {
  const { timestamp, level, message, error } = entry;
  const others = Object.entries(entry)
    .filter(([name]) => !REPEATED.has(name) && !name.startsWith('function_'))
    .map(([name, value]) => `${legibleText(name)}=${shown(value)}`);
  const label = legibleText(level).padEnd(5);
  const color = COLORS[level];
  const time = legibleText(timestamp).slice(0, 19).replace('T', ' ');
  return [
    `${time}  ${color ? styleText(color, label) : label}  ${[legibleText(message).trim(), ...others].join(' ')}`,
    ...errorLines(error, verbose).map((text) => `  ${text}`),
  ].join('\n');
}

type Entry = z.output<typeof logged>;

function entryOf(line: string): Entry | null {
  if (!line.startsWith('{')) return null;
  try {
    return logged.safeParse(parseJson(line)).data ?? null;
  } catch {
    return null;
  }
}

/** The parts of our own errors each on a line of its own, as summaries show them; then what has caused it. */
function errorLines(error: unknown, verbose: boolean): string[] {
  const { data } = loggedError.safeParse(error);
  if (!data) return error === undefined ? [] : [shown(error)];
  const { name, message, location, stack, cause } = data;
  const parts = legibleText(message)
    .trim()
    .split(/(?<=\.) (?=(?:Found|Expected|To fix): )|\n/);
  return [
    `${legibleText(name)}: ${parts[0]}${verbose && location ? ` (${location})` : ''}`,
    ...parts.slice(1).map((part) => `  ${part}`),
    ...(verbose ? framesOf(stack) : []),
    ...errorLines(cause, verbose).map((text) => `  ${text}`),
  ];
}

/** The error itself stands above. */
const framesOf = (stack: string): string[] =>
  stack
    .split('\n')
    .filter((frame) => /^\s*at /.test(frame))
    .map((frame) => `  ${legibleText(frame).trim()}`);

const shown = (value: unknown): string =>
  lineOf(typeof value === 'string' ? value : JSON.stringify(value), MAX_VALUE_CHARACTERS);
