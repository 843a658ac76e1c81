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
      'Learning curve: learned from 1,442 training pairs instead of 221, a score of the features that the network had before its training orders 89 % of the held-out pairs with a decision right instead of 85 % (80 % – 89 % over 10 shuffles). The curve still rises: more annotation pairs will probably help, the more so where the model does badly.',
    );
  });

  test('is less sure where only the loss is clearly lower', () => {
    const [said] = curveAdvice(curve(HALF, { accuracy: [0.86], loss: [0.39] }));

    expect(said).toMatch(/but the loss still falls: more pairs may help a little\.$/);
  });

  test.each([
    ['between those of the halves', 0.86, 0.45],
    ['as the best half', 0.875, 0.415],
    ['worse than all halves', 0.7, 0.9],
  ])('is no more pairs where accuracy and loss are %s', (_, accuracy, loss) => {
    const [said] = curveAdvice(curve(HALF, { accuracy: [accuracy], loss: [loss] }));

    expect(said).toMatch(/and so is the loss: more pairs like these would hardly help\.$/);
  });

  test('is by the loss alone where no held-out pair has a decision', () => {
    const [said] = curveAdvice(curve({ accuracy: [], loss: HALF.loss }, { accuracy: [], loss: [0.39] }));

    expect(said).toMatch(/^Learning curve: a score .* learned from 1,442 .* may help/);
    expect(said).not.toContain('NA');
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
