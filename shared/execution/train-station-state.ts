import * as z from 'zod';
import {
  type Counts,
  codesOf,
  noneOf,
  PAIR_EXCLUSIONS,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  type Reason,
  VALUE_EXCLUSIONS,
} from '../dataset/reasons.ts';
import { IMAGE_FILTERS } from '../filters/image-filters.ts';
import { PAIR_FILTERS } from '../filters/pair-filters.ts';
import { runInput } from '../inputs/train-station.ts';
import { CHECKS } from '../quality/finding.ts';
import type { RunKeys } from './keys.ts';

/**
 * State of one `train-station` execution: each state of the machine adds one named key, holding keys and counts only
 * (Step Functions allows 256 KiB; we stay below 32 KiB for a million photos).
 */

const count = z.int().min(0);
const instant = z.iso.datetime({ offset: true });

/** A count for each reason of a list; 0 for reasons unknown to the version that counted. */
export const countsOf = <Code extends string>(reasons: Record<Code, Reason>) =>
  z
    .object(Object.fromEntries(codesOf(reasons).map((code) => [code, count.default(0)])))
    .default(() => noneOf(reasons)) as unknown as z.ZodDefault<
    z.ZodType<Counts<Code>, Partial<Counts<Code>>>
  >;

/** A published model, wherever its row in `models` is now. */
export const startModel = z.object({ station_id: z.int(), model_code: z.string(), model_uuid: z.string() });
export type StartModel = z.output<typeof startModel>;

/** What PrepareRun fixes once for the whole run. */
export const run = z.object({
  /** Identity of the run: names folders; stable over retries and redrives. */
  id: z.string(),
  execution_arn: z.string(),
  started_at: instant,
  station: z.object({
    id: z.int(),
    name: z.string(),
    timezone: z.string(),
    nwis_id: z.string().nullable(),
    /** Whether a program made up photos, values and annotators; false if an earlier version started the execution. */
    synthetic: z.boolean().default(false),
  }),
  annotation_variable: z.string(),
  model_code: z.string(),
  dataset_code: z.string(),
  model_uuid: z.string(),
  /** The model of another station that the training starts from. */
  start_model: startModel.nullable().default(null),
  parameters: runInput,
  buckets: z.object({ storage: z.string(), model: z.string() }),
  keys: z.custom<RunKeys>((value) => typeof value === 'object' && value !== null),
  /** True if FetchObservations has to query USGS: a variable that USGS measures, at a station with an NWIS id (contract 2.2). */
  uses_nwis: z.boolean(),
  /** Start of every job's name; the machine appends what makes it unique per attempt. */
  job_base: z.string(),
  /** Sub-objects of the SageMaker requests, passed by path. */
  training_request: z.record(z.string(), z.unknown()),
  model_request: z.record(z.string(), z.unknown()),
  transform_request: z.record(z.string(), z.unknown()),
  /** How long jobs may take; absent if an earlier version started the execution. */
  limits: z
    .object({
      training_hours: z.number().gt(0),
      training_seconds: z.int().gt(0),
      scoring_seconds: z.int().gt(0),
    })
    .optional(),
});
export type Run = z.output<typeof run>;

export const stationExport = z.object({
  images_found: count.describe('rows of the station in images, before any filter'),
  /** Each photo counts once, under the first reason that applies; likewise pairs and values. */
  images_excluded: countsOf(PHOTO_EXCLUSIONS),
  images: count,
  images_start: instant,
  images_end: instant,
  annotation_sessions: count,
  annotation_pairs: count.describe('elements of the annotation files'),
  pairs_excluded: countsOf(PAIR_EXCLUSIONS),
  fpe_values: count,
  values_excluded: countsOf(VALUE_EXCLUSIONS),
  /** Everything that arrived before this time is in this export; anything later is new to the next one. */
  snapshot_at: instant,
});
export type StationExport = z.output<typeof stationExport>;

export const observations = z.object({
  count,
  time_series_id: z.string().nullable(),
  /** Why there are none, or why this series was chosen; for people. */
  note: z.string().nullable(),
});
export type Observations = z.output<typeof observations>;

export const dataset = z.object({
  images: count,
  images_with_value: count,
  values: count,
  value_source: z.enum(['FPE', 'NWIS']).nullable(),
  pairs: count,
});
export type Dataset = z.output<typeof dataset>;

export const split = z.object({
  images: count,
  /** Photos of the dataset that the filters of the input leave out; each counts once. */
  images_filtered: countsOf(IMAGE_FILTERS),
  image_splits: z.object({ train: count, val: count, 'test-in': count, 'test-out': count }),
  pairs: count,
  pairs_filtered: countsOf(PAIR_FILTERS),
  pair_splits: z.object({ train: count, val: count }),
  method: z.enum(['graph', 'random']),
  leaked_images: count,
});
export type Split = z.output<typeof split>;

export const manifests = z.object({ training_photos: count, transform_photos: count });
export type Manifests = z.output<typeof manifests>;

export const training = z.object({ job: z.string(), status: z.string(), artifact: z.string() });
export const scoring = z.object({ job: z.string(), status: z.string() });

