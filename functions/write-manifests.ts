import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { writeManifest } from '../shared/aws/manifest.ts';
import { copyObject, readAllRows, readRows } from '../shared/aws/object-store.ts';
import { type Manifests, run } from '../shared/execution/train-station-state.ts';
import { textCell } from '../shared/formats/csv.ts';
import { objectsIn } from '../shared/formats/object-location.ts';

/** A pair names both photos; its mirrored line repeats them. */
const pairRow = z.object({ filename_1: textCell, filename_2: textCell });
const imageRow = z.object({ filename: textCell });

/** Lists for SageMaker which photos to train on and which to score: manifests of keys in the storage bucket (Q-I7). */
export const handler = lambdaHandler(z.object({ run }), async ({ run }): Promise<Manifests> => {
  const { keys, buckets } = run;
  const inModelBucket = objectsIn(buckets.model);
  const rows = await readAllRows(inModelBucket(keys.input.pairs), pairRow);
  const trainingPhotos = new Set(rows.flatMap(({ filename_1, filename_2 }) => [filename_1, filename_2]));
  await writeManifest(inModelBucket(keys.input.manifest), buckets.storage, [[...trainingPhotos]]);

  const images = inModelBucket(keys.input.images);
  await copyObject(images, inModelBucket(keys.transform.images), 'text/csv; charset=utf-8');
  let transform_photos = 0;
  async function* filenames() {
    for await (const batch of readRows(images, imageRow)) {
      transform_photos += batch.length;
      yield batch.map(({ filename }) => filename);
    }
  }
  await writeManifest(inModelBucket(keys.transform.manifest), buckets.storage, filenames());
  return { training_photos: trainingPhotos.size, transform_photos };
});
