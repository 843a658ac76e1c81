import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkValues } from '../../../shared/quality/values.ts';
import { HOUR_MS, MINUTE_MS, photosOf, utc } from './photos.ts';

const START = Date.parse('2024-05-01T00:00:00Z');
const STEP_MS = 15 * MINUTE_MS;
/** Thirty days of a stream with floods and recessions, to three digits, as gages give them. */
const stream = (peak = 40, low = 5) =>
  Float64Array.from({ length: 30 * 96 }, (_, step) => {
    const days = step / 96;
    const flood = Math.max(0, ...[4, 13, 24].map((at) => (days < at ? 0 : Math.exp((at - days) / 1.5))));
    return Number((low + 0.6 * Math.sin(2 * Math.PI * days) + peak * flood).toPrecision(3));
  });
const timestampsOf = (count: number) =>
  Float64Array.from({ length: count }, (_, step) => START + step * STEP_MS);
const check = (values: Float64Array, more: { variableCode?: string; waterbodyType?: string | null } = {}) =>
  checkValues(
    {
      series: { timestamps: timestampsOf(values.length), values },
      photos: photosOf(Array.from({ length: 30 * 24 }, (_, hour) => ({ at: START + hour * HOUR_MS }))),
      variableCode: 'FLOW_CFS',
      waterbodyType: 'ST',
      maxGapMs: HOUR_MS,
      ...more,
    },
    utc,
  );
const planted = (change: (values: Float64Array) => void): Float64Array => {
  const values = stream();
  change(values);
  return values;
};

describe('The check of observed values', () => {
  test('finds nothing in a stream with floods, however high and however low', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 500, noNaN: true }),
        fc.double({ min: 0.7, max: 50, noNaN: true }),
        (peak, low) => {
          expect(check(stream(peak, low)).findings).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('finds nothing in a dry stream, nor in one whose digits are coarse', () => {
    expect(check(new Float64Array(3000)).findings).toEqual([]);
    expect(check(stream().map((value) => Math.round(value / 5) * 5)).findings).toEqual([]);
  });

  test('finds discharge below 0 and shows the photos that take it', () => {
    const { findings } = check(planted((values) => values.fill(-9999, 400, 404)));

    expect(findings.map(({ kind, title }) => [kind, title])).toEqual([
      ['values.impossible', '4 observed values below 0'],
    ]);
    expect(findings[0]?.examples[0]?.caption).toBe(
      '2024-05-05 04:00 to 2024-05-05 04:45: -9999 cfs (4 values)',
    );
    expect(findings[0]?.examples[0]?.photos.map(({ timestamp }) => utc(timestamp))).toEqual([
      '2024-05-05 03:00',
      '2024-05-05 04:00',
      '2024-05-05 05:00',
    ]);
  });

  test.each([
    ['tidal water', { waterbodyType: 'ST-TS' }],
    ['stage, which counts from a datum', { variableCode: 'STAGE_FT' }],
  ])('takes values below 0 of %s for possible', (_, more) => {
    expect(
      check(
        stream().map((value) => value - 20),
        more,
      ).findings,
    ).toEqual([]);
  });

  test('finds a gage that stands still while the stream moves before and after', () => {
    const { findings } = check(planted((values) => values.fill(values[1300] as number, 1300, 1450)));

    expect(findings.map(({ kind }) => kind)).toEqual(['values.stuck']);
    expect(findings[0]?.examples[0]?.photos.length).toBe(4);
  });

  test.each([1, 2, 3])('finds a spike of %i values, upward and downward', (width) => {
    for (const factor of [8, 0.02]) {
      const { findings } = check(
        planted((values) => values.fill((values[2000] as number) * factor, 2000, 2000 + width)),
      );

      expect(findings.map(({ kind }) => kind)).toEqual(['values.spike']);
    }
  });

  test('takes a short peak for no spike on a day with other steps as large', () => {
    const { findings } = check(
      planted((values) => {
        const usual = values[2000] as number;
        values.fill(usual * 8, 2000, 2001);
        values.fill(usual * 6, 2010, 2040);
      }),
    );

    expect(findings).toEqual([]);
  });

  test('takes a value beside a gap for no spike', () => {
    const values = Float64Array.of(5, 40, 5);
    const series = { timestamps: Float64Array.of(START, START + 5 * HOUR_MS, START + 10 * HOUR_MS), values };

    const { findings } = checkValues(
      { series, photos: [], variableCode: 'FLOW_CFS', waterbodyType: null, maxGapMs: HOUR_MS },
      utc,
    );

    expect(findings).toEqual([]);
  });

  test('survives any values', () => {
    fc.assert(
      fc.property(fc.float64Array({ maxLength: 60 }), (values) => {
        expect(check(values).check).toBe('values');
      }),
    );
  });
});