/** What PlanMerge and MergePredictions need from a run, whether of a training or of a scoring alone. */
export const transformRun = z.object({
  buckets: run.shape.buckets,
  keys: z.object({ transform: z.object({ images: z.string(), run_prefix: z.string() }) }),
  parameters: z.object({ merge_batch_size: runInput.shape.merge_batch_size }),
});

/**
 * One call of MergePredictions: rows skip … skip + n − 1 of transform/images.csv, which are these bytes of it. `size` is the
 * nominal number of rows, which the chunk is named after; the last batch has fewer.
 */
export const mergeBatch = z.object({
  skip: count,
  n: count,
  size: count,
  first_byte: count,
  last_byte: count,
});
export type MergeBatch = z.output<typeof mergeBatch>;
export const mergePlan = z.object({ images: count, batches: z.array(mergeBatch) });
export type MergePlan = z.output<typeof mergePlan>;

export const mergedBatch = z.object({
  skip: count,
  n: count,
  size: count,
  scored: count,
  unreadable: count.describe('photos that the model could not score'),
  /** Why it could not; a batch lists only counts above 0, because a million photos have many batches. */
  faults: countsOf(PHOTO_FAULTS),
  missing: count.describe('photos for which the job left no answer'),
  unclear: count.default(0).describe('photos with a score on which nothing can be seen; told above 0 only'),
  unmeasured: count.default(0).describe('photos with a score whose light the model does not tell; likewise'),
});
export type MergedBatch = z.output<typeof mergedBatch>;

export const predictions = z.object({
  images: count,
  scored: count,
  unreadable: count,
  faults: countsOf(PHOTO_FAULTS),
  missing: count,
  unclear: count.default(0),
  unmeasured: count.default(0),
});
export type Predictions = z.output<typeof predictions>;

const tau = z.number().min(-1).max(1).nullable();
/** Kendall tau-b of scores and observed values by split; null where it cannot be computed. */
export const kendallTaus = z.object({
  train: tau,
  val: tau,
  'test-in': tau,
  'test-out': tau,
  'test-all': tau,
  overall: tau,
});

/** Null where nothing was compared, or too little; executions of earlier versions have none. */
const difference = z
  .object({ low: z.number().min(-2).max(2), high: z.number().min(-2).max(2) })
  .nullable()
  .default(null);

/** Whether the model becomes the station's default, and why. */
export const promotion = z.object({
  make_default: z.boolean(),
  is_worse: z
    .boolean()
    .default(false)
    .describe('clearly, and by more than the tolerance, than the present default'),
  reason: z.string(),
  pairs: count.describe('held-out pairs that both models were compared on; 0 where nothing was compared'),
  accuracy: z.number().min(0).max(1).nullable(),
  accuracy_difference: difference.describe('accuracy less current_accuracy, 95 % interval'),
  kendall_tau: tau
    .default(null)
    .describe(
      'over the photos with a value that both models scored and neither is known to have learned from',
    ),
  kendall_tau_difference: difference.describe('kendall_tau less current_kendall_tau, 95 % interval'),
  current_model_code: z.string().nullable(),
  /** The default that it was compared with; null if the station has none, or if the input alone decides. */
  current_model_uuid: z.string().nullable(),
  current_accuracy: z.number().min(0).max(1).nullable(),
  current_kendall_tau: tau.default(null),
  untold: z
    .object({ pairs: count, photos: count })
    .default({ pairs: 0, photos: 0 })
    .describe(
      'how many of these pairs and photos the present default may have learned from, as its file does not say',
    ),
});
export type Promotion = z.output<typeof promotion>;

/** What the training really learned from, once it had opened the photos. */
export const learnt = z.object({
  train: count,
  val: count,
  photos_unreadable: count.describe(
    'photos of pairs that could not be read, so that their pairs were left out',
  ),
});
export type Learnt = z.output<typeof learnt>;

export const report = z.object({
  /** How well scores and observed values agree, in one sentence. */
  note: z.string(),
  /** What was left out and why, each sentence on a line of its own, preceded by a line break; for the notification. */
  remarks: z.string(),
  /** What users of the model have to know, in sentences; included in the remarks, too. */
  warnings: z.array(z.string()).default([]),
  /** How many findings each check of the data has. */
  data_findings: z.record(z.enum(CHECKS), count),
  /** null if the training does not report it, as with an earlier version. */
  learnt: learnt.nullable(),
  kendall_tau: kendallTaus,
  kendall_tau_daily: kendallTaus,
});
export type Report = z.output<typeof report>;

/** What became of the model, according to PublishModel. */
export const publication = z.object({
  /**
   * Unlisted: it has a row without addresses, so that the website does not draw it. Kept: it does not even have a row, which
   * would replace that of a model drawn under the same code.
   */
  outcome: z.enum(['published', 'unlisted', 'unpublished', 'kept']),
  model_id: z.int().nullable(),
  images: count.describe('photos with a published score'),
  diagnostics_url: z.string().nullable(),
  predictions_url: z.string().nullable(),
  /** Where the model can be seen, or why it cannot, in one sentence. */
  note: z.string(),
});
export type Publication = z.output<typeof publication>;

export const executionState = z.object({
  run,
  export: stationExport,
  observations: observations.optional(),
  dataset,
  split,
  manifests,
  training,
  scoring,
  merge_plan: mergePlan,
  merged: z.array(mergedBatch),
  predictions,
  promotion,
  report,
  published: publication,
});
