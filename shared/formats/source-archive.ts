import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

const EPOCH = new Date(0);

/**
 * Packs files as the sourcedir.tar.gz that SageMaker's training toolkit unpacks: entry script at the root. Same files,
 * same bytes: times, owners and order are fixed.
 *
 * @param files path in the archive → bytes
 */
export async function packSource(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const archive = pack();
  for (const name of [...files.keys()].sort()) {
    const body = files.get(name) as Uint8Array;
    archive.entry({ name, mtime: EPOCH, mode: 0o755, uid: 0, gid: 0 }, Buffer.from(body));
  }
  archive.finalize();
  return buffer(archive.pipe(createGzip({ level: 9 })));
}
