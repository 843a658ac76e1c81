import { expect, test } from '@jest/globals';
import { sameModelTolerance, spreadOf } from '../../../shared/predictions/same-model.ts';

test.each<[(number | null)[], number]>([
  [[1, 3, null, 2], 2],
  [[-1, -4], 3],
  [[5], 0],
])('The scores %j spread over %d', (scores, spread) => {
  expect(spreadOf(scores)).toBe(spread);
});

test('Without scores there is no spread', () => {
  expect(spreadOf([null])).toBeLessThan(0);
  expect(spreadOf([])).toBeLessThan(0);
});

test('Scores of one model differ by a fiftieth of their spread at most, or by what is guaranteed', () => {
  expect(sameModelTolerance([0, 10])).toBeCloseTo(0.2, 12);
  expect(sameModelTolerance([-5, null, 5])).toBeCloseTo(0.2, 12);
  expect(sameModelTolerance([1, 1 + 1e-9])).toBe(1e-5);
  expect(sameModelTolerance([])).toBe(1e-5);
});
