import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOUR_MS } from '../../../shared/formats/durations.ts';
import { smoothScores } from '../../../shared/predictions/smoothed-scores.ts';

type Row = { timestamp: number; score: number | null };

/** @param hours of each row */
const rowsAt = (hours: number[], scores: (number | null)[]): Row[] =>
  hours.map((hour, index) => ({ timestamp: hour * HOUR_MS, score: scores[index] as number | null }));
const smooth = async (rows: Row[], hours: number, size = 1000) => {
  const batches = Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  );
  return (await Array.fromAsync(smoothScores(batches, hours))).flat();
};
const smoothed = async (...given: Parameters<typeof smooth>) =>
  (await smooth(...given)).map(({ smoothed_score }) => smoothed_score);

const anyRows = fc
  .array(fc.record({ gap: fc.nat(50), score: fc.option(fc.double({ min: -5, max: 5, noNaN: true })) }), {
    maxLength: 60,
  })
  .map((steps) => {
    let hour = 0;
    return steps.map(({ gap, score }) => {
      hour += gap / 4;
      return { timestamp: hour * HOUR_MS, score };
    });
  });

describe('smoothed scores', () => {
  test('are means weighted by a Gaussian of the time between photos', async () => {
    const weight = Math.exp(-1 / 2);

    expect(await smoothed(rowsAt([0, 24], [1, 3]), 24)).toEqual([
      expect.closeTo((1 + 3 * weight) / (1 + weight), 12),
      expect.closeTo((1 * weight + 3) / (1 + weight), 12),
    ]);
  });

  test('reach three standard deviations far', async () => {
    expect(await smoothed(rowsAt([0, 3, 6.5], [1, 1, 9]), 1)).toEqual([1, 1, 9]);
    expect((await smoothed(rowsAt([0, 2.9], [1, 9]), 1))[0]).toBeGreaterThan(1);
  });

  test('leave the scores themselves and all else as they are', async () => {
    const rows = rowsAt([0, 1], [1, 2]).map((row, id) => ({ ...row, id }));

    expect((await smooth(rows, 5)).map(({ smoothed_score, ...row }) => row)).toEqual(rows);
  });

  test('go by the photos around one that has no score', async () => {
    expect(await smoothed(rowsAt([0, 1, 2, 90], [2, null, 2, null]), 1)).toEqual([2, 2, 2, null]);
  });

  test('are what the definition says, whatever the batches are', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRows,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        async (rows, hours, size) => {
          const expected = rows.map(({ timestamp }) => {
            const near = rows.flatMap(({ timestamp: other, score }) => {
              const distance = (other - timestamp) / (hours * HOUR_MS);
              return Math.abs(distance) <= 3 && score !== null
                ? [[Math.exp((-distance * distance) / 2), score] as const]
                : [];
            });
            const weights = near.reduce((sum, [weight]) => sum + weight, 0);
            return weights === 0
              ? null
              : expect.closeTo(near.reduce((sum, [weight, score]) => sum + weight * score, 0) / weights, 9);
          });

          expect(await smoothed(rows, hours, size)).toEqual(expected);
        },
      ),
    );
  });
});
