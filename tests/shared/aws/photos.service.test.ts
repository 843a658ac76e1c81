import { beforeAll, expect, test } from '@jest/globals';
import { writeObject } from '../../../shared/aws/object-store.ts';
import { readThumbnails } from '../../../shared/aws/photos.ts';
import { createTestBuckets } from '../../fixtures/station.ts';

let bucket: string;
const photo = (name: string) => `imagesets/1/images/${name}`;
const put = (key: string, bytes: number) =>
  writeObject({ bucket, key }, Buffer.alloc(bytes, key.length), 'image/jpeg');
beforeAll(async () => {
  bucket = (await createTestBuckets()).storage;
  await put(photo('both (1).JPG'), 90_000);
  await put('imagesets/1/thumbs/both (1).JPG', 20_000);
  await put(photo('small.JPG'), 30_000);
  await put(photo('large.JPG'), 200_000);
  await put('elsewhere/small.JPG', 10);
});

test('the small copy of a photo is taken, or the photo where it is small; what is large, missing or elsewhere is passed over', async () => {
  const keys = ['both (1).JPG', 'small.JPG', 'large.JPG', 'missing.JPG'].map(photo);

  const found = await readThumbnails(bucket, [...keys, 'elsewhere/small.JPG'], 1_000_000);

  expect(Array.from(found, ([key, bytes]) => [key, bytes.length])).toEqual([
    [photo('both (1).JPG'), 20_000],
    [photo('small.JPG'), 30_000],
  ]);
});

test('as many as fit are taken, the first ones first', async () => {
  const keys = [photo('small.JPG'), photo('both (1).JPG')];

  expect([...(await readThumbnails(bucket, keys, 49_999)).keys()]).toEqual([photo('small.JPG')]);
  expect([...(await readThumbnails(bucket, keys, 50_000)).keys()]).toEqual(keys);
});
