import type { PhotoName } from './photo-set.ts';

const PAGE_BITS = 12;
const PAGE_LENGTH = 2 ** PAGE_BITS;

/** Times of photos, eight bytes for each id, so that those of a million fit where a map of them would not: ids lie close together. */
export class PhotoTimes {
  readonly #pages = new Map<number, Float64Array>();
  readonly #ofKeys = new Map<string, number>();
  #ids = 0;

  get size(): number {
    return this.#ids + this.#ofKeys.size;
  }

  /** @param at milliseconds since 1970 */
  set({ image_id, filename }: PhotoName, at: number): void {
    if (image_id === null) {
      this.#ofKeys.set(filename, at);
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
    page[place] = at;
  }

  /** By whichever of its names the photo's time is known; undefined where it is not. */
  get({ image_id, filename }: PhotoName): number | undefined {
    const at = image_id === null ? Number.NaN : this.#ofId(image_id);
    return Number.isNaN(at) ? this.#ofKeys.get(filename) : at;
  }

  #ofId(image_id: number): number {
    return this.#pages.get(Math.floor(image_id / PAGE_LENGTH))?.[image_id % PAGE_LENGTH] ?? Number.NaN;
  }
}
