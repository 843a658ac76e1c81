import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';

/**
 * What becomes of a request: silence in the middle of the answer, a connection that is closed before the work, after it or in the
 * middle of the answer, or an error of S3.
 */
export type Fault = 'stall' | 'reset' | 'forget' | 'break' | { status: number; code: string };

export type Asked = {
  method: string;
  key: string;
  range: string | null;
  ifMatch: string | null;
  ifNoneMatch: string | null;
  /** Milliseconds since 1970; NaN without a signature. */
  signedAtMs: number;
};

export type FaultyS3 = {
  endpoint: string;
  /** By bucket and key, such as `models/a.csv`. */
  objects: Map<string, Buffer>;
  asked: Asked[];
  /** Answers that are not whole yet, and whose reader is there. */
  readonly open: number;
  /** Decides for each request; null where it is answered. */
  fault: (asked: Asked) => Fault | null | Promise<null>;
  /** What it dates its answers by, and judges the age of signatures by, in milliseconds since 1970; null: it judges none. */
  clock: (() => number) | null;
  stop(): Promise<void>;
};

/** S3's limit for the age of a signature, and for one of the future. */
const MAX_SKEW_MS = 15 * 60_000;

/** Reads and writes of single objects as S3 answers them, and the faults that it can have; nobody needs to sign. */
export async function startFaultyS3(): Promise<FaultyS3> {
  let open = 0;
  const server = createServer(async (request, response) => {
    open += 1;
    response.on('close', () => {
      open -= 1;
    });
    const body = await buffer(request);
    const asked = describe(request);
    s3.asked.push(asked);
    const fault = (await s3.fault(asked)) ?? judge(asked, s3.clock);
    if (s3.clock) response.setHeader('date', new Date(s3.clock()).toUTCString());
    if (fault === 'reset') {
      request.socket.destroy();
      return;
    }
    const done = fault === null || typeof fault === 'string' ? work(s3.objects, asked, body) : fault;
    if (fault === 'forget') request.socket.destroy();
    else if ('code' in done) refuse(response, done);
    else answer(response, asked, done.object, fault as 'stall' | 'break' | null);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const s3: FaultyS3 = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects: new Map(),
    asked: [],
    get open() {
      return open;
    },
    fault: () => null,
    clock: null,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return s3;
}

function describe({ method = '', url = '', headers }: IncomingMessage): Asked {
  const key = decodeURIComponent(new URL(url, 'http://s3').pathname.slice(1));
  const ifNoneMatch = headers['if-none-match'] ?? null;
  const signedAtMs = Date.parse(
    String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'),
  );
  const ifMatch = headers['if-match'] ?? null;
  return { method, key, range: headers.range ?? null, ifMatch, ifNoneMatch, signedAtMs };
}

type Refusal = { status: number; code: string };

const judge = ({ signedAtMs }: Asked, clock: FaultyS3['clock']): Refusal | null =>
  clock && Math.abs(clock() - signedAtMs) > MAX_SKEW_MS
    ? { status: 403, code: 'RequestTimeTooSkewed' }
    : null;

const etagOf = (object: Buffer) => `"${createHash('md5').update(object).digest('hex')}"`;
const checksumOf = (object: Buffer) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(object));
  return bytes.toString('base64');
};

function work(
  objects: Map<string, Buffer>,
  { method, key, ifMatch, ifNoneMatch }: Asked,
  body: Buffer,
): Refusal | { object: Buffer } {
  const object = objects.get(key);
  if (object && ifNoneMatch !== null) return { status: 412, code: 'PreconditionFailed' };
  if (!object && (method !== 'PUT' || ifMatch !== null)) return { status: 404, code: 'NoSuchKey' };
  if (object && ifMatch !== null && ifMatch !== etagOf(object))
    return { status: 412, code: 'PreconditionFailed' };
  if (method === 'DELETE') objects.delete(key);
  if (method === 'PUT') objects.set(key, body);
  return { object: objects.get(key) ?? Buffer.alloc(0) };
}

function answer(
  response: ServerResponse,
  { method, range }: Asked,
  object: Buffer,
  fault: 'stall' | 'break' | null,
): void {
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const part = object.subarray(Number(first), last === '' ? undefined : Number(last) + 1);
  const length = method === 'GET' || method === 'HEAD' ? part.length : 0;
  response.writeHead(range === null ? 200 : 206, {
    etag: etagOf(object),
    'content-length': length,
    ...(range === null && { 'x-amz-checksum-crc32': checksumOf(object) }),
  });
  if (method !== 'GET') response.end();
  else if (fault === null) response.end(part);
  else
    response.write(part.subarray(0, Math.ceil(part.length / 2)), () => {
      if (fault === 'break') response.destroy();
    });
}

function refuse(response: ServerResponse, { status, code }: Refusal): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>because</Message></Error>`,
  );
}
