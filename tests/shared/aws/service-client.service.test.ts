import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import * as z from 'zod';
import { handler as mergePredictions } from '../../../functions/merge-predictions.ts';
import {
  deleteConditionally,
  findSize,
  openObject,
  readAllRows,
  readBytes,
  readStream,
  readText,
  readTextRange,
  writeConditionally,
} from '../../../shared/aws/object-store.ts';
import { patiently } from '../../../shared/aws/patience.ts';
import {
  CLOCK_RETRIES,
  PATIENCE_MS,
  SHORT_PATIENCE_MS,
  serviceClient,
} from '../../../shared/aws/service-client.ts';
import {
  AccessDenied,
  ObjectChanged,
  ObjectNotFound,
  ServiceFailed,
  ServiceThrottled,
  ServiceUnreachable,
} from '../../../shared/errors.ts';
import { formatCsv } from '../../../shared/formats/csv.ts';
import { inTransaction, withDatabase } from '../../../shared/fpe-database/connection.ts';
import { INPUT_IMAGE_COLUMNS } from '../../../shared/model-input/rank-input.ts';
import { chunkName } from '../../../shared/predictions/columns.ts';
import { call, testRun } from '../../fixtures/run.ts';
import { type Asked, type Fault, type FaultyS3, startFaultyS3 } from '../../services/faulty-s3.ts';
import { productSources, sourcesWith } from '../../support/product-sources.ts';

// A silent peer is left after 15 s, and a busy machine takes its time besides.
jest.setTimeout(120_000);

let s3: FaultyS3;
beforeAll(async () => {
  s3 = await startFaultyS3();
  process.env.AWS_ENDPOINT_URL_S3 = s3.endpoint;
  process.env.AWS_REQUEST_CHECKSUM_CALCULATION = 'when_required';
});
afterAll(() => s3.stop());
beforeEach(() => {
  s3.objects.clear();
  s3.asked = [];
  s3.fault = () => null;
  s3.clock = null;
});

const place = { bucket: 'models', key: 'a.csv' };
const LONG = `name,number\n${Array.from({ length: 40_000 }, (_, index) => `row ${index},${index}\n`).join('')}`;
const keep = (body: string, at = place) => s3.objects.set(`${at.bucket}/${at.key}`, Buffer.from(body));
/** The first `times` requests have the fault. */
const first = (times: number, fault: Fault) => {
  let left = times;
  return () => (left-- > 0 ? fault : null);
};
const outage = (ms: number, fault: Fault) => {
  const until = Date.now() + ms;
  return () => (Date.now() < until ? fault : null);
};

describe('a service that has fallen silent', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const once = { region: 'us-west-2', credentials, forcePathStyle: true, patienceMs: 0 };
  const asking = (endpoint: string) =>
    serviceClient(S3Client, { ...once, endpoint }).send(new GetObjectCommand({ Bucket: 'models', Key: 'a' }));
  const limitMs = 40_000;
  const sockets = new Set<Socket>();
  let deaf: Server;
  let halfway: Server;
  const listen = async (onConnection: (socket: Socket) => void): Promise<Server> => {
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  beforeAll(async () => {
    deaf = await listen((socket) => socket.resume());
    halfway = await listen((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"status":"RUN')),
    );
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of [deaf, halfway]) server.close();
  });
  const port = (server: Server) => (server.address() as AddressInfo).port;

  test('is left within half a minute, by name: after accepting, before the answer, in the middle of it', async () => {
    const startedAt = Date.now();

    const attempts = [
      asking(`https://127.0.0.1:${port(deaf)}`), // the handshake is never answered
      asking(`http://127.0.0.1:${port(deaf)}`),
      serviceClient(SFNClient, { ...once, endpoint: `http://127.0.0.1:${port(halfway)}` }).send(
        new DescribeExecutionCommand({ executionArn: 'arn:aws:states:us-west-2:1:execution:m:one' }),
      ),
    ];

    const outcomes = await Promise.allSettled(attempts);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { name: 'ServiceUnreachable' } });
    expect(Date.now() - startedAt).toBeLessThan(limitMs);
    expect(String((outcomes[0] as PromiseRejectedResult).reason)).toContain(
      'S3 does not answer (GetObject s3://models/a)',
    );
    expect(String((outcomes[2] as PromiseRejectedResult).reason)).toContain('Step Functions does not answer');
  });

  test('in the middle of an object is asked again for what is left, or for all of a small one', async () => {
    keep(LONG);
    s3.fault = first(3, 'stall');
    const startedAt = Date.now();

    const [whole, bytes, streamed] = await Promise.all([
      readText(place),
      readBytes(place),
      readStream(place).then(text),
    ]);

    expect([whole, Buffer.from(bytes).toString(), streamed]).toEqual([LONG, LONG, LONG]);
    expect(Date.now() - startedAt).toBeLessThan(2 * limitMs);
  });
});

