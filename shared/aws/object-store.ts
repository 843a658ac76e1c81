import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type * as z from 'zod';
import { FileInvalid, ObjectChanged, ObjectNotFound, RequestRefused, ServiceUnreachable } from '../errors.ts';
import { cacheControlOf } from '../execution/keys.ts';
import { type RowSchema, readCsv } from '../formats/csv.ts';
import { parseJsonAs } from '../formats/json.ts';
import { type ObjectLocation, s3Uri } from '../formats/object-location.ts';
import { Patience, patiently } from './patience.ts';
import { PATIENCE_MS, serviceClient } from './service-client.ts';
import { isPassing, nameFault, type ServiceCall } from './service-faults.ts';

/** Size of a part of a multipart upload, in bytes; S3 requires at least 5 MiB. */
const PART_BYTES = 8 * 2 ** 20;
/** Maximum number of requests in flight; code that reads many small objects sets its own (shared/predictions/merge-plan.ts). */
const SOCKETS = 200;

let client: S3Client | undefined;

export function s3(): S3Client {
  client ??= serviceClient(S3Client, {
    // Virtual-hosted names below a loopback endpoint do not resolve everywhere.
    forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL),
    sockets: SOCKETS,
  });
  return client;
}

/** @throws ObjectNotFound */
export function readText(location: ObjectLocation): Promise<string> {
  return patiently(PATIENCE_MS, getting(location), async () => text(bodyOf(await getObject(location))));
}

/** @throws ObjectNotFound */
export function readBytes(location: ObjectLocation): Promise<Uint8Array> {
  return patiently(PATIENCE_MS, getting(location), async () => buffer(bodyOf(await getObject(location))));
}

/** Bytes `first` to `last`, both inclusive, as text. @throws ObjectNotFound */
export function readTextRange(location: ObjectLocation, first: number, last: number): Promise<string> {
  const Range = `bytes=${first}-${last}`;
  return patiently(PATIENCE_MS, getting(location), async () =>
    text(bodyOf(await getObject(location, { Range }))),
  );
}

/** @throws ObjectNotFound; the stream must be read to its end or destroyed, or its socket leaks */
export async function readStream(location: ObjectLocation): Promise<Readable> {
  return wholeBody(location, await getObject(location));
}

/** An object as a stream with its ETag; null if there is none. Read the stream to its end or destroy it. */
export async function openObject(location: ObjectLocation): Promise<{ body: Readable; etag: string } | null> {
  try {
    const opened = await getObject(location);
    return { body: wholeBody(location, opened), etag: opened.ETag ?? '' };
  } catch (error) {
    if (error instanceof ObjectNotFound) return null;
    throw error;
  }
}

/** A body that broke off after this many bytes counts as progress. */
const PROGRESS_BYTES = 2 ** 16;

/** The whole body of an object: where it breaks off, the rest of the same version is requested. @throws ObjectChanged */
function wholeBody(location: ObjectLocation, opened: GetObjectCommandOutput): Readable {
  const body = bodyOf(opened);
  // An error before the first read would have no listener and end the process; the reader still receives it.
  body.on('error', () => undefined);
  const whole = Readable.from(resumed(location, opened, body), { objectMode: false });
  // A generator that was never read ends without running its `finally`.
  return whole.once('close', () => body.destroy());
}

async function* resumed(
  location: ObjectLocation,
  { ETag, ContentLength }: GetObjectCommandOutput,
  first: Readable,
): AsyncGenerator<Uint8Array> {
  let body = first;
  let offset = 0;
  const pauses = new ReadPauses(location);
  try {
    for (let chunks = body[Symbol.asyncIterator](); ; ) {
      let chunk: IteratorResult<Uint8Array>;
      // An error that the reader throws into this generator is not the body's fault: it arrives at the yield, outside this block.
      try {
        chunk = await chunks.next();
      } catch (error) {
        const pauseMs = pauses.next(error, offset);
        if (offset === ContentLength) return;
        await sleep(pauseMs);
        body = bodyOf(await getRest(location, offset, ETag));
        chunks = body[Symbol.asyncIterator]();
        continue;
      }
      if (chunk.done) return;
      offset += chunk.value.length;
      yield chunk.value;
    }
  } finally {
    body.destroy();
  }
}

/** Waits between a body that broke off and the request for its rest; patience starts over whenever enough bytes have arrived. */
class ReadPauses {
  readonly #location: ObjectLocation;
  #patience = new Patience(PATIENCE_MS);
  #provenUpTo = 0;

  constructor(location: ObjectLocation) {
    this.#location = location;
  }

