import type { DatasetPhoto } from '../../../shared/quality/imagesets.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const utc = (epochMs: number): string =>
  new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ');

export type PlannedPhoto = { at: number; imageset?: number; filename?: string; value?: number | null };

/** Photos by time, with ids and names that count in the order given. */
export const photosOf = (planned: readonly PlannedPhoto[]): (DatasetPhoto & { value: number | null })[] =>
  planned
    .map(({ at, imageset = 1, filename, value = 1 }, index) => ({
      imageset_id: imageset,
      image_id: index + 1,
      timestamp: at,
      filename: filename ?? `imagesets/${imageset}/images/RCNX${String(index + 1).padStart(4, '0')}.JPG`,
      value,
    }))
    .sort((one, other) => one.timestamp - other.timestamp);

/** Instants of photos each `minutes` from the first to the last minute of days after midnight UTC. */
export const schedule = (
  start: string,
  days: number,
  { from, to, minutes }: { from: number; to: number; minutes: number },
): number[] =>
  Array.from({ length: days }, (_, day) =>
    Array.from(
      { length: Math.floor((to - from) / minutes) + 1 },
      (_, step) => Date.parse(`${start}T00:00:00Z`) + day * DAY_MS + (from + step * minutes) * MINUTE_MS,
    ),
  ).flat();