describe('S3 that is out of order for a while', () => {
  test.each<[string, Fault]>([
    ['500', { status: 500, code: 'InternalError' }],
    ['503', { status: 503, code: 'ServiceUnavailable' }],
    ['lost connections', 'reset'],
  ])('with %s is waited for by all requests of a busy function', async (_, fault) => {
    keep('{}');
    // A bucket of tokens is emptied by these in the first second.
    s3.fault = outage(3_000, fault);

    const texts = await Promise.all(Array.from({ length: 100 }, () => readText(place)));

    expect(texts).toEqual(Array(100).fill('{}'));
  });

  test('is waited for a minute, twice as long as an outage of 30 s, and a service that may be out of reach 15 s', () => {
    expect([PATIENCE_MS, SHORT_PATIENCE_MS]).toEqual([60_000, 15_000]);
  });

  test.each<[Fault, new (...parts: never[]) => Error]>([
    [{ status: 500, code: 'InternalError' }, ServiceFailed],
    [{ status: 503, code: 'SlowDown' }, ServiceThrottled],
    ['reset', ServiceUnreachable],
    [{ status: 403, code: 'AccessDenied' }, AccessDenied],
  ])('is told of by name when %j does not pass', async (fault, Named) => {
    keep('{}');
    s3.fault = () => fault;
    const client = serviceClient(S3Client, { forcePathStyle: true, patienceMs: 1_000 });

    const attempt = client.send(new GetObjectCommand({ Bucket: 'models', Key: 'a.csv' }));

    await expect(attempt).rejects.toThrow(Named);
    await expect(attempt).rejects.toThrow('GetObject s3://models/a.csv');
    expect(s3.asked.length > 1).toBe(Named !== AccessDenied);
  });

  test('leaves answers of S3 what they were', async () => {
    await expect(readText(place)).rejects.toThrow(ObjectNotFound);
    expect(await openObject(place)).toBe(null);
    expect(await findSize(place)).toBe(null);
    s3.fault = () => ({ status: 412, code: 'PreconditionFailed' });
    expect(await writeConditionally(place, '{}')).toBe(false);
    s3.fault = () => ({ status: 403, code: 'AccessDenied' });
    await expect(findSize(place)).rejects.toThrow(AccessDenied);
  });
});

