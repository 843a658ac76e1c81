import * as z from 'zod';
import { findImageKey } from '../dataset/photo-key.ts';
import type { PhotoSet } from './photo-set.ts';

/** Photos to be withdrawn from every public file, each by its id and by its key in S3. */
export const withdrawal = z.object({ image_ids: z.array(z.int()), filenames: z.array(z.string()) });
export type Withdrawal = z.output<typeof withdrawal>;
export const EMPTY_WITHDRAWAL: Withdrawal = { image_ids: [], filenames: [] };

/**
 * Columns that name a photo in any of the public files, whoever wrote them: image_id, left.imageId, filename, right.filename,
 * left.url, … (contract 5.1, 5.2, 5.5). `url` by itself is the annotation file's URL in annotations.csv, which never equals a
 * photo's.
 */
const ID = /(^|[._])image_?id(_\d)?$/i;
const FILE_NAME = /(^|[._])filename(_\d)?$/i;
const ADDRESS = /(^|[._])url(_\d)?$/i;

/** @returns whether a row of a public file, by column, is about one of the photos */
export function namesPhoto(row: Record<string, string | null | undefined>, photos: PhotoSet): boolean {
  return Object.entries(row).some(([column, cell]) => {
    if (!cell) return false;
    if (ID.test(column)) return photos.has({ image_id: Number(cell), filename: '' });
    if (FILE_NAME.test(column)) return hasFile(photos, cell);
    return ADDRESS.test(column) && keysOf(cell).some((key) => hasFile(photos, key));
  });
}

/**
 * Keys that an address may refer to: the bucket is in its host or at the start of its path, and a version or signature may
 * follow.
 */
function keysOf(address: string): string[] {
  const path = address.replace(/^[a-z0-9]+:\/\/[^/]+\//i, '');
  return [path, path.replace(/\?[^?]*$/, '')].flatMap((key) => [key, key.replace(/^[^/]+\//, '')]);
}

/** Some writers percent-encode addresses, others do not. */
function hasFile(photos: PhotoSet, text: string): boolean {
  if (photos.has({ image_id: null, filename: text })) return true;
  if (!text.includes('%')) return false;
  try {
    return photos.has({ image_id: null, filename: decodeURIComponent(text) });
  } catch {
    return false; // a percent sign that is part of the name
  }
}

/** The union, each photo once; ids ascend, names are sorted as text. */
export function joinWithdrawals(...parts: readonly Withdrawal[]): Withdrawal {
  return {
    image_ids: [...new Set(parts.flatMap(({ image_ids }) => image_ids))].sort((one, other) => one - other),
    filenames: [...new Set(parts.flatMap(({ filenames }) => filenames))].sort(),
  };
}

/** What is on the list but not among `others`, separately for each kind of name. */
export function withoutPhotos(list: Withdrawal, others: Withdrawal): Withdrawal {
  const image_ids = new Set(others.image_ids);
  const filenames = new Set(others.filenames);
  return {
    image_ids: list.image_ids.filter((id) => !image_ids.has(id)),
    filenames: list.filenames.filter((filename) => !filenames.has(filename)),
  };
}

/** Both names of each photo of the database. */
export const withdrawalOf = (
  photos: readonly { id: number; key: string | null; url: string | null }[],
): Withdrawal => ({
  image_ids: photos.map(({ id }) => id),
  filenames: photos.flatMap((photo) => findImageKey(photo) ?? []),
});

/** Number of photos, each of which has at least one name. */
export const sizeOf = ({ image_ids, filenames }: Withdrawal): number =>
  Math.max(image_ids.length, filenames.length);
