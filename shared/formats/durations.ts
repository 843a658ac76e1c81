/** Durations in milliseconds. A day is one of 24 hours: days of a calendar, which clock changes make longer, are in local-time.ts. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
