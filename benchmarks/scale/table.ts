import type { ScaleMeasures } from './measure.ts';
import { MARGIN } from './measured-lambda.ts';

/** Quotas of Lambda and Step Functions, and what S3 takes of a prefix in a second, at least. */
export const TMP_BYTES = 512 * 2 ** 20;
export const STATE_BYTES = 256 * 1024;
export const HISTORY_EVENTS = 25_000;
export const S3_REQUESTS_PER_SECOND = 3_500;

/** One measure against its limit. */
export type Margin = { of: string; what: string; value: number; limit: number; margin: number };

export function marginsOf({ functions, executions }: ScaleMeasures): Margin[] {
  const margin = (of: string, what: string, value: number, limit: number): Margin => ({
    ...{ of, what, value, limit },
    margin: limit / value,
  });
  return [
    ...functions.flatMap(({ name, limits, measured }) => [
      margin(name, 's', measured.seconds, limits.seconds),
      margin(name, 'MB', measured.megabytes, limits.megabytes),
      margin(name, 'S3 requests/s', measured.requestsPerSecond, S3_REQUESTS_PER_SECOND),
      margin(name, 'bytes of /tmp', measured.tmpBytes, TMP_BYTES),
      margin(name, 'bytes of result', measured.resultBytes, STATE_BYTES),
    ]),
    ...executions.flatMap(({ name, stateBytes, events }) => [
      margin(name, 'bytes of state', stateBytes, STATE_BYTES),
      margin(name, 'events', events, HISTORY_EVENTS),
    ]),
  ];
}

/** Two tables in Markdown: functions, then executions; a margin below the wanted one is bold. */
export function scaleTable({ functions, executions }: ScaleMeasures): string {
  const cell = (value: number, limit: number, digits = 0): string => {
    const times = limit / value;
    const shown = times >= 100 ? '≥ 100' : times.toFixed(1);
    return `${value.toLocaleString('en-US', { maximumFractionDigits: digits })} (${times < MARGIN ? `**${shown} ×**` : `${shown} ×`})`;
  };
  return [
    '| function | s | s of CPU | MB | S3 requests, most in a second on average | /tmp | bytes of result |',
    '|---|---|---|---|---|---|---|',
    ...functions.map(
      ({ name, limits, measured }) =>
        `| ${name} | ${cell(measured.seconds, limits.seconds, 1)} | ${measured.cpuSeconds.toFixed(1)} | ${cell(measured.megabytes, limits.megabytes)} | ${measured.s3Requests.toLocaleString('en-US')}, ${cell(measured.requestsPerSecond, S3_REQUESTS_PER_SECOND)} | ${measured.tmpBytes} | ${cell(measured.resultBytes, STATE_BYTES)} |`,
    ),
    '',
    '| execution | bytes of state | events |',
    '|---|---|---|',
    ...executions.map(
      ({ name, stateBytes, events }) =>
        `| ${name} | ${cell(stateBytes, STATE_BYTES)} | ${cell(events, HISTORY_EVENTS)} |`,
    ),
  ].join('\n');
}
