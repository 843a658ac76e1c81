import pMap from 'p-map';
import { PhotosMissing } from '../errors.ts';
import { photoFolder } from '../image-key.ts';
import { listObjects } from './object-store.ts';

const FOLDERS_AT_ONCE = 50;
const KEYS_SHOWN = 3;

/**
 * A photo that is missing would fail a job minutes later: listing finds it for one request per 1,000.
 *
 * @throws PhotosMissing
 */
export async function requirePhotos(
  storageBucket: string,
  station: { id: number; name: string },
  keys: ReadonlySet<string>,
): Promise<void> {
  const folders = new Set([...keys].map(photoFolder));
  const missing = new Set(keys);
  const list = async (folder: string) => {
    for await (const { key } of listObjects(storageBucket, `${folder}/`)) missing.delete(key);
  };
  await pMap(folders, list, { concurrency: FOLDERS_AT_ONCE });
  if (missing.size === 0) return;
  const shown = [...missing].slice(0, KEYS_SHOWN).join(', ');
  throw new PhotosMissing({
    what: 'Photos that the database knows are not in S3',
    where: `bucket ${storageBucket}, station ${station.id} (${station.name})`,
    found: `${missing.size} of ${keys.size} missing, e.g. ${shown}`,
    expected: 'an object for every image with status DONE',
    fix: 'upload the photos again, or set the status of these images to FAILED so that they are left out, then redrive the execution',
  });
}
