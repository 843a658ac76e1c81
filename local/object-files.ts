/**
 * Stores the objects of the S3 stand-in as files, each complete at any instant.
 *
 *     buckets/BUCKET/.bucket.json, .lifecycle.xml
 *     buckets/BUCKET/objects/SEGMENT/…/SEGMENT%object   body, then its description as JSON, then a footer of 12 bytes
 *     _unfinished/                                       what is being written
 *     damaged/                                           what a start could not read
 *
 * Body and description are one file, so one rename replaces an object: a killed process leaves either the old one or the new one.
 * The sizes in the footer and the description show at the next start whether a power cut has truncated the file.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { asDiskFailure, DiskFailed, readJsonFile, setAside, writeDurably } from '../host/durable-file.ts';
import { makeFolder } from '../host/folder.ts';
import { S3Error } from './s3-errors.ts';
import { isBucketName, type S3Object } from './s3-objects.ts';

/** No encoded segment of a key contains a % without two hexadecimal digits, so no folder can have a file's name. */
const OBJECT = '%object';
const MAGIC = Buffer.from('FPEobj01');
const FOOTER_BYTES = 4 + MAGIC.length;
/** Read from the end of each file at a start; descriptions are shorter, except those of uploads in many parts. */
const TAIL_BYTES = 4096;
/** Maximum length of a file name, on every disk; the ending and the mark of a shortened name still fit. */
const MAX_SEGMENT_BYTES = 200;
/** From this size on, writing takes longer than waiting for the disk. */
const SYNCED_BYTES = 2 ** 20;
const PAIR = /\.(data|meta\.json)$/;

type Description = Omit<S3Object, 'body' | 'lastModified'> & { lastModified: string };

/** Objects found at the start. */
export type KeptBucket = {
  name: string;
  createdAt: Date;
  lifecycle: string | null;
  /** Without their bodies, which are read on demand. */
  objects: S3Object[];
};

export class ObjectFiles {
  readonly #folder: string;
  readonly #buckets: string;
  readonly #unfinished: string;
  readonly #say: (line: string) => void;
  #written = 0;

