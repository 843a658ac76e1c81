/**
 * Stands in for S3 and SNS: `fauxqs` over HTTP on the loopback address, its objects kept as files.
 *
 * Answers what fauxqs answers: buckets, objects, ranges, copies, multipart uploads, lists; topics and Publish. Added
 * here: conditional writes, lists in UTF-8 order, empty bodies, the rules for subjects. Refused: single bodies over 11 MiB (upload in parts),
 * keys with empty, `.` or `..` segments (they would not be files of their own), uploads of forms, and by name every other
 * part of S3. Who may ask is decided in `s3-door.ts`.
 */
import { join } from 'node:path';
import { buildApp } from 'fauxqs';
// By path: its own start function would listen on every address of the computer.
import { S3Error } from '../node_modules/fauxqs/dist/common/errors.js';
import { snsErrorResponse } from '../node_modules/fauxqs/dist/common/xml.js';
import { S3Store } from '../node_modules/fauxqs/dist/s3/s3Store.js';
import type { S3Object } from '../node_modules/fauxqs/dist/s3/s3Types.js';
import { SnsStore } from '../node_modules/fauxqs/dist/sns/snsStore.js';
import { SqsStore } from '../node_modules/fauxqs/dist/sqs/sqsStore.js';
import { type Credentials, newCredentials } from './door.ts';
import type { ApiOptions } from './json-api.ts';
import { ObjectFiles } from './object-files.ts';
import { guardS3, isOfSns } from './s3-door.ts';

const REGION = 'us-west-2';
/** Parts of S3 that a query names and that fauxqs would take for a plain read or write. */
const NOT_ANSWERED = new Set(
  'accelerate acl analytics cors encryption intelligent-tiering inventory legal-hold location logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication requestPayment restore retention select session tagging torrent versionId versioning versions website'.split(
    ' ',
  ),
);

/** Of SNS: ASCII without control characters, begun by a letter, a digit or a punctuation mark (SNS API, Publish). */
const SUBJECT = /^(?=[\p{L}\p{N}\p{P}])[\x20-\x7e]{1,99}$/u;

/** What was published into a topic. */
export type Published = { TopicArn: string; Subject?: string; Message: string };

export type S3 = {
  endpoint: string;
  /** Of those who may ask. */
  credentials: Credentials;
  /** The objects themselves, for what stands in for other services in this process. */
  store: S3Store;
  /** @returns ARN of the topic */
  createTopic(name: string): string;
  stop(): Promise<void>;
};

type Listing = ReturnType<S3Store['listObjects']>;
type ListOptions = Parameters<S3Store['listObjects']>[1];

/**
 * @param folder where objects are kept; null keeps everything in memory
 * @param options.publicBucket whose objects may be read without a signature, as those of FPE's storage bucket
 * @param options.onNotice told in one line each what the start had to put right
 * @param options.onPublish told each message that a topic has taken, whoever published it
 */
export async function startS3(
  folder: string | null,
  options: ApiOptions & {
    buckets?: string[];
    publicBucket?: string;
    onNotice?: (line: string) => void;
    onPublish?: (message: Published) => void;
  } = {},
): Promise<S3> {
  const { credentials = newCredentials(), publicBucket } = options;
  const store = new OrderedStore();
  if (folder) keepFiles(store, folder, options.onNotice ?? console.warn);
  for (const bucket of options.buckets ?? []) store.createBucket(bucket);
  const snsStore = new SnsStore();
  const app = buildApp({
    logger: false,
    defaultRegion: REGION,
    stores: { s3Store: store, snsStore, sqsStore: new SqsStore() },
  });

  guardS3(app, { credentials, ...(publicBucket && { publicBucket }) });
  // Without a turn of the event loop between this and the write, so that of two racing writers one sees the other.
  app.addHook('preHandler', (request, _reply, next) => {
    const { bucket, '*': key } = request.params as { bucket?: string; '*'?: string };
    const names = Object.keys(request.query as object);
    const refused = names.find((name) => NOT_ANSWERED.has(name) || (name === 'uploads' && !key));
    if (bucket && refused)
      throw new S3Error('NotImplemented', `?${refused} of S3 is not part of the local stack`, 501);
    if (bucket && request.method !== 'GET' && request.method !== 'HEAD') {
      if (key && !names.includes('partNumber') && !names.includes('uploads'))
        requireConditions(request.headers, store.findEtag(bucket, key));
      store.forgetOrder(bucket);
    }
    if (request.method === 'PUT') request.body ??= Buffer.alloc(0);
    next();
  });

  app.addHook('preHandler', (request, reply, next) => {
    const { Action, Subject } = (request.body ?? {}) as Record<string, string>;
    if (!isOfSns(request) || Action !== 'Publish' || Subject === undefined || SUBJECT.test(Subject))
      return next();
    reply.status(400).header('content-type', 'text/xml');
    reply.send(snsErrorResponse('InvalidParameter', `Invalid parameter: Subject "${Subject}"`));
  });
  app.addHook('onResponse', async (request, reply) => {
    const message = (request.body ?? {}) as Published & { Action?: string };
    if (isOfSns(request) && message.Action === 'Publish' && reply.statusCode === 200)
      options.onPublish?.(message);
  });

  const endpoint = await app.listen({ port: options.port ?? 0, host: '127.0.0.1' });
  return {
    endpoint,
    credentials,
    store,
    createTopic(name) {
      snsStore.createTopic(name, undefined, undefined, REGION);
      return `arn:aws:sns:${REGION}:000000000000:${name}`;
    },
    stop: () => app.close(),
  };
}

