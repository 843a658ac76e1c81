import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kendallTauB } from '../../../shared/statistics/kendall-tau.ts';

const tau = (x: number[], y: number[]) => kendallTauB(Float64Array.from(x), Float64Array.from(y));

const compare = (a: number, b: number): number => Number(a > b) - Number(a < b);

/** The definition, pair by pair. */
function tauByDefinition(x: number[], y: number[]): number | null {
  let [numerator, untiedX, untiedY] = [0, 0, 0];
  for (const [i, xi] of x.entries())
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [compare(xi, x[j] as number), compare(y[i] as number, y[j] as number)];
      numerator += dx * dy;
      untiedX += dx * dx;
      untiedY += dy * dy;
    }
  return untiedX && untiedY ? numerator / Math.sqrt(untiedX * untiedY) : null;
}

const anyNumber = fc.double({ noNaN: true });
/** Few different values, so that most pairs are tied in x, in y or in both. */
const fewNumbers = fc.constantFrom(-2.5, -0, 0, 1, 1e-300, Infinity);
const rows = (cell: fc.Arbitrary<number>, minLength = 0) =>
  fc.array(fc.tuple(cell, cell), { minLength, maxLength: 60 }).map((pairs) => ({
    x: pairs.map(([x]) => x),
    y: pairs.map(([, y]) => y),
  }));
const anyRows = fc.oneof(rows(anyNumber), rows(fewNumbers));

describe('Kendall tau-b', () => {
  test.each([
    { x: [1, 2, 3, 4], y: [10, 20, 30, 40], expected: 1 },
    { x: [1, 2, 3, 4], y: [4, 3, 2, 1], expected: -1 },
    // Knight's formula against figures of R: cor(x, y, method = "kendall").
    { x: [1, 2, 3, 4, 5], y: [3, 1, 4, 2, 5], expected: 0.4 },
    { x: [1, 2, 2, 3], y: [1, 2, 3, 3], expected: 0.8 },
    { x: [12, 2, 1, 12, 2], y: [1, 4, 7, 1, 0], expected: -0.47140452079103173 },
  ])('is $expected for $x and $y', ({ x, y, expected }) => {
    expect(tau(x, y)).toBeCloseTo(expected, 12);
  });

  test.each([
    ['no rows', [], []],
    ['one row', [1], [2]],
    ['all values of x tied', [7, 7, 7], [1, 2, 3]],
    ['all values of y tied', [1, 2, 3], [0, 0, 0]],
    ['one complete row', [1, Number.NaN, 3], [1, 2, Number.NaN]],
  ])('is null with %s', (_, x, y) => {
    expect(tau(x, y)).toBeNull();
  });

  test('leaves out rows with a missing value', () => {
    expect(tau([1, Number.NaN, 2, 3, 4], [1, 2, 3, Number.NaN, 2])).toBe(tau([1, 2, 4], [1, 3, 2]));
  });

  test('refuses samples of different length', () => {
    expect(() => tau([1, 2], [1])).toThrow(
      new RangeError("Kendall's tau needs pairs: x has 2 values, y has 1"),
    );
  });

  test('counts pairs exactly where n² no longer fits into 32 bits', () => {
    const n = 100_000;
    const x = Float64Array.from({ length: n }, (_, row) => row);
    const y = x.map((row) => (row === 0 ? 1 : row === 1 ? 0 : row));

    expect(kendallTauB(x, y)).toBe((4_999_950_000 - 2) / 4_999_950_000);
  });

  test('equals the definition to 1e-12, with and without ties', () => {
    fc.assert(
      fc.property(anyRows, ({ x, y }) => {
        const [fast, slow] = [tau(x, y), tauByDefinition(x, y)];
        if (slow === null) expect(fast).toBeNull();
        else expect(Math.abs((fast as number) - slow)).toBeLessThanOrEqual(1e-12);
      }),
    );
  });

  test('stays within −1 … 1', () => {
    fc.assert(
      fc.property(anyRows, ({ x, y }) => {
        expect(Math.abs(tau(x, y) ?? 0)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('is symmetric', () => {
    fc.assert(
      fc.property(anyRows, ({ x, y }) => {
        expect(tau(x, y)).toBe(tau(y, x));
      }),
    );
  });

  test('flips its sign when one order is reversed', () => {
    fc.assert(
      fc.property(anyRows, ({ x, y }) => {
        const reversed = tau(
          x,
          y.map((value) => -value),
        );
        if (reversed === null) expect(tau(x, y)).toBeNull();
        else expect(reversed + (tau(x, y) as number)).toBe(0);
      }),
    );
  });

  test('does not depend on the order of the rows', () => {
    const shuffled = anyRows.chain(({ x, y }) => {
      const order = [...x.keys()];
      return fc.shuffledSubarray(order, { minLength: order.length }).map((rows) => ({ x, y, rows }));
    });
    fc.assert(
      fc.property(shuffled, ({ x, y, rows }) => {
        const pick = (values: number[]) => rows.map((row) => values[row] as number);
        expect(tau(pick(x), pick(y))).toBe(tau(x, y));
      }),
    );
  });

  test('is 1 for a sample with itself, whatever its ties', () => {
    fc.assert(
      fc.property(anyRows, ({ x }) => {
        expect(tau(x, x) ?? 1).toBe(1);
      }),
    );
  });
});
