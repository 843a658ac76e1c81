import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { ArchiveInvalid } from '../errors.ts';
import { shorten } from './shortened-text.ts';

const MEBIBYTE = 2 ** 20;
/** File systems do not take longer names. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 1024;
const SHOWN_CHARACTERS = 120;

/** How much an archive may hold: number of entries, unpacked bytes of one entry, and of all entries. */
export type ArchiveLimits = { entries: number; entryBytes: number; totalBytes: number };

/** A model has 46 MB, or 91 MB with the state from which a training resumes; its code is ten files. */
export const MODEL_LIMITS: ArchiveLimits = {
  entries: 1000,
  entryBytes: 512 * MEBIBYTE,
  totalBytes: 1024 * MEBIBYTE,
};
/** For archives of texts, of which the longest says why photos could not be read: 15 MB for 100,000 photos. */
export const TEXT_LIMITS: ArchiveLimits = {
  entries: 1000,
  entryBytes: 64 * MEBIBYTE,
  totalBytes: 128 * MEBIBYTE,
};

/** A file that is read from an archive; `name` is its path below the root, with slashes. */
export type ArchiveFile = { name: string; size: number; mode: number; body: Readable };

/**
 * Reads a tar.gz while it arrives, in memory that does not grow with it. Every archive from elsewhere is read here: it may contain
 * files and folders only, below the root, each name once, within the limits.
 *
 * @param where names the archive in errors, e.g. its S3 URI
 * @param take reads the body of a file to its end, or returns null to skip it
 * @throws ArchiveInvalid at the first entry that is not allowed; also whatever `take` and the connection throw
 */
export async function readArchive(
  archive: AsyncIterable<Uint8Array>,
  options: { where: string; limits: ArchiveLimits },
  take: (file: ArchiveFile) => Promise<void> | null,
): Promise<void> {
  const { where, limits } = options;
  const entries = extract();
  const checked = new CheckedEntries(where, limits);
  const readAll = async () => {
    for await (const entry of entries) {
      const file = checked.add(entry.header);
      const taking = file && take({ ...file, body: entry as unknown as Readable });
      if (taking) await taking;
      else entry.resume();
    }
  };
  const [piped, read] = await Promise.allSettled([
    pipeline(archive, createGunzip(), limited(where, limits), entries),
    readAll(),
  ]);
  const reasons = [read, piped].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (reasons.length === 0) return;
  // When one stream fails, the others end with an error that says only that; the error of the first one is the cause.
  const fault = reasons.find(({ code }) => code !== 'ERR_STREAM_PREMATURE_CLOSE') ?? reasons[0];
  throw isArchiveFault(fault) ? brokenArchive(where, fault) : fault;
}

/** Ends the stream once more bytes are unpacked than allowed, whatever the headers say. */
function limited(where: string, { totalBytes }: ArchiveLimits): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.byteLength;
      // Headers and padding come on top of the files.
      if (bytes <= totalBytes + MEBIBYTE) done(null, chunk);
      else
        done(tooLarge(where, 'all entries', `more than ${totalBytes} bytes`, `${totalBytes} bytes in all`));
    },
  });
}

/** The entries that have been read so far. */
class CheckedEntries {
  readonly #where: string;
  readonly #limits: ArchiveLimits;
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  #count = 0;
  #bytes = 0;

  constructor(where: string, limits: ArchiveLimits) {
    this.#where = where;
    this.#limits = limits;
  }

  /** @returns null for a folder @throws ArchiveInvalid */
  add(header: Header): Omit<ArchiveFile, 'body'> | null {
    const entry = `entry ${JSON.stringify(shorten(header.name, SHOWN_CHARACTERS))}`;
    this.#measure(entry, header.size ?? 0);
    if (header.type !== 'file' && header.type !== 'directory')
      throw this.#refusal(entry, `a ${header.type ?? 'thing of an unknown kind'}`);
    const parts = header.name.split('/').filter((part) => part !== '' && part !== '.');
    const fault = faultOfPath(header.name, parts) ?? this.#faultOfPlace(header, parts);
    if (fault) throw this.#refusal(entry, fault);
    const name = parts.join('/');
    for (const folder of foldersAbove(parts)) this.#folders.add(folder);
    if (header.type === 'directory') {
      this.#folders.add(name);
      return null;
    }
    this.#files.add(name);
    return { name, size: header.size ?? 0, mode: header.mode ?? 0o644 };
  }

  /** @throws ArchiveInvalid if this entry makes the archive too large */
  #measure(entry: string, size: number): void {
    const { entries, entryBytes, totalBytes } = this.#limits;
    this.#count += 1;
    this.#bytes += size;
    if (this.#count > entries)
      throw tooLarge(this.#where, entry, `more than ${entries} entries`, `${entries} entries`);
    if (size > entryBytes)
      throw tooLarge(this.#where, entry, `${size} bytes`, `${entryBytes} bytes in one entry`);
    if (this.#bytes > totalBytes)
      throw tooLarge(this.#where, entry, `${this.#bytes} bytes up to here`, `${totalBytes} bytes in all`);
  }

  /** What is wrong with an entry, given those that came before it. */
  #faultOfPlace({ type }: Header, parts: readonly string[]): string | null {
    const name = parts.join('/');
    const isFolder = type === 'directory';
    if (!isFolder && name === '') return 'a file without a name';
    if (this.#files.has(name) || (!isFolder && this.#folders.has(name))) return 'a second entry of this name';
    const file = foldersAbove(parts).find((folder) => this.#files.has(folder));
    return file === undefined ? null : `an entry below the file ${JSON.stringify(file)}`;
  }

  #refusal(entry: string, found: string): ArchiveInvalid {
    return new ArchiveInvalid({
      what: 'An archive holds an entry that it may not hold',
      where: `${this.#where}, ${entry}`,
      found,
      expected: 'files and folders only, each once, under a path below the root of the archive',
      fix: REPLACE,
    });
  }
}

/** Paths of the folders above an entry, outermost first. */
const foldersAbove = (parts: readonly string[]): string[] =>
  parts.map((_, index) => parts.slice(0, index).join('/')).slice(1);

/** @param parts of the path, without those that mean nothing */
function faultOfPath(path: string, parts: string[]): string | null {
  if (path.startsWith('/')) return 'an absolute path';
  if (parts.includes('..')) return 'a path with ".."';
  if (path.includes('\\')) return 'a path with a backslash';
  if (/^[a-z]:/i.test(path)) return 'a path with a drive letter';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'a path with control characters';
  if (path.length > LONGEST_PATH || parts.some((part) => Buffer.byteLength(part) > LONGEST_NAME))
    return `a path of ${path.length} characters`;
  return null;
}

const REPLACE = 'find out who made the archive, and put the one that was published in its place';

const tooLarge = (where: string, entry: string, found: string, limit: string): ArchiveInvalid =>
  new ArchiveInvalid({
    what: 'An archive unpacks to more than it may',
    where: `${where}, ${entry}`,
    found,
    expected: `at most ${limit}`,
    fix: REPLACE,
  });

/** Faults of the bytes themselves. A connection that breaks off is none of them: reading again may succeed. */
const isArchiveFault = (error: unknown): boolean => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return (
    code.startsWith('Z_') || /tar header|Unexpected end|Invalid (tar|header)|Header exceeds/.test(message)
  );
};

const brokenArchive = (where: string, cause: Error): ArchiveInvalid =>
  new ArchiveInvalid(
    {
      what: 'An archive cannot be unpacked',
      where,
      found: cause.message,
      expected: 'a whole tar.gz',
      fix: 'recreate it, or restore the one that was published',
    },
    { cause },
  );
