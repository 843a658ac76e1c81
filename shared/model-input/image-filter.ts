import type { PhotoFilter } from '../dataset/reasons.ts';
import type { StationClock } from '../formats/local-time.ts';
import type { RunInput } from '../inputs/train-station.ts';

type Windows = Pick<
  RunInput,
  'min_hour' | 'max_hour' | 'min_month' | 'max_month' | 'images_start' | 'images_end'
>;

/**
 * Filters of the input step (contract 6.2), all in the station's time zone and inclusive.
 *
 * @returns for the time of a photo, milliseconds since 1970, what leaves it out, or null
 */
export function imageFilter(windows: Windows, clock: StationClock): (epochMs: number) => PhotoFilter | null {
  const { min_hour, max_hour, min_month, max_month, images_start, images_end } = windows;
  return (epochMs) => {
    const { date, month, hour } = clock.calendar(epochMs);
    if (!isBetween(date, images_start, images_end)) return 'outside_dates';
    if (!isInWindow(month, min_month, max_month)) return 'outside_months';
    if (!isInWindow(hour, min_hour, max_hour)) return 'outside_hours';
    return null;
  };
}

/** Inclusive; a minimum above the maximum wraps: November to March, ten at night to four in the morning (Q-I10). */
export const isInWindow = (value: number, min: number, max: number): boolean =>
  min <= max ? value >= min && value <= max : value >= min || value <= max;

/** Inclusive; dates as yyyy-mm-dd, which sort as text; a missing end is no limit (Q-I8). */
export const isBetween = (date: string, start: string | undefined, end: string | undefined): boolean =>
  (start === undefined || date >= start) && (end === undefined || date <= end);
