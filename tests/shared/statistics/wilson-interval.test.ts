import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';

// By R 4: prop.test(successes, cases, correct = FALSE)$conf.int
test.each([
  [8, 10, 0.490162471536642, 0.943317848545625],
  [0, 10, 0, 0.277532799862889],
  [10, 10, 0.722467200137111, 1],
  [50, 100, 0.403831530365996, 0.596168469634004],
  [1, 3, 0.0614919447203963, 0.7923403991979523],
])('The interval of %d in %d is that of R', (successes, cases, low, high) => {
  const interval = wilsonInterval(successes, cases);

  expect(interval?.low).toBeCloseTo(low, 12);
  expect(interval?.high).toBeCloseTo(high, 12);
});

test('Of no cases there is none', () => {
  expect(wilsonInterval(0, 0)).toBe(null);
});

test('It holds the share, stays within 0 and 1, and mirrors that of the failures', () => {
  const counts = fc
    .integer({ min: 1, max: 100_000 })
    .chain((cases) => fc.tuple(fc.nat(cases), fc.constant(cases)));
  fc.assert(
    fc.property(counts, ([successes, cases]) => {
      const { low, high } = wilsonInterval(successes, cases) as { low: number; high: number };
      const failures = wilsonInterval(cases - successes, cases) as { low: number; high: number };

      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(low - 1e-12).toBeLessThanOrEqual(successes / cases);
      expect(high + 1e-12).toBeGreaterThanOrEqual(successes / cases);
      expect(failures.low).toBeCloseTo(1 - high, 9);
    }),
  );
});
