import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { averagePrecision } from '../../../shared/statistics/average-precision.ts';
import { denseRanks } from '../../../shared/statistics/ranks.ts';

const precision = (scores: number[], isRelevant: number[]) =>
  averagePrecision(denseRanks(Float64Array.from(scores)), isRelevant);

/** The definition, row by row. */
function byDefinition(scores: number[], isRelevant: number[]): number | null {
  const relevant = scores.filter((_, row) => isRelevant[row] === 1);
  const shares = relevant.map(
    (score) =>
      relevant.filter((other) => other >= score).length / scores.filter((other) => other >= score).length,
  );
  return shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

const rows = fc
  .array(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true })), fc.nat(1)), {
    maxLength: 50,
  })
  .map((all) => ({ scores: all.map(([score]) => score), isRelevant: all.map(([, mark]) => mark) }));

describe('Average precision', () => {
  test.each([
    { scores: [4, 3, 2, 1], isRelevant: [1, 1, 0, 0], expected: 1 },
    { scores: [4, 3, 2, 1], isRelevant: [0, 0, 1, 1], expected: (1 / 3 + 2 / 4) / 2 },
    { scores: [4, 3, 2, 1], isRelevant: [1, 0, 1, 0], expected: (1 + 2 / 3) / 2 },
    { scores: [5, 5, 5, 5], isRelevant: [0, 1, 0, 0], expected: 1 / 4 },
  ])('is $expected for marks $isRelevant in the order of $scores', ({ scores, isRelevant, expected }) => {
    expect(precision(scores, isRelevant)).toBeCloseTo(expected, 12);
  });

  test('does not exist where nothing is to be found', () => {
    expect(precision([1, 2], [0, 0])).toBeNull();
    expect(precision([], [])).toBeNull();
  });

  test('refuses marks of another length', () => {
    expect(() => precision([1, 2], [1])).toThrow(
      new RangeError('Average precision needs a mark for each score: 2 scores, 1 marks'),
    );
  });

  test('equals the definition, whatever is tied', () => {
    fc.assert(
      fc.property(rows, ({ scores, isRelevant }) => {
        const expected = byDefinition(scores, isRelevant);
        if (expected === null) expect(precision(scores, isRelevant)).toBeNull();
        else expect(precision(scores, isRelevant)).toBeCloseTo(expected, 12);
      }),
    );
  });

  test('does not depend on the order of the rows, and is 1 where the marks are the scores', () => {
    fc.assert(
      fc.property(rows, ({ scores, isRelevant }) => {
        const turned = precision(scores.toReversed(), isRelevant.toReversed());

        if (turned === null) expect(precision(scores, isRelevant)).toBeNull();
        else expect(precision(scores, isRelevant)).toBeCloseTo(turned, 12);
        expect(precision(isRelevant, isRelevant) ?? 1).toBe(1);
      }),
    );
  });
});
