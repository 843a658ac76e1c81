import * as z from 'zod';
import { countOf } from '../formats/numbers.ts';

/**
 * What the checks of a station's data find. A finding is a question to whoever knows the station, never a fault of the run:
 * nothing is left out because of it.
 */

/** A photo as findings name it; `timestamp` in milliseconds since 1970. */
const notedPhoto = z.object({ image_id: z.int(), timestamp: z.number(), filename: z.string() });
export type NotedPhoto = z.output<typeof notedPhoto>;

/** One place where something was found, with its photos in the order that the caption names them in. */
const example = z.object({ caption: z.string(), photos: z.array(notedPhoto) });
export type Example = z.output<typeof example>;

const finding = z.object({
  /** Stable, for programs: the check and what it found. */
  kind: z.string(),
  /** What was found, and how much of it. */
  title: z.string(),
  /** What it means for scores and for their comparison with observed values. */
  meaning: z.string(),
  /** What to do about it. */
  action: z.string(),
  examples: z.array(example),
  /** How many examples there are besides. */
  more: z.int().min(0),
});
export type Finding = z.output<typeof finding>;

export const CHECKS = ['clock', 'duplicates', 'gaps', 'values', 'darkness', 'annotators'] as const;
export type CheckName = (typeof CHECKS)[number];

/** What one check has looked at, and found. */
const checkResult = z.object({
  check: z.enum(CHECKS),
  /** What was looked at and how much of it, in a sentence; also what could not be looked at, and why. */
  checked: z.string(),
  findings: z.array(finding),
});
export type CheckResult = z.output<typeof checkResult>;

/** Content of quality.json. */
export const qualityFile = z.object({ checks: z.array(checkResult) });

/** As many photos as somebody looks at; quality.json holds no more either. */
const MOST_EXAMPLES = 12;
const MOST_PHOTOS = 4;

/** A finding with its first examples, each with its first photos. */
export const findingOf = (words: Omit<Finding, 'examples' | 'more'>, found: readonly Example[]): Finding => ({
  ...words,
  examples: found.slice(0, MOST_EXAMPLES).map(({ caption, photos }) => ({
    caption:
      photos.length > MOST_PHOTOS
        ? `${caption}, and ${countOf(photos.length - MOST_PHOTOS, 'more photo')}`
        : caption,
    photos: photos
      .slice(0, MOST_PHOTOS)
      .map(({ image_id, timestamp, filename }) => ({ image_id, timestamp, filename })),
  })),
  more: Math.max(0, found.length - MOST_EXAMPLES),
});

/** Number of findings by check; a check that was not made has none. */
export const countFindings = (checks: readonly CheckResult[]): Record<CheckName, number> =>
  Object.fromEntries(
    CHECKS.map((name) => [
      name,
      checks.filter(({ check }) => check === name).reduce((sum, { findings }) => sum + findings.length, 0),
    ]),
  ) as Record<CheckName, number>;

/** An instant as captions have it, station time: yyyy-mm-dd hh:mm. */
export type FormatTime = (epochMs: number) => string;
