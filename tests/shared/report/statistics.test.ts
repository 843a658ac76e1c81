import { describe, expect, test } from '@jest/globals';
import { weekOf } from '../../../shared/predictions/weeks.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../../../shared/report/data/split-groups.ts';
import { intervalsByWeeks, tauInterval } from '../../../shared/report/data/statistics.ts';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';
import type { Interval } from '../../../shared/statistics/tau-bootstrap.ts';

describe('The interval of a tau', () => {
  const DAYS = 180;
  /** Numbers of which each remembers nine tenths of the one before, as a river from day to day. */
  const slow = (seed: number): Float64Array => {
    const random = seededRandom(seed);
    let level = 0;
    return Float64Array.from({ length: DAYS }, () => {
      level = 0.9 * level + random.below(1000) / 1000 - 0.5;
      return level;
    });
  };
  const days = Array.from({ length: DAYS }, (_, day) => Date.UTC(2026, 0, 5 + day, 12));

  test('draws the days of a week together, so that it is wider where one day is like the next', () => {
    const rows = {
      values: slow(1),
      scores: slow(1).map((level, day) => level + 0.7 * (slow(2)[day] as number)),
      splits: new Array(DAYS).fill('train'),
    };
    const width = (clusters: number[]) => {
      const overall = SPLIT_GROUPS.find(({ id }) => id === 'overall') as SplitGroup;
      const { low, high } = tauInterval(
        rows,
        overall,
        intervalsByWeeks(clusters, { resamples: 200, seed: 1 }),
      ) as Interval;
      return high - low;
    };

    expect(width(days.map(weekOf))).toBeGreaterThan(1.3 * width([...days.keys()]));
  });

  test('counts a week from one Thursday to the next, wherever a year begins', () => {
    const weeks = days.map(weekOf);

    const lengths = [...Map.groupBy(weeks, (week) => week).values()].map(({ length }) => length);
    expect(lengths.slice(1, -1).every((length) => length === 7)).toBe(true);
    expect(weeks).toEqual(weeks.toSorted((a, b) => a - b));
  });
});
