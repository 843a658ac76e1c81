import { DAY_MS } from '../formats/durations.ts';
import { quantile } from '../statistics/quantile.ts';
import type { DatasetPhoto } from './imagesets.ts';

/** With fewer photos, nobody can tell whether their numbers follow time. */
const LEAST_PHOTOS = 20;
/** Cards that were copied together, or numbers given by people, have no order in time. */
const LEAST_FORWARD = 0.95;
/** A count of three to five digits at the end of a name, as in RCNX0123.JPG; longer ones are times of day or dates. */
const COUNT = /^(.*?)(?<!\d)(\d{3,5})\.[^./]*$/s;

/** Photos in the order of the count in their names, and the usual time between two of them. */
export type Sequence = { photos: DatasetPhoto[]; stepMs: number };

/**
 * The photos of an imageset in the order in which its camera numbered them, one sequence for each memory card. There is no sequence
 * if the numbers in the names do not follow time.
 *
 * @param photos of one imageset
 */
export function cameraSequences(photos: readonly DatasetPhoto[]): Sequence[] {
  const counted = photos.flatMap((photo) => {
    const [, card, count] = COUNT.exec(photo.filename) ?? [];
    return card === undefined ? [] : [{ photo, card, count: Number(count) }];
  });
  return [...Map.groupBy(counted, ({ card }) => card).values()].flatMap((group) => {
    if (group.length < LEAST_PHOTOS) return [];
    const byCount = group.toSorted((one, other) => one.count - other.count).map(({ photo }) => photo);
    const inOrder = startedOver(byCount);
    const steps = inOrder
      .slice(1)
      .map(({ timestamp }, index) => timestamp - (inOrder[index] as DatasetPhoto).timestamp);
    const forward = steps.filter((step) => step >= 0);
    if (forward.length < LEAST_FORWARD * steps.length) return [];
    return [
      {
        photos: inOrder,
        stepMs: quantile(
          forward.sort((one, other) => one - other),
          0.5,
        ),
      },
    ];
  });
}

/** After 9999 a camera counts from 1 again: then the last photo by count is the one just before the first. */
function startedOver(photos: DatasetPhoto[]): DatasetPhoto[] {
  const [first, last] = [photos[0] as DatasetPhoto, photos.at(-1) as DatasetPhoto];
  const sinceLast = first.timestamp - last.timestamp;
  if (sinceLast < 0 || sinceLast > DAY_MS) return photos;
  const drops = photos.flatMap(({ timestamp }, index) =>
    index > 0 && timestamp < (photos[index - 1] as DatasetPhoto).timestamp ? [index] : [],
  );
  const [start] = drops.length === 1 ? drops : [];
  return start === undefined ? photos : [...photos.slice(start), ...photos.slice(0, start)];
}
