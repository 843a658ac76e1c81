import * as z from 'zod';
import { publication } from '../execution/train-station-state.ts';

/**
 * What belongs together as one finished model, in `model.json`: at the fixed places of its code, where it is written last, it
 * tells whose files lie there; in the model's own folder it stays.
 */
export const modelManifest = z.object({
  model_uuid: z.string(),
  model_code: z.string(),
  dataset_code: z.string(),
  run_id: z.string(),
  execution_arn: z.string(),
  started_at: z.string(),
  /** Photos and annotation pairs that came until then were there for the training. */
  snapshot_at: z.string(),
  outcome: publication.shape.outcome,
  images: publication.shape.images,
  /** A file is the model's as long as it has this ETag; none while the places are being written to. */
  files: z.array(z.object({ bucket: z.string(), key: z.string(), etag: z.string() })),
});
export type ModelManifest = z.output<typeof modelManifest>;
