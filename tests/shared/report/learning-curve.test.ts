import { describe, expect, test } from '@jest/globals';
import {
  curveAdvice as adviceOf,
  type LearningCurve,
  meanAndRange,
  NO_CURVE,
} from '../../../shared/report/data/learning-curve.ts';

/** Held-out pairs that tell a difference of a few percentage points. */
const MANY = 1110;
/** Ten shuffles of half of the pairs, from one value by equal steps. */
const ten = (from: number, step: number) => Array.from({ length: 10 }, (_, index) => from + index * step);
const curve = (
  half: { accuracy: number[]; loss: number[] },
  all: { accuracy: number[]; loss: number[] },
  valPairs = MANY,
): LearningCurve => ({
  valPairs,
  points: [
    { pairs: 110, accuracy: ten(0.6, 0.01), loss: ten(0.6, 0.01) },
    { pairs: 221, ...half },
    { pairs: 1442, ...all },
  ],
  missing: null,
});
const curveAdvice = (given: LearningCurve, decided = MANY) => adviceOf(given, decided);
const HALF = { accuracy: ten(0.8, 0.01), loss: ten(0.4, 0.01) };

describe('what a learning curve advises', () => {
  test('is more pairs where all of them are better than nine of ten halves', () => {
    const [said, ...others] = curveAdvice(curve(HALF, { accuracy: [0.885], loss: [0.6] }));

    expect(others).toEqual([]);
    expect(said).toBe(
      'Learning curve: learned from 1,442 training pairs instead of 221, a score of the features that the network had before its training orders 89 % of the held-out pairs right (95 % interval 86 % – 90 %, n 1,110) instead of 85 % (80 % – 89 % over 10 shuffles). The curve still rises: more annotation pairs will probably help, the more so where the model does badly.',
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

    expect(said).toMatch(/and neither is that of the loss: more pairs like these would hardly help\.$/);
  });

  test.each([
    ['both', 0.6, 0.7],
    ['the accuracy alone', 0.6, 0.45],
    ['the loss alone', 0.86, 0.9],
  ])('is none where more pairs made %s worse', (_, accuracy, loss) => {
    const [said] = curveAdvice(curve(HALF, { accuracy: [accuracy], loss: [loss] }));

    expect(said).toMatch(/More pairs made it worse here, .* it does not tell whether more would help\.$/);
    expect(said).not.toContain('no clear difference');
  });

  test.each([
    [
      '9 held-out pairs',
      curve(HALF, { accuracy: [1], loss: [0.1] }, 9),
      9,
      '9 held-out pairs with a decision are',
    ],
    [
      'a single one with a decision',
      curve(HALF, { accuracy: [1], loss: [0.1] }),
      1,
      '1 held-out pair with a decision is',
    ],
    [
      'none with a decision',
      curve({ accuracy: [], loss: HALF.loss }, { accuracy: [], loss: [0.39] }),
      0,
      '0 held-out pairs with a decision are',
    ],
  ])('is none of %s', (_, given, decided, words) => {
    expect(curveAdvice(given, decided)).toEqual([
      `Learning curve: ${words} too few to tell whether more annotation pairs would help.`,
    ]);
  });

  test.each([
    ['a gain', 0.925, 0.3],
    ['no gain', 0.845, 0.445],
    ['a lower loss alone', 0.86, 0.39],
    ['a loss', 0.79, 0.7],
  ])('is neither more pairs nor none where 40 held-out pairs show %s', (_, accuracy, loss) => {
    const [said] = curveAdvice(curve(HALF, { accuracy: [accuracy], loss: [loss] }, 40), 40);

    expect(said).toContain('n 40)');
    expect(said).toMatch(
      /\. So few held-out pairs cannot tell whether the curve still rises, nor whether it does not\.$/,
    );
  });

  test('is more pairs where even few of them show a gain beyond their interval', () => {
    const [said] = curveAdvice(
      curve({ accuracy: ten(0.5, 0.01), loss: HALF.loss }, { accuracy: [0.9], loss: [0.3] }, 40),
      40,
    );

    expect(said).toContain('90 % of the held-out pairs right (95 % interval 77 % – 96 %, n 40)');
    expect(said).toContain('The curve still rises');
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
