import { expect, test } from '@jest/globals';
import { describeOddYears, oddYears, photoYears } from '../../../shared/predictions/photo-years.ts';

const NOW = Date.parse('2026-04-01T12:00:00Z');
/** So many photos of a year, a day apart. */
const photos = (year: number, count: number, firstId = 1) =>
  Array.from({ length: count }, (_, index) => ({
    image_id: firstId + index,
    timestamp: Date.UTC(year, 0, 1 + index),
  }));
const oddOf = (...groups: ReturnType<typeof photos>[]) =>
  oddYears(photoYears(groups.flat()), NOW).map(({ year }) => year);

test('photos are counted by year, with the first and the last one', () => {
  const [first, second, ...others] = photoYears([...photos(2023, 3), ...photos(2025, 2, 10)]);

  expect(first).toMatchObject({ year: 2023, images: 3, first: { image_id: 1 }, last: { image_id: 3 } });
  expect(second).toMatchObject({ year: 2025, images: 2, first: { image_id: 10 }, last: { image_id: 11 } });
  expect(others).toEqual([]);
});

test.each([
  ['a clock that began anew', [photos(1970, 1), photos(2024, 300)], [1970]],
  ['a clock that is ahead', [photos(2024, 300), photos(2027, 1)], [2027]],
  ['a few photos far from all others', [photos(2000, 2), photos(2024, 300)], [2000]],
  ['a few photos five years from the next', [photos(2019, 2), photos(2024, 300)], [2019]],
  ['a few photos four years from the next', [photos(2020, 2), photos(2024, 300)], []],
  ['years of photos long ago', [photos(2010, 200), photos(2024, 300)], []],
  ['one year alone', [photos(2015, 3)], []],
  ['a few photos of the year before', [photos(2023, 1), photos(2024, 300)], []],
])('%s is told from the years that photos were taken in', (_what, groups, expected) => {
  expect(oddOf(...groups)).toEqual(expected);
});

test('the photos are named for those who can look at the camera', () => {
  const years = oddYears(photoYears([...photos(1970, 3, 41), ...photos(2024, 5)]), NOW);

  expect(describeOddYears(years)).toContain('photo 41 of 1970-01-01T00:00:00Z and 2 more of 1970');
  expect(describeOddYears([])).toBeNull();
});
