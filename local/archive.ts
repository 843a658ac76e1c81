/** tar.gz archives in SageMaker's form: plain files, paths relative to the packed folder. */
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../host/folder.ts';
import { type ArchiveFile, MODEL_LIMITS, readArchive } from '../shared/formats/archive-entries.ts';
import { packArchive } from '../shared/formats/packed-archive.ts';

/** Stored as they are: weights are hardly compressible (7 %), and packing them takes longer than all other work on a model. */
const GZIP_LEVEL = 0;

/** Paths of all files below a folder, relative to it, sorted; none if there is no such folder. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Packs while the stream is read; the stream ends with the error of a file that cannot be read. */
export const packFolder = (folder: string): Readable =>
  packArchive(
    async (add) => {
      for (const name of await listFiles(folder)) {
        const { size, mode, mtime } = await stat(join(folder, name));
        await add({ name, size, mode, mtime, body: createReadStream(join(folder, name)) });
      }
    },
    { gzipLevel: GZIP_LEVEL },
  );

/**
 * Creates only new files: existing ones in the folder are never overwritten, and links are not followed.
 *
 * @param archive bytes of a tar.gz
 * @param where names the archive in errors
 * @throws ArchiveInvalid for anything but files and folders below the root, for too many or too large ones, and for a broken
 *   archive
 */
export async function unpackArchive(archive: Uint8Array, folder: string, where: string): Promise<void> {
  const write = async ({ name, mode, body }: ArchiveFile) => {
    const path = pathInside(folder, name);
    makeFolder(dirname(path));
    await pipeline(body, createWriteStream(path, { flags: 'wx', mode: 0o600 | (mode & 0o755) }));
  };
  await readArchive(Readable.from([archive]), { where, limits: MODEL_LIMITS }, write);
}

/** @throws Error if a name leads out of the folder */
export function pathInside(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (path.startsWith(resolve(folder) + sep)) return path;
  throw new Error(`${name} leads out of its folder`);
}
