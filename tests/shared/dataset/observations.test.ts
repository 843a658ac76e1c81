import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  interpolate,
  medianStepMinutes,
  type Observation,
  observedSeries,
} from '../../../shared/dataset/observations.ts';

const MINUTE = 60_000;
const at = (minutes: number) => Date.UTC(2026, 0, 1) + minutes * MINUTE;
const observe = (...pairs: [number, number][]): Observation[] =>
  pairs.map(([minutes, value]) => ({ timestamp: at(minutes), value }));
const valuesAt = (observations: Observation[], minutes: number[], maxGapMinutes = 65) => {
  const images = minutes.map(at);
  return interpolate(observedSeries(observations, images), images, maxGapMinutes * MINUTE);
};

describe('interpolate', () => {
  test('needs both neighbors within the gap: one minute before the next is not enough (Q-D1)', () => {
    expect(valuesAt(observe([0, 1], [270, 2]), [269])).toEqual([null]);
  });

  test('takes an observation at the very time, also the last one and one before a long gap (Q-D2)', () => {
    expect(valuesAt(observe([0, 1], [60, 3], [600, 5]), [60, 600])).toEqual([3, 5]);
  });

  test('gives exact hits only when there is one observation, and nothing when there is none (Q-D3)', () => {
    expect(valuesAt(observe([10, 4]), [5, 10, 15])).toEqual([null, 4, null]);
    expect(valuesAt([], [5])).toEqual([null]);
  });

  test('takes a gap of exactly the limit, on both sides', () => {
    expect(valuesAt(observe([0, 0], [130, 130]), [65])).toEqual([65]);
    expect(valuesAt(observe([0, 0], [130, 130]), [64, 66])).toEqual([null, null]);
  });

  test('treats NaN as missing (Q-D7)', () => {
    expect(valuesAt(observe([0, 1], [30, Number.NaN], [60, 3]), [30])).toEqual([2]);
  });

  test('computes in the order of R’s approx(), which decides the last digit', () => {
    expect(valuesAt(observe([0, 0.1], [15, 0.7]), [3, 5, 11])).toEqual([0.22, 0.3, 0.5399999999999999]);
  });

  test('goes by fractions of seconds', () => {
    const observations = [0, 60_000].map((timestamp) => ({ timestamp, value: timestamp }));

    const values = interpolate(observedSeries(observations, [0]), Float64Array.of(999.5, 30_000.25), MINUTE);

    expect(values).toEqual([999.5, 30_000.25]);
  });

  test('averages observations of the same time', () => {
    expect(valuesAt(observe([0, 1], [0, 5]), [0])).toEqual([3]);
  });

  test('leaves out observations more than a day from the photos', () => {
    expect(observedSeries(observe([-1441, 1], [-1440, 2], [1440, 3], [1441, 4]), [at(0)]).values).toEqual(
      Float64Array.from([2, 3]),
    );
  });

  test('stays between its neighbors and agrees with looking at every observation', () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(minutes, minutes, fc.integer({ min: 0, max: 120 }), (observed, photos, gap) => {
        const observations = observe(...observed.map((minute): [number, number] => [minute, minute * 2]));
        const sorted = photos.sort((a, b) => a - b);

        const values = valuesAt(observations, sorted, gap);

        sorted.forEach((photo, index) => {
          const before = Math.max(...observed.filter((minute) => minute <= photo));
          const after = Math.min(...observed.filter((minute) => minute >= photo));
          const isNear = photo - before <= gap && after - photo <= gap;
          if (before === photo || isNear) expect(values[index]).toBeCloseTo(photo * 2, 9);
          else expect(values[index]).toBeNull();
        });
      }),
    );
  });
});

test('the median step is in minutes, and unknown below two times', () => {
  expect(medianStepMinutes([0, 300, 15, 30, 15].map(at))).toBe(15);
  expect(medianStepMinutes([0, 0].map(at))).toBeNull();
});
