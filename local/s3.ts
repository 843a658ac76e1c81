/**
 * Stands in for S3 and SNS: `fauxqs` over HTTP, its objects kept as files, behind a proxy that adds what it lacks.
 *
 * Added: conditional writes. PutObject with `If-None-Match: *` or `If-Match` answers 412 when the condition is false;
 * writes to one key wait for each other meanwhile. Refused by fauxqs: single bodies over 11 MiB (upload in parts), and
 * what its own documentation names.
 */

import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { startFauxqs } from 'fauxqs';

export type S3 = {
  endpoint: string;
  /** ARN of the topic for notifications. */
  createTopic(name: string): string;
  stop(): Promise<void>;
};

type Backend = { port: number };

/** @param folder where objects are kept; null keeps everything in memory */
export async function startS3(
  folder: string | null,
  options: { buckets?: string[]; port?: number } = {},
): Promise<S3> {
  if (folder) mkdirSync(folder, { recursive: true });
  const fauxqs = await startFauxqs({
    port: 0,
    host: '127.0.0.1',
    logger: false,
    defaultRegion: 'us-west-2',
    ...(folder && { dataDir: join(folder, 'state'), s3StorageDir: join(folder, 'objects') }),
  });
  for (const bucket of options.buckets ?? []) fauxqs.createBucket(bucket);
  const writes = new Map<string, Promise<void>>();
  const proxy = createServer({ keepAliveTimeout: 30_000 }, (incoming, outgoing) => {
    serve(fauxqs, writes, incoming, outgoing).catch((error: Error) => {
      if (!outgoing.headersSent) respond(outgoing, 500, 'InternalError', error.message);
      else outgoing.destroy(error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    proxy.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = proxy.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    createTopic: (name) => fauxqs.createTopic(name, { region: 'us-west-2' }).topicArn,
    async stop() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      await fauxqs.stop();
    },
  };
}

async function serve(
  backend: Backend,
  writes: Map<string, Promise<void>>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const isWrite = incoming.method === 'PUT' || incoming.method === 'POST' || incoming.method === 'DELETE';
  const path = (incoming.url as string).split('?')[0] as string;
  if (!isWrite || path === '/') return forward(backend, incoming, outgoing);

  const turn = (writes.get(path) ?? Promise.resolve()).then(async () => {
    const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = incoming.headers;
    if (ifNoneMatch !== undefined || ifMatch !== undefined) {
      const etag = await findEtag(backend, path);
      if (ifMatch !== undefined && etag === null) return refuse(incoming, outgoing, 404, 'NoSuchKey');
      if (ifNoneMatch !== undefined && etag !== null)
        return refuse(incoming, outgoing, 412, 'PreconditionFailed');
      if (ifMatch !== undefined && etag !== ifMatch)
        return refuse(incoming, outgoing, 412, 'PreconditionFailed');
    }
    await forward(backend, incoming, outgoing);
  });
  const settled = turn.catch(() => undefined);
  writes.set(path, settled);
  await settled.then(() => writes.get(path) === settled && writes.delete(path));
  return turn;
}

function forward({ port }: Backend, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(outgoing).once('finish', resolve).once('error', reject);
      answer.once('error', reject);
    });
    onward.once('error', reject);
    outgoing.once('close', () => {
      onward.destroy();
      resolve();
    });
    incoming.pipe(onward);
  });
}

function findEtag({ port }: Backend, path: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const head = request({ host: '127.0.0.1', port, method: 'HEAD', path }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? (answer.headers.etag ?? null) : null);
    });
    head.once('error', reject).end();
  });
}

/** Reads the body to its end first: a client that is cut off while sending takes that for a broken connection. */
function refuse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  code: string,
): Promise<void> {
  return new Promise((resolve) => {
    incoming.resume().once('end', () => {
      respond(outgoing, status, code, 'At least one of the pre-conditions you specified did not hold');
      resolve();
    });
  });
}

function respond(outgoing: ServerResponse, status: number, code: string, message: string): void {
  outgoing.writeHead(status, { 'content-type': 'application/xml' });
  outgoing.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  );
}
