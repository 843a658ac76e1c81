import { expect, test } from '@jest/globals';
import { PhotosMissing } from '../../shared/errors.ts';
import { imageKey } from '../../shared/image-key.ts';

const url = 'https://storage.s3.amazonaws.com/imagesets/u/images/A #1 (50%25); b?.JPG';

test('the key of a photo is full_s3.Key, whatever its URL says (Q-D11)', () => {
  const key = imageKey({ image_id: 1, bucket: 'storage', key: 'imagesets/u/images/x y.JPG', url }, 'storage');

  expect(key).toBe('imagesets/u/images/x y.JPG');
});

test('without full_s3 it is the text after the host: nothing cut off, nothing encoded or decoded (Q-D11)', () => {
  expect(imageKey({ image_id: 1, bucket: null, key: null, url }, 'storage')).toBe(
    'imagesets/u/images/A #1 (50%25); b?.JPG',
  );
});

test.each([
  [{ bucket: null, key: null, url: null }, 'full_s3 without a key and full_url null'],
  [{ bucket: 'storage', key: '=HYPERLINK("x")', url: null }, 'which a spreadsheet would run'],
  [{ bucket: 'elsewhere', key: 'a.jpg', url: null }, 'bucket elsewhere'],
])('refuses an image that names no photo of the storage bucket: %j', (row, found) => {
  const find = () => imageKey({ image_id: 12, ...row }, 'storage');

  expect(find).toThrow(PhotosMissing);
  expect(find).toThrow(`images.full_s3 of image 12`);
  expect(find).toThrow(found);
});