describe('a clock that is wrong', () => {
  const DAY_MS = 86_400_000;
  const trueNow = Date.now;
  /** By how much the clocks of this process and of S3 are wrong from now on. */
  const setClocks = (own: number, theirs: number) => {
    jest.spyOn(Date, 'now').mockImplementation(() => trueNow() + own);
    s3.clock = () => trueNow() + theirs;
  };
  /** Happens when so many requests are under way, and before any of them is judged. */
  const under = (n: number, happen: () => void) => {
    const { promise, resolve } = Promise.withResolvers<null>();
    let left = n;
    return () => {
      left -= 1;
      if (left === 0) {
        happen();
        resolve(null);
      }
      return promise;
    };
  };
  beforeEach(() => setClocks(0, 0));
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each<[string, number, number]>([
    ['this computer, ahead', DAY_MS, 0],
    ['this computer, back', -DAY_MS, 0],
    ['the computer of both, ahead', DAY_MS, DAY_MS],
    ['the computer of both, back', -DAY_MS, -DAY_MS],
  ])('of %s, from a jump on while requests are under way, fails none of them', async (_, own, theirs) => {
    keep('{}');
    await readText(place);
    s3.fault = under(30, () => setClocks(own, theirs));

    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => [
        readText(place),
        findSize(place), // HEAD: a refusal has no body that could name it
        writeConditionally({ ...place, key: `${index}.csv` }, '{}'),
      ]).flat(),
    );

    expect(answers).toEqual(Array(10).fill(['{}', 2, true]).flat());
  });

  test('is known for what it is where a service has another name for it', async () => {
    let asked = 0;
    const service = createHttpServer((_, response) => {
      asked += 1;
      if (asked === 1) setClocks(DAY_MS, DAY_MS);
      response.writeHead(asked === 1 ? 400 : 200, { date: new Date(Date.now()).toUTCString() });
      response.end(JSON.stringify(asked === 1 ? { __type: 'InvalidSignatureException' } : { name: 'one' }));
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const client = serviceClient(SFNClient, { region: 'us-west-2', credentials, endpoint });

    const executionArn = 'arn:aws:states:us-west-2:1:execution:m:one';
    const answer = await client.send(new DescribeExecutionCommand({ executionArn }));

    expect([answer.name, asked]).toEqual(['one', 2]);
    service.closeAllConnections();
    service.close();
  });

  test('makes no other refusal worth another attempt', async () => {
    keep('{}');
    setClocks(DAY_MS, 0);
    await readText(place);
    s3.asked = [];

    const missing = readText({ ...place, key: 'missing' });
    await expect(missing).rejects.toThrow(ObjectNotFound);
    s3.fault = () => ({ status: 403, code: 'AccessDenied' });
    await expect(findSize(place)).rejects.toThrow(AccessDenied);
    expect(s3.asked).toHaveLength(2);
  });

  test('and stays so is told of after a few attempts', async () => {
    s3.fault = () => ({ status: 403, code: 'RequestTimeTooSkewed' });

    const attempt = readText(place);

    await expect(attempt).rejects.toThrow(AccessDenied);
    await expect(attempt).rejects.toThrow('RequestTimeTooSkewed');
    expect(s3.asked).toHaveLength(1 + CLOCK_RETRIES);
  });
});

describe('a write whose answer is lost', () => {
  /** The first write is done, and its connection then closed. */
  const deaf = () => {
    let isFirst = true;
    return ({ method }: Asked): Fault | null => {
      if (method === 'GET' || !isFirst) return null;
      isFirst = false;
      return 'forget';
    };
  };

  test('is known by what it wrote, where nobody else was to have written', async () => {
    s3.fault = deaf();

    expect(await writeConditionally(place, '{"mine":1}')).toBe(true);
    expect(s3.asked.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'GET']);
  });

  test('is not taken for that of another', async () => {
    keep('{"theirs":1}');
    s3.fault = deaf();

    expect(await writeConditionally(place, '{"mine":1}')).toBe(false);
    expect(String(s3.objects.get('models/a.csv'))).toBe('{"theirs":1}');
  });

  test('is known by what is gone, where it was to delete', async () => {
    keep('{}');
    const { etag } = (await openObject(place)) as { etag: string };
    s3.fault = deaf();

    expect(await deleteConditionally(place, etag)).toBe(true);
    expect(await deleteConditionally(place, etag)).toBe(false);
  });
});

test('S3 that is lost within a transaction is named as S3, and the database is well', async () => {
  s3.fault = () => 'reset';
  const impatient = serviceClient(S3Client, { forcePathStyle: true, patienceMs: 200 });
  const copy = () => impatient.send(new GetObjectCommand({ Bucket: 'models', Key: 'a.csv' }));

  const attempt = withDatabase(async (database) => {
    const fault = await inTransaction(database, copy).catch((error: Error) => error);
    await database.query('SELECT 1');
    throw fault;
  });

  await expect(attempt).rejects.toThrow(ServiceUnreachable);
  await expect(attempt).rejects.toThrow('S3 does not answer (GetObject s3://models/a.csv)');
  await expect(attempt).rejects.not.toThrow('security group');
});

