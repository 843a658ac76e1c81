import { InvalidArgumentError } from 'commander';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../shared/formats/durations.ts';
import { UsageError } from './usage-error.ts';

/** The id of a station, as an option's value. @throws InvalidArgumentError */
export function stationId(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('Expected a station id.');
  return Number(text);
}

const UNITS_MS: Record<string, number> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };

/**
 * An instant in the past: an age (90m, 12h, 7d, 2w) or a date, whose day begins in the time zone of this computer.
 *
 * @throws UsageError
 */
export function parseSince(text: string, now: Date): Date {
  const [, amount, unit] = /^(\d+)([mhdw])$/.exec(text) ?? [];
  if (amount && unit) {
    const from = new Date(now.getTime() - Number(amount) * (UNITS_MS[unit] as number));
    if (!Number.isNaN(from.getTime())) return from;
    throw new UsageError(
      `“${text}” is longer ago than there are dates. Expected: such as 90m, 12h, 7d or 2w.`,
    );
  }
  const date = dateOf(text);
  if (date) return date;
  throw new UsageError(`“${text}” is no age. Expected: 90m, 12h, 7d, 2w, or a date such as 2026-11-27.`);
}

/** Null for what is no date. @throws UsageError for a day that its month does not have, which Date takes for one of the next */
function dateOf(text: string): Date | null {
  const [, day] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d)?Z?)?$/.exec(text) ?? [];
  const date = new Date(text.length === 10 ? `${text}T00:00` : text);
  if (day === undefined || Number.isNaN(date.getTime())) return null;
  if (new Date(`${day}T00:00Z`).toISOString().startsWith(day)) return date;
  throw new UsageError(`There is no day ${day}. Expected: a date such as 2026-11-27, or an age such as 7d.`);
}
