/** Multipart uploads of the local S3, in memory until they are complete: they end with the stack. */
import { createHash, randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { S3Error } from './s3-errors.ts';
import type { ChecksumAlgorithm, S3Object } from './s3-objects.ts';

/** Minimum size of all parts but the last (S3 user guide, "Amazon S3 multipart upload limits"). */
const MIN_PART_BYTES = 5 * 2 ** 20;

/** Everything about the future object that does not come from its parts. */
export type Begun = Omit<S3Object, 'body' | 'contentLength' | 'etag' | 'lastModified' | 'parts'>;
type Part = { body: Buffer; etag: string; checksumValue: string | undefined };
type Upload = { bucket: string; begun: Begun; algorithm: ChecksumAlgorithm; parts: Map<number, Part> };

export class MultipartUploads {
  readonly #uploads = new Map<string, Upload>();

  /** @returns the upload's id */
  begin(bucket: string, begun: Begun, algorithm: ChecksumAlgorithm): string {
    const id = randomUUID();
    this.#uploads.set(id, { bucket, begun, algorithm, parts: new Map() });
    return id;
  }

  addPart(id: string, number: number, body: Buffer, checksumValue?: string): Part {
    const part = { body, etag: `"${md5(body).toString('hex')}"`, checksumValue };
    this.#find(id).parts.set(number, part);
    return part;
  }

  /** The object that consists of the parts; the upload stays until `end`. @throws S3Error for parts that do not match */
  join(
    id: string,
    named: readonly { partNumber: number; etag: string }[],
  ): { bucket: string; object: S3Object } {
    const { bucket, begun, algorithm, parts } = this.#find(id);
    if (named.some(({ partNumber }, index) => partNumber <= (named[index - 1]?.partNumber ?? 0)))
      throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.', 400);
    const joined = named.map(({ partNumber, etag }, index) => {
      const part = parts.get(partNumber);
      if (part?.etag.replaceAll('"', '') !== etag.replaceAll('"', '')) throw invalidPart();
      if (index < named.length - 1 && part.body.length < MIN_PART_BYTES)
        throw new S3Error('EntityTooSmall', 'A part is smaller than the minimum allowed size', 400);
      return { partNumber, ...part };
    });
    const body = Buffer.concat(joined.map((part) => part.body));
    const digests = Buffer.concat(joined.map((part) => Buffer.from(part.etag.replaceAll('"', ''), 'hex')));
    let offset = 0;
    const boundaries = joined.map(({ partNumber, body: { length } }) => {
      offset += length;
      return { partNumber, offset: offset - length, length };
    });
    const object = {
      ...begun,
      body,
      contentLength: body.length,
      etag: `"${md5(digests).toString('hex')}-${joined.length}"`,
      lastModified: new Date(),
      parts: boundaries,
      ...compositeChecksum(
        algorithm,
        joined.flatMap(({ checksumValue }) => checksumValue ?? []),
      ),
    };
    return { bucket, object };
  }

  /** @throws S3Error if there is no such upload */
  end(id: string): void {
    this.#find(id);
    this.#uploads.delete(id);
  }

  isAnyOf(bucket: string): boolean {
    return this.#uploads.values().some((upload) => upload.bucket === bucket);
  }

  #find(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload) return upload;
    throw new S3Error(
      'NoSuchUpload',
      'The specified multipart upload does not exist. It may have been aborted or completed, or the stack was started again.',
      404,
    );
  }
}

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();

const invalidPart = (): S3Error =>
  new S3Error('InvalidPart', 'A part could not be found, or its entity tag does not match.', 400);

/** The checksum of the parts' checksums (S3 user guide, "Checking object integrity": composite). */
function compositeChecksum(algorithm: ChecksumAlgorithm, partChecksums: string[]): Partial<S3Object> {
  if (!algorithm || partChecksums.length === 0) return {};
  const bytes = Buffer.concat(partChecksums.map((checksum) => Buffer.from(checksum, 'base64')));
  return {
    checksumAlgorithm: algorithm,
    checksumValue: `${checksumOf(algorithm, bytes).toString('base64')}-${partChecksums.length}`,
    checksumType: 'COMPOSITE',
    partChecksums,
  };
}

function checksumOf(algorithm: NonNullable<ChecksumAlgorithm>, bytes: Buffer): Buffer {
  if (algorithm !== 'CRC32') return createHash(algorithm.toLowerCase()).update(bytes).digest();
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum;
}
