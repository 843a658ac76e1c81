/**
 * Writes objects over and over until it is killed. Each is told whole by itself: as many bytes as its content type says, all
 * of them the same.
 */
import { BucketStore } from '../../local/bucket-store.ts';
import { ObjectFiles } from '../../local/object-files.ts';

const KEYS = 7;
const store = new BucketStore(new ObjectFiles(process.argv[2] as string, console.error));
store.createBucket('photos');
for (let n = 0; ; n += 1) {
  const bytes = 1 + ((n * 104_729) % 1_500_000);
  store.putObject('photos', `station/${n % KEYS}.jpg`, Buffer.alloc(bytes, n % 251), `x/${bytes}`);
  if (n === KEYS) console.log('writing');
}
