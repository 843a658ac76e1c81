import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { beforeAll, expect, test } from '@jest/globals';
import { type S3, startS3 } from '../../local/s3.ts';
import {
  copyObject,
  findSize,
  listObjects,
  readText,
  readTextRange,
  readVersion,
  s3,
  writeConditionally,
  writeObject,
} from '../../shared/aws/object-store.ts';
import { ObjectNotFound } from '../../shared/errors.ts';
import { createTestBuckets } from '../fixtures/station.ts';

let bucket: string;
beforeAll(async () => {
  bucket = (await createTestBuckets()).storage;
});

const AWKWARD = [
  'a.jpg',
  'a b (1).JPG',
  'c#d?e.jpg',
  '50%25.jpg',
  'semi;colon+plus.jpg',
  'Übersicht–ö.jpg',
  'sub/folder/x.jpg',
  `${'long name '.repeat(20)}.jpg`,
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

test('an empty file is stored as one', async () => {
  await writeObject({ bucket, key: 'empty.csv' }, '', 'text/csv');
  await s3().send(new PutObjectCommand({ Bucket: bucket, Key: 'empty' }));

  expect(await readText({ bucket, key: 'empty.csv' })).toBe('');
  expect(await findSize({ bucket, key: 'empty' })).toBe(0);
});

test('keys are listed in UTF-8 order over several pages', async () => {
  const names = ['a', 'A', 'ä', '\u{ff5e}', '\u{1f4f7}', 'a-b', 'a/b', 'a_b', 'a b', '1', '10', '2'];
  const keys = names.map((name) => `order/${name}`);
  for (const key of keys) await writeObject({ bucket, key }, 'x', 'text/plain');

  const listed = await listPages({ Bucket: bucket, Prefix: 'order/', MaxKeys: 2 });

  const inOrder = keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  expect(listed.keys).toEqual(inOrder);
});

test('folders are listed once each over several pages', async () => {
  for (const name of ['a', 'b/1', 'b/2', 'c/1', 'd', 'e/1/x', 'f/1'])
    await writeObject({ bucket, key: `folders/${name}` }, 'x', 'text/plain');

  const listed = await listPages({ Bucket: bucket, Prefix: 'folders/', Delimiter: '/', MaxKeys: 2 });

  expect(listed.keys).toEqual(['folders/a', 'folders/d']);
  expect(listed.prefixes).toEqual(['folders/b/', 'folders/c/', 'folders/e/', 'folders/f/']);
});

async function listPages(input: ListObjectsV2CommandInput) {
  const [keys, prefixes]: [unknown[], unknown[]] = [[], []];
  for await (const page of paginateListObjectsV2({ client: s3() }, input)) {
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
  }
  return { keys, prefixes };
}

test('an upload in parts, a copy and a deletion keep to their conditions too', async () => {
  const location = { bucket, key: 'conditional/parts.bin' };
  const at = { Bucket: bucket, Key: location.key };
  await writeObject(location, 'first', 'text/plain');
  const upload = await s3().send(new CreateMultipartUploadCommand(at));
  const part = { ...at, UploadId: upload.UploadId, PartNumber: 1 };
  const { ETag } = await s3().send(new UploadPartCommand({ ...part, Body: 'second' }));

  const complete = s3().send(
    new CompleteMultipartUploadCommand({
      ...at,
      UploadId: upload.UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      IfNoneMatch: '*',
    }),
  );
  const copy = s3().send(
    new CopyObjectCommand({ ...at, CopySource: `${bucket}/range.txt`, IfNoneMatch: '*' }),
  );
  const deletion = s3().send(new DeleteObjectCommand({ ...at, IfMatch: '"other"' }));

  for (const refused of [complete, copy, deletion])
    await expect(refused).rejects.toMatchObject({
      name: 'RequestRefused',
      code: 'PreconditionFailed',
    });
  expect(await readText(location)).toBe('first');
});

test('what it cannot do is refused by name instead of being taken for a write', async () => {
  const tagging = s3().send(
    new PutObjectTaggingCommand({ Bucket: bucket, Key: 'range.txt', Tagging: { TagSet: [] } }),
  );
  const outside = writeObject({ bucket, key: 'a/../../b' }, 'x', 'text/plain');

  await expect(tagging).rejects.toThrow('?tagging of S3 is not part of the local stack');
  await expect(outside).rejects.toThrow('cannot keep the key');
});

test('objects, their types and their ETags are there after a restart, and only this computer is answered', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-s3-'));
  const client = ({ endpoint, credentials }: S3) =>
    new S3Client({ endpoint, credentials, forcePathStyle: true });
  const at = { Bucket: 'photos', Key: 'imagesets/1/images/Ü (1)#2?.jpg' };
  const before = await startS3(folder, { buckets: ['photos'] });
  const written = await client(before).send(
    new PutObjectCommand({ ...at, Body: 'bytes', ContentType: 'image/jpeg' }),
  );
  await before.stop();

  const after = await startS3(folder, { buckets: ['photos'] });
  const read = await client(after).send(new GetObjectCommand(at));
  const text = await read.Body?.transformToString();
  await after.stop();
  rmSync(folder, { recursive: true });

  expect({ text, etag: read.ETag, type: read.ContentType }).toEqual({
    text: 'bytes',
    etag: written.ETag,
    type: 'image/jpeg',
  });
  expect(new URL(after.endpoint).hostname).toBe('127.0.0.1');
});

test('a message is published to a topic, and refused where there is none', async () => {
  const stand = await startS3(null);
  const sns = new SNSClient({ endpoint: stand.endpoint, credentials: stand.credentials });
  const TopicArn = await stand.createTopic('finished-runs');

  const sent = await sns.send(new PublishCommand({ TopicArn, Subject: 'Done', Message: 'Station 1' }));
  const lost = sns.send(new PublishCommand({ TopicArn: `${TopicArn}-other`, Message: 'x' }));

  expect(sent.MessageId).toMatch(/^[0-9a-f-]{36}$/);
  await expect(lost).rejects.toMatchObject({ name: 'NotFoundException' });
  await stand.stop();
});

test('a missing object is reported by its address', async () => {
  const read = readText({ bucket, key: 'nowhere.csv' });

  await expect(read).rejects.toThrow(ObjectNotFound);
  await expect(read).rejects.toThrow(`s3://${bucket}/nowhere.csv`);
});
