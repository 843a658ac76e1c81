import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { BucketStore } from '../../local/bucket-store.ts';
import { isBucketName, type ListOptions } from '../../local/s3-objects.ts';

let store: BucketStore;
beforeEach(() => {
  store = new BucketStore();
  store.createBucket('photos');
});

/** What S3 would answer. */
function refusal(attempt: () => unknown): { code: string; statusCode: number } {
  try {
    attempt();
  } catch (error) {
    const { code, statusCode } = error as { code: string; statusCode: number };
    return { code, statusCode };
  }
  throw new Error('It was not refused');
}
const put = (...keys: string[]) => {
  for (const key of keys) store.putObject('photos', key, Buffer.from(key));
};
const keysOf = (options?: ListOptions) => store.listObjects('photos', options).objects.map(({ key }) => key);

describe('a bucket', () => {
  test('is made once, told of by name, and deleted only when nothing is in it', () => {
    store.createBucket('annotations');
    store.createBucket('photos');
    put('a');

    expect(store.listBuckets().map(({ name }) => name)).toEqual(['annotations', 'photos']);
    expect(refusal(() => store.deleteBucket('photos'))).toEqual({ code: 'BucketNotEmpty', statusCode: 409 });

    store.deleteObject('photos', 'a');
    const upload = store.createMultipartUpload('photos', 'b');
    expect(refusal(() => store.deleteBucket('photos')).code).toBe('BucketNotEmpty');

    store.abortMultipartUpload(upload);
    store.deleteBucket('photos');
    expect(store.hasBucket('photos')).toBe(false);
    expect(refusal(() => put('a'))).toEqual({ code: 'NoSuchBucket', statusCode: 404 });
  });

  test.each(['abc', 'fpe-local-photos', 'a.b.c', '1.2.3', '0ab'])('may be called %s', (name) => {
    expect(isBucketName(name)).toBe(true);
  });

  test.each([
    'ab',
    'a'.repeat(64),
    'Photos',
    '-ab',
    'ab-',
    'a..b',
    'a.-b',
    'a-.b',
    '127.0.0.1',
    'a_b',
    '../a',
    '',
  ])('may not be called %j', (name) => {
    expect(refusal(() => store.createBucket(name))).toEqual({ code: 'InvalidBucketName', statusCode: 400 });
  });

  test('has rules for the life of its objects until they are deleted', () => {
    store.putBucketLifecycleConfiguration('photos', '<LifecycleConfiguration/>');
    expect(store.getBucketLifecycleConfiguration('photos')).toBe('<LifecycleConfiguration/>');

    store.deleteBucketLifecycleConfiguration('photos');
    expect(store.getBucketLifecycleConfiguration('photos')).toBeUndefined();
  });

  test('of directories, and to rename an object in it, is no part of the local stack', () => {
    expect(refusal(() => store.createBucket('express', 'directory')).code).toBe('NotImplemented');
    expect(refusal(() => store.renameObject())).toEqual({ code: 'NotImplemented', statusCode: 501 });
  });
});

describe('an object', () => {
  test('is replaced, read with what was said of it, and deleted', () => {
    put('a');
    store.putObject(
      'photos',
      'a',
      Buffer.from('new'),
      'image/jpeg',
      { site: '29' },
      { cacheControl: 'no-store' },
    );

    expect(store.getObject('photos', 'a')).toMatchObject({
      body: Buffer.from('new'),
      contentLength: 3,
      contentType: 'image/jpeg',
      metadata: { site: '29' },
      cacheControl: 'no-store',
      etag: `"${createHash('md5').update('new').digest('hex')}"`,
    });
    expect(store.findEtag('photos', 'a')).toBe(store.headObject('photos', 'a').etag);

    expect(store.deleteObjects('photos', ['a', 'never there'])).toEqual(['a', 'never there']);
    expect(refusal(() => store.getObject('photos', 'a'))).toEqual({ code: 'NoSuchKey', statusCode: 404 });
    expect(store.findEtag('photos', 'a')).toBeNull();
    expect(store.findEtag('nowhere', 'a')).toBeNull();
  });

  test.each(['a/../b', '../a', './a', 'a//b', '/a', 'a/..'])(
    'with the key %s is refused by every write',
    (key) => {
      const writes = [
        () => store.putObject('photos', key, Buffer.from('x')),
        () => store.createMultipartUpload('photos', key),
        () => store.deleteObject('photos', key),
        () => store.deleteObjects('photos', ['kept', key]),
      ];
      put('kept');

      expect(writes.map((write) => refusal(write).code)).toEqual(writes.map(() => 'NotImplemented'));
      expect(keysOf()).toEqual(['kept']);
    },
  );
});

