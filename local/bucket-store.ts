/**
 * The buckets of the local S3 with the descriptions of their objects, in memory, and the bodies unless they are kept as files. It
 * replaces the store of `fauxqs`, which is not public, sorts keys by the rules of a language, and then skips some between pages.
 *
 * Every write of any request passes through here, so keys are checked here.
 */
import { createHash } from 'node:crypto';
import { countWhile } from '../shared/statistics/count-while.ts';
import { type Begun, MultipartUploads } from './multipart-uploads.ts';
import type { ObjectFiles } from './object-files.ts';
import { noSuchBucket, noSuchKey, notImplemented, S3Error } from './s3-errors.ts';
import {
  type BucketType,
  type Checksum,
  type ChecksumAlgorithm,
  type FauxqsStore,
  isBucketName,
  type Listing,
  type ListOptions,
  requireFileName,
  type S3Object,
  type SystemMetadata,
} from './s3-objects.ts';

const NO_BODY = Buffer.alloc(0);

type Bucket = {
  createdAt: Date;
  lifecycle: string | null;
  objects: Map<string, S3Object>;
  /** All keys in UTF-8 order; null after a write until they are listed again. */
  order: Buffer[] | null;
};

export class BucketStore implements FauxqsStore {
  readonly #buckets = new Map<string, Bucket>();
  readonly #uploads = new MultipartUploads();
  readonly #files: ObjectFiles | null;

