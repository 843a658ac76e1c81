import { describe, expect, test } from '@jest/globals';
import type { AnnotationRow } from '../../../shared/dataset/columns.ts';
import { noneOf } from '../../../shared/dataset/reasons.ts';
import { isInWindow } from '../../../shared/filters/filter.ts';
import { imageFilter } from '../../../shared/filters/filter-images.ts';
import { filterPairs } from '../../../shared/filters/filter-pairs.ts';
import { PAIR_FILTERS } from '../../../shared/filters/pair-filters.ts';
import { stationClock } from '../../../shared/formats/local-time.ts';
import { parseRunInput } from '../../../shared/inputs/train-station.ts';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';

const clock = stationClock('America/New_York');
const filter = (input: object) => {
  const filterOf = imageFilter(parseRunInput({ station_id: 1, ...input }), clock);
  return (timestamp: number) =>
    filterOf({ image_id: 1, timestamp, filename: '1.jpg', url: null, value: null });
};
const at = (text: string) => Date.parse(text);

describe('the filter of photos', () => {
  test('keeps the hours of the station, not of UTC, and the last hour to its last second', () => {
    const filterOf = filter({});

    const found = ['06:59:59', '07:00:00', '18:59:59', '19:00:00'].map((time) =>
      filterOf(at(`2026-01-10T${time}-05:00`)),
    );

    expect(found).toEqual(['outside_hours', null, null, 'outside_hours']);
  });

  test('takes hour 0 for midnight, not for no limit (Q-P11)', () => {
    const filterOf = filter({ min_hour: 0, max_hour: 0 });

    expect(filterOf(at('2026-01-10T00:59:59-05:00'))).toBe(null);
    expect(filterOf(at('2026-01-10T01:00:00-05:00'))).toBe('outside_hours');
  });

  test('keeps the months from November to March, and the hours of a night (Q-I10)', () => {
    const filterOf = filter({ min_month: 11, max_month: 3, min_hour: 22, max_hour: 4 });

    expect(filterOf(at('2026-12-10T23:30:00-05:00'))).toBe(null);
    expect(filterOf(at('2026-03-31T04:59:00-04:00'))).toBe(null);
    expect(filterOf(at('2026-07-10T23:30:00-04:00'))).toBe('outside_months');
    expect(filterOf(at('2026-12-10T12:00:00-05:00'))).toBe('outside_hours');
    expect([isInWindow(5, 5, 5), isInWindow(6, 5, 5)]).toEqual([true, false]);
  });

  test('takes dates as those of the station, both inclusive (Q-I8)', () => {
    const filterOf = filter({ images_start: '2026-01-10', images_end: '2026-01-11', max_hour: 23 });

    const found = ['2026-01-09T18:00', '2026-01-10T07:00', '2026-01-11T23:30', '2026-01-12T08:00'].map(
      (time) => filterOf(at(`${time}:00-05:00`)),
    );

    expect(found).toEqual(['outside_dates', null, null, 'outside_dates']);
  });
});

const pair = (left: number, right: number, rank: string | null, time = '2026-01-10T12:00:00-05:00') =>
  ({
    rank,
    'left.imageId': left,
    'right.imageId': right,
    'left.timestamp': at(time),
    'right.timestamp': at(time),
    'left.filename': `${left}.jpg`,
    'right.filename': `${right}.jpg`,
    'left.value': left,
    'right.value': null,
  }) as AnnotationRow;

describe('the filter of pairs', () => {
  const around = (seed: number) => ({
    imageIds: new Set([1, 2, 3, 4]),
    clock,
    random: seededRandom(seed),
  });

  test('counts each pair once, under the first filter that removes it', () => {
    const pairs = [
      pair(1, 2, 'LEFT'),
      pair(1, 2, 'UNKNOWN'),
      pair(1, 2, null),
      pair(1, 9, 'LEFT'),
      pair(9, 1, 'UNKNOWN'),
      pair(3, 4, 'SAME', '2026-01-09T12:00:00-05:00'),
    ];

    const { kept, removed } = filterPairs(pairs, { annotations_start: '2026-01-10' }, around(1));

    expect(kept).toEqual([pairs[0]]);
    expect(removed).toEqual({ ...noneOf(PAIR_FILTERS), not_ranked: 3, photo_filtered: 1, outside_dates: 1 });
  });

  test('draws a sample that is the same for the same seed and stays in order (Q-I9)', () => {
    const pairs = Array.from({ length: 50 }, (_, index) => ({ ...pair(1, 2, 'LEFT'), pair_id: index }));
    const sample = (seed: number) =>
      filterPairs(pairs, { annotations_max_n: 10 }, around(seed)).kept.map(({ pair_id }) => pair_id);

    const [one, same, other] = [sample(1), sample(1), sample(2)];

    expect(one).toHaveLength(10);
    expect(one).toEqual(one.toSorted((a, b) => a - b));
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});
