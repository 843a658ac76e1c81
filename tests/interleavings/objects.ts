import type { S3 } from '../../local/s3.ts';
import type { ObjectLocation } from '../../shared/formats/object-location.ts';

/**
 * The objects of this process's S3, past its API: for what looks at them, and for what stands in for services of AWS. No fault
 * that a test puts between functions and S3 meets these.
 */
export class Objects {
  readonly #store: S3['store'];

  constructor({ store }: S3) {
    this.#store = store;
  }

  /** Null where there is no such object. */
  find({ bucket, key }: ObjectLocation): Buffer | null {
    const [object] = this.#store.listObjects(bucket, { prefix: key, maxKeys: 1 }).objects;
    return object?.key === key ? object.body : null;
  }

  findText(location: ObjectLocation): string | null {
    return this.find(location)?.toString('utf8') ?? null;
  }

  write({ bucket, key }: ObjectLocation, body: string | Uint8Array): void {
    this.#store.putObject(bucket, key, Buffer.from(body), 'application/octet-stream');
  }

  /** Keys with their ETags. */
  list(bucket: string, prefix: string): Map<string, string> {
    const { objects } = this.#store.listObjects(bucket, { prefix, maxKeys: Number.POSITIVE_INFINITY });
    return new Map(objects.map(({ key, etag }) => [key, etag]));
  }

  /** Names of the folders directly below one. @param folder with a slash at its end */
  folders(bucket: string, folder: string): string[] {
    const keys = [...this.list(bucket, folder).keys()].map((key) => key.slice(folder.length));
    return [...new Set(keys.filter((key) => key.includes('/')).map((key) => key.slice(0, key.indexOf('/'))))];
  }
}
