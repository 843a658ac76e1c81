import { describe, expect, test } from '@jest/globals';
import { PhotoSet } from '../../../shared/predictions/photo-set.ts';
import {
  joinWithdrawals,
  namesPhoto,
  sizeOf,
  withdrawalOf,
  withoutPhotos,
} from '../../../shared/predictions/withdrawal.ts';

const KEY = 'imagesets/a/images/1 b.jpg';
const photos = PhotoSet.fromJSON({ image_ids: [12], filenames: [KEY] });

describe('a row of a public file', () => {
  test.each<[string, Record<string, string | null>]>([
    ['its id', { image_id: '12' }],
    ['the id of one side of a pair', { 'left.imageId': '5', 'right.imageId': '12' }],
    ['an id with an underscore before its column', { left_image_id: '12' }],
    ['an id with the number of the side', { image_id_2: '12' }],
    ['its key', { filename: KEY }],
    ['the key of one side', { 'left.filename': KEY }],
    ['a key with an underscore before its column', { right_filename: KEY }],
    ['its address', { url: `https://photos.s3.us-west-2.amazonaws.com/${KEY}` }],
    ['its encoded address', { full_url: `https://photos.s3.amazonaws.com/${encodeURI(KEY)}` }],
    ['an address with the bucket in its path', { url_1: `https://s3.amazonaws.com/photos/${KEY}` }],
    ['an address of one version', { url: `https://x/${KEY}?versionId=7` }],
    ['an S3 URI', { url: `s3://photos/${KEY}` }],
  ])('names a photo by %s', (_, row) => {
    expect(namesPhoto(row, photos)).toBe(true);
  });

  test.each<[string, Record<string, string | null>]>([
    ['another id, of which its own is a part', { image_id: '112' }],
    ['its number in another column', { pair_id: '12', score: '12' }],
    ['a longer key', { filename: `${KEY}.bak` }],
    ['nothing', { image_id: null, filename: '' }],
    ['an address with a broken percent sign', { url: 'https://x/100%.jpg' }],
  ])('does not name it by %s', (_, row) => {
    expect(namesPhoto(row, photos)).toBe(false);
  });
});

test('lists are joined and taken apart by each name for itself', () => {
  const one = withdrawalOf([{ id: 3, key: 'c', url: null }]);
  const two = withdrawalOf([
    { id: 1, key: null, url: 'https://x/a' },
    { id: 3, key: 'c', url: null },
  ]);

  const joined = joinWithdrawals(one, two);

  expect(joined).toEqual({ image_ids: [1, 3], filenames: ['a', 'c'] });
  expect(sizeOf(joined)).toBe(2);
  expect(withoutPhotos(joined, one)).toEqual({ image_ids: [1], filenames: ['a'] });
});
