import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';

const EPOCH = new Date(0);
/** Weights hardly shrink at any level, and level 1 is several times faster than the default. */
const GZIP_LEVEL = 1;

/** Names of the files of a tar.gz as it passes by, without a leading `./`. */
export async function archiveNames(archive: Readable): Promise<string[]> {
  const names: string[] = [];
  const entries = extract();
  const read = async () => {
    for await (const entry of entries) {
      names.push(entry.header.name.replace(/^\.\//, ''));
      entry.resume();
    }
  };
  await Promise.all([pipeline(archive, createGunzip(), entries), read()]);
  return names;
}

/**
 * The same tar.gz with files added at its end, while it is read: what was in it keeps its bytes, and is never there as a
 * whole. A fault of the archive ends the stream with it.
 *
 * @param files path in the archive → bytes
 */
export function addToArchive(archive: Readable, files: ReadonlyMap<string, Uint8Array>): Readable {
  const packed = pack();
  const extended = createGzip({ level: GZIP_LEVEL });
  const copyAll = async () => {
    const entries = extract();
    const copy = async () => {
      for await (const entry of entries) {
        const { name, size, mode, mtime, type } = entry.header;
        if (type !== 'file') entry.resume();
        else await pipeline(entry, packed.entry({ name, size, mode, mtime }));
      }
    };
    await Promise.all([pipeline(archive, createGunzip(), entries), copy()]);
    for (const [name, body] of files)
      packed.entry({ name, mtime: EPOCH, mode: 0o755, uid: 0, gid: 0 }, Buffer.from(body));
    packed.finalize();
  };
  copyAll().catch((error) => extended.destroy(error));
  pipeline(packed, extended).catch(() => undefined); // the reader of `extended` gets the error
  return extended;
}
