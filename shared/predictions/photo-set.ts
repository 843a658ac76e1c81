/** A photo as named by files and the database: by id, or by its key in S3 if a file has no ids. */
export type PhotoName = { image_id: number | null; filename: string };

const PAGE_BITS = 12;
const PAGE_WORDS = 2 ** PAGE_BITS / 32;

/**
 * A set of photos with one bit per id, so that a million photos take no more memory than a few of their rows: the ids of a
 * station lie close together.
 */
export class PhotoSet {
  readonly #pages = new Map<number, Uint32Array>();
  readonly #keys = new Set<string>();
  #ids = 0;

  get size(): number {
    return this.#ids + this.#keys.size;
  }

  /** True if some photos are known only by their keys. */
  get hasKeys(): boolean {
    return this.#keys.size > 0;
  }

  add({ image_id, filename }: PhotoName): void {
    if (image_id === null) this.#keys.add(filename);
    else this.#change(image_id, true);
  }

  /** Removes a photo, by whichever of its names it was added. */
  delete({ image_id, filename }: PhotoName): void {
    if (image_id !== null) this.#change(image_id, false);
    this.#keys.delete(filename);
  }

  has({ image_id, filename }: PhotoName): boolean {
    return (image_id !== null && this.#hasId(image_id)) || this.#keys.has(filename);
  }

  copy(): PhotoSet {
    const photos = new PhotoSet();
    for (const [number, page] of this.#pages) photos.#pages.set(number, page.slice());
    for (const key of this.#keys) photos.#keys.add(key);
    photos.#ids = this.#ids;
    return photos;
  }

  /** Its form in JSON; ids ascending. */
  toJSON(): { image_ids: number[]; filenames: string[] } {
    const image_ids: number[] = [];
    for (const page of [...this.#pages.keys()].sort((one, other) => one - other))
      for (let bit = 0; bit < 2 ** PAGE_BITS; bit++) {
        const id = page * 2 ** PAGE_BITS + bit;
        if (this.#hasId(id)) image_ids.push(id);
      }
    return { image_ids, filenames: [...this.#keys] };
  }

  static fromJSON({ image_ids, filenames }: { image_ids: number[]; filenames: string[] }): PhotoSet {
    const photos = new PhotoSet();
    for (const image_id of image_ids) photos.add({ image_id, filename: '' });
    for (const filename of filenames) photos.add({ image_id: null, filename });
    return photos;
  }

  #hasId(id: number): boolean {
    const word = this.#pages.get(id >>> PAGE_BITS)?.[(id >>> 5) % PAGE_WORDS] ?? 0;
    return (word & (1 << (id & 31))) !== 0;
  }

  #change(id: number, isMember: boolean): void {
    if (this.#hasId(id) === isMember) return;
    const number = id >>> PAGE_BITS;
    let page = this.#pages.get(number);
    if (!page) {
      page = new Uint32Array(PAGE_WORDS);
      this.#pages.set(number, page);
    }
    const word = (id >>> 5) % PAGE_WORDS;
    page[word] = (page[word] as number) ^ (1 << (id & 31));
    this.#ids += isMember ? 1 : -1;
  }
}
