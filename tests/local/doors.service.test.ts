import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { newCredentials, Sha256 } from '../../local/door.ts';
import { regionalUrl } from '../../shared/formats/object-location.ts';
import { withOpenAddresses } from '../../shared/formats/open-addresses.ts';
import {
  type LocalServers,
  MODELS,
  PHOTO,
  SECRET,
  type Sent,
  STORAGE,
  send,
  signed,
  startLocalServers,
} from '../services/local-servers.ts';

const NAMES = ['Step Functions', 'SageMaker', 'Scheduler', 'Secrets Manager', 'S3', 'SNS', 'USGS'];
/** All but the clock of the day. */
const TIMERS = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;
const SIGNED = NAMES.filter((name) => name !== 'USGS');

let servers: LocalServers;
beforeAll(async () => {
  servers = await startLocalServers();
});
afterEach(() => {
  jest.useRealTimers();
});
afterAll(() => servers.stop());

/** What a refused request must leave as it was, and must not be told. */
async function expectRefused(name: string, sent: Sent, status = 403): Promise<string> {
  const server = servers.find(name);
  const before = structuredClone(await server.done());
  const answer = await send(server.endpoint, sent);
  expect({ status: answer.status, done: await server.done() }).toEqual({ status, done: before });
  expect(answer.text).not.toContain(SECRET);
  return answer.text;
}

test('the servers that are tested here are all there are', () => {
  expect(servers.all.map(({ name }) => name)).toEqual(NAMES);
});

describe.each(NAMES)('%s', (name) => {
  test.each([
    ['a name of another site', (port: string) => `evil.test:${port}`],
    ['a name that begins as its own', (port: string) => `127.0.0.1.evil.test:${port}`],
    ['another port', () => '127.0.0.1:1'],
    ['no port', () => '127.0.0.1'],
  ])('refuses what is addressed to %s, signed or not (DNS rebinding)', async (_, hostOf) => {
    const server = servers.find(name);
    const host = hostOf(new URL(server.endpoint).port);

    const plain = await expectRefused(name, {
      ...server.request,
      headers: { ...server.request.headers, host },
    });
    const withKey = await signed(server, servers.credentials, host);
    const text = await expectRefused(name, { ...withKey, headers: { ...withKey.headers, host } });

    for (const said of [plain, text]) expect(said).toContain('Found in Host');
  });

  test.each([
    { origin: 'http://evil.test' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'https://localhost' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
  ])('refuses a page of another site, signed or not: %j', async (ofBrowser) => {
    const server = servers.find(name);
    const withKey = await signed(server, servers.credentials);

    await expectRefused(name, { ...server.request, headers: { ...server.request.headers, ...ofBrowser } });
    const text = await expectRefused(name, { ...withKey, headers: { ...withKey.headers, ...ofBrowser } });

    expect(text).toContain('Pages of other sites');
  });

  test('dates an answer by the clock of now, also when it has been set a moment ago', async () => {
    const server = servers.find(name);
    await send(server.endpoint, await signed(server, servers.credentials));
    const tomorrow = Date.now() + 86_400_000;
    jest.useFakeTimers({ now: tomorrow, doNotFake: [...TIMERS] });

    const { date } = await send(server.endpoint, await signed(server, servers.credentials));

    expect(Math.abs(Date.parse(date) - tomorrow)).toBeLessThan(60_000);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]'])('answers under the name %s', async (host) => {
    const server = servers.find(name);
    const { port } = new URL(server.endpoint);
    const sent = await signed(server, servers.credentials, `${host}:${port}`);

    const own = await send(server.endpoint, {
      ...sent,
      headers: { ...sent.headers, origin: `http://${host}:${port}`, 'sec-fetch-site': 'same-origin' },
    });

    // The stand-in of USGS misses an interval in the request.
    expect(own.status).toBe(name === 'USGS' ? 400 : 200);
  });
});

const REFUSALS: Record<string, Record<'missing' | 'unknown' | 'unsigned' | 'wrong' | 'old', string>> = {
  S3: {
    missing: 'AccessDenied',
    unknown: 'InvalidAccessKeyId',
    unsigned: 'AccessDenied',
    wrong: 'SignatureDoesNotMatch',
    old: 'RequestTimeTooSkewed',
  },
  SNS: {
    missing: 'MissingAuthenticationToken',
    unknown: 'InvalidClientTokenId',
    unsigned: 'SignatureDoesNotMatch',
    wrong: 'SignatureDoesNotMatch',
    old: 'SignatureDoesNotMatch',
  },
};
const OF_JSON = {
  missing: 'MissingAuthenticationTokenException',
  unknown: 'UnrecognizedClientException',
  unsigned: 'InvalidSignatureException',
  wrong: 'InvalidSignatureException',
  old: 'InvalidSignatureException',
};

