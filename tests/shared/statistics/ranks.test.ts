import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { denseRanks, percentileRanks } from '../../../shared/statistics/ranks.ts';

const ranksOf = (values: number[]) => [...percentileRanks(Float64Array.from(values))];
const { NaN: missing } = Number;

describe('percentile ranks', () => {
  test.each([
    { values: [30, 10, 20], expected: [1, 0, 0.5] },
    { values: [5, 5], expected: [0.5, 0.5] },
    { values: [1, 2, 2, 2, 9], expected: [0, 0.5, 0.5, 0.5, 1] },
    { values: [4, missing, 2, missing], expected: [1, missing, 0, missing] },
    { values: [7], expected: [missing] },
    { values: [missing, missing], expected: [missing, missing] },
    { values: [], expected: [] },
  ])('of $values are $expected', ({ values, expected }) => {
    expect(ranksOf(values)).toEqual(expected);
  });

  test('are (average rank − 1)/(n − 1) of the values present', () => {
    const samples = fc.array(fc.oneof(fc.constantFrom(missing, -1, 0, 3), fc.double()), { maxLength: 50 });
    fc.assert(
      fc.property(samples, (values) => {
        const present = values.filter((value) => !Number.isNaN(value));
        const expected = values.map((value) => {
          const below = present.filter((other) => other < value).length;
          const ties = present.filter((other) => other === value).length;
          return ties === 0 ? missing : (below + (ties + 1) / 2 - 1) / (present.length - 1);
        });
        expect(ranksOf(values)).toEqual(expected);
      }),
    );
  });

  test('leave the values as they were', () => {
    const values = Float64Array.of(3, 1, 2);

    percentileRanks(values);

    expect([...values]).toEqual([3, 1, 2]);
  });
});

test('dense ranks give equal numbers one place and leave no gap', () => {
  const { distinct, ranks } = denseRanks(Float64Array.of(2.5, -0, 9, 0, 2.5));

  expect([...ranks]).toEqual([1, 0, 2, 0, 1]);
  expect(distinct).toHaveLength(3);
});
