import { expect, test } from '@jest/globals';
import { photoFolder, usableKey } from '../../../shared/dataset/photo-key.ts';

const url = 'https://storage.s3.amazonaws.com/imagesets/u/images/A #1 (50%25); b?.JPG';

test('the key of a photo is full_s3.Key, whatever its URL says (Q-D11)', () => {
  const key = usableKey({ bucket: 'storage', key: 'imagesets/u/images/x y.JPG', url }, 'storage');

  expect(key).toBe('imagesets/u/images/x y.JPG');
});

test('without full_s3 it is the text after the host: nothing cut off, nothing encoded or decoded (Q-D11)', () => {
  expect(usableKey({ bucket: null, key: null, url }, 'storage')).toBe(
    'imagesets/u/images/A #1 (50%25); b?.JPG',
  );
});

test.each([
  [{ bucket: null, key: null, url: null }],
  [{ bucket: 'elsewhere', key: 'a.jpg', url: null }],
  [{ bucket: 'storage', key: '=HYPERLINK("x")', url: null }],
  [{ bucket: 'storage', key: 'NA', url: null }],
  [{ bucket: 'storage', key: 'imagesets/u/../../../model/model.pth', url: null }],
  [{ bucket: 'storage', key: '/etc/passwd', url: null }],
  [{ bucket: 'storage', key: 'imagesets//a.jpg', url: null }],
  [{ bucket: 'storage', key: 'imagesets/u/images/', url: null }],
  [{ bucket: 'storage', key: 'imagesets/u/images/a\u0000.jpg', url: null }],
  [{ bucket: 'storage', key: `imagesets/u/images/${'ä'.repeat(500)}.jpg`, url: null }],
])('has no key for an image that names no photo of the storage bucket that files can name: %j', (row) => {
  expect(usableKey(row, 'storage')).toBeNull();
});

test.each([
  'a.jpg',
  'photos/a.jpg',
  'imagesets/u/images/2024/07/A #1 (50%25); b?.JPG',
  'imagesets/u/images/..a.jpg',
])('takes a key of any number of parts: %s', (key) => {
  expect(usableKey({ bucket: 'storage', key, url: null }, 'storage')).toBe(key);
});

test.each([
  ['imagesets/u/images/2024/a.jpg', 'imagesets/u/images'],
  ['imagesets/u/a.jpg', 'imagesets/u'],
  ['a.jpg', ''],
])('the folder of %s is %j', (key, folder) => {
  expect(photoFolder(key)).toBe(folder);
});
