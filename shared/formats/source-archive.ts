import { packFiles } from './packed-archive.ts';

/**
 * Packs files as the sourcedir.tar.gz that SageMaker's training toolkit unpacks: entry script at the root. Times,
 * owners and order are fixed, so that the same files give the same bytes.
 *
 * @param files path in the archive → bytes
 */
export const packSource = (files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> =>
  packFiles(
    [...files.keys()].sort().map((name) => [name, files.get(name) as Uint8Array]),
    { mode: 0o755, gzipLevel: 9 },
  );
