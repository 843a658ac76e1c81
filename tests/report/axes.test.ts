import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dayOfYear, spreadHour } from '../../browser/calendar.ts';
import { photoAddress, smallestFirst } from '../../browser/photo-address.ts';
import { formatValue, roundAxis, tauAxis, valueScale } from '../../browser/value-scale.ts';

const scaleOf = (...values: number[]) => valueScale(Float64Array.from(values));

describe('The axis of observed values', () => {
  test('is logarithmic where values spread, and labels them as they are', () => {
    const scale = scaleOf(2, 700, Number.NaN);

    expect(scale.isLog).toBe(true);
    expect(scale.place(100)).toBe(2);
    expect(scale.ticks(6)?.map(scale.label)).toEqual(['3', '10', '30', '100', '300']);
  });

  test('puts zero on its lowest line rather than nowhere (Q-R6)', () => {
    const scale = scaleOf(0, 0.5, 80);

    expect(scale.place(0)).toBe(scale.range[0]);
    expect(scale.label(scale.place(0))).toBe('0');
    expect(scale.place(0)).toBeLessThan(scale.place(0.5));
  });

  test.each([
    ['a value is below zero', [-1, 5, 900]],
    ['values hardly differ', [20, 21, 24]],
    ['all are zero', [0, 0]],
    ['there are none', []],
  ])('is linear where %s', (_, values) => {
    const scale = scaleOf(...values);

    expect(scale.isLog).toBe(false);
    expect(scale.range[0]).toBeLessThan(scale.range[1]);
  });

  test('has round labels within its ends, as many as there is room for', () => {
    const stage = scaleOf(4.8, 5.22);
    expect(stage.isLog).toBe(false);
    expect(stage.ticks(5).map(stage.label)).toEqual(['4.8', '4.9', '5', '5.1', '5.2']);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1e5, max: 1e5 }), { minLength: 1 }),
        fc.integer({ min: 4, max: 10 }),
        (scaled, count) => {
          const { isLog, range, ticks } = scaleOf(...scaled.map((number) => number / 128));
          fc.pre(!isLog);
          const places = ticks(count);

          expect(places.length).toBeLessThanOrEqual(count + 1);
          expect(places.length).toBeGreaterThan(0);
          for (const place of places) {
            expect(place).toBeGreaterThanOrEqual(range[0] - 1e-9 * Math.abs(range[0]));
            expect(place).toBeLessThanOrEqual(range[1] + 1e-9 * Math.abs(range[1]));
          }
        },
      ),
    );
  });

  test('holds every value, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }), (values) => {
        const { place, range } = scaleOf(...values);
        const places = values.toSorted((a, b) => a - b).map(place);

        expect(places.every((at) => at >= range[0] && at <= range[1])).toBe(true);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
    );
  });

  test('writes numbers to three digits', () => {
    expect([1234.5, 0.01234, Number.NaN].map(formatValue)).toEqual(['1,230', '0.0123', 'NA']);
  });
});

describe('An axis of scores', () => {
  test('ends at multiples of its steps, outside all numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e5, max: 1e5 }), { minLength: 2 }), (scaled) => {
        const numbers = scaled.map((number) => number / 128);
        const { min, max, interval } = roundAxis(Float64Array.from(numbers));

        expect(min).toBeLessThanOrEqual(Math.min(...numbers));
        expect(max).toBeGreaterThanOrEqual(Math.max(...numbers));
        expect((max - min) / interval).toBeLessThanOrEqual(8);
      }),
    );
  });
});

describe('An axis of Kendall tau', () => {
  test('reaches from below the lowest to 1, and has a line at 0', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 0, noNaN: true }), (lowest) => {
        const { min, max, interval } = tauAxis(lowest);

        expect(min).toBeLessThanOrEqual(lowest);
        expect(min).toBeGreaterThanOrEqual(-1);
        expect(Math.abs(min % interval)).toBe(0);
        expect(max).toBe(1);
        expect((max - min) / interval).toBeLessThanOrEqual(6);
      }),
    );
  });
});

describe('The day of the year', () => {
  test.each([
    ['2025-01-01', 1],
    ['2024-12-30', 365],
    ['2024-12-31', 365],
    ['2025-12-31', 365],
    ['2024-03-01', 61],
  ])('of %s is %d, and never 366 (Q-R9)', (date, day) => {
    expect(dayOfYear(Date.parse(`${date}T18:00:00Z`))).toBe(day);
  });
});

test('Hours are spread by less than half an hour, the same photo always alike', () => {
  const at = Date.parse('2026-03-01T12:34:00Z');

  const hours = Array.from({ length: 500 }, (_, row) => spreadHour(at, row));

  expect(hours.every((hour) => Math.abs(hour - 12) <= 0.35)).toBe(true);
  expect(new Set(hours).size).toBe(500);
  expect(spreadHour(at, 7)).toBe(hours[7]);
});

describe('The address of a photo', () => {
  test('is its key percent-encoded, slashes aside', () => {
    expect(photoAddress('https://b.s3.amazonaws.com/', 'imagesets/1/images/West Brook #1 (2)?.JPG')).toBe(
      'https://b.s3.amazonaws.com/imagesets/1/images/West%20Brook%20%231%20(2)%3F.JPG',
    );
  });

  test('of its small copy has thumbs in place of the imageset’s images', () => {
    expect(smallestFirst('imagesets/1/images/images/A.JPG')).toEqual([
      'imagesets/1/thumbs/images/A.JPG',
      'imagesets/1/images/images/A.JPG',
    ]);
    expect(smallestFirst('elsewhere/images/A.JPG')).toEqual(['elsewhere/images/A.JPG']);
  });
});