describe('a list', () => {
  test('is in UTF-8 order, also after keys have come and gone', () => {
    put('b', 'Z', 'ä', 'a', '\u{1f600}', '\uffff');
    expect(keysOf()).toEqual(['Z', 'a', 'b', 'ä', '\uffff', '\u{1f600}']);

    put('aa', 'b');
    store.deleteObject('photos', 'Z');

    expect(keysOf()).toEqual(['a', 'aa', 'b', 'ä', '\uffff', '\u{1f600}']);
  });

  test('is of a prefix, after a key, and of as many as are asked for', () => {
    put('a/1', 'a/2', 'a/3', 'b/1');

    expect(keysOf({ prefix: 'a/' })).toEqual(['a/1', 'a/2', 'a/3']);
    expect(keysOf({ prefix: 'a/', startAfter: 'a/1' })).toEqual(['a/2', 'a/3']);
    expect(store.listObjects('photos', { maxKeys: 2 })).toMatchObject({
      objects: [{ key: 'a/1' }, { key: 'a/2' }],
      isTruncated: true,
    });
    expect(store.listObjects('photos', { delimiter: '/' })).toMatchObject({
      objects: [],
      commonPrefixes: ['a/', 'b/'],
      isTruncated: false,
    });
  });
});

describe('an upload in parts', () => {
  const whole = Buffer.alloc(5 * 2 ** 20, 7);
  const last = Buffer.from('the rest');
  const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();

  test('becomes an object of its parts, with their ETag and the checksum of their checksums', () => {
    const checksum = (bytes: Buffer) => {
      const four = Buffer.alloc(4);
      four.writeUInt32BE(crc32(bytes));
      return four;
    };
    const id = store.createMultipartUpload('photos', 'model', 'application/gzip', { of: '29' }, {}, 'CRC32');
    const named = [whole, last].map((body, index) => {
      const partNumber = index + 1;
      const told = store.uploadPart(id, partNumber, body, checksum(body).toString('base64'));
      return { partNumber, etag: told.etag };
    });
    expect(keysOf()).toEqual([]);

    store.completeMultipartUpload(id, named);

    const digests = Buffer.concat([md5(whole), md5(last)]);
    const checksums = Buffer.concat([checksum(whole), checksum(last)]);
    expect(store.getObject('photos', 'model')).toMatchObject({
      contentLength: whole.length + last.length,
      contentType: 'application/gzip',
      metadata: { of: '29' },
      etag: `"${md5(digests).toString('hex')}-2"`,
      checksumValue: `${checksum(checksums).toString('base64')}-2`,
      checksumType: 'COMPOSITE',
      parts: [
        { partNumber: 1, offset: 0, length: whole.length },
        { partNumber: 2, offset: whole.length, length: last.length },
      ],
    });
    expect(store.getObject('photos', 'model').body.equals(Buffer.concat([whole, last]))).toBe(true);
    expect(refusal(() => store.completeMultipartUpload(id, named))).toEqual({
      code: 'NoSuchUpload',
      statusCode: 404,
    });
  });

  test('is refused where its parts do not fit, and can be completed after that', () => {
    const id = store.createMultipartUpload('photos', 'model');
    const [first, second] = [whole, last].map((body, index) => ({
      partNumber: index + 1,
      etag: store.uploadPart(id, index + 1, body).etag,
    })) as [{ partNumber: number; etag: string }, { partNumber: number; etag: string }];
    const codeOf = (parts: { partNumber: number; etag: string }[]) =>
      refusal(() => store.completeMultipartUpload(id, parts)).code;

    expect(codeOf([second, first])).toBe('InvalidPartOrder');
    expect(codeOf([first, first])).toBe('InvalidPartOrder');
    expect(codeOf([first, { partNumber: 3, etag: second.etag }])).toBe('InvalidPart');
    expect(codeOf([{ ...first, etag: second.etag }, second])).toBe('InvalidPart');
    store.uploadPart(id, 3, last);
    expect(codeOf([second, { partNumber: 3, etag: second.etag }])).toBe('EntityTooSmall');
    expect(keysOf()).toEqual([]);

    store.completeMultipartUpload(id, [first, { ...second, etag: second.etag.replaceAll('"', '') }]);
    expect(keysOf()).toEqual(['model']);
  });

  test('that was aborted is no more', () => {
    const id = store.createMultipartUpload('photos', 'model');

    store.abortMultipartUpload(id);

    expect(refusal(() => store.uploadPart(id, 1, last)).code).toBe('NoSuchUpload');
    expect(refusal(() => store.abortMultipartUpload(id)).code).toBe('NoSuchUpload');
  });
});
