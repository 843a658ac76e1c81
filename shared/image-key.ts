import { isFormula } from './csv.ts';
import { PhotosMissing } from './errors.ts';
import type { ImageRow } from './fpe-database/station-export.ts';

/**
 * S3 key of a photo: `full_s3.Key` as it is, else the text of the URL after its host; never percent-encoded or decoded,
 * and `#`, `?` and `;` belong to it (Q-D11). Null where the row names no photo.
 */
export const findImageKey = (row: Pick<ImageRow, 'key' | 'url'>): string | null =>
  row.key ?? /^[a-z]+:\/\/[^/]+\/(.+)$/s.exec(row.url ?? '')?.[1] ?? null;

/**
 * S3 key of a photo that is to be read.
 *
 * @throws PhotosMissing when the row names no photo, one in another bucket than the manifests can name, or a formula
 */
export function imageKey(
  row: Pick<ImageRow, 'image_id' | 'bucket' | 'key' | 'url'>,
  storageBucket: string,
): string {
  const key = findImageKey(row);
  if (!key)
    throw unusable(row, `full_s3 without a key and full_url ${JSON.stringify(row.url)}`, storageBucket);
  if (row.bucket !== null && row.bucket !== storageBucket)
    throw unusable(row, `bucket ${row.bucket}`, storageBucket);
  // Keys go into CSV files as they are, which train.py and FPE's scripts read and people open.
  if (isFormula(key))
    throw unusable(row, `key ${JSON.stringify(key)}, which a spreadsheet would run`, storageBucket);
  return key;
}

const unusable = ({ image_id }: { image_id: number }, found: string, storageBucket: string): PhotosMissing =>
  new PhotosMissing({
    what: 'A photo cannot be found',
    where: `images.full_s3 of image ${image_id}`,
    found,
    expected: `the key of a photo in bucket ${storageBucket}`,
    fix: 'correct the row, or set the status of the image to FAILED so that it is left out, then start a new execution',
  });

/** Folder of an imageset's photos: what is listed once instead of asking for every photo. */
export const photoFolder = (key: string): string => key.split('/').slice(0, 3).join('/');

/** UUID of the imageset in whose folder a photo lies, null where it lies elsewhere. */
export const imagesetUuidOf = (key: string): string | null => /^imagesets\/([^/]+)\//.exec(key)?.[1] ?? null;
