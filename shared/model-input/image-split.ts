import type { PairDates } from '../execution/score-station-state.ts';
import type { RankedPair } from '../filters/filter-pairs.ts';

/** In the order in which a day takes the split of its photos (contract 8.1). */
export const IMAGE_SPLITS = ['train', 'val', 'test-in', 'test-out'] as const;
export type ImageSplit = (typeof IMAGE_SPLITS)[number];

export const isImageSplit = (text: string | null): text is ImageSplit =>
  IMAGE_SPLITS.some((split) => split === text);

/**
 * Split of each photo (contract 6.3, step 7): that of its pairs, training first; photos in no pair are `test-in` from
 * the first to the last local date of the pairs, else `test-out`.
 *
 * @param localDate of milliseconds since 1970, as yyyy-mm-dd in the station's time zone
 */
export function imageSplitter(
  pairs: readonly RankedPair[],
  isTrain: readonly boolean[],
  localDate: (epochMs: number) => string,
): (image: { image_id: number; timestamp: number }) => ImageSplit {
  const imagesOf = (train: boolean) =>
    new Set(
      pairs
        .filter((_, index) => isTrain[index] === train)
        .flatMap((pair) => [pair['left.imageId'], pair['right.imageId']]),
    );
  const [train, val] = [imagesOf(true), imagesOf(false)];
  const dates = pairs
    .flatMap((pair) => [localDate(pair['left.timestamp']), localDate(pair['right.timestamp'])])
    .sort();
  const [first, last] = [dates[0], dates.at(-1)];
  const period = first !== undefined && last !== undefined ? { first, last } : null;
  return ({ image_id, timestamp }) => {
    if (train.has(image_id)) return 'train';
    if (val.has(image_id)) return 'val';
    return splitByDate(localDate(timestamp), period);
  };
}

/**
 * Split of a photo that is in no pair: `test-in` from the first to the last date of the pairs.
 *
 * @param date yyyy-mm-dd, station time
 */
export const splitByDate = (date: string, pairs: PairDates | null): ImageSplit =>
  pairs && date >= pairs.first && date <= pairs.last ? 'test-in' : 'test-out';
