import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkGaps } from '../../../shared/quality/gaps.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, photosOf, schedule, utc } from './photos.ts';

const MAX_GAP_MS = 65 * MINUTE_MS;
const every30 = { from: 12 * 60, to: 22 * 60, minutes: 30 };
const START = Date.parse('2024-05-01T00:00:00Z');
const hourlyValues = (days: number, isThere: (hour: number) => boolean = () => true) =>
  Float64Array.from(
    Array.from({ length: days * 24 + 1 }, (_, hour) => hour).filter(isThere),
    (hour) => START + hour * HOUR_MS,
  );
const check = (instants: readonly number[], timestamps: Float64Array, hasValue = (_: number) => true) =>
  checkGaps(
    {
      photos: photosOf(instants.map((at) => ({ at, value: hasValue(at) ? 1 : null }))),
      series: { timestamps },
      maxGapMs: MAX_GAP_MS,
    },
    utc,
  );

describe('The check of gaps', () => {
  test('finds nothing between photos at regular steps of up to a week, and none in values every hour', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 * 24 * 60 }),
        fc.integer({ min: 1, max: 200 }),
        (minutes, count) => {
          const instants = Array.from({ length: count }, (_, step) => START + step * minutes * MINUTE_MS);
          const last = instants.at(-1) as number;

          expect(check(instants, hourlyValues(Math.ceil((last - START) / DAY_MS))).findings).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('finds nothing at a station that people visit once a month', () => {
    const instants = Array.from({ length: 30 }, (_, visit) => START + visit * 30 * DAY_MS);

    expect(check(instants, new Float64Array()).findings).toEqual([]);
  });

  test('shows the photos before and after a gap, the longest gap first', () => {
    const instants = [
      ...schedule('2024-05-01', 5, every30),
      ...schedule('2024-05-15', 5, every30),
      ...schedule('2024-07-01', 5, every30),
    ];

    const { findings } = check(instants, new Float64Array());

    expect(findings.map(({ title }) => title)).toEqual(['2 gaps between photos']);
    expect(findings[0]?.examples.map(({ caption }) => caption)).toEqual([
      '43 days from 2024-05-19 22:00 to 2024-07-01 12:00',
      '10 days from 2024-05-05 22:00 to 2024-05-15 12:00',
    ]);
    expect(findings[0]?.examples[0]?.photos.map(({ image_id }) => image_id)).toEqual([210, 211]);
  });

  test('finds values that are missing while photos are taken, at the ends of the series as well', () => {
    const days = (at: number) => (at - START) / DAY_MS;
    const isThere = (day: number) => day >= 2 && !(day > 5 && day < 8) && day <= 12;
    const instants = schedule('2024-05-01', 20, every30);

    const { findings } = check(
      instants,
      hourlyValues(20, (hour) => isThere(hour / 24)),
      (at) => isThere(days(at)),
    );

    expect(findings.map(({ kind }) => kind)).toEqual(['gaps.values']);
    expect(findings[0]?.examples.map(({ caption }) => caption)).toEqual([
      '8 days from 2024-05-13 00:00 to 2024-05-20 22:00: 168 photos without a value',
      '3 days from 2024-05-06 00:00 to 2024-05-09 00:00: 63 photos without a value',
      '36 hours from 2024-05-01 12:00 to 2024-05-03 00:00: 42 photos without a value',
    ]);
  });

  test('does not mind missing values while no photos are taken', () => {
    const instants = [...schedule('2024-05-01', 5, every30), ...schedule('2024-05-08', 5, every30)];

    expect(
      check(
        instants,
        hourlyValues(14, (hour) => hour < 5 * 24 || hour >= 7 * 24),
      ).findings,
    ).toEqual([]);
  });

  test.each([0, 1, 2])('survives %i photos', (count) => {
    const instants = Array.from({ length: count }, (_, step) => START + step * HOUR_MS);

    expect(check(instants, new Float64Array()).findings).toEqual([]);
    expect(check(instants, Float64Array.of(START)).findings).toEqual([]);
  });
});
