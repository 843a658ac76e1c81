import { DAY_MS } from '../formats/durations.ts';
import { formatInstant } from '../formats/local-time.ts';

/** When a photo was taken, milliseconds since 1970; `image_id` is null if only the time is known. */
export type PhotoTime = { image_id: number | null; timestamp: number };

/** The photos of a calendar year (UTC). */
export type PhotoYear = { year: number; images: number; first: PhotoTime; last: PhotoTime };

/** @param photos by time */
export function photoYears(photos: Iterable<PhotoTime>): PhotoYear[] {
  const years: PhotoYear[] = [];
  for (const photo of photos) {
    const year = new Date(photo.timestamp).getUTCFullYear();
    const latest = years.at(-1);
    if (latest?.year === year) {
      latest.images += 1;
      latest.last = photo;
    } else years.push({ year, images: 1, first: photo, last: photo });
  }
  return years;
}

/** Before this year, no camera set its own clock, and photos carried no times. */
const FIRST_DIGITAL_YEAR = 1995;
/** A year this far from the others, with this small a share of the photos, comes from a clock that was reset. */
const APART_YEARS = 5;
const FEW = 0.01;

/**
 * Years in which their photos were probably not taken: before such cameras existed, after the present, or a few photos far from
 * all others.
 *
 * @param now milliseconds since 1970
 */
export function oddYears(years: readonly PhotoYear[], now: number): PhotoYear[] {
  const isImpossible = ({ year, last }: PhotoYear) =>
    year < FIRST_DIGITAL_YEAR || last.timestamp > now + DAY_MS;
  const possible = years.filter((year) => !isImpossible(year));
  const total = years.reduce((sum, { images }) => sum + images, 0);
  const isApart = ({ year }: PhotoYear) =>
    possible.length > 1 &&
    possible.every((other) => other.year === year || Math.abs(other.year - year) >= APART_YEARS);
  return years.filter((year) => isImpossible(year) || (isApart(year) && year.images <= FEW * total));
}

/** For people who can look at the photo and the camera; null when there are none. */
export function describeOddYears(years: readonly PhotoYear[]): string | null {
  if (years.length === 0) return null;
  const found = years.map(({ year, images, first: { image_id, timestamp } }) => {
    const others = images === 1 ? '' : ` and ${images - 1} more of ${year}`;
    return `${image_id === null ? 'that' : `photo ${image_id}`} of ${formatInstant(timestamp)}${others}`;
  });
  return `Photos with times that are hardly true: ${found.join(', ')}; a clock of their camera was reset or set wrong, and they get the values of that time.`;
}
