import { Readable } from 'node:stream';
import type { ObjectLocation } from '../formats/object-location.ts';
import { writeObject } from './object-store.ts';

/** A SageMaker manifest: the prefix first, then the rest of each key, unencoded (SageMaker API reference, S3DataSource). */
export async function writeManifest(
  location: ObjectLocation,
  photoBucket: string,
  batches: Iterable<string[]> | AsyncIterable<string[]>,
): Promise<void> {
  async function* text() {
    yield `[${JSON.stringify({ prefix: `s3://${photoBucket}/` })}`;
    for await (const batch of batches)
      if (batch.length > 0) yield batch.map((key) => `,\n${JSON.stringify(key)}`).join('');
    yield ']\n';
  }
  await writeObject(location, Readable.from(text()), 'application/json');
}
