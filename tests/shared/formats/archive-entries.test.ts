import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { unpackArchive } from '../../../local/archive.ts';
import { ArchiveInvalid } from '../../../shared/errors.ts';
import { type ArchiveLimits, MODEL_LIMITS, readArchive } from '../../../shared/formats/archive-entries.ts';
import { archiveOf, claiming, type Entry, tar } from '../../fixtures/archives.ts';

const WHERE = 's3://storage/models/6f2c/model.tar.gz';
const SMALL: ArchiveLimits = { entries: 3, entryBytes: 2000, totalBytes: 3000 };

async function read(
  archive: Uint8Array | AsyncIterable<Uint8Array>,
  limits: ArchiveLimits = MODEL_LIMITS,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const source = archive instanceof Uint8Array ? Readable.from([archive]) : archive;
  await readArchive(source, { where: WHERE, limits }, ({ name, body }) =>
    text(body).then((content) => {
      files[name] = content;
    }),
  );
  return files;
}

/** It is refused with the archive, the entry and what was found. */
async function expectRefusal(attempt: Promise<unknown>, ...parts: string[]): Promise<void> {
  const error = await attempt.then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ArchiveInvalid);
  for (const part of [WHERE, ...parts, 'Expected: ', 'To fix: ']) expect(error.message).toContain(part);
}

describe('An archive', () => {
  test.each<[string, Entry[]]>([
    ['as upstream publishes it', [{ name: 'model.pth', body: 'weights' }]],
    [
      'as tar makes it of a folder',
      [
        { name: './', type: 'directory' },
        { name: './model.pth', body: 'weights' },
      ],
    ],
  ])('%s is read', async (_, entries) => {
    expect(await read(await archiveOf(...entries))).toEqual({ 'model.pth': 'weights' });
  });

  test('of ours is read with its folder, whatever the order of its entries', async () => {
    const archive = await archiveOf(
      { name: 'code/serve', body: 'serve' },
      { name: 'code', type: 'directory' },
      { name: 'model.pth', body: '' },
      { name: `${'long/'.repeat(40)}name`, body: 'x' },
    );

    expect(await read(archive)).toEqual({
      'code/serve': 'serve',
      'model.pth': '',
      [`${'long/'.repeat(40)}name`]: 'x',
    });
  });

  test.each([
    ['/etc/cron.d/x', 'an absolute path'],
    ['../x', 'a path with ".."'],
    ['code/../../x', 'a path with ".."'],
    ['code/..', 'a path with ".."'],
    ['..\\x', 'a path with a backslash'],
    ['code\\x', 'a path with a backslash'],
    ['C:x', 'a path with a drive letter'],
    ['c:/x', 'a path with a drive letter'],
    ['a\nb', 'a path with control characters'],
    [`${'a/'.repeat(600)}b`, 'a path of 1201 characters'],
    ['a'.repeat(256), 'a path of 256 characters'],
    ['.', 'a file without a name'],
  ])('with a file named %j is refused', async (name, found) => {
    const shown = `entry ${JSON.stringify(name.length > 120 ? `${name.slice(0, 119)}…` : name)}`;

    await expectRefusal(read(await archiveOf({ name, type: 'file', body: 'x' })), shown, `Found: ${found}`);
    if (!name.endsWith('.'))
      await expectRefusal(read(await archiveOf({ name, type: 'directory' })), shown, found);
  });

  test.each<[string, Entry]>([
    ['path', { name: 'model.pth', pax: { path: '../x' } }],
    ['name of more than 100 characters', { name: `${'long/'.repeat(30)}../x` }],
  ])('whose further header gives a %s out of it is refused', async (_, entry) => {
    await expectRefusal(read(await archiveOf(entry)), 'Found: a path with ".."');
  });

  test.each<[NonNullable<Entry['type']>, Entry]>([
    ['symlink', { name: 'model.pth', linkname: '/etc/passwd' }],
    ['symlink', { name: 'code', linkname: 'elsewhere' }],
    ['link', { name: 'model.pth', linkname: 'code/serve' }],
    ['character-device', { name: 'null', devmajor: 1, devminor: 3 }],
    ['block-device', { name: 'disk' }],
    ['fifo', { name: 'pipe' }],
    ['contiguous-file', { name: 'model.pth' }],
  ])('with a %s is refused', async (type, entry) => {
    await expectRefusal(
      read(await archiveOf({ ...entry, type })),
      `entry "${entry.name}"`,
      `Found: a ${type}.`,
    );
  });

  test.each<[string, Entry[], string]>([
    [
      'twice',
      [
        { name: 'a', body: '1' },
        { name: 'a', body: '2' },
      ],
      'a second entry of this name',
    ],
    ['twice, written differently', [{ name: 'a' }, { name: './/a' }], 'a second entry of this name'],
    ['as file and folder', [{ name: 'a' }, { name: 'a', type: 'directory' }], 'a second entry of this name'],
    ['as folder and file', [{ name: 'a/b' }, { name: 'a' }], 'a second entry of this name'],
    ['as file with files below', [{ name: 'a' }, { name: 'a/b' }], 'an entry below the file "a"'],
  ])('with a name %s is refused', async (_, entries, found) => {
    await expectRefusal(read(await archiveOf(...entries)), `Found: ${found}`);
  });

  test.each<[string, Entry[], string]>([
    ['entries', 'abcd'.split('').map((name) => ({ name })), 'entry "d"). Found: more than 3 entries'],
    ['bytes in an entry', [{ name: 'a', body: 'x'.repeat(2001) }], 'entry "a"). Found: 2001 bytes'],
    [
      'bytes in all',
      ['a', 'b'].map((name) => ({ name, body: 'x'.repeat(1600) })),
      'entry "b"). Found: 3200 bytes up to here',
    ],
  ])('with too many %s is refused, with the limit', async (_, entries, found) => {
    await expectRefusal(read(await archiveOf(...entries), SMALL), found, 'Expected: at most ');
  });

  test('that claims more than a model has is refused before it is unpacked', async () => {
    const archive = gzipSync(await claiming({ name: 'model.pth', size: MODEL_LIMITS.entryBytes + 1 }));

    await expectRefusal(read(archive), `${MODEL_LIMITS.entryBytes + 1} bytes`, 'bytes in one entry');
  });

  test.each<[string, () => Promise<Buffer>]>([
    ['after its end', () => tar([{ name: 'a' }])],
    ['in an entry that claims less', () => tar([{ name: 'a', body: 'x'.repeat(1500) }])],
    ['in a header', () => claiming({ name: 'a', type: 'pax-header', size: 4_000_000 })],
  ])('that unpacks without end %s is read to its limit only', async (_, begin) => {
    const start = await begin();
    let chunks = 0;
    async function* bomb() {
      yield gzipSync(start);
      const zeros = gzipSync(Buffer.alloc(2 ** 20));
      for (; chunks < 100_000; chunks += 1) yield zeros;
    }

    await expect(read(bomb(), SMALL)).rejects.toThrow(ArchiveInvalid);
    expect(chunks).toBeLessThan(1000);
  });

  test.each<[string, () => Promise<Uint8Array>]>([
    ['no gzip', async () => Buffer.from('<html>not found</html>')],
    ['no tar', async () => gzipSync(Buffer.alloc(2000, 'no tar'))],
    ['cut off', async () => (await archiveOf({ name: 'a', body: 'x'.repeat(1000) })).subarray(0, 40)],
    [
      'cut off inside the tar',
      async () => gzipSync((await tar([{ name: 'a', body: 'x'.repeat(1000) }])).subarray(0, 700)),
    ],
  ])('that is %s is refused as broken', async (_, bytes) => {
    await expectRefusal(read(await bytes()), 'An archive cannot be unpacked');
  });

  test('whose download breaks off fails with that fault, which is worth another try', async () => {
    const archive = await archiveOf({ name: 'a', body: 'x'.repeat(100_000) });
    async function* broken() {
      yield archive.subarray(0, 100);
      throw new Error('socket hang up');
    }

    await expect(read(broken())).rejects.toThrow(new Error('socket hang up'));
  });

  test('that cannot be stored fails with that fault', async () => {
    const archive = await archiveOf({ name: 'a', body: 'x'.repeat(100_000) });

    const reading = readArchive(
      Readable.from([archive]),
      { where: WHERE, limits: MODEL_LIMITS },
      async () => {
        throw new Error('no space left');
      },
    );

    await expect(reading).rejects.toThrow(new Error('no space left'));
  });
});

