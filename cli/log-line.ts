import { styleText } from 'node:util';
import * as z from 'zod';
import { parseJson } from '../shared/formats/json.ts';
import { legibleText } from '../shared/formats/legible-text.ts';
import { lineOf } from '../shared/notifications/notification.ts';

const logged = z.looseObject({ timestamp: z.string(), level: z.string(), message: z.string() });
const loggedError = z.object({
  name: z.string().default('Error'),
  message: z.string().default(''),
  location: z.string().optional(),
  cause: z.unknown().optional(),
});

/** What every line of a function repeats (shared/aws/lambda-handler.ts), and what a readable one has elsewhere. */
const REPEATED = new Set([
  ...['timestamp', 'level', 'message', 'error', 'service', 'cold_start', 'sampling_rate', 'xray_trace_id'],
  ...['station_id', 'model_code', 'execution_arn', 'run_id'],
]);
const COLORS: Record<string, 'red' | 'yellow'> = { ERROR: 'red', CRITICAL: 'red', WARN: 'yellow' };
const MAX_VALUE_CHARACTERS = 200;

/** A line of a log for a person: of what a function has logged time, level, message and error; any other one as it is. */
export function readableLine(line: string): string {
  const entry = entryOf(line);
  if (entry === null) return line;
  const { timestamp, level, message, error } = entry;
  const others = Object.entries(entry)
    .filter(([name]) => !REPEATED.has(name) && !name.startsWith('function_'))
    .map(([name, value]) => `${name}=${shown(value)}`);
  const label = level.padEnd(5);
  const color = COLORS[level];
  const time = timestamp.slice(0, 19).replace('T', ' ');
  return [
    `${time}  ${color ? styleText(color, label) : label}  ${[legibleText(message).trim(), ...others].join(' ')}`,
    ...errorLines(error).map((text) => `  ${text}`),
  ].join('\n');
}

function entryOf(line: string): z.output<typeof logged> | null {
  if (!line.startsWith('{')) return null;
  try {
    return logged.safeParse(parseJson(line)).data ?? null;
  } catch {
    return null;
  }
}

/** The parts of our own errors each on a line of its own, as summaries show them; then what has caused it. */
function errorLines(error: unknown): string[] {
  const { data } = loggedError.safeParse(error);
  if (!data) return error === undefined ? [] : [shown(error)];
  const { name, message, location, cause } = data;
  const parts = legibleText(message)
    .trim()
    .split(/(?<=\.) (?=(?:Found|Expected|To fix): )|\n/);
  return [
    `${name}: ${parts[0]}${location ? ` (${location})` : ''}`,
    ...parts.slice(1).map((part) => `  ${part}`),
    ...errorLines(cause).map((text) => `  ${text}`),
  ];
}

const shown = (value: unknown): string =>
  lineOf(typeof value === 'string' ? value : JSON.stringify(value), MAX_VALUE_CHARACTERS);
