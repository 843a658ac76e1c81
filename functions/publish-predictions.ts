import { Readable } from 'node:stream';
import * as z from 'zod';
import { type Database, inTransaction, withDatabase } from '../shared/aws/database.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { requireFilesOf } from '../shared/aws/model-files.ts';
import { copyObject, findSize, readJson, readRows, writeCsv } from '../shared/aws/object-store.ts';
import { assertClaimHeld, finishClaim } from '../shared/aws/run-claim.ts';
import { csvHeader, csvRows } from '../shared/csv.ts';
import { ModelReplaced } from '../shared/errors.ts';
import { lockModel, touchModel } from '../shared/fpe-database/scoring-model.ts';
import type { ObjectLocation } from '../shared/object-location.ts';
import { PhotoSet } from '../shared/photo-set.ts';
import { type ScoringRun, scoringRun, selection } from '../shared/scoring-state.ts';

const CSV = 'text/csv; charset=utf-8';
const removedPhotos = z.object({ image_ids: z.array(z.int()), filenames: z.array(z.string()) });

/**
 * Puts the extended predictions in the place of those that the website reads, and the model's own after them: each is one
 * copy within S3, so a reader finds the old file or the new one. The model cannot be replaced meanwhile.
 */
export const handler = lambdaHandler(
  z.object({ run: scoringRun, selection }),
  async ({ run, selection }): Promise<{ predictions_url: string }> => {
    await assertClaimHeld(run);
    await withDatabase((database) =>
      inTransaction(database, async () => {
        await requireSameModel(database, run);
        await replaceFiles(run);
        if (selection.removed > 0) await withdrawPhotos(run);
        await touchModel(database, run.model_id);
      }),
    );
    await finishClaim(run);
    return { predictions_url: run.predictions_url };
  },
);

/** @throws ModelReplaced */
async function requireSameModel(database: Database, run: ScoringRun): Promise<void> {
  const uuid = await lockModel(database, run.model_id);
  if (uuid !== run.model_uuid)
    throw new ModelReplaced({
      what: 'The model was replaced while photos were scored with it',
      where: `models.id ${run.model_id}, ${run.model_code} of station ${run.station.id} (${run.station.name})`,
      found: uuid === null ? 'no such row' : `uuid ${uuid}`,
      expected: `uuid ${run.model_uuid}`,
      fix: 'start a new execution, which scores with the new model; nothing was published',
    });
  await requireFilesOf(uuid, { bucket: run.buckets.model, key: run.keys.training_claim });
}

/** The model's own predictions come last: by them an execution knows that a photo is published. */
async function replaceFiles({ buckets, keys }: ScoringRun): Promise<void> {
  const inPublic = (key: string) => ({ bucket: buckets.storage, key });
  const inModelBucket = (key: string) => ({ bucket: buckets.model, key });
  const isExtended = (await findSize(inPublic(keys.published.predictions_train))) !== null;
  const isPublished = (await findSize(inPublic(keys.published.predictions))) !== null;
  if (!isExtended && isPublished)
    await copyObject(inPublic(keys.published.predictions), inPublic(keys.published.predictions_train), CSV);
  await copyObject(inModelBucket(keys.extended.published), inPublic(keys.published.predictions), CSV);
  await copyObject(inModelBucket(keys.extended.predictions), inModelBucket(keys.predictions), CSV);
}

/** Photos of the public lists that are kept besides: those of the training, and its predictions (Q-P8). */
async function withdrawPhotos({ buckets, keys }: ScoringRun): Promise<void> {
  const removed = PhotoSet.fromJSON(
    await readJson({ bucket: buckets.model, key: keys.removed }, removedPhotos),
  );
  for (const key of [keys.published.predictions_train, keys.published.images]) {
    const location = { bucket: buckets.storage, key };
    if ((await findSize(location)) !== null) await withdrawRows(location, removed);
  }
}

/** Any columns, in the order of the file. */
const cells = z.record(z.string(), z.string().nullable());

/** Rewrites a file as it is read; what was there stays until the last byte of the new one is written. */
async function withdrawRows(location: ObjectLocation, removed: PhotoSet): Promise<void> {
  const isKept = ({ image_id = null, filename }: z.output<typeof cells>) =>
    !removed.has({ image_id: image_id === null ? null : Number(image_id), filename: filename ?? '' });
  async function* lines() {
    let columns: string[] | undefined;
    for await (const rows of readRows(location, cells)) {
      if (!columns && rows[0]) {
        columns = Object.keys(rows[0]);
        yield csvHeader(columns);
      }
      const kept = rows.filter(isKept);
      if (columns && kept.length > 0) yield csvRows(columns, kept);
    }
  }
  await writeCsv(location, Readable.from(lines()));
}
