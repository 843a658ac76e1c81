/**
 * Writes objects over and over until it is killed. Each is told whole by itself: as many bytes as its content type says, all
 * of them the same.
 */
import { ObjectFiles } from '../../local/object-files.ts';
import { S3Store } from '../../node_modules/fauxqs/dist/s3/s3Store.js';

const KEYS = 7;
const store = new S3Store();
const files = new ObjectFiles(process.argv[2] as string, console.error);
files.loadS3(store);
store.persistence = files;
store.createBucket('photos');
for (let n = 0; ; n += 1) {
  const bytes = 1 + ((n * 104_729) % 1_500_000);
  store.putObject('photos', `station/${n % KEYS}.jpg`, Buffer.alloc(bytes, n % 251), `x/${bytes}`);
  if (n === KEYS) console.log('writing');
}
