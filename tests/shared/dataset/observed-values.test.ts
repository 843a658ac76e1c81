import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { FILL_VALUES, fillValues } from '../../../shared/dataset/observed-values.ts';

const fillsOf = (counts: Record<string, number>, most: number): number[] => [
  ...(fillValues([{ series_id: 1, counts, most }]).get(1) as Set<number>),
];

test.each([
  ['far below everything', { '-9999': 1 }, 500, [-9999]],
  ['in a river whose tide flows back as strongly', { '-9999': 1 }, 12_000, []],
  ['above everything, again and again', { '9999': 3 }, 500, [9999]],
  ['above everything, once: a flood', { '9999': 2 }, 500, []],
  ['near other floods', { '9999': 50 }, 8000, []],
  ['the only number of a series', { '-999999': 7 }, 0, [-999_999]],
  ['several at once', { '-9999': 1, '-888.88': 2, '999': 1 }, 30, [-9999, -888.88]],
])('a number that loggers write for none, %s', (_, counts, most, fills) => {
  expect(fillsOf(counts as unknown as Record<string, number>, most as number)).toEqual(fills);
});

test('nothing is a fill value that lies among the other numbers of its series', () => {
  const candidate = fc.record({
    value: fc.constantFrom(...FILL_VALUES),
    count: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(candidate, fc.double({ min: 0, max: 1e7, noNaN: true }), ({ value, count }, most) => {
      const isFill = fillsOf({ [value]: count }, most).length > 0;
      if (Math.abs(value) < 2 * most) expect(isFill).toBe(false);
      else if (value < 0) expect(isFill).toBe(true);
    }),
  );
});
