import { createHash } from 'node:crypto';
import { findSize, readStream } from '../aws/object-store.ts';
import type { ObjectLocation } from '../formats/object-location.ts';

/** torchvision’s ResNet-18, weights IMAGENET1K_V1, whose name contains the beginning of its checksum. */
export const IMAGENET_WEIGHTS = {
  file: 'resnet18-f37072fd.pth',
  url: 'https://download.pytorch.org/models/resnet18-f37072fd.pth',
  bytes: 46_830_571,
  sha256: 'f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec',
};

/** @returns why these are not the weights, as the end of a sentence; null where they are */
export function weightsFault({ bytes, sha256 }: { bytes: number; sha256: string }): string | null {
  if (bytes !== IMAGENET_WEIGHTS.bytes)
    return `has ${bytes.toLocaleString('en')} bytes, and should have ${IMAGENET_WEIGHTS.bytes.toLocaleString('en')}: it is another file, or a part of it`;
  if (sha256 !== IMAGENET_WEIGHTS.sha256)
    return `has the sha256 ${sha256}, and should have ${IMAGENET_WEIGHTS.sha256}`;
  return null;
}

/**
 * Whether the weights are in the model bucket. Reads them only where their size is right.
 *
 * @returns `missing`, `sound`, or what is wrong with what lies there, as the end of a sentence
 */
export async function findWeights(
  location: ObjectLocation,
): Promise<{ state: 'missing' | 'sound' } | { state: 'wrong'; fault: string }> {
  const bytes = await findSize(location);
  if (bytes === null) return { state: 'missing' };
  const sha256 = bytes === IMAGENET_WEIGHTS.bytes ? await checksumOf(location) : '';
  const fault = weightsFault({ bytes, sha256 });
  return fault === null ? { state: 'sound' } : { state: 'wrong', fault };
}

async function checksumOf(location: ObjectLocation): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await readStream(location)) hash.update(chunk);
  return hash.digest('hex');
}
