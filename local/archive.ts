/** tar.gz archives as SageMaker makes and takes them: plain files, paths relative to the folder that was packed. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';

/** Weights hardly shrink at any level, and level 1 is several times faster than the default. */
const GZIP_LEVEL = 1;

/** Paths of all files below a folder, relative to it, sorted; none where there is no such folder. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Packs while it is read; an error of a file ends the stream with it. */
export function packFolder(folder: string): Readable {
  const archive = pack();
  const addAll = async () => {
    for (const name of await listFiles(folder)) {
      const { size, mode, mtime } = await stat(join(folder, name));
      await pipeline(createReadStream(join(folder, name)), archive.entry({ name, size, mode, mtime }));
    }
    archive.finalize();
  };
  const packed = createGzip({ level: GZIP_LEVEL });
  addAll().catch((error) => packed.destroy(error));
  pipeline(archive, packed).catch(() => undefined); // the reader of `packed` gets the error
  return packed;
}

/**
 * @param archive bytes of a tar.gz
 * @throws Error for a broken archive, a path outside the folder, and anything but files and folders
 */
export async function unpackArchive(archive: Uint8Array, folder: string): Promise<void> {
  const unpacked = extract();
  const write = async () => {
    for await (const entry of unpacked) {
      const { name, type, mode } = entry.header;
      if (type === 'directory') {
        entry.resume();
        continue;
      }
      if (type !== 'file') throw new Error(`The archive holds ${name}, a ${type}; it may hold files only`);
      const path = pathInside(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await pipeline(entry, createWriteStream(path, { mode: mode ?? 0o644 }));
    }
  };
  await Promise.all([pipeline(Readable.from([archive]), createGunzip(), unpacked), write()]);
}

/** @throws Error when a name leads out of the folder */
export function pathInside(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (path.startsWith(resolve(folder) + sep)) return path;
  throw new Error(`${name} leads out of its folder`);
}