function keepFiles(store: S3Store, folder: string, say: (line: string) => void): void {
  const files = new ObjectFiles(join(folder, 'objects'), say);
  files.loadS3(store);
  store.persistence = files;
}

function requireFileName(key: string): void {
  const segments = key.split('/');
  if (
    !segments.some(
      (part, index) => part === '.' || part === '..' || (part === '' && index < segments.length - 1),
    )
  )
    return;
  throw new S3Error('NotImplemented', `The local stack cannot keep the key ${key} as a file of its own`, 501);
}

/** What S3 checks before PutObject, CopyObject, CompleteMultipartUpload and DeleteObject. */
function requireConditions(headers: Record<string, unknown>, etag: string | null): void {
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = headers;
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new S3Error('NotImplemented', 'A write takes If-None-Match: * only', 501);
  if (ifMatch !== undefined && etag === null)
    throw new S3Error('NoSuchKey', 'The specified key does not exist.', 404);
  if (
    (ifNoneMatch !== undefined && etag !== null) ||
    (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etag)
  )
    throw new S3Error(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      412,
    );
}

/**
 * Every write comes through here, whichever request it came with, so here are keys checked. Lists keys in UTF-8 order; fauxqs
 * sorts by the rules of a language and then skips keys between pages.
 */
class OrderedStore extends S3Store {
  readonly #orders = new Map<string, Buffer[]>();

  override putObject(...write: Parameters<S3Store['putObject']>): S3Object {
    requireFileName(write[1]);
    this.forgetOrder(write[0]);
    return super.putObject(...write);
  }

  override createMultipartUpload(...upload: Parameters<S3Store['createMultipartUpload']>): string {
    requireFileName(upload[1]);
    return super.createMultipartUpload(...upload);
  }

  override renameObject(bucket: string, ...keys: [from: string, to: string]): void {
    keys.forEach(requireFileName);
    super.renameObject(bucket, ...keys);
  }

  override deleteObject(bucket: string, key: string): void {
    requireFileName(key);
    super.deleteObject(bucket, key);
  }

  override deleteObjects(bucket: string, keys: string[]): string[] {
    keys.forEach(requireFileName);
    return super.deleteObjects(bucket, keys);
  }

  findEtag(bucket: string, key: string): string | null {
    return this.#objects(bucket)?.get(key)?.etag ?? null;
  }

  forgetOrder(bucket: string): void {
    this.#orders.delete(bucket);
  }

  override listObjects(bucket: string, options: ListOptions = {}): Listing {
    const found = this.#objects(bucket);
    if (!found) throw new S3Error('NoSuchBucket', `The specified bucket does not exist: ${bucket}`, 404);
    const { prefix = '', delimiter, maxKeys = 1000 } = options;
    const after = options.startAfter || options.marker || '';
    const order = this.#order(bucket, found);
    const objects: S3Object[] = [];
    const prefixes = new Set<string>();
    for (const key of keysAfter(order, prefix, after)) {
      const group = groupOf(key, prefix, delimiter);
      if (group !== null && (prefixes.has(group) || after.startsWith(group))) continue;
      if (objects.length + prefixes.size >= maxKeys) return cutOff(objects, [...prefixes]);
      if (group === null) objects.push(found.get(key) as S3Object);
      else prefixes.add(group);
    }
    return { objects, commonPrefixes: [...prefixes], isTruncated: false };
  }

  #order(bucket: string, objects: Map<string, S3Object>): Buffer[] {
    const known = this.#orders.get(bucket);
    if (known) return known;
    const order = Array.from(objects.keys(), (key) => Buffer.from(key)).sort(Buffer.compare);
    this.#orders.set(bucket, order);
    return order;
  }

  #objects(bucket: string): Map<string, S3Object> | undefined {
    return (this as unknown as { buckets: Map<string, Map<string, S3Object>> }).buckets.get(bucket);
  }
}

function* keysAfter(order: Buffer[], prefix: string, after: string): Generator<string> {
  for (let n = Math.max(countBefore(order, prefix), countBefore(order, after)); n < order.length; n++) {
    const key = (order[n] as Buffer).toString();
    if (!key.startsWith(prefix)) return;
    if (key !== after) yield key;
  }
}

/** The common prefix that stands for a key in a list, up to the delimiter; null for a key that stands for itself. */
function groupOf(key: string, prefix: string, delimiter: string | undefined): string | null {
  if (!delimiter) return null;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? null : key.slice(0, end + delimiter.length);
}

/** The next page begins after the last object, so what follows that object belongs to it. */
function cutOff(objects: S3Object[], prefixes: string[]): Listing {
  const last = objects.at(-1)?.key;
  const commonPrefixes = last === undefined ? prefixes : prefixes.filter((prefix) => prefix < last);
  return { objects, commonPrefixes, isTruncated: true };
}

function countBefore(order: Buffer[], key: string): number {
  const wanted = Buffer.from(key);
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(order[middle] as Buffer, wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
