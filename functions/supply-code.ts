import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readModelSource } from '../shared/aws/model-source.ts';
import { readStream, writeObject } from '../shared/aws/object-store.ts';
import { addToArchive, archiveNames } from '../shared/model-archive.ts';
import { s3Uri } from '../shared/object-location.ts';
import { type SuppliedModel, scoringRun } from '../shared/scoring-state.ts';

/** What SageMaker starts; the archives that upstream publishes hold model.pth alone (contract 5.3). */
const ENTRY_POINT = 'code/inference.py';

/**
 * Finds the archive that the model is served from: the published one, or a copy in passing with our code added. The
 * container has no network, so the code has to lie in the archive.
 */
export const handler = lambdaHandler(
  z.object({ run: scoringRun }),
  async ({ run }): Promise<SuppliedModel> => {
    const published = { bucket: run.buckets.storage, key: run.keys.published.model };
    const names = await archiveNames(await readStream(published));
    if (names.includes(ENTRY_POINT)) return { artifact: s3Uri(published), code_added: false };

    const source = await readModelSource();
    const code = new Map([...source].map(([name, body]) => [`code/${name}`, body]));
    const supplied = { bucket: run.buckets.model, key: run.keys.model };
    await writeObject(supplied, addToArchive(await readStream(published), code), 'application/gzip');
    return { artifact: s3Uri(supplied), code_added: true };
  },
);
