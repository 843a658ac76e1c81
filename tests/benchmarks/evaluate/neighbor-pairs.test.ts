import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { neighborPairs } from '../../../benchmarks/evaluate/neighbor-pairs.ts';
import { DAY_MS, HOUR_MS } from '../../../shared/formats/durations.ts';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';

type Photo = { image_id: number; timestamp: number };

const localDate = (epochMs: number) => new Date(epochMs).toISOString().slice(0, 10);
const START = Date.UTC(2026, 2, 1);
/** Photos of some days, every two hours from 8:00 to 18:00. */
const photosOf = (days: number): Photo[] =>
  Array.from({ length: 6 * days }, (_, index) => ({
    image_id: index + 1,
    timestamp: START + Math.floor(index / 6) * DAY_MS + (8 + 2 * (index % 6)) * HOUR_MS,
  }));
type Options = { hours?: number; isEligible?: (photo: Photo) => boolean; seed?: number };
const neighbors = (
  photos: Photo[],
  most: number,
  { hours = 3, isEligible = () => true, seed = 1 }: Options = {},
) => neighborPairs(photos, most, { hours, isEligible, localDate, random: seededRandom(seed) });
const datesOf = (pairs: [Photo, Photo][]) => pairs.map(([{ timestamp }]) => localDate(timestamp));

describe('Pairs of neighbors', () => {
  test('are of one day, near enough to each other, and have no photo in common', () => {
    const photo = fc.record({ day: fc.nat(12), minute: fc.nat(1439) });
    fc.assert(
      fc.property(
        fc.array(photo, { maxLength: 80 }),
        fc.integer({ min: 1, max: 24 }),
        fc.nat(),
        (drawn, hours, seed) => {
          const photos = drawn
            .map(({ day, minute }) => START + day * DAY_MS + minute * 60_000)
            .toSorted((a, b) => a - b)
            .map((timestamp, index) => ({ image_id: index, timestamp }));

          const pairs = neighbors(photos, 1000, { hours, seed });

          for (const [one, two] of pairs) {
            expect(localDate(one.timestamp)).toBe(localDate(two.timestamp));
            expect(Math.abs(one.timestamp - two.timestamp)).toBeLessThanOrEqual(hours * HOUR_MS);
          }
          expect(new Set(pairs.flat()).size).toBe(2 * pairs.length);
        },
      ),
    );
  });

  test('come from half of the days, so that the other days stay unseen', () => {
    const days = new Set(datesOf(neighbors(photosOf(20), 1000)));

    expect(days.size).toBe(10);
  });

  test('are as many as are wanted, spread over the days', () => {
    const dates = datesOf(neighbors(photosOf(20), 15));

    const counts = [...Map.groupBy(dates, (date) => date).values()].map(({ length }) => length);
    expect(dates).toHaveLength(15);
    expect(counts.toSorted()).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  });

  test('are fewer where the days have no more', () => {
    const pairs = neighbors(photosOf(20), 1000);

    expect(pairs.length).toBeGreaterThanOrEqual(20);
    expect(pairs.length).toBeLessThanOrEqual(30);
  });

  test.each([
    ['are none of photos further apart', photosOf(20), 1.9],
    ['are none without photos', [], 3],
    ['are none of a single photo a day', photosOf(20).filter((_, index) => index % 6 === 0), 24],
  ])('%s', (_, photos, hours) => {
    expect(neighbors(photos, 100, { hours })).toEqual([]);
  });

  test('have no photo that is not eligible', () => {
    const isEligible = ({ image_id }: Photo) => image_id % 4 < 2;

    const found = neighbors(photosOf(40), 1000, { hours: 24, isEligible }).flat();

    expect(found.length).toBeGreaterThan(20);
    expect(found.filter((photo) => !isEligible(photo))).toEqual([]);
  });

  test('are the same for the same seed, and others for another', () => {
    const [one, again, other] = [1, 1, 2].map((seed) => neighbors(photosOf(20), 50, { seed }));

    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  test('of a photo a minute are sought among a hundred of a day', () => {
    const photos = Array.from({ length: 4 * 1440 }, (_, index) => ({
      image_id: index,
      timestamp: START + index * 60_000,
    }));

    const pairs = neighbors(photos, 10_000, { hours: 24 });

    expect(pairs).toHaveLength(2 * 50);
  });
});
