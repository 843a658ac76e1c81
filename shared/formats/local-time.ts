import { DAY_MS } from './durations.ts';

/** Offsets change at quarter hours only, so all instants of a quarter hour have the same offset. */
const QUARTER_HOUR_MS = 900_000;
/** Clock changes are months apart, so a day that begins and ends with the same offset has it throughout. */

/** Calendar and clock of a station, in its time zone. */
export type StationTime = { date: string; hour: number; month: number };

export type StationClock = {
  /** Date as yyyy-mm-dd, hour 0–23 and month 1–12 of an instant (milliseconds since 1970). */
  calendar(epochMs: number): StationTime;
  /** The milliseconds since 1970 at which a clock in UTC shows the station's time: for axes in station time. */
  wallMs(epochMs: number): number;
  /** ISO 8601 with a colon in the offset, whole seconds: 2022-02-01T07:00:00-05:00 (contract 9.2). */
  iso(epochMs: number): string;
};

/** @param timezone a valid IANA name; offsets are remembered, as asking the zone takes longer than the arithmetic */
export function stationClock(timezone: string): StationClock {
  const offsetAt = offsetsOf(timezone);
  const ofQuarters = remember((quarter) => offsetAt(quarter * QUARTER_HOUR_MS));
  const ofDays = remember((day) => {
    const [first, last] = [offsetAt(day * DAY_MS), offsetAt((day + 1) * DAY_MS)];
    return first === last ? first : null;
  });
  const offsetMinutes = (epochMs: number): number =>
    ofDays(Math.floor(epochMs / DAY_MS)) ?? ofQuarters(Math.floor(epochMs / QUARTER_HOUR_MS));
  const wallMs = (epochMs: number) => epochMs + offsetMinutes(epochMs) * 60_000;
  const wallClock = (epochMs: number) => new Date(wallMs(epochMs));
  return {
    wallMs,
    calendar(epochMs) {
      const wall = wallClock(epochMs);
      return {
        date: wall.toISOString().slice(0, 10),
        hour: wall.getUTCHours(),
        month: wall.getUTCMonth() + 1,
      };
    },
    iso: (epochMs) => wallClock(epochMs).toISOString().slice(0, 19) + formatOffset(offsetMinutes(epochMs)),
  };
}

/** Whether this is a name of the IANA time zone database; Intl also takes offsets, which EventBridge Scheduler does not. */
export function isTimezone(name: string): boolean {
  try {
    offsetsOf(name);
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** Minutes east of Greenwich at an instant. The runtime gives them only as words: GMT, GMT-05:00, GMT+05:45. */
function offsetsOf(timezone: string): (epochMs: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' });
  return (epochMs) => {
    const words = format.formatToParts(epochMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(words) ?? [];
    return sign ? Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) : 0;
  };
}

/** Asks once for each number. */
function remember<Value>(ask: (number: number) => Value): (number: number) => Value {
  const known = new Map<number, Value>();
  return (number) => {
    let value = known.get(number);
    if (value === undefined) {
      value = ask(number);
      known.set(number, value);
    }
    return value;
  };
}

function formatOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const part = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${part(size / 60)}:${part(size % 60)}`;
}

/** An instant as the pipeline's files hold it: UTC, whole seconds, fractions cut off (contract 5). */
export const formatInstant = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19)}Z`;

const MICROSECONDS = 1_000_000;

/**
 * The same with the fraction of the second where there is one, in microseconds as PostgreSQL has it: between the steps, as observed
 * values are interpolated to whole times.
 */
export function formatExactInstant(epochMs: number): string {
  const sinceEpoch = Math.round(epochMs * 1000);
  const fraction = ((sinceEpoch % MICROSECONDS) + MICROSECONDS) % MICROSECONDS;
  const second = formatInstant((sinceEpoch - fraction) / 1000);
  return fraction === 0 ? second : `${second.slice(0, -1)}.${String(fraction).padStart(6, '0')}Z`;
}

/** The instant that `formatInstant` writes. */
export const wholeSecond = (epochMs: number): number => Math.floor(epochMs / 1000) * 1000;

/** A row of one of these files as it is written. @param row its instant in milliseconds since 1970 */
export const inUtc = <Row extends { timestamp: number }>(row: Row) => ({
  ...row,
  timestamp: formatInstant(row.timestamp),
});

/** First and last of instants in any order; not by Math.min, whose arguments are limited to some ten thousand. */
export function extremes(instants: ArrayLike<number>): [number, number] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < instants.length; index++) {
    first = Math.min(first, instants[index] as number);
    last = Math.max(last, instants[index] as number);
  }
  return [first, last];
}