describe('a body that breaks off', () => {
  const row = z.object({ name: z.string(), number: z.string() });
  beforeEach(() => {
    keep(LONG);
    s3.fault = first(2, 'break');
  });

  test.each<[string, () => Promise<unknown>, unknown]>([
    ['readText', () => readText(place), LONG],
    ['readBytes', async () => Buffer.from(await readBytes(place)).toString(), LONG],
    ['readTextRange', () => readTextRange(place, 5, 104), LONG.slice(5, 105)],
    ['readStream', async () => text(await readStream(place)), LONG],
    ['openObject', async () => text((await openObject(place))?.body as NodeJS.ReadableStream), LONG],
    ['readAllRows', async () => (await readAllRows(place, row)).length, 40_000],
  ])('is read to its end by %s', async (_, read, expected) => {
    expect(await read()).toEqual(expected);
    expect(s3.asked).toHaveLength(3);
  });

  test('of a stream is asked for from there on, of the same version', async () => {
    await text(await readStream(place));

    const [opened, ...rest] = s3.asked as [Asked, ...Asked[]];
    expect(opened.range).toBe(null);
    for (const { range, ifMatch } of rest) {
      expect(range).toMatch(/^bytes=[1-9]\d*-$/);
      expect(ifMatch).toMatch(/^"[0-9a-f]{32}"$/);
    }
  });

  test('and has been replaced meanwhile is not joined from two versions', async () => {
    const stream = await readStream(place);
    keep(LONG.toUpperCase());

    await expect(text(stream)).rejects.toThrow(ObjectChanged);
  });

  test('every time is told of as S3 that does not answer', async () => {
    s3.fault = () => 'break';
    const calling = { service: 'S3', endpoint: 's3', operation: 'GetObject', resource: 's3://models/a.csv' };
    const client = serviceClient(S3Client, { forcePathStyle: true });
    const read = async () => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'models', Key: 'a.csv' }));
      return text(Body as NodeJS.ReadableStream);
    };

    const attempt = patiently(2_000, calling, read);

    await expect(attempt).rejects.toThrow(ServiceUnreachable);
    await expect(attempt).rejects.toThrow('s3://models/a.csv');
    expect(s3.asked.length).toBeGreaterThan(3);
  });

  test('before anybody reads it ends no process, and is read to its end later', async () => {
    const short = LONG.slice(0, 1000); // all that comes of it is there before anybody reads
    keep(short);
    const stream = await readStream(place);
    while (s3.open > 0) await sleep(10);
    await sleep(100);

    expect(await text(stream)).toBe(short);
  });

  test('is let go of by who destroys it, read or not', async () => {
    s3.fault = () => 'stall';
    const { body } = (await openObject(place)) as { body: Readable };

    body.destroy();

    while (s3.open > 0) await sleep(10);
  }, 5_000);

  test('for the reader’s own error is left', async () => {
    s3.fault = () => null;
    const stream = await readStream(place);

    stream.destroy(new Error('enough'));

    await expect(text(stream)).rejects.toThrow('enough');
    expect(s3.asked).toHaveLength(1);
  });
});

test('MergePredictions slows down as S3 asks it to, and misses no answer', async () => {
  const PHOTOS = 900;
  const run = testRun({ id: 29 }, { storage: 'photos', model: 'models' });
  const { images, run_prefix } = run.keys.transform;
  const rows = Array.from({ length: PHOTOS }, (_, index) => ({
    split: 'test-in',
    image_id: index + 1,
    timestamp: '2026-03-01T12:00:00Z',
    filename: `imagesets/6f2c/images/${index}.jpg`,
    url: null,
    value: null,
  }));
  const table = formatCsv(INPUT_IMAGE_COLUMNS, rows, 'NA');
  keep(table, { bucket: 'models', key: images });
  for (const { filename } of rows)
    keep('{"score": 0.25}', { bucket: 'models', key: `${run_prefix}/${filename}.out` });
  const refused = new Set<string>();
  s3.fault = ({ key }) => {
    if (!/[05]\.jpg\.out$/.test(key) || refused.has(key)) return null;
    refused.add(key);
    return { status: 503, code: 'SlowDown' };
  };
  const first_byte = table.indexOf('\n') + 1;
  const batch = { skip: 0, n: PHOTOS, size: PHOTOS, first_byte, last_byte: table.length - 1 };

  const merged = await call(mergePredictions, { run, batch });

  expect(merged).toMatchObject({ n: PHOTOS, scored: PHOTOS, missing: 0, unreadable: 0 });
  expect(String(s3.objects.get(`models/${run_prefix}/${chunkName(batch)}`)).match(/0\.25/g)).toHaveLength(
    PHOTOS,
  );
  expect(refused.size).toBe(PHOTOS / 5);
});

test('no client of the SDK is made in another way', () => {
  const sources = productSources();

  const made = sourcesWith(/new \w+Client\(\s*[{\w)]/, sources);

  expect(sources.length).toBeGreaterThan(100);
  expect(made).toEqual([]);
});
