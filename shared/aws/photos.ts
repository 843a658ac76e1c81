import pMap from 'p-map';
import { PhotosMissing } from '../errors.ts';
import { photoFolder } from '../image-key.ts';
import type { PhotoExclusion } from '../reasons.ts';
import { MAX_PAYLOAD_BYTES } from '../sagemaker-requests.ts';
import { listObjects } from './object-store.ts';

const FOLDERS_AT_ONCE = 50;
const KEYS_SHOWN = 3;
/** imagesets/{uuid}/images */
const FOLDER_PARTS = 3;
const KEYS_ASKED_ALONE = 1000;

export type ObjectExclusion = Extract<PhotoExclusion, 'empty_object' | 'too_large'>;

/**
 * A photo that is missing, or that a job cannot take, would fail it minutes or hours later: listing finds it for one request per
 * 1,000.
 *
 * @returns `unusable`: photos that are there and cannot be used, by key; `sameBytes`: keys of photos with equal content, by their
 *   ETag, one list for each content
 * @throws PhotosMissing
 */
export async function requirePhotos(
  storageBucket: string,
  station: { id: number; name: string },
  keys: ReadonlySet<string>,
): Promise<{ unusable: Map<string, ObjectExclusion>; sameBytes: string[][] }> {
  const missing = new Set(keys);
  const unusable = new Map<string, ObjectExclusion>();
  const firstOf = new Map<string, string>();
  const copies = new Map<string, string[]>();
  const list = async (prefix: string) => {
    for await (const { key, size, etag } of listObjects(storageBucket, prefix)) {
      if (!missing.delete(key)) continue;
      if (size === 0) unusable.set(key, 'empty_object');
      else if (size > MAX_PAYLOAD_BYTES) unusable.set(key, 'too_large');
      else {
        // An ETag of one part is the MD5 of the content, unless it is encrypted by KMS: then no two are equal.
        const first = firstOf.get(etag);
        if (first === undefined) firstOf.set(etag, key);
        else copies.set(etag, [...(copies.get(etag) ?? [first]), key]);
      }
    }
  };
  await pMap(prefixesOf(keys), list, { concurrency: FOLDERS_AT_ONCE });
  // Folders are listed side by side: in the order of their keys, a second export is the same.
  const sameBytes = [...copies.values()].map((keys) => keys.sort()).sort();
  if (missing.size === 0) return { unusable, sameBytes };
  const shown = [...missing].slice(0, KEYS_SHOWN).join(', ');
  throw new PhotosMissing({
    what: 'Photos that the database knows are not in S3',
    where: `bucket ${storageBucket}, station ${station.id} (${station.name})`,
    found: `${missing.size} of ${keys.size} missing, e.g. ${shown}`,
    expected: 'an object for every image with status DONE',
    fix: 'upload the photos again, or set the status of these images to FAILED so that they are left out, then redrive the execution',
  });
}

/** What to list: folders of imagesets; a folder higher up may hold all stations' photos, so that a few keys are asked for alone. */
const prefixesOf = (keys: ReadonlySet<string>): string[] =>
  [...Map.groupBy(keys, photoFolder)].flatMap(([folder, ofFolder]) =>
    folder.split('/').length >= FOLDER_PARTS || ofFolder.length > KEYS_ASKED_ALONE
      ? [`${folder}/`.replace(/^\/$/, '')]
      : ofFolder,
  );
