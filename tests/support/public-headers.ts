import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { listObjects, s3 } from '../../shared/aws/object-store.ts';

/** What browsers are told of each object below a folder, by its name. */
export async function publicHeaders(
  bucket: string,
  folder: string,
): Promise<Record<string, { type?: string | undefined; cache?: string | undefined }>> {
  const found: Awaited<ReturnType<typeof publicHeaders>> = {};
  for await (const { key } of listObjects(bucket, folder)) {
    const { ContentType, CacheControl } = await s3().send(
      new HeadObjectCommand({ Bucket: bucket, Key: key }),
    );
    found[key.slice(folder.length)] = { type: ContentType, cache: CacheControl };
  }
  return found;
}

/** What may be replaced where it lies: tables and pages. */
export const TABLE = { type: 'text/csv; charset=utf-8', cache: 'no-cache' };
export const PAGE = { type: 'text/html; charset=utf-8', cache: 'no-cache' };
/** What never changes. */
export const WEIGHTS = { type: 'application/gzip', cache: 'public, max-age=31536000, immutable' };
