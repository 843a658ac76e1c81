import { gunzipSync, gzipSync } from 'node:zlib';
import type { NotedPhotos } from '../data/noted-photos.ts';
import { type PageData, packPage, unpackPage } from './page-data.ts';
import { withoutThumbnails } from './thumbnails.ts';

const DATA = /(<script type="application\/octet-stream" id="data">)([A-Za-z0-9+/=]*)(<\/script>)/;

/**
 * A page without some of its photos: their rows, and the pairs with them, leave the data that the page carries. Charts and
 * galleries are drawn from that data; the numbers in the text stay those of the day when it was made.
 *
 * @param isWithdrawn whether a photo has to leave
 * @returns null where the page names none of them, or is not one of ours
 */
export function withdrawFromPage(
  html: string,
  isWithdrawn: (photo: { image_id: number; filename: string }) => boolean,
): string | null {
  const [, , packed] = DATA.exec(html) ?? [];
  if (packed === undefined) return null;
  const data = unpackPage(new Uint8Array(gunzipSync(Buffer.from(packed, 'base64'))));
  const { imageIds, keys } = data.photos;
  const kept = keys.flatMap((filename, row) =>
    isWithdrawn({ image_id: imageIds[row] as number, filename }) ? [] : [row],
  );
  const { noted } = data;
  const keptNoted = noted.keys.flatMap((filename, row) =>
    isWithdrawn({ image_id: noted.imageIds[row] as number, filename }) ? [] : [row],
  );
  if (kept.length === keys.length && keptNoted.length === noted.keys.length) return null;
  const page = { ...withRows(data, kept), noted: notedRows(noted, keptNoted) };
  const text = gzipSync(packPage(page)).toString('base64');
  const left = new Set([...page.photos.keys, ...page.noted.keys]);
  return withoutThumbnails(
    html.replace(DATA, (_, open: string, __, close: string) => open + text + close),
    (key) => !left.has(key),
  );
}

const notedRows = (noted: NotedPhotos, kept: readonly number[]): NotedPhotos => ({
  examples: Uint32Array.from(kept, (row) => noted.examples[row] as number),
  timestamps: Float64Array.from(kept, (row) => noted.timestamps[row] as number),
  imageIds: Uint32Array.from(kept, (row) => noted.imageIds[row] as number),
  keys: kept.map((row) => noted.keys[row] as string),
});

/** @param kept rows of the photos that stay, ascending */
function withRows(data: PageData, kept: readonly number[]): PageData {
  const { photos, pairs, previous } = data;
  const rowOf = new Map(kept.map((row, index) => [row, index]));
  const keptPairs = Array.from(pairs.left.keys()).filter(
    (pair) => rowOf.has(pairs.left[pair] as number) && rowOf.has(pairs.right[pair] as number),
  );
  const numbers = (column: Float64Array) => Float64Array.from(kept, (row) => column[row] as number);
  const side = (column: Uint32Array) =>
    Uint32Array.from(keptPairs, (pair) => rowOf.get(column[pair] as number) as number);
  return {
    ...data,
    photos: {
      timestamps: numbers(photos.timestamps),
      values: numbers(photos.values),
      scores: numbers(photos.scores),
      splits: kept.map((row) => photos.splits[row] as (typeof photos.splits)[number]),
      imageIds: Uint32Array.from(kept, (row) => photos.imageIds[row] as number),
      keys: kept.map((row) => photos.keys[row] as string),
    },
    pairs: {
      left: side(pairs.left),
      right: side(pairs.right),
      choices: Int8Array.from(keptPairs, (pair) => pairs.choices[pair] as number),
      splits: Uint8Array.from(keptPairs, (pair) => pairs.splits[pair] as number),
      annotators: Uint16Array.from(keptPairs, (pair) => pairs.annotators[pair] as number),
    },
    previous: previous && {
      ...previous,
      scores: numbers(previous.scores),
      wasTest: Uint8Array.from(kept, (row) => previous.wasTest[row] as number),
    },
  };
}
