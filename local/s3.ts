/**
 * Stands in for S3 and SNS: `fauxqs` over HTTP on the loopback address, with its objects stored as files.
 *
 * Supports what fauxqs supports: buckets, objects, ranges, copies, multipart uploads, lists; topics and Publish. Added here:
 * conditional writes, lists in UTF-8 order, empty bodies, the rules for subjects. Refused: single bodies over 11 MiB (upload in
 * parts), keys with empty, `.` or `..` segments (they could not be separate files), form uploads, and by name every other part of
 * S3. `s3-door.ts` decides which requests are accepted.
 */
import { join } from 'node:path';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { buildApp } from 'fauxqs';
import { serviceClient } from '../shared/aws/service-client.ts';
import { BucketStore } from './bucket-store.ts';
import { type Credentials, newCredentials } from './door.ts';
import type { ApiOptions } from './json-api.ts';
import { ObjectFiles } from './object-files.ts';
import { guardS3, isOfSns } from './s3-door.ts';
import { noSuchKey, notImplemented, S3Error, snsErrorXml } from './s3-errors.ts';
import type { FauxqsStores } from './s3-objects.ts';

const REGION = 'us-west-2';
/** Parts of S3 selected by a query parameter that fauxqs would treat as a plain read or write. */
const NOT_ANSWERED = new Set(
  'accelerate acl analytics cors encryption intelligent-tiering inventory legal-hold location logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication requestPayment restore retention select session tagging torrent versionId versioning versions website'.split(
    ' ',
  ),
);

/**
 * SNS's rule for subjects: ASCII without control characters, starting with a letter, a digit or a punctuation mark (SNS API,
 * Publish).
 */
const SUBJECT = /^(?=[\p{L}\p{N}\p{P}])[\x20-\x7e]{1,99}$/u;

/** A message published to a topic. */
export type Published = { TopicArn: string; Subject?: string; Message: string };

export type S3 = {
  endpoint: string;
  /** Credentials of permitted clients. */
  credentials: Credentials;
  /** The objects themselves, for stand-ins of other services in this process. */
  store: BucketStore;
  /** @returns ARN of the topic */
  createTopic(name: string): Promise<string>;
  stop(): Promise<void>;
};

/**
 * @param folder folder of the objects; null keeps everything in memory
 * @param options.publicBucket bucket whose objects may be read without a signature, like those of FPE's storage bucket
 * @param options.onNotice called with one line for each thing that the start had to repair
 * @param options.onPublish called with each message that a topic has accepted, whoever published it
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
  const files = folder ? new ObjectFiles(join(folder, 'objects'), options.onNotice ?? console.warn) : null;
  const store = new BucketStore(files);
  for (const bucket of options.buckets ?? []) store.createBucket(bucket);
  // Its own start function would listen on every address of the computer. Types alone cannot replace a class with private
  // members, and fauxqs creates the stores that it is not given.
  const stores = { s3Store: store } as unknown as FauxqsStores;
  const app = buildApp({ logger: false, defaultRegion: REGION, stores });

  guardS3(app, { credentials, ...(publicBucket && { publicBucket }) });
  // No turn of the event loop between this and the write, so that one of two racing writers sees the other.
  app.addHook('preHandler', (request, _reply, next) => {
    const { bucket, '*': key } = request.params as { bucket?: string; '*'?: string };
    const names = Object.keys(request.query as object);
    const refused = names.find((name) => NOT_ANSWERED.has(name) || (name === 'uploads' && !key));
    if (bucket && refused) throw notImplemented(`?${refused} of S3 is not part of the local stack`);
    const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
    if (bucket && key && isWrite && !names.includes('partNumber') && !names.includes('uploads'))
      requireConditions(request.headers, store.findEtag(bucket, key));
    if (request.method === 'PUT') request.body ??= Buffer.alloc(0);
    next();
  });

  app.addHook('preHandler', (request, reply, next) => {
    const { Action, Subject } = (request.body ?? {}) as Record<string, string>;
    if (!isOfSns(request) || Action !== 'Publish' || Subject === undefined || SUBJECT.test(Subject))
      return next();
    reply.status(400).header('content-type', 'text/xml');
    reply.send(snsErrorXml('InvalidParameter', `Invalid parameter: Subject "${Subject}"`));
  });
  app.addHook('onResponse', async (request, reply) => {
    const message = (request.body ?? {}) as Published & { Action?: string };
    if (isOfSns(request) && message.Action === 'Publish' && reply.statusCode === 200)
      options.onPublish?.(message);
  });

  const endpoint = await app.listen({ port: options.port ?? 0, host: '127.0.0.1' });
  const sns = serviceClient(SNSClient, { region: REGION, endpoint, credentials });
  return {
    endpoint,
    credentials,
    store,
    async createTopic(name) {
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
      return TopicArn as string;
    },
    async stop() {
      sns.destroy();
      await app.close();
    },
  };
}

/** What S3 checks before PutObject, CopyObject, CompleteMultipartUpload and DeleteObject. */
function requireConditions(headers: Record<string, unknown>, etag: string | null): void {
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = headers;
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw notImplemented('A write takes If-None-Match: * only');
  if (ifMatch !== undefined && etag === null) throw noSuchKey();
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
