import { describe, expect, test } from '@jest/globals';
import {
  curveAdvice,
  type LearningCurve,
  meanAndRange,
  NO_CURVE,
} from '../../../shared/report/data/learning-curve.ts';

/** Ten shuffles of half of the pairs, from one value by equal steps. */
const ten = (from: number, step: number) => Array.from({ length: 10 }, (_, index) => from + index * step);
const curve = (
  half: { accuracy: number[]; loss: number[] },
  all: { accuracy: number[]; loss: number[] },
): LearningCurve => ({
  valPairs: 111,
  points: [
    { pairs: 110, accuracy: ten(0.6, 0.01), loss: ten(0.6, 0.01) },
    { pairs: 221, ...half },
    { pairs: 1442, ...all },
  ],
  missing: null,
});
const HALF = { accuracy: ten(0.8, 0.01), loss: ten(0.4, 0.01) };

describe('what a learning curve advises', () => {
  test('is more pairs where all of them are better than nine of ten halves', () => {
    const [said, ...others] = curveAdvice(curve(HALF, { accuracy: [0.885], loss: [0.6] }));

    expect(others).toEqual([]);
    expect(said).toBe(
      'Learning curve: learned from 1,442 training pairs instead of 221, a score of the features that the network had before its training orders 89 % of the 111 held-out pairs, as far as they have a decision, right instead of 85 % (80 % – 89 % over 10 shuffles). The curve still rises: more annotation pairs will probably help, the more so where the model does badly.',
    );
  });

  test('is less sure where only the loss is clearly lower', () => {
    const [said] = curveAdvice(curve(HALF, { accuracy: [0.86], loss: [0.39] }));

    expect(said).toMatch(/but the loss still falls: more pairs may help a little\.$/);
  });

  test.each([
    ['between those of the halves', 0.86, 0.45],
    ['as the best half', 0.875, 0.415],
  ])('is no more pairs where accuracy and loss are %s', (_, accuracy, loss) => {
    const [said] = curveAdvice(curve(HALF, { accuracy: [accuracy], loss: [loss] }));

    expect(said).toMatch(/and so is the loss: more pairs like these would hardly help\.$/);
  });

  test.each([
    ['both', 0.6, 0.7],
    ['the accuracy alone', 0.6, 0.45],
    ['the loss alone', 0.86, 0.9],
  ])('is none where more pairs made %s worse', (_, accuracy, loss) => {
    const [said] = curveAdvice(curve(HALF, { accuracy: [accuracy], loss: [loss] }));

    expect(said).toMatch(/More pairs made it worse here: .* it does not tell whether more would help\.$/);
    expect(said).not.toContain('within the spread');
  });

  test.each([
    [
      '9 held-out pairs',
      { ...curve(HALF, { accuracy: [1], loss: [0.1] }), valPairs: 9 },
      'the 9 held-out pairs are',
    ],
    [
      'none with a decision',
      curve({ accuracy: [], loss: HALF.loss }, { accuracy: [], loss: [0.39] }),
      'the 111 held-out pairs without a decision are',
    ],
  ])('is none of %s', (_, given, words) => {
    expect(curveAdvice(given)).toEqual([
      `Learning curve: ${words} too few to tell whether more annotation pairs would help.`,
    ]);
  });

  test.each([
    ['no curve', NO_CURVE],
    ['a single point', { ...curve(HALF, HALF), points: curve(HALF, HALF).points.slice(0, 1) }],
  ])('is nothing of %s', (_, given) => {
    expect(curveAdvice(given)).toEqual([]);
  });
});

test('a spread is mean and range, and none of nothing', () => {
  expect(meanAndRange([0.2, 0.4, 0.9])).toEqual({ mean: 0.5, low: 0.2, high: 0.9 });
  expect(meanAndRange([])).toBeNull();
});
