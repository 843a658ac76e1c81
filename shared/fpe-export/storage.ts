import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import pMap from 'p-map';
import { listObjects, readText, writeObject } from '../aws/object-store.ts';
import type { StorageFile } from './folder.ts';

/** Photos of some megabytes each: enough of them at once to fill a line, few enough to hold in memory. */
const FILES_AT_ONCE = 16;
/** Below this a file is sent in one piece; above it is streamed in parts and never wholly in memory. */
const STREAMED_BYTES = 8 * 2 ** 20;

const CONTENT_TYPES: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.json': 'application/json',
  '.csv': 'text/csv; charset=utf-8',
};

/** Sizes in bytes of the objects that lie in the folders of these keys, by key. */
export async function storedSizes(bucket: string, keys: Iterable<string>): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const prefix of new Set(Array.from(keys, storageFolder)))
    for await (const { key, size } of listObjects(bucket, prefix)) sizes.set(key, size);
  return sizes;
}

/** `imagesets/{uuid}/` or `annotations/`: what one listing answers for, without touching other stations' photos. */
const storageFolder = (key: string): string => key.split('/').slice(0, -1).slice(0, 2).join('/').concat('/');

/**
 * Copies files of an export into the bucket, except those that are there already: photos of the same size, JSON of the
 * same text (a corrected annotation often has the size of the wrong one).
 *
 * @param stored what `storedSizes` answered
 * @returns counts of files
 */
export async function uploadStorage(
  bucket: string,
  files: readonly StorageFile[],
  stored: ReadonlyMap<string, number>,
  onFile: () => void,
): Promise<{ uploaded: number; already_there: number }> {
  const counts = { uploaded: 0, already_there: 0 };
  await pMap(
    files,
    async (file) => {
      const isThere = stored.get(file.key) === file.bytes && (await hasSameText(bucket, file));
      counts[isThere ? 'already_there' : 'uploaded'] += 1;
      if (!isThere) await upload(bucket, file);
      onFile();
    },
    { concurrency: FILES_AT_ONCE },
  );
  return counts;
}

async function hasSameText(bucket: string, { path, key }: StorageFile): Promise<boolean> {
  if (extname(key) !== '.json') return true;
  return (await readText({ bucket, key })) === (await readFile(path, 'utf8'));
}

async function upload(bucket: string, { path, key, bytes }: StorageFile): Promise<void> {
  const body = bytes < STREAMED_BYTES ? await readFile(path) : createReadStream(path);
  await writeObject(
    { bucket, key },
    body,
    CONTENT_TYPES[extname(key).toLowerCase()] ?? 'application/octet-stream',
  );
}
