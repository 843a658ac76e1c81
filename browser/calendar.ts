import { DAY_MS } from '../shared/formats/durations.ts';

/** Day of the year, 1 … 365: the last day of a leap year shares its place with the one before (Q-R9). */
export function dayOfYear(wallMs: number): number {
  const date = new Date(wallMs);
  const day = Math.floor((wallMs - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
  return Math.min(365, day);
}

/** Hour of the day, spread by up to ±0.35 so that photos do not hide each other; the same photo always lies in the same place. */
export function spreadHour(wallMs: number, row: number): number {
  const hour = new Date(wallMs).getUTCHours();
  return hour + (((row * 2654435761) % 4294967296) / 4294967296 - 0.5) * 0.7;
}
