import type { CheckResult, Example } from '../../quality/finding.ts';

/** Photos of findings, one row each; the script shows them below the caption of their example. */
export type NotedPhotos = {
  /** Number of the example, counted from 0 over all findings of the page. */
  examples: Uint32Array;
  /** Wall-clock milliseconds. */
  timestamps: Float64Array;
  imageIds: Uint32Array;
  keys: string[];
};

export const NO_PHOTOS: NotedPhotos = {
  examples: new Uint32Array(),
  timestamps: new Float64Array(),
  imageIds: new Uint32Array(),
  keys: [],
};

/** @param wallMs of an instant; see `StationClock.wallMs` */
export function notedPhotos(
  checks: readonly CheckResult[],
  wallMs: (epochMs: number) => number,
): NotedPhotos {
  const rows = examplesOf(checks).flatMap(({ photos }, example) =>
    photos.map((photo) => ({ example, ...photo })),
  );
  return {
    examples: Uint32Array.from(rows, ({ example }) => example),
    timestamps: Float64Array.from(rows, ({ timestamp }) => wallMs(timestamp)),
    imageIds: Uint32Array.from(rows, ({ image_id }) => image_id),
    keys: rows.map(({ filename }) => filename),
  };
}

export const examplesOf = (checks: readonly CheckResult[]): Example[] =>
  checks.flatMap(({ findings }) => findings.flatMap(({ examples }) => examples));
