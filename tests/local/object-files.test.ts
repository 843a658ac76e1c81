import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { BucketStore } from '../../local/bucket-store.ts';
import { ObjectFiles } from '../../local/object-files.ts';

jest.setTimeout(60_000);

const KILLS = 15;
/** In blocks of 512 bytes, as POSIX has it for `ulimit -f`; so 2 MiB. */
const FILE_LIMIT_BLOCKS = 4096;
const OVER_THE_LIMIT = 3 * 2 ** 20;
const DESCRIBED = { contentType: 'image/jpeg', etag: '"0"', lastModified: new Date(0), metadata: {} };

let folder: string;
let notices: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-objects-'));
  notices = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A start of S3 on the folder. */
function load(): BucketStore {
  const store = new BucketStore(new ObjectFiles(folder, (line) => notices.push(line)));
  store.createBucket('photos');
  return store;
}

const bodyOf = (store: BucketStore, key: string) => store.getObject('photos', key).body.toString();

function filesBelow(path: string): string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function firstLine(process: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: process.stdout as NodeJS.ReadableStream }), 'line');
  return line;
}

async function kill(process: ChildProcess): Promise<void> {
  const ended = once(process, 'exit');
  process.kill('SIGKILL');
  await ended;
}

test('an object is read back after a start with everything that was said about it', () => {
  const store = load();
  store.putObject(
    'photos',
    'a/b.jpg',
    Buffer.from('body'),
    'image/jpeg',
    { station: 'Bächli' },
    {
      cacheControl: 'no-store',
    },
  );
  store.putObject('photos', 'empty', Buffer.alloc(0), 'text/plain');

  const after = load();

  expect(after.getObject('photos', 'a/b.jpg')).toEqual(store.getObject('photos', 'a/b.jpg'));
  expect(after.getObject('photos', 'empty')).toMatchObject({ contentLength: 0, body: Buffer.alloc(0) });
  expect(notices).toEqual([]);
});

test('an object with a long description, of many parts, is read back after a start', () => {
  const store = load();
  const metadata = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`name-${n}`, 'x'.repeat(20)]));
  store.putObject('photos', 'long', Buffer.from('body'), 'image/jpeg', metadata);

  const after = load();

  expect(after.getObject('photos', 'long')).toMatchObject({ metadata, body: Buffer.from('body') });
});

test('any key is a file of its own inside the folder, also after a start', () => {
  const segment = fc.oneof(
    fc.constantFrom('', '.', '..', '...', 'a', 'a%object', '%object', 'a.data', '%2e', '%', 'x'.repeat(300)),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
  );
  const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
  const usable = key.filter((text) => text.length > 0 && text.isWellFormed());
  fc.assert(
    fc.property(fc.uniqueArray(usable, { minLength: 1, maxLength: 8 }), (keys) => {
      const inside = join(folder, 'inside');
      const files = new ObjectFiles(inside, (line) => notices.push(line));
      files.insertBucket('photos', new Date());
      for (const name of keys) {
        const body = Buffer.from(`body of ${name}`);
        files.upsertObject('photos', { ...DESCRIBED, key: name, body, contentLength: body.length });
      }

      const after = new ObjectFiles(inside, (line) => notices.push(line));
      const [kept] = after.load();

      expect(kept?.objects.map(({ key: name }) => name).sort()).toEqual(keys.toSorted());
      expect(keys.map((name) => String(after.readBody('photos', name)))).toEqual(
        keys.map((name) => `body of ${name}`),
      );
      for (const name of keys) after.deleteObject('photos', name);
      expect(readdirSync(folder)).toEqual(['inside']);
      expect(filesBelow(inside)).toEqual([join(inside, 'buckets/photos/.bucket.json')]);
      rmSync(inside, { recursive: true });
    }),
    { numRuns: 60 },
  );
  expect(notices).toEqual([]);
});

test('objects are whole after each of many kills in the middle of writing them', async () => {
  for (let round = 0; round < KILLS; round += 1) {
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'object-writer.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await firstLine(writer);
    await sleep(Math.random() * 40);
    await kill(writer);

    const store = load();
    const { objects } = store.listObjects('photos');
    expect(objects).toHaveLength(7);
    for (const { key } of objects) {
      const { body, contentType } = store.getObject('photos', key);
      expect(body.length).toBe(Number(contentType.slice('x/'.length)));
      expect(body.equals(Buffer.alloc(body.length, body[0]))).toBe(true);
    }
  }
  expect(filesBelow(join(folder, '_unfinished'))).toEqual([]);
  expect(existsSync(join(folder, 'damaged'))).toBe(false);
});

describe('what a start finds is put right and told in a line:', () => {
  test('an unfinished file is removed', () => {
    load();
    writeFileSync(join(folder, '_unfinished', '4711-1'), 'half');

    load();

    expect(readdirSync(join(folder, '_unfinished'))).toEqual([]);
    expect(notices).toEqual(['S3: removed 1 unfinished file']);
  });

  test.each([0, 1, 11, 12, 40, 300])(
    'an object that was cut to %p bytes is moved aside, the others stay',
    (bytes) => {
      const store = load();
      store.putObject('photos', 'whole', Buffer.from('whole'));
      store.putObject('photos', 'torn', randomBytes(1000));
      truncateSync(join(folder, 'buckets/photos/objects/torn%object'), bytes);

      const after = load();

      expect(after.listObjects('photos').objects.map(({ key }) => key)).toEqual(['whole']);
      const moved = join(folder, 'damaged/photos/objects/torn%object');
      expect(notices).toEqual([`S3: photos/objects/torn%object is not whole; moved to ${moved}`]);
      expect(existsSync(moved)).toBe(true);
    },
  );

  test.each(['', '{"name": "pho', 'null'])(
    'a description of a bucket that is %j is written again',
    (text) => {
      load().putObject('photos', 'kept', Buffer.from('kept'));
      writeFileSync(join(folder, 'buckets/photos/.bucket.json'), text);

      const after = load();

      expect(bodyOf(after, 'kept')).toBe('kept');
      expect(notices).toEqual([
        'S3: wrote the description of bucket photos again, which was missing or damaged',
      ]);
      expect(JSON.parse(readFileSync(join(folder, 'buckets/photos/.bucket.json'), 'utf8'))).toMatchObject({
        name: 'photos',
      });
    },
  );
});