  /** @throws the named error once retrying does not help, or no longer helps */
  next(error: unknown, offset: number): number {
    if (offset - this.#provenUpTo >= PROGRESS_BYTES) this.#patience = new Patience(PATIENCE_MS);
    this.#provenUpTo = offset;
    const pauseMs = isPassing(error) ? this.#patience.nextPause(error) : null;
    if (pauseMs === null) throw nameFault(error, getting(this.#location));
    return pauseMs;
  }
}

async function getRest(location: ObjectLocation, offset: number, IfMatch: string | undefined) {
  try {
    return await getObject(location, { Range: `bytes=${offset}-`, ...(IfMatch && { IfMatch }) });
  } catch (error) {
    throw isConditionFalse(error) ? changed(location, error) : error;
  }
}

/** Rows of a CSV in batches, as it arrives: memory does not grow with the file. @throws ObjectNotFound, FileInvalid */
export async function* readRows<Row>(location: ObjectLocation, row: RowSchema<Row>): AsyncGenerator<Row[]> {
  yield* readCsv(await readStream(location), row, s3Uri(location));
}

/** All rows of a CSV; its text and its cells are never in memory together. @throws ObjectNotFound, FileInvalid */
export async function readAllRows<Row>(location: ObjectLocation, row: RowSchema<Row>): Promise<Row[]> {
  return (await Array.fromAsync(readRows(location, row))).flat();
}

/** @throws ObjectNotFound, FileInvalid */
export async function readJson<Value>(location: ObjectLocation, schema: z.ZodType<Value>): Promise<Value> {
  return parseFile(await readText(location), schema, location);
}

/** Like `readJson`, but null if there is no such object. @throws FileInvalid */
export const findJson = async <Value>(
  location: ObjectLocation,
  schema: z.ZodType<Value>,
): Promise<Value | null> => (await findJsonVersion(location, schema))?.value ?? null;

/** The error for a file that cannot be read. */
export type FileWords = { what: string; expected: string; fix: string };

const ANY_JSON: FileWords = {
  what: 'A JSON file cannot be read',
  expected: 'what the step before writes',
  fix: 'start a new execution, so that the file is written again',
};

/** A JSON file with its ETag, to be rewritten by `writeConditionally`; null if there is none. @throws FileInvalid */
export async function findJsonVersion<Value>(
  location: ObjectLocation,
  schema: z.ZodType<Value>,
  words: FileWords = ANY_JSON,
): Promise<{ value: Value; etag: string } | null> {
  const version = await readVersion(location);
  return version && { value: parseFile(version.text, schema, location, words), etag: version.etag };
}

function parseFile<Value>(
  text: string,
  schema: z.ZodType<Value>,
  location: ObjectLocation,
  words: FileWords = ANY_JSON,
): Value {
  try {
    return parseJsonAs(text, schema);
  } catch (error) {
    throw new FileInvalid({ ...words, where: s3Uri(location), found: (error as Error).message });
  }
}

/** Key, content type and cache control of every object that is written. */
const named = ({ bucket, key }: ObjectLocation, contentType: string) => {
  const cacheControl = cacheControlOf(key);
  return {
    Bucket: bucket,
    Key: key,
    ContentType: contentType,
    ...(cacheControl && { CacheControl: cacheControl }),
  };
};

/**
 * Writes in parts when large, so that no single request carries more than 8 MiB.
 *
 * @param expected ETag that the object must keep until the last byte is written; any if left out
 * @throws ObjectChanged
 */
export async function writeObject(
  location: ObjectLocation,
  body: string | Uint8Array | Readable,
  contentType: string,
  expected?: string,
): Promise<void> {
  const upload = new Upload({
    client: s3(),
    partSize: PART_BYTES,
    queueSize: 4,
    params: {
      ...named(location, contentType),
      Body: body,
      ...(expected !== undefined && { IfMatch: expected }),
    },
  });
  try {
    await upload.done();
  } catch (error) {
    if (isLostUpload(error)) throw lostUpload(location, error);
    throw expected !== undefined && isConditionFalse(error) ? changed(location, error) : error;
  }
}

export const CSV_TYPE = 'text/csv; charset=utf-8';
export const HTML_TYPE = 'text/html; charset=utf-8';

export const writeCsv = (location: ObjectLocation, body: string | Readable, expected?: string) =>
  writeObject(location, body, CSV_TYPE, expected);

/**
 * A CSV written piece by piece; it becomes visible as a whole once it is ended. Each `write` waits until S3 has accepted what
 * came before it, and rethrows the upload's error.
 */
export function csvUpload(location: ObjectLocation, header: string) {
  const body = new PassThrough();
  const uploaded = writeCsv(location, body);
  const failed = new Promise<never>((_, reject) => {
    uploaded.catch(reject);
  });
  failed.catch(() => undefined); // `write` and `end` rethrow it
  const write = async (text: string): Promise<void> => {
    if (!body.write(text)) await Promise.race([once(body, 'drain'), failed]);
  };
  body.write(header);
  return {
    write,
    async end(): Promise<void> {
      body.end();
      await uploaded;
    },
    /** Leaves the object as it was. */
    async discard(): Promise<void> {
      body.destroy(new Error('The file was not written to its end'));
      await uploaded.catch(() => undefined);
    },
  };
}

export const writeJson = (location: ObjectLocation, value: unknown) =>
  writeObject(location, `${JSON.stringify(value, null, 2)}\n`, 'application/json');

/** Text of an object with its ETag; null if there is none. */
export async function readVersion(location: ObjectLocation): Promise<{ text: string; etag: string } | null> {
  const found = await openObject(location);
  return found && { text: await text(found.body), etag: found.etag };
}

/**
 * Writes only if nobody else has: without `etag` only if the object does not exist, with it only if it is unchanged.
 *
 * @returns whether this call wrote
 */
export async function writeConditionally(
  location: ObjectLocation,
  body: string,
  etag?: string,
): Promise<boolean> {
  try {
    await s3().send(
      new PutObjectCommand({
        ...named(location, 'application/json'),
        Body: body,
        ...(etag ? { IfMatch: etag } : { IfNoneMatch: '*' }),
      }),
    );
    return true;
  } catch (error) {
    if (!isConditionFalse(error)) throw error;
    // S3 may have written it but its answer was lost, so the client sent the request again.
    return wasAskedAgain(error) && (await readVersion(location))?.text === body;
  }
}

/**
 * Writes an object that does not exist yet, in parts when large.
 *
 * @returns whether this call wrote; if not, an object with this key exists or is being written
 */
export async function createObject(
  location: ObjectLocation,
  body: Uint8Array | Readable,
  contentType: string,
): Promise<boolean> {
  const params = {
    ...named(location, contentType),
    Body: body,
    IfNoneMatch: '*', // for several parts, S3 refuses the completion
  };
  try {
    await new Upload({ client: s3(), partSize: PART_BYTES, queueSize: 4, params }).done();
    return true;
  } catch (error) {
    if ([409, 412].includes(statusOf(error))) return false;
    throw isLostUpload(error) ? lostUpload(location, error) : error;
  }
}

/** Size in bytes; null if there is no such object. */
export async function findSize(location: ObjectLocation): Promise<number | null> {
  try {
    const { ContentLength } = await s3().send(
      new HeadObjectCommand({ Bucket: location.bucket, Key: location.key }),
    );
    return ContentLength ?? 0;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The bytes of an object; null if there is none, or if it is larger. */
export async function findSmallObject(
  location: ObjectLocation,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const size = await findSize(location);
  return size === null || size > maxBytes ? null : readBytes(location);
}

/** ETag of an object, which changes with its content; null if there is no such object. */
export async function findVersion(location: ObjectLocation): Promise<string | null> {
  try {
    const { ETag } = await s3().send(new HeadObjectCommand({ Bucket: location.bucket, Key: location.key }));
    return ETag ?? null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** When an object was written; null if there is no such object. */
export async function findWrittenAt(location: ObjectLocation): Promise<Date | null> {
  try {
    const { LastModified } = await s3().send(
      new HeadObjectCommand({ Bucket: location.bucket, Key: location.key }),
    );
    return LastModified ?? null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The run that copied an object to its place; null if the object does not say or does not exist. */
export async function findWriter(location: ObjectLocation): Promise<string | null> {
  try {
    const { Metadata } = await s3().send(
      new HeadObjectCommand({ Bucket: location.bucket, Key: location.key }),
    );
    return Metadata?.[WRITER] ?? null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Name of the metadata that holds the run that wrote an object. */
const WRITER = 'run-id';

/** Copies up to 5 GB within S3. */
export async function copyObject(
  from: ObjectLocation,
  to: ObjectLocation,
  contentType: string,
): Promise<void> {
  await s3().send(copyCommand(from, to, contentType));
}

/**
 * Copies to a place that others may write to as well, provided nobody has: `expected` is the ETag of the object that must be
 * there, null for no object. The copy carries the id of the run.
 *
 * @returns ETag of the copy
 * @throws ObjectChanged
 */
export async function copyConditionally(
  from: ObjectLocation,
  to: ObjectLocation,
  contentType: string,
  { expected, runId }: { expected: string | null; runId: string },
): Promise<string> {
  const condition = expected === null ? { IfNoneMatch: '*' } : { IfMatch: expected };
  try {
    const { CopyObjectResult } = await s3().send(
      copyCommand(from, to, contentType, { ...condition, Metadata: { [WRITER]: runId } }),
    );
    return CopyObjectResult?.ETag ?? '';
  } catch (error) {
    // 404 means that one of the two places is empty; an empty source is not a race.
    const isRace = isConditionFalse(error) && (statusOf(error) !== 404 || (await findSize(from)) !== null);
    throw isRace ? changed(to, error) : error;
  }
}

/** `CopySource` is the only place where S3 expects a percent-encoded key. */
const copyCommand = (
  from: ObjectLocation,
  to: ObjectLocation,
  contentType: string,
  more: Partial<CopyObjectCommandInput> = {},
) =>
  new CopyObjectCommand({
    ...named(to, contentType),
    CopySource: `${from.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`,
    MetadataDirective: 'REPLACE',
    ...more,
  });

/** All keys below a prefix with their sizes in bytes and their ETags, in UTF-8 byte order. */
export async function* listObjects(
  bucket: string,
  prefix: string,
): AsyncGenerator<{ key: string; size: number; etag: string }> {
  for await (const page of paginateListObjectsV2({ client: s3() }, { Bucket: bucket, Prefix: prefix }))
    for (const { Key, Size, ETag } of page.Contents ?? [])
      if (Key !== undefined) yield { key: Key, size: Size ?? 0, etag: ETag ?? '' };
}

/** Names of the folders directly below a prefix that ends with a slash. */
export async function listFolders(bucket: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  const command = { Bucket: bucket, Prefix: prefix, Delimiter: '/' };
  for await (const page of paginateListObjectsV2({ client: s3() }, command))
    for (const folder of page.CommonPrefixes ?? [])
      if (folder.Prefix) names.push(folder.Prefix.slice(prefix.length, -1));
  return names;
}

export async function deleteObject(location: ObjectLocation): Promise<void> {
  await s3().send(new DeleteObjectCommand({ Bucket: location.bucket, Key: location.key }));
}

/** Deletes an object if it is still the version that was read. @returns whether it was deleted */
export async function deleteConditionally(location: ObjectLocation, etag: string): Promise<boolean> {
  try {
    await s3().send(new DeleteObjectCommand({ Bucket: location.bucket, Key: location.key, IfMatch: etag }));
    return true;
  } catch (error) {
    if (!isConditionFalse(error)) throw error;
    return isMissing(error) && wasAskedAgain(error); // then the first request deleted it
  }
}

async function getObject(
  location: ObjectLocation,
  part: { Range?: string; IfMatch?: string } = {},
): Promise<GetObjectCommandOutput> {
  try {
    return await s3().send(new GetObjectCommand({ Bucket: location.bucket, Key: location.key, ...part }));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ObjectNotFound(
      {
        what: 'An object is missing in S3',
        where: s3Uri(location),
        found: 'no such object',
        expected: 'the file that an earlier step or the website wrote',
        fix: 'check the bucket and key; if the file was deleted, start a new execution',
      },
      { cause: error },
    );
  }
}

const bodyOf = ({ Body }: { Body?: GetObjectCommandOutput['Body'] | undefined }): Readable =>
  (Body ?? Readable.from([])) as Readable;

const getting = (location: ObjectLocation): ServiceCall => ({
  service: 'S3',
  endpoint: 's3',
  operation: 'GetObject',
  resource: s3Uri(location),
});

// 412: the condition is false; 409: another writer won the race; 404: If-Match on an object that is gone.
const isConditionFalse = (error: unknown): boolean => [404, 409, 412].includes(statusOf(error));

const changed = (location: ObjectLocation, cause: unknown): ObjectChanged =>
  new ObjectChanged(
    {
      what: 'An object was changed by someone else meanwhile',
      where: s3Uri(location),
      found: 'another version than the one that was read',
      expected: 'nobody else to write there',
      fix: 'redrive the execution; if it happens again, look for another execution of the same station',
    },
    { cause },
  );

const wasAskedAgain = (error: unknown): boolean =>
  ((error as { cause?: { $metadata?: { attempts?: number } } }).cause?.$metadata?.attempts ?? 1) > 1;

/** S3 no longer knows an upload once it is complete: the answer that reported this was lost. */
const isLostUpload = (error: unknown): boolean =>
  error instanceof RequestRefused && error.code === 'NoSuchUpload';

const lostUpload = (location: ObjectLocation, cause: unknown): ServiceUnreachable =>
  new ServiceUnreachable(
    {
      what: 'It is not known whether S3 has written an object',
      where: s3Uri(location),
      found: 'an upload that S3 no longer knows',
      expected: 'an answer to its completion',
      fix: 'nothing: the machine tries again, and the object is written again',
    },
    { cause },
  );

const statusOf = (error: unknown): number => (error instanceof RequestRefused ? error.status : 0);

// Without s3:ListBucket S3 answers 403 for a missing key, which is then a fault of the role: pass it on unchanged.
const isMissing = (error: unknown): boolean => statusOf(error) === 404;
