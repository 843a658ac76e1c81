import * as z from 'zod';
import { PHOTO_EXCLUSIONS, PHOTO_FAULTS } from '../dataset/reasons.ts';
import { windowLimits } from '../filters/filter-images.ts';
import { objectLocation } from '../formats/object-location.ts';
import { scoringInput } from '../inputs/score-station.ts';
import type { ScoringKeys } from './keys.ts';
import { stationInWords } from './station.ts';
import { countsOf } from './train-station-state.ts';

/** State of one `score-station` execution: as in `train-station`, each state adds one named key of keys and counts. */

/** Hours and months of the photos that a model was trained for, station time, inclusive; min > max wraps (Q-I10). */
const hourAndMonthWindows = z.object(windowLimits);

export type HourAndMonthWindows = z.output<typeof hourAndMonthWindows>;

/** First and last local date of the annotated photos, yyyy-mm-dd. */
const pairDates = z.object({ first: z.string(), last: z.string() });

export type PairDates = z.output<typeof pairDates>;

const count = z.int().min(0);

/** What PrepareScoring fixes once for the whole run. */
export const scoringRun = z.object({
  /** Identity of the run: names folders; stable over retries and redrives. */
  id: z.string(),
  job_suffix: z.string(),
  execution_arn: z.string(),
  started_at: z.iso.datetime({ offset: true }),
  station: z.object({
    id: z.int(),
    name: z.string(),
    timezone: z.string(),
    synthetic: z.boolean().default(false),
  }),
  model_id: z.int(),
  model_code: z.string(),
  model_uuid: z.string(),
  /** Where the predictions are: the public address, or the model's own file if the website does not draw the model. */
  predictions_url: z.string(),
  /** Filters of the model, which decide which of the station's photos it covers. */
  windows: hourAndMonthWindows,
  /** First and last local date of the model's pairs; null if unknown. */
  pair_dates: pairDates.nullable(),
  /** Of the model's published predictions. */
  smoothing_hours: z.number().nullable().default(null),
  parameters: scoringInput,
  buckets: z.object({ storage: z.string(), model: z.string() }),
  keys: z.custom<ScoringKeys>((value) => typeof value === 'object' && value !== null),
  /** Start of every job's name; the machine appends what makes it unique per attempt. */
  job_base: z.string(),
  model_request: z.record(z.string(), z.unknown()),
  transform_request: z.record(z.string(), z.unknown()),
});
export type ScoringRun = z.output<typeof scoringRun>;

export const selection = z.object({
  /** What has to be done: score new photos, only correct times, only withdraw photos, or nothing. */
  work: z.enum(['score', 'correct', 'remove', 'nothing']),
  transform_photos: count.describe('photos that have no prediction yet'),
  removed: count.describe('scored photos that lose their scores: they have vanished or show people since'),
  to_withdraw: count.describe('photos that have to leave the public files of the station'),
  vanished: count.describe('scored photos that are no longer in the database'),
  known: count.describe('photos that the predictions have'),
  corrected: count
    .default(0)
    .describe('scored photos that get another time, as their camera’s clock was corrected'),
  outside: count.default(0).describe('scored photos that go, as by their new time they are not the model’s'),
  elsewhere: count
    .default(0)
    .describe('photos that another tool has scored with the model, whose scores are taken over'),
  /** New photos that cannot be scored; only reasons that apply. */
  left_out: countsOf(PHOTO_EXCLUSIONS),
  images: count.describe('photos that have a score so far and keep it'),
  /** Everything that arrived before this time was examined. */
  snapshot_at: z.iso.datetime({ offset: true }),
  /** The predictions that are extended: the model's own, or the published ones if it has none of its own. */
  predictions: objectLocation,
  scoring_seconds: z
    .int()
    .gt(0)
    .optional()
    .describe('how long the job may take; absent where an earlier version began the execution'),
  /** Whether they are in order of time; some that upstream published are sorted as text (Q-P3). */
  is_sorted: z.boolean(),
});
export type Selection = z.output<typeof selection>;

/** Imagesets whose predictions have changed, so that their files are rewritten. */
export const corrections = z.object({ imagesets: z.array(z.string()) });
export type Corrections = z.output<typeof corrections>;

export const suppliedModel = z.object({ artifact: z.string() });
export type SuppliedModel = z.output<typeof suppliedModel>;

export const withdrawn = z.object({
  photos: count,
  files: count.describe('public files that were rewritten'),
});
export type Withdrawn = z.output<typeof withdrawn>;

export const extension = z.object({
  images: count.describe('rows of the published predictions.csv'),
  scored: count.describe('new photos with a score'),
  unreadable: count.describe(
    'new photos without one: the model could not read them, or the job left no answer',
  ),
  faults: countsOf(PHOTO_FAULTS).describe('why the model could not score some of them'),
  remarks: z
    .string()
    .default('')
    .describe('the same in words, after a line break; empty where there is nothing to say'),
  imagesets: count.describe('imagesets whose own predictions.csv is written'),
  /** ETag of the public predictions that these replace; null if there are none. */
  published_etag: z.string().nullable(),
});
export type Extension = z.output<typeof extension>;

/** Content of a model's `scored.json`: photos that arrived before this time are scored, or are not the model's. */
export const scoredUntil = z.object({
  snapshot_at: z.iso.datetime({ offset: true }),
  execution_arn: z.string(),
});
export type ScoredUntil = z.output<typeof scoredUntil>;

/** Names the place of a scoring's fault, for people. */
export const placeOf = ({ station, model_code }: Pick<ScoringRun, 'station' | 'model_code'>): string =>
  `${stationInWords(station)}, model ${model_code}`;