  /** @param say called with one line for each thing that a start had to repair */
  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#buckets = join(folder, 'buckets');
    this.#unfinished = join(folder, '_unfinished');
    this.#say = say;
    makeFolder(this.#buckets);
    makeFolder(this.#unfinished);
  }

  insertBucket(name: string, createdAt: Date): void {
    makeFolder(this.#objects(name));
    const description = { name, creationDate: createdAt.toISOString(), type: 'general-purpose' };
    this.#write(join(this.#buckets, name, '.bucket.json'), [JSON.stringify(description)], true);
  }

  deleteBucket(name: string): void {
    rmSync(join(this.#buckets, name), { recursive: true, force: true });
  }

  saveBucketLifecycleConfiguration(bucket: string, config: string): void {
    this.#write(join(this.#buckets, bucket, '.lifecycle.xml'), [config], true);
  }

  deleteBucketLifecycleConfiguration(bucket: string): void {
    rmSync(join(this.#buckets, bucket, '.lifecycle.xml'), { force: true });
  }

  /** @throws S3Error if the disk refuses it; then the object is unchanged */
  upsertObject(bucket: string, { body, ...described }: S3Object): void {
    const description = Buffer.from(JSON.stringify(described));
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeUInt32BE(description.length);
    MAGIC.copy(footer, 4);
    const file = this.#file(bucket, described.key);
    // If a power cut loses a small new object, nothing else is lost with it, and waiting for the disk would make thirty thousand
    // photos several times slower. Replaced objects, and those that took long to create, are synced.
    const isSynced = body.length >= SYNCED_BYTES || existsSync(file);
    this.#write(file, [body, Buffer.concat([description, footer])], isSynced);
  }

  /** @throws S3Error if the file cannot be removed; then the object is unchanged */
  deleteObject(bucket: string, key: string): void {
    const file = this.#file(bucket, key);
    try {
      unlinkSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw asS3Error(error);
    }
    this.#removeEmptyFolders(dirname(file), this.#objects(bucket));
  }

  readBody(bucket: string, key: string): Buffer {
    const file = this.#file(bucket, key);
    try {
      const content = readFileSync(file);
      return content.subarray(0, bodyBytes(content) ?? 0);
    } catch (error) {
      throw asS3Error(error);
    }
  }

  /** Repairs what an earlier process left. @returns the objects found */
  load(): KeptBucket[] {
    this.#removeUnfinished();
    return foldersIn(this.#buckets).flatMap((name) => this.#loadBucket(name) ?? []);
  }

  #removeUnfinished(): void {
    const files = readdirSync(this.#unfinished);
    for (const name of files) rmSync(join(this.#unfinished, name), { force: true });
    if (files.length > 0)
      this.#say(`S3: removed ${files.length} unfinished ${files.length === 1 ? 'file' : 'files'}`);
    const uploads = join(this.#folder, '_multipart');
    if (!existsSync(uploads)) return;
    const { length } = readdirSync(uploads);
    rmSync(uploads, { recursive: true });
    if (length > 0)
      this.#say(`S3: removed ${length} unfinished ${length === 1 ? 'upload' : 'uploads'} in parts`);
  }

  #loadBucket(name: string): KeptBucket | null {
    const folder = join(this.#buckets, name);
    if (!isBucketName(name)) {
      this.#say(`S3: left the folder ${folder} alone, which is no bucket's`);
      return null;
    }
    const known = readJsonFile<{ creationDate: string }>(join(folder, '.bucket.json'));
    const createdAt = new Date(known?.creationDate ?? statSync(folder).mtime);
    if (!known) {
      this.insertBucket(name, createdAt);
      this.#say(`S3: wrote the description of bucket ${name} again, which was missing or damaged`);
    }
    const lifecycle = join(folder, '.lifecycle.xml');

    const files = filesBelow(this.#objects(name));
    this.#rewritePairs(
      name,
      files.filter((path) => PAIR.test(path)),
    );
    const objects: S3Object[] = [];
    for (const path of filesBelow(this.#objects(name)).filter((found) => found.endsWith(OBJECT))) {
      const object = readDescription(path);
      if (object) objects.push(object);
      else this.#putAside(path, 'is not whole');
    }
    return {
      name,
      createdAt,
      lifecycle: existsSync(lifecycle) ? readFileSync(lifecycle, 'utf8') : null,
      objects,
    };
  }

  /** Version 0.1 kept an object as two files, NAME.data and NAME.meta.json, which did not always belong to the same object. */
  #rewritePairs(bucket: string, files: string[]): void {
    const names = new Set(files.map((path) => path.replace(PAIR, '')));
    let rewritten = 0;
    for (const name of names) {
      const object = readPair(name);
      if (object) {
        // A crash between the two steps leaves both, and the newer one counts.
        if (!existsSync(this.#file(bucket, object.key))) this.upsertObject(bucket, object);
        rewritten += 1;
      }
      for (const path of [`${name}.data`, `${name}.meta.json`].filter((part) => existsSync(part)))
        if (object) rmSync(path);
        else this.#putAside(path, 'is a part of an object that is not whole');
    }
    if (rewritten > 0)
      this.#say(`S3: rewrote ${rewritten} objects of bucket ${bucket} that an earlier version kept`);
  }

  #putAside(path: string, why: string): void {
    const to = join(this.#folder, 'damaged', relative(this.#buckets, path));
    setAside(path, to);
    this.#say(`S3: ${relative(this.#buckets, path)} ${why}; moved to ${to}`);
  }

  #write(file: string, parts: Uint8Array[] | string[], isSynced: boolean): void {
    this.#written += 1;
    const options = { isSynced, unfinished: join(this.#unfinished, `${process.pid}-${this.#written}`) };
    try {
      makeFolder(dirname(file));
      writeDurably(file, parts, options);
    } catch (error) {
      throw asS3Error(asDiskFailure(error, this.#folder));
    }
  }

  #objects(bucket: string): string {
    return join(this.#buckets, bucket, 'objects');
  }

  #file(bucket: string, key: string): string {
    return `${join(this.#objects(bucket), ...key.split('/').map(fileName))}${OBJECT}`;
  }

  #removeEmptyFolders(folder: string, top: string): void {
    try {
      for (let empty = folder; empty !== top; empty = dirname(empty)) rmdirSync(empty);
    } catch {
      // It contains something else.
    }
  }
}

/**
 * Turns every segment into a valid name that stays in its folder and is unique to the segment; the key itself is stored inside
 * the file.
 */
function fileName(segment: string): string {
  if (segment === '') return '%';
  if (/^\.\.?$/.test(segment)) return segment.replaceAll('.', '%2e');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is encoded
  const encoded = segment.replace(/[<>:"|?*\\%\x00-\x1f]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  if (Buffer.byteLength(encoded) <= MAX_SEGMENT_BYTES) return encoded;
  const hash = createHash('sha256').update(segment).digest('hex').slice(0, 32);
  return `${Buffer.from(encoded)
    .subarray(0, MAX_SEGMENT_BYTES - 40)
    .toString('latin1')
    .replace(/[^ -~]/g, '_')}%~${hash}`;
}

/**
 * Length of the body in the file of an object.
 *
 * @param end the end of the file, with the footer, or all of it
 * @returns null if the file is incomplete, or none of an object
 */
export function bodyBytes(end: Buffer, fileBytes = end.length): number | null {
  const footer = end.subarray(-FOOTER_BYTES);
  if (footer.length < FOOTER_BYTES || !footer.subarray(4).equals(MAGIC)) return null;
  const bytes = fileBytes - FOOTER_BYTES - footer.readUInt32BE(0);
  return bytes < 0 ? null : bytes;
}

/** An object without its body, which is read on demand; null if the file is incomplete. */
function readDescription(file: string): S3Object | null {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const readEnd = (bytes: number) => {
      const end = Buffer.alloc(Math.min(bytes, size));
      readSync(descriptor, end, 0, end.length, size - end.length);
      return end;
    };
    let end = readEnd(TAIL_BYTES);
    const length = bodyBytes(end, size);
    if (length === null) return null;
    if (size - length > end.length) end = readEnd(size - length);
    const described: Description = JSON.parse(
      end.subarray(end.length - (size - length), -FOOTER_BYTES).toString('utf8'),
    );
    if (described.contentLength !== length) return null;
    return { ...described, lastModified: new Date(described.lastModified), body: Buffer.alloc(0) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** An object of version 0.1 with its body; null unless both files belong to the same object. */
function readPair(name: string): S3Object | null {
  const described = readJsonFile<Description>(`${name}.meta.json`);
  if (!described || !existsSync(`${name}.data`)) return null;
  const body = readFileSync(`${name}.data`);
  const isOfOneUpload = /^"[0-9a-f]{32}"$/.test(described.etag);
  const isWhole =
    typeof described.key === 'string' &&
    body.length === described.contentLength &&
    (!isOfOneUpload || described.etag === `"${createHash('md5').update(body).digest('hex')}"`);
  return isWhole ? { ...described, lastModified: new Date(described.lastModified), body } : null;
}

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** 507 says that a retry is useless; SDKs retry after a 500. */
function asS3Error(error: unknown): unknown {
  if (error instanceof S3Error) return error;
  const { message } = error as Error;
  return error instanceof DiskFailed && error.isFull
    ? new S3Error('InsufficientStorage', message, 507)
    : new S3Error('InternalError', message, 500);
}
