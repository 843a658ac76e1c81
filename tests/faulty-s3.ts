import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * What becomes of a request: silence before the answer or in the middle of it, a connection that is closed before or in the middle
 * of it, or an error of S3.
 */
export type Fault = 'silence' | 'stall' | 'reset' | 'break' | { status: number; code: string };

export type Asked = { method: string; key: string; range: string | null; ifMatch: string | null };

export type FaultyS3 = {
  endpoint: string;
  /** By bucket and key, such as `models/a.csv`. */
  objects: Map<string, Buffer>;
  asked: Asked[];
  /** Decides for each request; null where it is answered. */
  fault: (asked: Asked) => Fault | null;
  stop(): Promise<void>;
};

/** Reads and writes of single objects as S3 answers them, and the faults that it can have; nobody needs to sign. */
export async function startFaultyS3(): Promise<FaultyS3> {
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const asked = describe(request);
    s3.asked.push(asked);
    const fault = s3.fault(asked);
    if (fault === 'silence') return;
    if (fault === 'reset') return void request.socket.destroy();
    if (fault !== null && typeof fault === 'object') return fail(response, fault);
    if (asked.method === 'PUT') s3.objects.set(asked.key, body);
    answer(response, asked, s3.objects.get(asked.key), fault);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const s3: FaultyS3 = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects: new Map(),
    asked: [],
    fault: () => null,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return s3;
}

function describe({ method = '', url = '', headers }: IncomingMessage): Asked {
  const key = decodeURIComponent(new URL(url, 'http://s3').pathname.slice(1));
  return { method, key, range: headers.range ?? null, ifMatch: headers['if-match'] ?? null };
}

function answer(
  response: ServerResponse,
  { method, range, ifMatch }: Asked,
  object: Buffer | undefined,
  fault: 'stall' | 'break' | null,
): void {
  if (!object) {
    fail(response, { status: 404, code: 'NoSuchKey' });
    return;
  }
  const etag = `"${createHash('md5').update(object).digest('hex')}"`;
  if (method === 'PUT') return void response.writeHead(200, { etag }).end();
  if (ifMatch !== null && ifMatch !== etag) {
    fail(response, { status: 412, code: 'PreconditionFailed' });
    return;
  }
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const part = object.subarray(Number(first), last === '' ? undefined : Number(last) + 1);
  response.writeHead(range === null ? 200 : 206, { etag, 'content-length': part.length });
  if (method === 'HEAD') return void response.end();
  if (fault === null) return void response.end(part);
  const half = part.subarray(0, Math.ceil(part.length / 2));
  response.write(half, () => {
    if (fault === 'break') response.destroy();
  });
}

function fail(response: ServerResponse, { status, code }: { status: number; code: string }): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>because</Message></Error>`,
  );
}
