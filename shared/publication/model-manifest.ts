import * as z from 'zod';
import { publication, startModel } from '../execution/train-station-state.ts';

/**
 * The files that make up one finished model, in `model.json`: at the fixed places of its code, where it is written last, it says
 * which model the files belong to; in the model's own folder it stays.
 */
export const modelManifest = z.object({
  model_uuid: z.string(),
  model_code: z.string(),
  dataset_code: z.string(),
  run_id: z.string(),
  execution_arn: z.string(),
  started_at: z.string(),
  /** Photos and annotation pairs that arrived before this time were available to the training. */
  snapshot_at: z.string(),
  outcome: publication.shape.outcome,
  images: publication.shape.images,
  /** Of the published predictions; earlier versions smoothed none. */
  smoothing_hours: z.number().nullable().default(null),
  /** The model of another station that the training started from; earlier versions had no such start. */
  start_model: startModel.nullable().default(null),
  /** A file is the model's as long as it has this ETag; empty while the places are being written. */
  files: z.array(z.object({ bucket: z.string(), key: z.string(), etag: z.string() })),
});
export type ModelManifest = z.output<typeof modelManifest>;