describe.each(SIGNED)('%s', (name) => {
  const refusals = REFUSALS[name] ?? OF_JSON;

  test('refuses a request without a signature, and says where credentials come from', async () => {
    const text = await expectRefused(name, servers.find(name).request);

    expect(text).toContain(refusals.missing);
    expect(text).toContain('./fpe local env');
  });

  test('refuses the access key of an earlier start', async () => {
    const text = await expectRefused(name, await signed(servers.find(name), newCredentials()));

    expect(text).toContain(refusals.unknown);
    expect(text).toContain('./fpe local env');
  });

  test('refuses a signature with another secret', async () => {
    const { accessKeyId } = servers.credentials;
    const { secretAccessKey } = newCredentials();

    const text = await expectRefused(
      name,
      await signed(servers.find(name), { accessKeyId, secretAccessKey }),
    );

    expect(text).toContain(refusals.wrong);
  });

  test.each(['x-amz-target', 'x-amz-copy-source', 'x-amz-added'])(
    'refuses a header %s that was not signed, or otherwise',
    async (header) => {
      const sent = await signed(servers.find(name), servers.credentials);

      const text = await expectRefused(name, { ...sent, headers: { ...sent.headers, [header]: 'evil' } });

      const wasSigned = header in servers.find(name).request.headers;
      expect(text).toContain(wasSigned ? refusals.wrong : refusals.unsigned);
      expect(text).toContain(wasSigned ? 'does not match' : `not signed: ${header}`);
    },
  );

  test('refuses another body than the one that was signed', async () => {
    const sent = await signed(servers.find(name), servers.credentials);

    const text = await expectRefused(name, { ...sent, body: `${sent.body} ` }, name === 'S3' ? 400 : 403);

    expect(text).toContain(name === 'S3' ? 'XAmzContentSHA256Mismatch' : refusals.wrong);
  });

  test('refuses another path or query than the one that was signed', async () => {
    const sent = await signed(servers.find(name), servers.credentials);

    await expectRefused(name, { ...sent, path: `${sent.path}?added=1` });
  });

  test('refuses a signature of twenty minutes ago', async () => {
    const { endpoint } = servers.find(name);
    const at = new Date(Date.now() - 20 * 60_000);
    const sent = await signed(servers.find(name), servers.credentials, new URL(endpoint).host, at);

    const text = await expectRefused(name, sent);

    expect(text).toContain(refusals.old);
  });

  test.each([
    'AWS4-HMAC-SHA256',
    'Basic bG9jYWw6bG9jYWw=',
    'AWS4-HMAC-SHA256 Credential=local/x, SignedHeaders=host, Signature=0',
  ])('refuses the authorization %j', async (authorization) => {
    const { request } = servers.find(name);

    const text = await expectRefused(
      name,
      { ...request, headers: { ...request.headers, authorization } },
      name === 'S3' ? 400 : 403,
    );

    expect(text).toMatch(/IncompleteSignature|AuthorizationHeaderMalformed/);
  });
});

test('an SDK gets the error under the name that the service gives it', async () => {
  const client = (name: string) => ({
    endpoint: servers.find(name).endpoint,
    region: 'us-west-2',
    credentials: newCredentials(),
    maxAttempts: 1,
  });

  await expect(
    new SFNClient(client('Step Functions')).send(new ListStateMachinesCommand({})),
  ).rejects.toMatchObject({ name: 'UnrecognizedClientException', $metadata: { httpStatusCode: 403 } });
  await expect(new SNSClient(client('SNS')).send(new ListTopicsCommand({}))).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  });
  await expect(
    new S3Client({ ...client('S3'), forcePathStyle: true }).send(
      new GetObjectCommand({ Bucket: MODELS, Key: 'model.tar.gz' }),
    ),
  ).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
});

