import { expect, test } from '@jest/globals';
import {
  estimate,
  isBetter,
  pairedDifference,
  type Reading,
} from '../../../benchmarks/evaluate/comparison.ts';

const readings = (values: Record<string, number[]>): Reading[] =>
  Object.entries(values).flatMap(([station, ofSeeds]) =>
    ofSeeds.map((value, index) => ({ station, seed: index + 1, value })),
  );

test('each station counts alike, however many seeds it has', () => {
  expect(estimate(readings({ a: [0.4, 0.6], b: [0.9] }))?.mean).toBeCloseTo(0.7, 12);
});

test('without readings there is no estimate', () => {
  expect(estimate([])).toBeNull();
});

test('the interval has the mean within and is that of the stations if all seeds agree', () => {
  const { mean, low, high } = estimate(readings({ a: [0.2, 0.2], b: [0.4, 0.4], c: [0.9, 0.9] })) as never;

  expect(mean).toBeCloseTo(0.5, 12);
  expect([low, high]).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.9, 12)]);
});

test('a difference that is the same everywhere has no width, however far the stations lie apart', () => {
  const reference = readings({ a: [0.1, 0.3], b: [0.8, 0.6] });
  const better = reference.map((reading) => ({ ...reading, value: reading.value + 0.05 }));

  expect(pairedDifference(better, reference)).toEqual({
    mean: expect.closeTo(0.05, 12),
    low: expect.closeTo(0.05, 12),
    high: expect.closeTo(0.05, 12),
    n: 4,
    stations: 2,
    worst: { station: expect.any(String), mean: expect.closeTo(0.05, 12) },
  });
});

test('a training without counterpart is left out of the difference', () => {
  const own = readings({ a: [0.5, 0.5], b: [0.5] });

  const difference = pairedDifference(own, readings({ a: [0.4], c: [0.9] }));

  expect(difference).toMatchObject({ n: 1, mean: expect.closeTo(0.1, 12) });
  expect(pairedDifference(own, readings({ c: [0.9] }))).toBeNull();
});

test('the worst station is that of the lowest mean difference', () => {
  const difference = pairedDifference(
    readings({ a: [0.6, 0.6], b: [0.5, 0.4] }),
    readings({ a: [0.5, 0.5], b: [0.5, 0.5] }),
  );

  expect(difference?.worst).toEqual({ station: 'b', mean: expect.closeTo(-0.05, 12) });
});

test('better is what gains for certain within and after and loses clearly at no station', () => {
  const gain = { mean: 0.05, low: 0.01, high: 0.09, n: 6, stations: 2, worst: { station: 'a', mean: 0.0 } };

  expect(isBetter(gain, gain)).toBe(true);
  expect(isBetter(gain, { ...gain, low: -0.001 })).toBe(false);
  expect(isBetter({ ...gain, worst: { station: 'a', mean: -0.03 } }, gain)).toBe(false);
  expect(isBetter(gain, null)).toBe(false);
  expect(isBetter(gain, { ...gain, n: 5 })).toBe(false);
  expect(isBetter({ ...gain, stations: 1 }, gain)).toBe(false);
});
