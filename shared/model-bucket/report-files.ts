import { createHash } from 'node:crypto';
import { findWrittenAt, readStream } from '../aws/object-store.ts';
import { versionKeys } from '../execution/keys.ts';
import { type ObjectLocation, objectOf, objectsIn } from '../formats/object-location.ts';
import { modelTypeOf } from '../model-types/registry.ts';
import type { ReportState } from '../report/data/report-data.ts';
import type { FileChecksum } from '../report/data/run-facts.ts';
import { trainingOutputLocation } from '../report/data/training-output.ts';

/**
 * Checksums of the model and of the files that the report is computed from.
 *
 * @throws ObjectNotFound
 */
export function fileChecksums({ run, training }: ReportState): Promise<FileChecksum[]> {
  const { input, transform, source } = run.keys;
  const kept = versionKeys(
    modelTypeOf(run.parameters.model_type),
    run.station.id,
    run.model_code,
    run.model_uuid,
  );
  const inModelBucket = objectsIn(run.buckets.model);
  const files: [name: string, location: ObjectLocation, key: string][] = [
    ['input/images.csv', inModelBucket(input.images), kept.input.images],
    ['input/annotations.csv', inModelBucket(input.annotations), kept.input.annotations],
    ['input/pairs.csv', inModelBucket(input.pairs), kept.input.pairs],
    ['input/rank-input.json', inModelBucket(input.summary), kept.input.summary],
    ['transform/predictions.csv', inModelBucket(transform.predictions), kept.transform.predictions],
    ['sourcedir.tar.gz', inModelBucket(source), kept.source],
    ['output.tar.gz', trainingOutputLocation(training.artifact), kept.output],
    ['model.tar.gz', objectOf(training.artifact), kept.model],
  ];
  return Promise.all(
    files.map(async ([name, location, key]) => ({ name, key, ...(await checksum(location)) })),
  );
}

async function checksum(
  location: ObjectLocation,
): Promise<Pick<FileChecksum, 'bytes' | 'sha256' | 'written_at'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  const writtenAt = await findWrittenAt(location);
  for await (const chunk of await readStream(location)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex'), written_at: writtenAt?.toISOString() ?? '' };
}