describe('S3', () => {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    send(servers.find('S3').endpoint, { method, path, headers, body: '' });
  const photo = `/${STORAGE}/${PHOTO.replace(' ', '%20')}`;

  test('a photo of the storage bucket is read and shown without a signature', async () => {
    const shown = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };

    expect((await get(photo)).status).toBe(200);
    expect((await get(photo, {}, 'HEAD')).status).toBe(200);
    expect((await get(photo, shown)).status).toBe(200);
  });

  test('a published report opens in a browser at the address that fpe prints', async () => {
    const at = { Bucket: STORAGE, Key: 'models/6f2c/A.html' };
    await servers.s3.send(new PutObjectCommand({ ...at, Body: '<p>', ContentType: 'text/html' }));
    const { endpoint } = servers.find('S3');

    const printed = withOpenAddresses(regionalUrl({ bucket: at.Bucket, key: at.Key }, 'us-west-2'), endpoint);

    expect(printed.startsWith(endpoint)).toBe(true);
    const typed = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await get(new URL(printed).pathname, typed)).status).toBe(200);
  });

  test.each([
    ['lists the buckets', '/'],
    ['lists the storage bucket', `/${STORAGE}`],
    ['lists the storage bucket with a slash', `/${STORAGE}/`],
    ['lists by a query', `/${STORAGE}/?list-type=2`],
    ['reads a model', `/${MODELS}/model.tar.gz`],
    ['reads a model by another spelling', `/${STORAGE}/../${MODELS}/model.tar.gz`],
    ['reads a model by an escaped spelling', `/${STORAGE}%2F..%2F${MODELS}/model.tar.gz`],
    ['asks for attributes of a photo', `${photo}?attributes`],
    ['asks what else runs', '/_fauxqs/queues'],
  ])('nobody without a signature %s', async (_, path) => {
    const { status } = await get(path);

    expect([403, 404]).toContain(status);
    if (status === 404) expect(path).toContain('..');
  });

  test.each([
    ['a script', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'script' }],
    ['a frame', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }],
    ['a fetch', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' }],
    ['an image that could be read', { origin: 'null', 'sec-fetch-dest': 'image' }],
  ])('a page of another site cannot load a photo as %s', async (_, headers) => {
    expect((await get(photo, headers)).status).toBe(403);
  });

  /** Every file below the folder of the servers and beside it. */
  const files = () => readdirSync(join(servers.folder, 's3'), { recursive: true }).toSorted();

  const OUTSIDE = ['../../evil', 'a/../../evil', './evil', 'a//evil', '..', '/evil'];

  test.each(OUTSIDE)('the key %j is refused whichever request it comes with', async (Key) => {
    const at = { Bucket: MODELS, Key };
    const before = files();
    const writes = [
      new PutObjectCommand({ ...at, Body: 'evil' }),
      new CopyObjectCommand({ ...at, CopySource: `${MODELS}/model.tar.gz` }),
      new CreateMultipartUploadCommand(at),
      new DeleteObjectCommand(at),
      new DeleteObjectsCommand({ Bucket: MODELS, Delete: { Objects: [{ Key: 'model.tar.gz' }, { Key }] } }),
    ];

    for (const write of writes)
      await expect(servers.s3.send(write as PutObjectCommand)).rejects.toMatchObject({
        name: 'NotImplemented',
      });
    const renamed = await send(
      servers.find('S3').endpoint,
      await signed(
        {
          ...servers.find('S3'),
          request: {
            method: 'PUT',
            path: `/${MODELS}/renamed?renameObject=`,
            headers: { 'x-amz-rename-source': encodeURIComponent(Key) },
            body: '',
          },
        },
        servers.credentials,
      ),
    );

    expect(renamed.status).toBeGreaterThanOrEqual(400);
    expect(files()).toEqual(before);
    expect(existsSync(join(servers.folder, 'evil'))).toBe(false);
    await servers.s3.send(new HeadObjectCommand({ Bucket: MODELS, Key: 'model.tar.gz' }));
  });

  const FORM = [
    '--b',
    'Content-Disposition: form-data; name="key"',
    '',
    '../../evil',
    '--b',
    'Content-Disposition: form-data; name="file"; filename="x"',
    '',
    'evil',
    '--b--',
    '',
  ].join('\r\n');

  test.each([`/${MODELS}`, `/${MODELS}/`, `/${STORAGE}`])(
    'a form that uploads to %s is refused, signed or not',
    async (path) => {
      const server = servers.find('S3');
      const before = files();
      const request = {
        method: 'POST',
        path,
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: FORM,
      };

      const plain = await send(server.endpoint, request);
      const withKey = await send(server.endpoint, await signed({ ...server, request }, servers.credentials));

      expect([plain.status, withKey.status]).toEqual([403, 501]);
      expect(files()).toEqual(before);
    },
  );

  test('a stream of unknown length is uploaded in chunks with a sum at the end', async () => {
    const chunks = ['first ', 'second ', 'third'].map((text) => Buffer.from(text.repeat(5000)));
    const at = { Bucket: MODELS, Key: 'streamed' };
    const seen: unknown[] = [];
    const { credentials } = servers;
    const client = new S3Client({
      endpoint: servers.find('S3').endpoint,
      region: 'us-west-2',
      credentials,
      forcePathStyle: true,
    });
    client.middlewareStack.add(
      (next) => (args) => {
        seen.push((args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256']);
        return next(args);
      },
      { step: 'deserialize' },
    );

    await client.send(
      new PutObjectCommand({
        ...at,
        Body: Readable.from(chunks),
        ContentLength: Buffer.concat(chunks).length,
      }),
    );

    const { Body } = await client.send(new GetObjectCommand(at));
    expect(await Body?.transformToString()).toBe(Buffer.concat(chunks).toString());
    expect(seen[0]).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    await client.send(new DeleteObjectCommand(at));
  });

  test.each(['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'none'])(
    'a payload of the kind %s is refused by name',
    async (kind) => {
      const { request, ...server } = servers.find('S3');
      const sent = await signed(
        { ...server, request: { ...request, headers: { 'x-amz-content-sha256': kind } } },
        servers.credentials,
      );

      expect(await expectRefused('S3', sent, 501)).toContain(`kind ${kind} is not taken`);
    },
  );

  describe('a presigned address', () => {
    type Presigned = { at?: Date; path?: string; method?: string; headers?: Record<string, string> };
    const presign = async (options: Presigned = {}) => {
      const { path = `/${MODELS}/model.tar.gz`, at = new Date(), method = 'GET', headers = {} } = options;
      const signer = new SignatureV4({
        credentials: servers.credentials,
        region: 'us-west-2',
        service: 's3',
        sha256: Sha256,
        uriEscapePath: false,
        applyChecksum: false,
      });
      const { host } = new URL(servers.find('S3').endpoint);
      const { query } = await signer.presign(
        {
          method,
          protocol: 'http:',
          hostname: host,
          path,
          headers: { ...headers, host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
        },
        {
          signingDate: at,
          expiresIn: 60,
          unsignableHeaders: new Set(['x-amz-content-sha256']),
          unhoistableHeaders: new Set(['x-amz-content-sha256', ...Object.keys(headers)]),
        },
      );
      return `${path}?${new URLSearchParams(query as Record<string, string>)}`;
    };

    test('is answered until it expires', async () => {
      expect((await get(await presign())).status).toBe(200);
      expect((await get(await presign({ at: new Date(Date.now() - 61_000) }))).status).toBe(403);
    });

    test.each([
      ['for another object', (path: string) => path.replace('model.tar.gz', 'other')],
      ['for longer', (path: string) => path.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000')],
      ['for more than a week', (path: string) => path.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000000')],
      ['with another signature', (path: string) => path.replace(/Signature=..../, 'Signature=0000')],
      ['without its host', (path: string) => path.replace('SignedHeaders=host', 'SignedHeaders=date')],
    ])('is refused %s', async (_, change) => {
      const path = await presign();

      expect(change(path)).not.toBe(path);
      expect((await get(change(path))).status).toBe(403);
    });

    test('is refused for another method', async () => {
      expect((await get(await presign(), {}, 'DELETE')).status).toBe(403);
    });

    test.each([
      ['x-amz-copy-source', `/${MODELS}/model.tar.gz`],
      ['x-amz-acl', 'public-read'],
      ['x-amz-meta-note', 'evil'],
      ['x-amz-tagging', 'a=b'],
      ['x-amz-server-side-encryption', 'AES256'],
      ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
    ])('to write to is refused with %s, which nobody signed', async (header, value) => {
      const path = await presign({ method: 'PUT', path: `/${STORAGE}/presigned` });

      const text = await expectRefused('S3', { method: 'PUT', path, headers: { [header]: value }, body: '' });

      expect(text).toContain('AccessDenied');
      expect(text).toContain(`There were headers present in the request which were not signed: ${header}`);
      await expect(
        servers.s3.send(new HeadObjectCommand({ Bucket: STORAGE, Key: 'presigned' })),
      ).rejects.toMatchObject({ name: 'NotFound' });
    });

    test('to write to takes the headers that were signed with it, and only with their values', async () => {
      const signedWith = { 'x-amz-meta-note': 'mine' };
      const at = { Bucket: STORAGE, Key: 'presigned' };
      const path = await presign({ method: 'PUT', path: `/${STORAGE}/presigned`, headers: signedWith });

      await expectRefused('S3', { method: 'PUT', path, headers: { 'x-amz-meta-note': 'evil' }, body: 'x' });
      const { status } = await get(path, signedWith, 'PUT');

      expect(status).toBe(200);
      expect((await servers.s3.send(new HeadObjectCommand(at))).Metadata).toEqual({ note: 'mine' });
      await servers.s3.send(new DeleteObjectCommand(at));
    });
  });
});
