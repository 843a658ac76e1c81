import { HOUR_MS } from '../../shared/formats/durations.ts';
import type { SeededRandom } from '../../shared/statistics/seeded-random.ts';

type Photo = { timestamp: number };

/** Share of the days of the annotation period whose photos may be neighbors: the others stay unseen, to judge by. */
const SHARE_OF_DAYS = 0.5;
/** So that a camera with a photo a minute costs no more than one with a photo every quarter of an hour. */
const MOST_PHOTOS_PER_DAY = 100;

/**
 * Pairs of photos taken within hours of each other on one day of the annotation period, which a training takes for ties: light,
 * shadows, weather and the camera change within hours, the water hardly does, so that a network learns what to leave out. Nobody has
 * to compare them, and observed values have no part in it. Every photo is in one of them at most, and they are spread over the days.
 *
 * @param photos by time
 * @param most pairs that are wanted
 * @param hours largest difference of their times
 * @param isEligible whether a photo may be in one: within the annotation period, and not for validation
 * @param localDate of milliseconds since 1970, as yyyy-mm-dd in the station's time zone
 */
export function neighborPairs<Image extends Photo>(
  photos: readonly Image[],
  most: number,
  {
    hours,
    isEligible,
    localDate,
    random,
  }: {
    hours: number;
    isEligible: (photo: Image) => boolean;
    localDate: (epochMs: number) => string;
    random: SeededRandom;
  },
): [Image, Image][] {
  const eligible = photos.filter(isEligible);
  const days = random.shuffle([...Map.groupBy(eligible, ({ timestamp }) => localDate(timestamp)).values()]);
  const chosen = days.slice(0, Math.round(SHARE_OF_DAYS * days.length));
  const ofDays = chosen.map((day) => pairsOfDay(random.shuffle(day).slice(0, MOST_PHOTOS_PER_DAY), hours));
  // A pair of each day, then another one of each, and so on.
  return ofDays
    .flatMap((pairs) => pairs.map((pair, round) => ({ pair, round })))
    .sort((one, other) => one.round - other.round)
    .slice(0, most)
    .map(({ pair }) => pair);
}

/** Each photo with the next one in their order that is near enough and has no partner yet. */
function pairsOfDay<Image extends Photo>(photos: readonly Image[], hours: number): [Image, Image][] {
  const left = [...photos];
  const pairs: [Image, Image][] = [];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    const { timestamp } = one;
    const place = left.findIndex((other) => Math.abs(other.timestamp - timestamp) <= hours * HOUR_MS);
    const [partner] = place < 0 ? [] : left.splice(place, 1);
    if (partner) pairs.push([one, partner]);
  }
  return pairs;
}
