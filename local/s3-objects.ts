/** The store behind `fauxqs`, through the only public interface that accepts a store. */
import type { buildApp } from 'fauxqs';
import { notImplemented } from './s3-errors.ts';

export type FauxqsStores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type Asked = FauxqsStores['s3Store'];

/** What the routes of fauxqs call; the rest of its store is for its own program, which saves and empties buckets. */
export type FauxqsStore = Omit<
  Pick<Asked, keyof Asked>,
  | 'clearObjects'
  | 'emptyBucket'
  | 'getBucketType'
  | 'persistence'
  | 'purgeAll'
  | 'restoreBucketLifecycleConfiguration'
  | 'restoreMultipartUpload'
  | 'restoreObject'
  | 'setBucketCreationDate'
>;

export type S3Object = ReturnType<Asked['getObject']>;
export type SystemMetadata = Parameters<Asked['putObject']>[5];
export type Checksum = Parameters<Asked['putObject']>[6];
export type ChecksumAlgorithm = Parameters<Asked['createMultipartUpload']>[5];
export type BucketType = Parameters<Asked['createBucket']>[1];
export type Listing = ReturnType<Asked['listObjects']>;
export type ListOptions = NonNullable<Parameters<Asked['listObjects']>[1]>;

/** As accepted by S3 (user guide, "General purpose bucket naming rules"). */
export const isBucketName = (name: string): boolean =>
  /^(?=.{3,63}$)[a-z0-9][a-z0-9.-]*[a-z0-9]$/.test(name) && !/\.\.|\.-|-\.|^\d+\.\d+\.\d+\.\d+$/.test(name);

/** @throws S3Error for a key that could not be stored as a separate file */
export function requireFileName(key: string): void {
  const segments = key.split('/');
  const isLost = segments.some(
    (part, index) => part === '.' || part === '..' || (part === '' && index < segments.length - 1),
  );
  if (isLost) throw notImplemented(`The local stack cannot keep the key ${key} as a file of its own`);
}
