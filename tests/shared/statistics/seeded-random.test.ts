import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';

const ITEMS = [0, 1, 2, 3, 4, 5, 6, 7];

// Splits and samples of published models were drawn so: another sequence would give other files of the same input.
test('A seed gives the choices that it always gave', () => {
  const random = seededRandom(1691);

  expect(random.shuffle(ITEMS)).toEqual([5, 6, 1, 7, 3, 2, 0, 4]);
  expect(random.shuffle(ITEMS)).toEqual([6, 2, 7, 5, 1, 0, 4, 3]);
  expect(Array.from({ length: 8 }, () => random.below(5))).toEqual([3, 3, 3, 0, 1, 1, 2, 3]);
});

test('Numbers are from 0 to n − 1, and each of them comes', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), (seed, n) => {
      const random = seededRandom(seed);
      const drawn = new Set(Array.from({ length: 300 }, () => random.below(n)));

      expect([...drawn].sort()).toEqual(Array.from({ length: n }, (_, number) => number));
    }),
  );
});

test('A shuffled array has the same items, and leaves the given one as it was', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.integer()), (seed, items) => {
      const before = [...items];

      const shuffled = seededRandom(seed).shuffle(items);

      expect([...shuffled].sort()).toEqual([...before].sort());
      expect(items).toEqual(before);
    }),
  );
});
