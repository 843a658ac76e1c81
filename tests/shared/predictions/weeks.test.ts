import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS } from '../../../shared/formats/durations.ts';
import { weekOf, weeksOfDays } from '../../../shared/predictions/weeks.ts';

describe('Weeks', () => {
  test('have seven days each, and follow each other', () => {
    const start = Date.UTC(2026, 0, 1);
    fc.assert(
      fc.property(fc.integer({ min: -4000, max: 4000 }), fc.nat(DAY_MS - 1), (day, ofDay) => {
        const instant = start + day * DAY_MS + ofDay;

        expect(weekOf(instant + 7 * DAY_MS)).toBe(weekOf(instant) + 1);
        const days = Array.from({ length: 7 }, (_, next) => weekOf(instant + next * DAY_MS));
        expect(new Set(days).size).toBe(weekOf(instant) === days.at(-1) ? 1 : 2);
        expect(days).toEqual(days.toSorted((one, other) => one - other));
      }),
    );
  });

  test('of days are those of their photos', () => {
    const dates = ['2026-01-01', '2026-01-07', '2026-01-08', '2026-03-01'];
    const days = { dates, values: new Float64Array(4), scores: new Float64Array(4), splits: [] };

    const weeks = weeksOfDays(days);

    expect(weeks).toEqual(dates.map((date) => weekOf(Date.parse(`${date}T13:00:00Z`))));
    expect(weeks.map((week) => week - (weeks[0] as number))).toEqual([0, 0, 1, 8]);
  });
});