  /** @param files store the bodies, and everything beyond the end of this process; null: everything stays in memory */
  constructor(files: ObjectFiles | null = null) {
    this.#files = files;
    for (const { name, createdAt, lifecycle, objects } of files?.load() ?? [])
      this.#buckets.set(name, {
        createdAt,
        lifecycle,
        objects: new Map(objects.map((object) => [object.key, object])),
        order: null,
      });
  }

  createBucket(name: string, type: BucketType = 'general-purpose'): void {
    if (this.#buckets.has(name)) return;
    if (!isBucketName(name))
      throw new S3Error('InvalidBucketName', `The specified bucket is not valid: ${name}`, 400);
    if (type === 'directory') throw notImplemented('Directory buckets are not part of the local stack');
    const createdAt = new Date();
    this.#files?.insertBucket(name, createdAt);
    this.#buckets.set(name, { createdAt, lifecycle: null, objects: new Map(), order: null });
  }

  deleteBucket(name: string): void {
    if (this.#find(name).objects.size > 0 || this.#uploads.isAnyOf(name))
      throw new S3Error('BucketNotEmpty', 'The bucket you tried to delete is not empty.', 409);
    this.#files?.deleteBucket(name);
    this.#buckets.delete(name);
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  listBuckets(): { name: string; creationDate: Date }[] {
    return [...this.#buckets]
      .map(([name, { createdAt }]) => ({ name, creationDate: createdAt }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  getBucketLifecycleConfiguration(name: string): string | undefined {
    return this.#find(name).lifecycle ?? undefined;
  }

  putBucketLifecycleConfiguration(name: string, config: string): void {
    this.#files?.saveBucketLifecycleConfiguration(name, config);
    this.#find(name).lifecycle = config;
  }

  deleteBucketLifecycleConfiguration(name: string): void {
    this.#files?.deleteBucketLifecycleConfiguration(name);
    this.#find(name).lifecycle = null;
  }

  putObject(
    bucket: string,
    key: string,
    body: Buffer,
    contentType?: string,
    metadata?: Record<string, string>,
    system?: SystemMetadata,
    checksum?: Checksum,
  ): S3Object {
    const object: S3Object = {
      ...newObject(key, contentType, metadata, system),
      body,
      contentLength: body.length,
      etag: `"${createHash('md5').update(body).digest('hex')}"`,
      lastModified: new Date(),
      ...(checksum && {
        checksumAlgorithm: checksum.algorithm,
        checksumValue: checksum.value,
        checksumType: checksum.type,
        ...(checksum.partChecksums && { partChecksums: checksum.partChecksums }),
      }),
    };
    this.#write(bucket, object);
    return object;
  }

  getObject(bucket: string, key: string): S3Object {
    const object = this.headObject(bucket, key);
    const isInFile = this.#files && object.body.length < object.contentLength;
    return isInFile ? { ...object, body: this.#files.readBody(bucket, key) } : object;
  }

  /** Like `getObject`; the body may be left out. */
  headObject(bucket: string, key: string): S3Object {
    const object = this.#find(bucket).objects.get(key);
    if (!object) throw noSuchKey();
    return object;
  }

  /** Null if there is no such object or bucket. */
  findEtag(bucket: string, key: string): string | null {
    return this.#buckets.get(bucket)?.objects.get(key)?.etag ?? null;
  }

  deleteObject(bucket: string, key: string): void {
    requireFileName(key);
    const found = this.#find(bucket);
    this.#files?.deleteObject(bucket, key);
    if (found.objects.delete(key)) found.order = null;
  }

  deleteObjects(bucket: string, keys: string[]): string[] {
    keys.forEach(requireFileName);
    for (const key of keys) this.deleteObject(bucket, key);
    return keys;
  }

  renameObject(): never {
    throw notImplemented('RenameObject is not part of the local stack');
  }

  listObjects(bucket: string, options: ListOptions = {}): Listing {
    const found = this.#find(bucket);
    found.order ??= Array.from(found.objects.keys(), (key) => Buffer.from(key)).sort(Buffer.compare);
    return listPage(found.objects, found.order, options);
  }

  createMultipartUpload(
    bucket: string,
    key: string,
    contentType?: string,
    metadata?: Record<string, string>,
    system?: SystemMetadata,
    algorithm?: ChecksumAlgorithm,
  ): string {
    requireFileName(key);
    this.#find(bucket);
    return this.#uploads.begin(bucket, newObject(key, contentType, metadata, system), algorithm);
  }

  uploadPart(
    uploadId: string,
    partNumber: number,
    body: Buffer,
    checksumValue?: string,
  ): { etag: string; checksumValue?: string } {
    const { etag } = this.#uploads.addPart(uploadId, partNumber, body, checksumValue);
    return { etag, ...(checksumValue !== undefined && { checksumValue }) };
  }

  completeMultipartUpload(uploadId: string, parts: { partNumber: number; etag: string }[]): S3Object {
    const { bucket, object } = this.#uploads.join(uploadId, parts);
    this.#write(bucket, object);
    this.#uploads.end(uploadId);
    return object;
  }

  abortMultipartUpload(uploadId: string): void {
    this.#uploads.end(uploadId);
  }

  /** @throws S3Error if the disk refuses it; then the object is unchanged */
  #write(bucket: string, object: S3Object): void {
    requireFileName(object.key);
    const found = this.#find(bucket);
    this.#files?.upsertObject(bucket, object);
    if (!found.objects.has(object.key)) found.order = null;
    found.objects.set(object.key, this.#files ? { ...object, body: NO_BODY } : object);
  }

  #find(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket) return bucket;
    throw noSuchBucket(name);
  }
}

const newObject = (
  key: string,
  contentType = 'application/octet-stream',
  metadata: Record<string, string> = {},
  system: SystemMetadata = {},
): Begun => ({ key, contentType, metadata, ...system });

/**
 * One page of a list: keys that begin with the prefix, those with the delimiter in the rest represented once by their common
 * prefix.
 */
function listPage(objects: Map<string, S3Object>, order: Buffer[], options: ListOptions): Listing {
  const { prefix = '', delimiter, maxKeys = 1000 } = options;
  const after = options.startAfter || options.marker || '';
  const page: S3Object[] = [];
  const prefixes = new Set<string>();
  for (const key of keysAfter(order, prefix, after)) {
    const group = groupOf(key, prefix, delimiter);
    if (group !== null && (prefixes.has(group) || after.startsWith(group))) continue;
    if (page.length + prefixes.size >= maxKeys) return cutOff(page, [...prefixes]);
    if (group === null) page.push(objects.get(key) as S3Object);
    else prefixes.add(group);
  }
  return { objects: page, commonPrefixes: [...prefixes], isTruncated: false };
}

function* keysAfter(order: Buffer[], prefix: string, after: string): Generator<string> {
  for (let n = Math.max(countBefore(order, prefix), countBefore(order, after)); n < order.length; n++) {
    const key = (order[n] as Buffer).toString();
    if (!key.startsWith(prefix)) return;
    if (key !== after) yield key;
  }
}

/** The common prefix that stands for a key in a list, up to the delimiter; null for a key that is listed itself. */
function groupOf(key: string, prefix: string, delimiter: string | undefined): string | null {
  if (!delimiter) return null;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? null : key.slice(0, end + delimiter.length);
}

/** The next page begins after the last object, so everything that follows the object belongs to that page. */
function cutOff(objects: S3Object[], prefixes: string[]): Listing {
  const last = objects.at(-1)?.key;
  const commonPrefixes = last === undefined ? prefixes : prefixes.filter((prefix) => prefix < last);
  return { objects, commonPrefixes, isTruncated: true };
}

function countBefore(order: Buffer[], key: string): number {
  const wanted = Buffer.from(key);
  return countWhile(order.length, (index) => Buffer.compare(order[index] as Buffer, wanted) < 0);
}
