import { beforeAll, expect, test } from '@jest/globals';
import {
  copyObject,
  findSize,
  listObjects,
  readText,
  readTextRange,
  readVersion,
  writeConditionally,
  writeObject,
} from '../../shared/aws/object-store.ts';
import { ObjectNotFound } from '../../shared/errors.ts';
import { createTestBuckets } from '../test-station.ts';

let bucket: string;
beforeAll(async () => {
  bucket = (await createTestBuckets()).storage;
});

const AWKWARD = [
  'a b (1).JPG',
  'c#d?e.jpg',
  '50%25.jpg',
  'semi;colon+plus.jpg',
  'Übersicht–ö.jpg',
  'sub/folder/x.jpg',
];

test.each(AWKWARD)('a photo named %j is stored, listed, copied and read under its own key', async (name) => {
  const key = `imagesets/${AWKWARD.indexOf(name)}/images/${name}`;

  await writeObject({ bucket, key }, name, 'image/jpeg');
  await copyObject({ bucket, key }, { bucket, key: `copy/${key}` }, 'image/jpeg');

  const listed = [];
  for await (const object of listObjects(bucket, `imagesets/${AWKWARD.indexOf(name)}/`))
    listed.push(object.key);
  expect(listed).toEqual([key]);
  expect(await readText({ bucket, key: `copy/${key}` })).toBe(name);
});

test('a write on the condition that there is no object yet succeeds once', async () => {
  const location = { bucket, key: 'conditional/new.json' };

  const wrote = await Promise.all([1, 2, 3, 4, 5].map((n) => writeConditionally(location, String(n))));

  expect(wrote.filter(Boolean)).toHaveLength(1);
  expect(await readText(location)).toBe(String(wrote.indexOf(true) + 1));
});

test('a write on the condition of an ETag succeeds only while the object is unchanged', async () => {
  const location = { bucket, key: 'conditional/changed.json' };
  await writeConditionally(location, 'first');
  const version = await readVersion(location);

  const wrote = await writeConditionally(location, 'second', version?.etag);
  const wroteAgain = await writeConditionally(location, 'third', version?.etag);

  expect([wrote, wroteAgain]).toEqual([true, false]);
  expect(await readText(location)).toBe('second');
  expect(await writeConditionally({ bucket, key: 'conditional/gone' }, 'x', '"etag"')).toBe(false);
});

test('a body larger than one request may carry is uploaded in parts', async () => {
  const location = { bucket, key: 'large.bin' };

  await writeObject(location, Buffer.alloc(20 * 2 ** 20, 7), 'application/octet-stream');

  expect(await findSize(location)).toBe(20 * 2 ** 20);
});

test('a range of bytes is read, both ends included', async () => {
  await writeObject({ bucket, key: 'range.txt' }, '0123456789', 'text/plain');

  expect(await readTextRange({ bucket, key: 'range.txt' }, 2, 5)).toBe('2345');
});

test('a missing object is reported by its address', async () => {
  const read = readText({ bucket, key: 'nowhere.csv' });

  await expect(read).rejects.toThrow(ObjectNotFound);
  await expect(read).rejects.toThrow(`s3://${bucket}/nowhere.csv`);
});
