import { type ExportRecord, malformed } from './export-records.ts';

/** The role that an object of the storage bucket has for the rows that name it. */
export const STORAGE_KINDS = [
  'photos',
  'thumbnails',
  'detections',
  'annotation files',
  'files of observed values',
  'files of models',
] as const;
export type StorageKind = (typeof STORAGE_KINDS)[number];

/** S3 accepts keys of up to 1,024 bytes of UTF-8 (S3 guide, "Naming Amazon S3 objects"). */
const MAX_KEY_BYTES = 1024;
/** Within ASCII, because it contains all characters with a meaning in paths. */
const PERCENT_SEQUENCE = /%([0-7][0-9a-f])/gi;

/**
 * Why a text is not a key that an import writes or lets a row name; null for a valid one. S3 compares keys as raw text, but a
 * browser resolves `..` and `%2e%2e` to the parent folder, and the local stack stores objects as files.
 */
export function keyFault(key: string): string | null {
  if (key === '') return 'it is empty';
  if (!key.isWellFormed()) return 'it is not Unicode';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `it is longer than ${MAX_KEY_BYTES} bytes`;
  const decoded = percentDecoded(key);
  if (/\p{Cc}/u.test(decoded)) return 'it has control characters';
  const segments = [key, decoded].flatMap((text) => text.split(/[/\\]/));
  return segments.some((segment) => segment === '' || segment === '.' || segment === '..')
    ? 'it has empty, . or .. folders'
    : null;
}

/** Until nothing is left to decode: `%252e` is a dot to a reader that decodes twice. */
function percentDecoded(text: string): string {
  const decoded = text.replaceAll(PERCENT_SEQUENCE, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return decoded === text ? text : percentDecoded(decoded);
}

/**
 * A text of a row that becomes one folder or file name in keys.
 *
 * @throws ExportFolderInvalid if it would be more than one name
 */
export function requireKeySegment(column: string, value: string, where: string): string {
  const fault = /[/\\]/.test(value) ? 'it has slashes' : keyFault(value);
  if (fault === null) return value;
  throw malformed(
    where,
    `${column} ${JSON.stringify(value)}: ${fault}`,
    `a ${column} that can name a folder`,
  );
}

/** A pair of columns that name one object: its location and its URL. */
export type ObjectColumns = { s3: string; url: string };

/**
 * Where an object of this kind has to lie: under one key, or anywhere in a folder, which ends with its slash. A prefix of a name
 * is not a place, because one uuid may be the beginning of another.
 */
export type KeyPlace = { key: string } | { folder: `${string}/`; suffix?: string };

/**
 * Key of the object that a row names, by location, URL or both; null if it names none.
 *
 * @param record columns as `importableColumns` gives them
 * @throws ExportFolderInvalid for another bucket, another place, or two different objects: a row of one station would
 *   show, and train on, what belongs to another
 */
export function namedKey(
  record: ExportRecord,
  columns: ObjectColumns,
  place: KeyPlace,
  storageBucket: string,
  where: string,
): string | null {
  const byLocation = keyOfLocation(record[columns.s3], columns.s3, storageBucket, where);
  const byUrl = keyOfUrl(record[columns.url], columns.url, storageBucket, where);
  const key = byLocation ?? byUrl;
  if (key === null) return null;
  const fault = keyFault(key);
  const column = byLocation === null ? columns.url : columns.s3;
  if (fault !== null)
    throw malformed(where, `${column} with the key ${JSON.stringify(key)}: ${fault}`, 'a key');
  if (!isAt(key, place))
    throw malformed(where, `${column} names ${key}`, `an object at ${placeName(place)}, or none`);
  if (byLocation !== null && byUrl !== null && byUrl !== key && leniently(byUrl) !== key)
    throw malformed(where, `${columns.s3} names ${key}, and ${columns.url} ${byUrl}`, 'one object in both');
  return key;
}

function isAt(key: string, place: KeyPlace): boolean {
  if ('key' in place) return key === place.key;
  const { folder, suffix = '' } = place;
  return key.startsWith(folder) && key.length > folder.length && key.endsWith(suffix);
}

const placeName = (place: KeyPlace): string =>
  'key' in place ? place.key : `${place.folder}…${place.suffix ?? ''}`;

function keyOfLocation(
  location: unknown,
  column: string,
  storageBucket: string,
  where: string,
): string | null {
  if (location === null || location === undefined) return null;
  const { Bucket = storageBucket, Key = null } = Object(location) as { Bucket?: unknown; Key?: unknown };
  if (Bucket !== storageBucket && Bucket !== null)
    throw otherBucket(column, JSON.stringify(Bucket), storageBucket, where);
  if (Key === null || typeof Key === 'string') return Key;
  throw malformed(where, `${column} with the key ${JSON.stringify(Key)}`, 'a text, or no key');
}

/** Virtual-hosted addresses, global as FPE writes them or regional as those of models (contract 3.1, 6.7). */
function keyOfUrl(url: unknown, column: string, storageBucket: string, where: string): string | null {
  if (url === null || url === undefined || url === '') return null;
  const [, host, key] = /^https?:\/\/([^/]*)\/(.*)$/s.exec(String(url)) ?? [];
  const [bucket, service] = [host?.slice(0, storageBucket.length), host?.slice(storageBucket.length)];
  if (bucket !== storageBucket || !/^\.s3([.-][a-z0-9-]+)?\.amazonaws\.com(\.cn)?$/.test(service ?? ''))
    throw otherBucket(column, String(url), storageBucket, where);
  return key as string;
}

function leniently(url: string): string | null {
  try {
    return decodeURIComponent(url);
  } catch {
    return null;
  }
}

const otherBucket = (column: string, found: string, storageBucket: string, where: string) =>
  malformed(where, `${column} names ${found}`, `an object of the bucket ${storageBucket}, or none`);
