import { packFiles } from './packed-archive.ts';

/**
 * Packs files as the sourcedir.tar.gz that SageMaker's training toolkit unpacks: entry script at the root. Same files,
 * same bytes: times, owners and order are fixed.
 *
 * @param files path in the archive → bytes
 */
export const packSource = (files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> =>
  packFiles(
    [...files.keys()].sort().map((name) => [name, files.get(name) as Uint8Array]),
    { mode: 0o755, gzipLevel: 9 },
  );
