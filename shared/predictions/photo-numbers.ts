import type { PhotoName } from './photo-set.ts';

const PAGE_BITS = 12;
const PAGE_LENGTH = 2 ** PAGE_BITS;

/**
 * A number for each photo, its time or its score: eight bytes per id, so that a million photos fit where a map would not, because
 * ids lie close together.
 */
export class PhotoNumbers {
  readonly #pages = new Map<number, Float64Array>();
  readonly #ofKeys = new Map<string, number>();
  #ids = 0;

  get size(): number {
    return this.#ids + this.#ofKeys.size;
  }

  set({ image_id, filename }: PhotoName, given: number): void {
    if (image_id === null) {
      this.#ofKeys.set(filename, given);
      return;
    }
    const number = Math.floor(image_id / PAGE_LENGTH);
    let page = this.#pages.get(number);
    if (!page) {
      page = new Float64Array(PAGE_LENGTH).fill(Number.NaN);
      this.#pages.set(number, page);
    }
    const place = image_id % PAGE_LENGTH;
    if (Number.isNaN(page[place])) this.#ids += 1;
    page[place] = given;
  }

  /** The photo's number, by whichever of its names it is known; undefined if it is not known. */
  get({ image_id, filename }: PhotoName): number | undefined {
    const found = image_id === null ? Number.NaN : this.#ofId(image_id);
    return Number.isNaN(found) ? this.#ofKeys.get(filename) : found;
  }

  #ofId(image_id: number): number {
    return this.#pages.get(Math.floor(image_id / PAGE_LENGTH))?.[image_id % PAGE_LENGTH] ?? Number.NaN;
  }
}