describe('of the two files for an object that an earlier version wrote,', () => {
  const md5 = (body: string) => `"${createHash('md5').update(body).digest('hex')}"`;

  function plant(name: string, data: string | null, meta: object | string | null): void {
    const file = join(folder, 'buckets/photos/objects', name);
    mkdirSync(dirname(file), { recursive: true });
    if (data !== null) writeFileSync(`${file}.data`, data);
    if (meta !== null)
      writeFileSync(`${file}.meta.json`, typeof meta === 'string' ? meta : JSON.stringify(meta));
  }

  const described = (key: string, body: string) => ({
    key,
    contentType: 'text/plain',
    contentLength: body.length,
    etag: md5(body),
    lastModified: '2026-04-01T12:00:00.000Z',
    metadata: {},
  });

  test('a pair that belongs together becomes an object', () => {
    plant('a/b%3f', 'body', described('a/b?', 'body'));

    const after = load();
    load();

    expect(after.getObject('photos', 'a/b?')).toMatchObject({
      body: Buffer.from('body'),
      etag: md5('body'),
      lastModified: new Date('2026-04-01T12:00:00Z'),
    });
    expect(notices).toContain('S3: rewrote 1 objects of bucket photos that an earlier version kept');
    expect(filesBelow(join(folder, 'buckets/photos/objects'))).toEqual([
      join(folder, 'buckets/photos/objects/a/b%3f%object'),
    ]);
  });

  test.each<[string, string | null, object | string | null]>([
    ['a torn description', 'body', '{"key": "a", "conte'],
    ['an empty description', 'body', ''],
    ['a body without a description', 'body', null],
    ['a description without a body', null, described('a', 'body')],
    ['a torn body', 'bo', described('a', 'body')],
    ['a new body with the description of the old one', 'BODY', described('a', 'body')],
    ['a description without a key', 'body', { ...described('a', 'body'), key: undefined }],
  ])('%s is moved aside, and the other objects stay', (_, data, meta) => {
    load().putObject('photos', 'kept', Buffer.from('kept'));
    plant('a', data, meta);

    const after = load();

    expect(after.listObjects('photos').objects.map(({ key }) => key)).toEqual(['kept']);
    expect(notices).toHaveLength([data, meta].filter((part) => part !== null).length);
    for (const notice of notices)
      expect(notice).toMatch(/is a part of an object that is not whole; moved to /);
  });

  test('a newer object of the key stays', () => {
    load().putObject('photos', 'a', Buffer.from('newer'));
    plant('a', 'older', described('a', 'older'));

    expect(bodyOf(load(), 'a')).toBe('newer');
  });
});

describe('when the disk takes no more,', () => {
  const server = (command: string[]) =>
    spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const client = (endpoint: string) =>
    new S3Client({
      endpoint,
      region: 'us-west-2',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      forcePathStyle: true,
      maxAttempts: 1,
    });
  const program = join(import.meta.dirname, 's3-process.ts');

  /** Replaces a small object by one that does not fit, and another small one after it. */
  async function overfill(process: ChildProcess, bytes: number) {
    const s3 = client(await firstLine(process));
    const put = (Key: string, Body: Uint8Array) =>
      s3.send(new PutObjectCommand({ Bucket: 'photos', Key, Body }));
    const read = async (Key: string) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'photos', Key }));
      return Body?.transformToString();
    };
    try {
      await put('model.tar.gz', Buffer.from('old'));
      const refused = await put('model.tar.gz', randomBytes(bytes)).catch((error) => error);
      return {
        refused,
        old: await read('model.tar.gz'),
        small: await put('small', Buffer.from('x')).then(() => read('small')),
      };
    } finally {
      await kill(process);
    }
  }

  test('a write is refused with 507 and what to do, the old object stays, and the stack goes on', async () => {
    const limited = `ulimit -f ${FILE_LIMIT_BLOCKS} && exec "$0" "$@"`;

    const found = await overfill(
      server(['sh', '-c', limited, process.execPath, program, folder]),
      OVER_THE_LIMIT,
    );

    expect(found).toMatchObject({ old: 'old', small: 'x' });
    expect(found.refused).toMatchObject({ name: 'InsufficientStorage', $metadata: { httpStatusCode: 507 } });
    expect(found.refused.message).toContain(folder);
    expect(found.refused.message).toContain('ulimit -f');
    expect(filesBelow(join(folder, 'objects/_unfinished'))).toEqual([]);
  });

  if (canMount())
    test('the answer says how full the disk is and how to get room', async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);

      const found = await overfill(server([process.execPath, program, folder]), OVER_THE_LIMIT).finally(() =>
        execFileSync('umount', [folder]),
      );

      expect(found).toMatchObject({ old: 'old', small: 'x' });
      expect(found.refused).toMatchObject({ name: 'InsufficientStorage' });
      expect(found.refused.message).toMatch(
        /^The local stack cannot write a file \(.*\)\. Found: ENOSPC: no space left on device, write, \d+ bytes free\. Expected: .* To fix: free space on that disk; \.\/fpe local --reset empties the local stack\.$/,
      );
      expect(found.refused.message).toContain(folder);
    });
});

/** Root in a container often may not. */
function canMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'fpe-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
