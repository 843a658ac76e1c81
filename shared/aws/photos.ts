import pMap from 'p-map';
import { photoFolder } from '../dataset/photo-key.ts';
import type { PhotoExclusion } from '../dataset/reasons.ts';
import { thumbnailKey } from '../dataset/thumbnail-key.ts';
import { PhotosMissing } from '../errors.ts';
import { MAX_PAYLOAD_BYTES } from '../execution/sagemaker-requests.ts';
import { stationInWords } from '../execution/station.ts';
import { regionalUrl } from '../formats/object-location.ts';
import { optionalSetting, setting } from './configuration.ts';
import { findSmallObject, listObjects } from './object-store.ts';

const FOLDERS_AT_ONCE = 50;
const KEYS_SHOWN = 3;
/** imagesets/{uuid}/images */
const FOLDER_PARTS = 3;
const KEYS_ASKED_ALONE = 1000;
const THUMBNAILS_AT_ONCE = 10;
/** A photo of 400 pixels has some 20 kB; one that is larger is no small copy. */
const MAX_THUMBNAIL_BYTES = 100_000;

export type ObjectExclusion = Extract<PhotoExclusion, 'empty_object' | 'too_large'>;

/**
 * A photo that is missing, or that a job cannot read, would fail the job minutes or hours later: listing finds it at one request
 * per 1,000 photos.
 *
 * @returns `unusable`: photos that exist but cannot be used, by key; `sameBytes`: keys of photos with equal content, by their
 *   ETag, one list for each content
 * @throws PhotosMissing
 */
export async function requirePhotos(
  storageBucket: string,
  station: { id: number; name: string },
  keys: ReadonlySet<string>,
): Promise<{ unusable: Map<string, ObjectExclusion>; sameBytes: string[][] }> {
  const missing = new Map(Array.from(keys, (key, photo) => [key, photo]));
  const contents = new Contents();
  const unusable = new Map<string, ObjectExclusion>();
  const list = async (prefix: string) => {
    for await (const { key, size, etag } of listObjects(storageBucket, prefix)) {
      const photo = missing.get(key);
      if (photo === undefined) continue;
      missing.delete(key);
      if (size === 0) unusable.set(key, 'empty_object');
      else if (size > MAX_PAYLOAD_BYTES) unusable.set(key, 'too_large');
      else contents.add(etag, photo);
    }
  };
  await pMap(prefixesOf(keys), list, { concurrency: FOLDERS_AT_ONCE });
  if (missing.size === 0) return { unusable, sameBytes: contents.copies([...keys]) };
  const shown = [...missing.keys()].slice(0, KEYS_SHOWN).join(', ');
  throw new PhotosMissing({
    what: 'Photos that the database knows are not in S3',
    where: `bucket ${storageBucket}, ${stationInWords(station)}`,
    found: `${missing.size} of ${keys.size} missing, e.g. ${shown}`,
    expected: 'an object for every image with status DONE',
    fix: 'upload the photos again, or set the status of these images to FAILED to exclude them, then redrive the execution',
  });
}

/**
 * Photos by content, as far as ETags reveal it: the ETag of an object uploaded in one part is its MD5, unless the bucket encrypts
 * with KMS, where no two are equal. Holds only numbers, because a string of a listing would keep its whole page in memory; with
 * 52 bits, two of a million photos are mistaken for equal once in ten thousand stations.
 */
class Contents {
  readonly #firstOf = new Map<number, number>();
  readonly #copies = new Map<number, number[]>();

  add(etag: string, photo: number): void {
    const content = Number.parseInt(/[0-9a-f]{13}/.exec(etag)?.[0] ?? '', 16);
    if (Number.isNaN(content)) return;
    const first = this.#firstOf.get(content);
    if (first === undefined) this.#firstOf.set(content, photo);
    else {
      const copies = this.#copies.get(content);
      if (copies) copies.push(photo);
      else this.#copies.set(content, [first, photo]);
    }
  }

  /** Keys of photos with equal content, in the order of `keys`, because folders are listed in parallel. */
  copies(keys: readonly string[]): string[][] {
    const ascending = (one: number, other: number) => one - other;
    return [...this.#copies.values()]
      .map((photos) => photos.sort(ascending))
      .sort(([one], [other]) => ascending(one as number, other as number))
      .map((photos) => photos.map((photo) => keys[photo] as string));
  }
}

/**
 * What to list: folders of imagesets. A folder higher up may hold the photos of all stations, so single keys are listed instead.
 */
const prefixesOf = (keys: ReadonlySet<string>): string[] =>
  [...Map.groupBy(keys, photoFolder)].flatMap(([folder, ofFolder]) =>
    folder.split('/').length >= FOLDER_PARTS || ofFolder.length > KEYS_ASKED_ALONE
      ? [`${folder}/`.replace(/^\/$/, '')]
      : ofFolder,
  );

/**
 * Small copies of photos, as the website's upload makes them, or photos that are small themselves, in the order of the keys and as
 * many as fit. Those that are missing, and those outside the folders of imagesets, are passed over.
 *
 * @param budgetBytes of all together
 * @returns bytes by the key of the photo
 */
export async function readThumbnails(
  storageBucket: string,
  keys: readonly string[],
  budgetBytes: number,
): Promise<Map<string, Uint8Array>> {
  const read = async (key: string): Promise<[string, Uint8Array] | null> => {
    if (!key.startsWith('imagesets/')) return null;
    for (const name of new Set([thumbnailKey(key), key])) {
      const bytes = await findSmallObject({ bucket: storageBucket, key: name }, MAX_THUMBNAIL_BYTES);
      if (bytes) return [key, bytes];
    }
    return null;
  };
  const found = await pMap(keys, read, { concurrency: THUMBNAILS_AT_ONCE });
  const fitting = new Map<string, Uint8Array>();
  let left = budgetBytes;
  for (const [key, bytes] of found.filter((one) => one !== null)) {
    if (bytes.length > left) continue;
    left -= bytes.length;
    fitting.set(key, bytes);
  }
  return fitting;
}

/**
 * Address below which a browser finds photos by key. The regional address, because it never redirects to another host, which the
 * pages' Content Security Policy would block; or the address of an S3 stand-in.
 */
export function photoBase(storageBucket: string): string {
  const endpoint = optionalSetting('AWS_ENDPOINT_URL_S3') ?? optionalSetting('AWS_ENDPOINT_URL');
  if (endpoint) return `${endpoint}/${storageBucket}/`;
  return regionalUrl({ bucket: storageBucket, key: '' }, setting('AWS_REGION'));
}
