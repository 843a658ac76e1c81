import { isFormula } from '../formats/csv.ts';
import type { PhotoExclusion } from './reasons.ts';

/**
 * S3 key of a photo: `full_s3.Key` as it is, else the text of the URL after its host; never percent-encoded or decoded,
 * and `#`, `?` and `;` belong to it (Q-D11). Null where the row names no photo.
 */
export const findImageKey = (row: Pick<ImageRow, 'key' | 'url'>): string | null =>
  row.key ?? /^[a-z]+:\/\/[^/]+\/(.+)$/s.exec(row.url ?? '')?.[1] ?? null;

/** S3 takes keys of up to this many bytes; the answer for a photo has `.out` more, below the folder of its run. */
const MAX_KEY_BYTES = 800;
/** Names that a job would lay out elsewhere than it looks for them. */
const NO_PATH = /^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)/;
const CONTROL = /\p{Cc}/u;

/**
 * S3 key of a photo that manifests and CSV files can name; null where the row names no photo, one in another bucket than the
 * manifests are of, or a key that is read as something else: a missing cell, a formula, a path out of its folder.
 */
export function usableKey(
  row: Pick<ImageRow, 'bucket' | 'key' | 'url'>,
  storageBucket: string,
): string | null {
  const key = findImageKey(row);
  if (!key || (row.bucket !== null && row.bucket !== storageBucket)) return null;
  // Keys go into CSV files as they are, which train.py and FPE's scripts read and people open.
  if (key === 'NA' || key !== key.trim() || isFormula(key)) return null;
  if (NO_PATH.test(key) || CONTROL.test(key) || !key.isWellFormed()) return null;
  return Buffer.byteLength(key) <= MAX_KEY_BYTES ? key : null;
}

/** Folder of a photo, of an imageset's photos where it has one: what is listed once instead of asking for every photo. */
export const photoFolder = (key: string): string => key.split('/').slice(0, -1).slice(0, 3).join('/');

/** UUID of the imageset in whose folder a photo lies, null where it lies elsewhere. */
export const imagesetUuidOf = (key: string): string | null => /^imagesets\/([^/]+)\//.exec(key)?.[1] ?? null;

export type ImageRow = {
  imageset_id: number;
  image_id: number;
  /** Seconds since 1970, to the microsecond; null only where `exclusion` says so. */
  epoch_seconds: number | null;
  bucket: string | null;
  key: string | null;
  url: string | null;
  /** What leaves the photo out as far as its row tells, null where nothing does (Q-D4). */
  exclusion: Exclude<PhotoExclusion, 'unusable_key' | 'empty_object' | 'too_large'> | null;
  /** Whether the photo shows people or vehicles, whatever else leaves it out. */
  has_pii: boolean;
};
