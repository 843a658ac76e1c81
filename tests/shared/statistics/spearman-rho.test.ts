import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spearmanRho } from '../../../shared/statistics/spearman-rho.ts';

const rho = (x: number[], y: number[]) => spearmanRho(Float64Array.from(x), Float64Array.from(y));
const number = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 }));
const rows = fc
  .array(fc.tuple(number, number), { maxLength: 50 })
  .map((pairs) => ({ x: pairs.map(([x]) => x), y: pairs.map(([, y]) => y) }));

describe("Spearman's rho", () => {
  test.each([
    { x: [1, 2, 3, 4], y: [10, 200, 201, 4000], expected: 1 },
    { x: [1, 2, 3, 4], y: [4, 3, 2, 1], expected: -1 },
    // Figures of R: cor(x, y, method = "spearman").
    { x: [1, 2, 3, 4, 5], y: [3, 1, 4, 2, 5], expected: 0.5 },
    { x: [1, 2, 2, 3], y: [1, 2, 3, 3], expected: 0.8333333333333333 },
    { x: [12, 2, 1, 12, 2], y: [1, 4, 7, 1, 0], expected: -0.54073807043587518 },
  ])('is $expected for $x and $y', ({ x, y, expected }) => {
    expect(rho(x, y)).toBeCloseTo(expected, 12);
  });

  test.each([
    ['no rows', [], []],
    ['one row', [1], [2]],
    ['all values of x tied', [7, 7, 7], [1, 2, 3]],
    ['all values of y tied', [1, 2, 3], [7, 7, 7]],
    ['one complete row', [1, Number.NaN, 3], [1, 2, Number.NaN]],
  ])('is null with %s', (_, x, y) => {
    expect(rho(x, y)).toBeNull();
  });

  test('leaves out rows with a missing value', () => {
    expect(rho([1, Number.NaN, 2, 3, 4], [1, 2, 3, Number.NaN, 2])).toBe(rho([1, 2, 4], [1, 3, 2]));
  });

  test('is 1 − 6 Σd²/(n(n² − 1)) where nothing is tied', () => {
    const order = fc.integer({ min: 2, max: 40 }).chain((n) => {
      const places = Array.from({ length: n }, (_, place) => place);
      return fc.shuffledSubarray(places, { minLength: n });
    });
    fc.assert(
      fc.property(order, (y) => {
        const squares = y.reduce((sum, place, row) => sum + (place - row) ** 2, 0);
        const expected = 1 - (6 * squares) / (y.length * (y.length ** 2 - 1));
        expect(rho([...y.keys()], y)).toBeCloseTo(expected, 12);
      }),
    );
  });

  test('stays within −1 … 1, is symmetric, and flips its sign when one order is reversed', () => {
    fc.assert(
      fc.property(rows, ({ x, y }) => {
        const one = rho(x, y);
        const reversed = rho(
          x,
          y.map((value) => -value),
        );

        expect(rho(y, x)).toBe(one);
        expect(Math.abs(one ?? 0)).toBeLessThanOrEqual(1);
        if (one === null) expect(reversed).toBeNull();
        else expect(reversed).toBeCloseTo(-one, 12);
      }),
    );
  });
});
