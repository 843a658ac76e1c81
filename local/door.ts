/**
 * What every local server checks before it processes a request: that it is addressed to this computer by name, that it does not
 * come from a page of another site, and, for stand-ins of AWS services, that it is signed with the credentials of this start.
 *
 * A web page can reach every port of the computer that it is shown on. Its requests are recognized by their Origin or
 * Sec-Fetch-Site, or, if its own name was made to resolve to this computer (DNS rebinding), by their Host. The signature is AWS's
 * Signature Version 4, in the headers or in a presigned address.
 */
import { createHash, createHmac, type Hash, type Hmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';

/** AWS's limits for the clock of a client, and for the age of a presigned address. */
const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_SECONDS = 7 * 86_400;
const ALGORITHM = 'AWS4-HMAC-SHA256';
const SHA256_HEX = /^[0-9a-f]{64}$/;
const ACCESS_KEY_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const HOW_TO_SIGN =
  'The local stack makes new credentials at each start; `./fpe local env` prints the lines that set them.';

export type Credentials = { accessKeyId: string; secretAccessKey: string };

export type RefusalReason =
  | 'ForeignAddress'
  | 'ForeignPage'
  | 'NoSignature'
  | 'IncompleteSignature'
  | 'UnknownAccessKey'
  | 'UnsignedHeader'
  | 'WrongSignature'
  | 'WrongPayload'
  | 'Expired';

/** Why a request is refused; each server reports it in the terms of the service that it stands in for. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** New credentials of the same lengths as AWS's. */
export const newCredentials = (): Credentials => ({
  accessKeyId: `LOCAL${Array.from(randomBytes(15), (byte) => ACCESS_KEY_LETTERS[byte % 32]).join('')}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
});

/**
 * The exact present time: Node.js updates its Date header once a second, and AWS clients set their clocks by the date of an
 * answer.
 */
export const dateAnswers = (server: Server): Server =>
  server.prependListener('request', (_, response) => response.setHeader('date', new Date().toUTCString()));

/** Starts to listen, for this computer only. @returns the address */
export async function listenLocally(server: Server, port = 0): Promise<string> {
  dateAnswers(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

type Request = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & {
  socket: Pick<IncomingMessage['socket'], 'localPort'>;
};

/**
 * @param options.isShown whether a page of another site may show the answer, as it may show a public photo; reading it stays
 *   forbidden
 * @throws Refusal ForeignAddress, ForeignPage
 */
export function requireOwnSite(request: Request, options: { isShown?: boolean } = {}): void {
  const { headers, socket } = request;
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${socket.localPort}`);
  const { host = '', origin, 'sec-fetch-site': site = 'none', 'sec-fetch-dest': destination } = headers;
  if (!hosts.includes(host.toLowerCase()))
    throw new Refusal(
      'ForeignAddress',
      `This server of the local stack is called ${hosts.join(', ')}. Found in Host: ${JSON.stringify(host)}.`,
    );
  const refuse = (found: string) =>
    new Refusal(
      'ForeignPage',
      `Pages of other sites may not use the local stack. Found: ${found}. Use the AWS CLI, an SDK or ./fpe.`,
    );
  if (origin !== undefined && !hosts.some((own) => origin === `http://${own}`))
    throw refuse(`Origin ${JSON.stringify(origin)}`);
  const isOwn = site === 'same-origin' || site === 'none';
  if (isOwn || (options.isShown && (destination === 'image' || destination === 'document'))) return;
  throw refuse(`Sec-Fetch-Site ${JSON.stringify(site)}`);
}

/** The signature of a request; the access key is known, but the signature has not been checked yet. */
export type RequestSignature = {
  region: string;
  service: string;
  date: Date;
  signedHeaders: Set<string>;
  signature: string;
  /** Validity of a presigned address. */
  expiresInSeconds?: number;
};

/** @throws Refusal NoSignature, IncompleteSignature, UnknownAccessKey, UnsignedHeader, Expired */
export function readSignature(request: Request, credentials: Credentials): RequestSignature {
  const { query } = addressOf(request);
  const fields = query['X-Amz-Algorithm'] === undefined ? inHeaders(request) : inQuery(query);
  const [accessKeyId, day, region, service, end] = (fields.credential ?? '').split('/');
  const date = parseDate(fields.date);
  const signedHeaders = new Set((fields.signedHeaders ?? '').toLowerCase().split(';'));
  const isWhole =
    fields.algorithm === ALGORITHM &&
    region &&
    service &&
    end === 'aws4_request' &&
    date &&
    fields.date?.startsWith(`${day}T`) &&
    SHA256_HEX.test(fields.signature ?? '');
  if (!isWhole)
    throw new Refusal('IncompleteSignature', `The request needs a signature of the kind ${ALGORITHM}.`);
  if (accessKeyId !== credentials.accessKeyId)
    throw new Refusal(
      'UnknownAccessKey',
      `The access key ${JSON.stringify(accessKeyId)} is not one of the local stack that now runs. ${HOW_TO_SIGN}`,
    );
  // A presigned address is passed on: its holder must not be able to turn it into another request, such as a copy by
  // x-amz-copy-source.
  const unsigned = [
    'host',
    ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-')),
  ].filter((name) => !signedHeaders.has(name));
  if (unsigned.length > 0)
    throw new Refusal(
      'UnsignedHeader',
      `There were headers present in the request which were not signed: ${unsigned.join(', ')}.`,
    );
  requireTime(date, fields.expires);
  return {
    region,
    service,
    date,
    signedHeaders,
    signature: fields.signature as string,
    ...(fields.expires !== undefined && { expiresInSeconds: Number(fields.expires) }),
  };
}

/**
 * @param body body that the signature must cover; if left out, the request's own x-amz-content-sha256 is used, and the reader of
 *   the body compares it (`requirePayload`)
 * @throws Refusal WrongSignature, WrongPayload
 */
export async function requireSignature(
  request: Request,
  signature: RequestSignature,
  credentials: Credentials,
  body?: Uint8Array,
): Promise<void> {
  if (body) requirePayload(request, body);
  const { path, query } = addressOf(request);
  const headers = Object.fromEntries(
    [...signature.signedHeaders].map((name) => [name, String(request.headers[name] ?? '')]),
  );
  const signer = new SignatureV4({
    credentials,
    region: signature.region,
    service: signature.service,
    sha256: Sha256,
    applyChecksum: false,
    uriEscapePath: signature.service !== 's3',
  });
  const toSign = { method: request.method as string, protocol: 'http:', hostname: '', path, body };
  const signing = { signingDate: signature.date, signableHeaders: signature.signedHeaders };
  const expected =
    signature.expiresInSeconds === undefined
      ? await signer.sign({ ...toSign, query, headers }, signing)
      : await signer.presign(
          {
            ...toSign,
            query: withoutSignature(query),
            headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
          },
          {
            ...signing,
            expiresIn: signature.expiresInSeconds,
            unhoistableHeaders: new Set([...signature.signedHeaders, 'x-amz-content-sha256']),
            ...(!signature.signedHeaders.has('x-amz-content-sha256') && {
              unsignableHeaders: new Set(['x-amz-content-sha256']),
            }),
          },
        );
  const text =
    signature.expiresInSeconds === undefined
      ? /Signature=([0-9a-f]+)$/.exec(expected.headers.authorization ?? '')?.[1]
      : expected.query?.['X-Amz-Signature'];
  if (isEqual(String(text), signature.signature)) return;
  throw new Refusal(
    'WrongSignature',
    `The request signature we calculated does not match the signature you provided. Check your secret access key. ${HOW_TO_SIGN}`,
  );
}

/** @throws Refusal WrongPayload if x-amz-content-sha256 is a checksum but not the body's */
export function requirePayload({ headers }: Pick<Request, 'headers'>, body: Uint8Array): void {
  const given = headers['x-amz-content-sha256'];
  if (given === undefined || !SHA256_HEX.test(String(given))) return;
  const found = createHash('sha256').update(body).digest('hex');
  if (isEqual(found, String(given))) return;
  throw new Refusal(
    'WrongPayload',
    `The provided 'x-amz-content-sha256' header does not match what was computed. Expected: ${given}. Found: ${found}.`,
  );
}

/** The headers of a request with its signature, for a client without an SDK. */
export async function signHeaders(
  address: string,
  request: { method: string; headers: Record<string, string>; body: string; service: string },
  credentials: Credentials,
  signingDate: Date = new Date(),
): Promise<Record<string, string>> {
  const { host, pathname, searchParams } = new URL(address);
  const { service, body, method } = request;
  const signer = new SignatureV4({ credentials, region: 'us-west-2', service, sha256: Sha256 });
  const query = Object.fromEntries(searchParams);
  const toSign = { method, protocol: 'http:', hostname: host, path: pathname, query, body };
  return (await signer.sign({ ...toSign, headers: { ...request.headers, host } }, { signingDate })).headers;
}

type Fields = Partial<
  Record<'algorithm' | 'credential' | 'date' | 'signedHeaders' | 'signature' | 'expires', string>
>;
type Query = Record<string, string | string[]>;

function inHeaders({ headers }: Request): Fields {
  const { authorization, 'x-amz-date': date } = headers;
  if (authorization === undefined)
    throw new Refusal(
      'NoSignature',
      `The request has no signature of AWS Signature Version 4. ${HOW_TO_SIGN}`,
    );
  const [algorithm, ...rest] = authorization.split(' ');
  const named = Object.fromEntries(
    rest
      .join('')
      .split(',')
      .map((part) => part.split('=', 2)),
  );
  return {
    algorithm,
    credential: named.Credential,
    date: String(date ?? ''),
    signedHeaders: named.SignedHeaders,
    signature: named.Signature,
  } as Fields;
}

const inQuery = (query: Query): Fields => ({
  algorithm: String(query['X-Amz-Algorithm']),
  credential: String(query['X-Amz-Credential']),
  date: String(query['X-Amz-Date']),
  signedHeaders: String(query['X-Amz-SignedHeaders']),
  signature: String(query['X-Amz-Signature']),
  expires: String(query['X-Amz-Expires']),
});

function withoutSignature({ 'X-Amz-Signature': _, ...query }: Query): Query {
  return query;
}

/** @param expires seconds from the date; undefined if the signature is in the headers */
function requireTime(date: Date, expires: string | undefined): void {
  const ageMs = Date.now() - date.getTime();
  const limitMs = expires === undefined ? MAX_SKEW_MS : Number(expires) * 1000;
  if (ageMs >= -MAX_SKEW_MS && ageMs <= limitMs && limitMs <= MAX_EXPIRES_SECONDS * 1000) return;
  throw new Refusal(
    'Expired',
    `The signature is of ${date.toISOString()} and now it is ${new Date().toISOString()}. Sign again; check the clock.`,
  );
}

/** @param text 20261126T101500Z */
function parseDate(text = ''): Date | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** The path as it was sent, which is what S3's clients sign, and the query decoded. */
function addressOf({ url = '/' }: Request): { path: string; query: Query } {
  const [path = '/', ...rest] = url.split('?');
  const query: Query = Object.create(null);
  for (const [name, value] of new URLSearchParams(rest.join('?'))) {
    const known = query[name];
    query[name] = known === undefined ? value : [known, value].flat();
  }
  return { path, query };
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** SHA-256, or with a key its HMAC, in the form that the signer expects. */
export class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key as Uint8Array);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('A sum is taken once');
  }
}
