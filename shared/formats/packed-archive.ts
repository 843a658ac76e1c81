import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

/** Time of every file, so that the same files give the same bytes. */
const EPOCH = new Date(0);

/** A file to be packed. The size of a stream must be given, because it stands before the content. */
export type PackedFile = {
  /** Path in the archive, its parts joined by slashes. */
  name: string;
  /** 0644 unless given. */
  mode?: number;
  /** The epoch unless given. */
  mtime?: Date;
} & ({ body: Uint8Array | string } | { body: NodeJS.ReadableStream; size: number });

/** Waits until a file is in the archive; one at a time. */
export type AddFile = (file: PackedFile) => Promise<void>;

/**
 * Packs a tar.gz of plain files while it is read. All archives are written here, and read by archive-entries.ts.
 *
 * @param addAll adds the files; what it throws ends the archive, and its reader is told that error itself
 * @param options.gzipLevel 0 stores, 9 packs most; zlib's own default unless given
 */
export function packArchive(
  addAll: (add: AddFile) => Promise<void>,
  { gzipLevel: level = constants.Z_DEFAULT_COMPRESSION }: { gzipLevel?: number } = {},
): Readable {
  const archive = pack();
  const packed = createGzip({ level });
  const add: AddFile = async ({ name, mode = 0o644, mtime = EPOCH, ...content }) => {
    const header = { name, mode, mtime, uid: 0, gid: 0 };
    if ('size' in content) await pipeline(content.body, archive.entry({ ...header, size: content.size }));
    else archive.entry(header, Buffer.from(content.body));
  };
  const packing = addAll(add).then(() => archive.finalize());
  packing.catch((error) => packed.destroy(error));
  pipeline(archive, packed).catch(() => undefined); // the reader of `packed` gets the error
  return Readable.from(told(packed, packing));
}

/** Makes the reader of a stream get the original error, even if it has reached the stream through several others. */
async function* told(packed: Readable, packing: Promise<void>): AsyncGenerator<Uint8Array> {
  try {
    yield* packed;
  } catch (error) {
    await packing;
    throw error;
  }
}

/**
 * As `packArchive`, of files that are in memory.
 *
 * @param files path in the archive and content, in the order in which they are packed
 * @param options.mode of each file
 */
export const packFiles = (
  files: Iterable<readonly [name: string, body: Uint8Array | string]>,
  { mode, ...options }: { mode?: number; gzipLevel?: number } = {},
): Promise<Uint8Array> =>
  buffer(
    packArchive(async (add) => {
      for (const [name, body] of files) await add({ name, body, ...(mode !== undefined && { mode }) });
    }, options),
  );
