import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readStream } from '../shared/aws/object-store.ts';
import { type MergePlan, manifests, transformRun } from '../shared/execution/train-station-state.ts';
import { planBatches } from '../shared/predictions/merge-plan.ts';

/** Divides the scored photos into batches that are merged in parallel. */
export const handler = lambdaHandler(
  z.object({ run: transformRun, manifests: manifests.pick({ transform_photos: true }) }),
  async ({ run, manifests }): Promise<MergePlan> => {
    const images = await readStream({ bucket: run.buckets.model, key: run.keys.transform.images });
    return planBatches(images, manifests.transform_photos, run.parameters.merge_batch_size);
  },
);
