import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readStream, writeObject } from '../shared/aws/object-store.ts';
import { type SuppliedModel, scoringRun } from '../shared/execution/score-station-state.ts';
import { servedArchive } from '../shared/formats/model-archive.ts';
import { s3Uri } from '../shared/formats/object-location.ts';
import { findArchive } from '../shared/model-bucket/model-files.ts';
import { readModelSource } from '../shared/model-bucket/model-source.ts';

/**
 * Creates the archive that the model is served from: the published weights with our code, as a temporary file of the run. Code in
 * the published archive is never run, whoever put it there; and the container has no network to fetch any from.
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
