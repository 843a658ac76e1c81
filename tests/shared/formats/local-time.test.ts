import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DateTime, IANAZone } from 'luxon';
import * as z from 'zod';
import { instantCell, parseCsv } from '../../../shared/formats/csv.ts';
import {
  formatExactInstant,
  formatInstant,
  isTimezone,
  stationClock,
  wholeSecond,
} from '../../../shared/formats/local-time.ts';

test('agrees with Luxon at any instant, in zones with odd offsets and changes', () => {
  const zones = fc.constantFrom(
    'America/New_York',
    'America/St_Johns',
    'Pacific/Honolulu',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Europe/London',
  );
  const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2035, 0, 1) });
  fc.assert(
    fc.property(zones, instants, (zone, epochMs) => {
      const clock = stationClock(zone);

      const expected = DateTime.fromMillis(epochMs, { zone });

      const { date, hour, month } = clock.calendar(epochMs);
      expect([date, hour, month]).toEqual([expected.toISODate(), expected.hour, expected.month]);
      expect(clock.iso(epochMs)).toBe(expected.toFormat("yyyy-MM-dd'T'HH:mm:ssZZ"));
    }),
  );
});

test.each(['America/New_York', 'Pacific/Honolulu', 'UTC', 'Mars/Olympus', '', 'EST5EDT', 'America'])(
  'knows as Luxon does whether there is a zone "%s"',
  (name) => {
    expect(isTimezone(name)).toBe(IANAZone.isValidZone(name));
  },
);

test('takes no offset for a zone, whose clocks would never change', () => {
  expect(isTimezone('+05:00')).toBe(false);
});

test('keeps both of the two hours from 1 to 2 when clocks go back', () => {
  const clock = stationClock('America/New_York');

  const before = clock.iso(Date.UTC(2025, 10, 2, 5, 30));
  const after = clock.iso(Date.UTC(2025, 10, 2, 6, 30));

  expect([before, after]).toEqual(['2025-11-02T01:30:00-04:00', '2025-11-02T01:30:00-05:00']);
});

test('keeps fractions of a second between steps, to the microsecond, also before 1970', () => {
  expect(formatExactInstant(Date.UTC(2022, 1, 1, 12))).toBe('2022-02-01T12:00:00Z');
  const instants = fc.integer({ min: -2e15, max: 4e15 }).map((microseconds) => microseconds / 1000);
  fc.assert(
    fc.property(instants, (epochMs) => {
      const [read] = parseCsv(`at\n${formatExactInstant(epochMs)}\n`, z.object({ at: instantCell }), 'test');

      expect(Math.abs((read?.at as number) - epochMs)).toBeLessThan(0.001);
      expect(formatInstant(wholeSecond(epochMs))).toBe(`${formatExactInstant(epochMs).slice(0, 19)}Z`);
    }),
  );
});

test('cuts off fractions of a second', () => {
  expect(formatInstant(Date.UTC(2022, 1, 1, 12, 0, 59, 999))).toBe('2022-02-01T12:00:59Z');
});