describe('Unpacking', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'archive-'));
    mkdirSync(join(folder, 'model'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const unpack = async (...entries: Entry[]) =>
    unpackArchive(await archiveOf(...entries), join(folder, 'model'), WHERE);

  test('writes files with their folders, executable where they are, without other rights', async () => {
    await unpack(
      { name: 'model.pth', body: 'weights', mode: 0o666 },
      { name: 'code/serve', body: 'x', mode: 0o6777 },
    );

    expect(readFileSync(join(folder, 'model', 'model.pth'), 'utf8')).toBe('weights');
    expect(statSync(join(folder, 'model', 'model.pth')).mode & 0o7777).toBe(0o644);
    expect(statSync(join(folder, 'model', 'code', 'serve')).mode & 0o7777).toBe(0o755);
  });

  test('writes nothing outside of its folder', async () => {
    await expectRefusal(unpack({ name: '../escaped', body: 'x' }), 'a path with ".."');
    await expectRefusal(
      unpack({ name: 'a', type: 'symlink', linkname: '..' }, { name: 'a/escaped', body: 'x' }),
      'a symlink',
    );

    expect(existsSync(join(folder, 'escaped'))).toBe(false);
  });

  test('does not follow a link that lies in the folder already', async () => {
    symlinkSync(join(folder, 'escaped'), join(folder, 'model', 'model.pth'));

    await expect(unpack({ name: 'model.pth', body: 'x' })).rejects.toThrow('EEXIST');
    expect(existsSync(join(folder, 'escaped'))).toBe(false);
  });
});
