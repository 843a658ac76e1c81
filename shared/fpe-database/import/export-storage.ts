import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import pMap from 'p-map';
import { createObject, listObjects, readStream } from '../../aws/object-store.ts';
import { ExportFolderInvalid } from '../../errors.ts';
import { enumerate } from './enumerate.ts';
import type { StorageFile } from './export-folder.ts';

/** Photos have a few megabytes each: enough of them at once to use the bandwidth, few enough to hold in memory. */
const FILES_AT_ONCE = 16;
/** Below this a file is sent in one piece; above this it is streamed in parts and never completely in memory. */
const STREAMED_BYTES = 8 * 2 ** 20;

/** Number of differing objects that are listed, so that they can be looked at. */
const KEYS_SHOWN = 20;

const CONTENT_TYPES: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.json': 'application/json',
  '.csv': 'text/csv; charset=utf-8',
};
/** Reports are pages; a page among the photos would let anyone publish a page at the address of the public bucket. */
const REPORT = /^models\/[^/]+\/[^/]+\.html$/;

export type StoredObject = { size: number; etag: string };
export type StoredObjects = ReadonlyMap<string, StoredObject>;

/** Objects in the folders of these keys, by key. */
export async function storedObjects(bucket: string, keys: Iterable<string>): Promise<StoredObjects> {
  const objects = new Map<string, StoredObject>();
  for (const prefix of new Set(Array.from(keys, storageFolder)))
    for await (const { key, size, etag } of listObjects(bucket, prefix)) objects.set(key, { size, etag });
  return objects;
}

/** `imagesets/{uuid}/` or `annotations/`: what one listing covers without touching other stations' photos. */
const storageFolder = (key: string): string => key.split('/').slice(0, -1).slice(0, 2).join('/').concat('/');

/** Files by what the bucket has under their keys: nothing, the same bytes, or other bytes. */
export type Compared<File> = { missing: File[]; same: File[]; different: File[] };

/**
 * Compares files of an export with the bucket, byte by byte.
 *
 * @param stored what `storedObjects` answered
 * @param onSame called for each file that already exists in the bucket
 */
export async function compareStorage<File extends StorageFile>(
  bucket: string,
  files: readonly File[],
  stored: StoredObjects,
  onSame: () => void,
): Promise<Compared<File>> {
  const compared: Compared<File> = { missing: [], same: [], different: [] };
  await pMap(
    files,
    async (file) => {
      const object = stored.get(file.key);
      if (!object) compared.missing.push(file);
      else if (await isSame(bucket, file, object)) {
        compared.same.push(file);
        onSame();
      } else compared.different.push(file);
    },
    { concurrency: FILES_AT_ONCE },
  );
  return compared;
}

/**
 * Copies files into the bucket, never replacing an existing object: what another import has written since the comparison stays as
 * it is.
 *
 * @throws ExportFolderInvalid if that has other bytes
 */
export async function uploadStorage(
  bucket: string,
  files: readonly StorageFile[],
  onFile: () => void,
): Promise<void> {
  await pMap(
    files,
    async (file) => {
      if (!(await upload(bucket, file))) {
        const stored = (await storedObjects(bucket, [file.key])).get(file.key);
        if (!stored || !(await isSame(bucket, file, stored))) throw otherObjects(bucket, [file.key]);
      }
      onFile();
    },
    { concurrency: FILES_AT_ONCE },
  );
}

export const otherObjects = (bucket: string, keys: readonly string[]) =>
  new ExportFolderInvalid({
    what: 'The bucket has other objects where files of the export would go',
    where: `bucket ${bucket}`,
    found: `${keys.length} that differ: ${enumerate(keys, KEYS_SHOWN)}`,
    expected: 'no object, or one with the same bytes, because an import replaces nothing',
    fix: 'if the file of the export is the right one, delete the object first; otherwise remove the file from the export',
  });

/** Whether two files hold the same bytes. */
export const haveSameBytes = async (a: StorageFile, b: StorageFile): Promise<boolean> =>
  a.bytes === b.bytes && (await digest('sha256', a)) === (await digest('sha256', b));

async function isSame(bucket: string, file: StorageFile, { size, etag }: StoredObject): Promise<boolean> {
  if (size !== file.bytes) return false;
  // The ETag of an object that was uploaded in one part and without a KMS key; for others it says nothing about the content.
  if (etag.replaceAll('"', '') === (await digest('md5', file))) return true;
  const hash = createHash('sha256');
  for await (const chunk of await readStream({ bucket, key: file.key })) hash.update(chunk);
  return hash.digest('hex') === (await digest('sha256', file));
}

const digest = (algorithm: 'md5' | 'sha256', file: StorageFile): Promise<string> =>
  withFile(file, async (handle) => {
    const hash = createHash(algorithm);
    for await (const chunk of stream(handle)) hash.update(chunk);
    return hash.digest('hex');
  });

const upload = (bucket: string, file: StorageFile): Promise<boolean> =>
  withFile(file, async (handle) => {
    const { key, bytes } = file;
    const body = bytes < STREAMED_BYTES ? await handle.readFile() : stream(handle);
    return createObject({ bucket, key }, body, contentType(key));
  });

const contentType = (key: string): string =>
  REPORT.test(key)
    ? 'text/html; charset=utf-8'
    : (CONTENT_TYPES[extname(key).toLowerCase()] ?? 'application/octet-stream');

const stream = (handle: FileHandle): Readable => handle.createReadStream({ autoClose: false });

/** Never through a link, in case one has replaced the file since the folder was read. */
async function withFile<Result>({ path }: StorageFile, work: (handle: FileHandle) => Promise<Result>) {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}
