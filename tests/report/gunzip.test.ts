import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { gunzip } from '../../browser/gunzip.ts';

describe('Gunzip', () => {
  test('unpacks what zlib packed, at every level', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc
        .array(fc.constantFrom('imagesets/', 'images/', 'West Brook', '.JPG', '\0'), { maxLength: 500 })
        .map((words) => new TextEncoder().encode(words.join(''))),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 9 }), (plain, level) => {
        expect(Buffer.from(gunzip(gzipSync(plain, { level })))).toEqual(Buffer.from(plain));
      }),
    );
  });

  test.each([
    ['of one byte repeated', Buffer.alloc(300_000, 7)],
    ['without any order, longer than a stored block', randomBytes(200_000)],
    ['of nothing', Buffer.alloc(0)],
  ])('unpacks data %s', (_, plain) => {
    for (const level of [0, 6])
      expect(Buffer.from(gunzip(gzipSync(plain, { level }))).equals(plain)).toBe(true);
  });

  test('refuses what is no gzip, and what is cut off', () => {
    const packed = gzipSync(Buffer.from('a page'.repeat(200)));

    expect(() => gunzip(Buffer.from('<!doctype html> of no use'))).toThrow(
      new RangeError('The data of the page are no plain gzip'),
    );
    expect(() => gunzip(Buffer.concat([packed.subarray(0, 20), packed.subarray(-8)]))).toThrow(RangeError);
  });
});
