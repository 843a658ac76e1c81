import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { findArchive } from '../shared/aws/model-files.ts';
import { readModelSource } from '../shared/aws/model-source.ts';
import { readStream, writeObject } from '../shared/aws/object-store.ts';
import { servedArchive } from '../shared/model-archive.ts';
import { s3Uri } from '../shared/object-location.ts';
import { type SuppliedModel, scoringRun } from '../shared/scoring-state.ts';

/**
 * Makes the archive that the model is served from: the published weights with our code, in passing. Code that lies in the
 * published archive is never run, whoever put it there; and the container has no network to fetch any from.
 */
export const handler = lambdaHandler(
  z.object({ run: scoringRun }),
  async ({ run }): Promise<SuppliedModel> => {
    const published = await findArchive(run);
    const served = { bucket: run.buckets.model, key: run.keys.model };
    const archive = servedArchive(await readStream(published), await readModelSource(), s3Uri(published));
    await writeObject(served, archive, 'application/gzip');
    return { artifact: s3Uri(served) };
  },
);
