import { StationTooLarge } from '../errors.ts';
import { formatCount } from '../formats/numbers.ts';

/**
 * What a station may have at most: nobody has seen the functions work on more with the memory and the time that they have
 * (`npm run test:scale`, docs/scale.md).
 */
export const STATION_LIMITS = {
  photos: 1_000_000,
  annotation_files: 5_000,
  annotation_pairs: 200_000,
  uploaded_values: 1_000_000,
} as const;

/** As the database tells it; what is above its limit is not counted to its end. */
export type StationSize = Record<keyof typeof STATION_LIMITS, number>;

const FIXES: Record<keyof StationSize, string> = {
  photos: 'divide the station into several',
  annotation_files: 'flag annotation sessions that are not needed',
  annotation_pairs: 'flag annotation sessions that are not needed',
  uploaded_values: 'upload values less often than the photos are taken, such as one in five minutes',
};

/**
 * A function that runs out of memory hours later says less.
 *
 * @param where the station, in words
 * @throws StationTooLarge naming all that is too much
 */
export function requireStationSize(where: string, size: StationSize): void {
  const names = Object.keys(STATION_LIMITS) as (keyof StationSize)[];
  const above = names.filter((name) => size[name] > STATION_LIMITS[name]);
  if (above.length === 0) return;
  const list = (sizes: Readonly<StationSize>, more = '') =>
    above.map((name) => `${more}${formatCount(sizes[name])} ${name.replace('_', ' ')}`).join(', ');
  throw new StationTooLarge({
    what: 'The station has more than one execution can work on',
    where,
    found: list(size, 'at least '),
    expected: `at most ${list(STATION_LIMITS)}`,
    fix: `${[...new Set(above.map((name) => FIXES[name]))].join('; ')}, or give the functions more memory and raise the limit (docs/scale.md)`,
  });
}
