import { expect, test } from '@jest/globals';
import { InvalidTimezone, StationNotFound } from '../../../shared/errors.ts';
import {
  requireStationExists,
  requireTimezone,
  shownStationName,
} from '../../../shared/execution/station.ts';

const STATION = { id: 29, name: 'Mill Brook', timezone: 'America/New_York' };

test('a station that exists is handed back', () => {
  expect(requireStationExists(STATION, 29)).toBe(STATION);
});

test('a station that does not exist is refused with its id', () => {
  const attempt = () => requireStationExists(null, 29);

  expect(attempt).toThrow(StationNotFound);
  expect(attempt).toThrow('no row with id 29');
});

test('a time zone of the IANA database is taken', () => {
  expect(() => requireTimezone(STATION)).not.toThrow();
});

test.each(['America/Gotham', '', '-05:00'])('the time zone "%s" is refused with its station', (timezone) => {
  const attempt = () => requireTimezone({ ...STATION, timezone });

  expect(attempt).toThrow(InvalidTimezone);
  expect(attempt).toThrow('stations.timezone of station 29 (Mill Brook)');
  expect(attempt).toThrow(JSON.stringify(timezone));
});

test.each([
  ['Mill Brook', false, 'Mill Brook'],
  ['Mill Brook', true, 'Mill Brook, synthetic'],
  [' Mill\r\n\tBrook\u001b[8m\u202e ', true, 'Mill Brook, synthetic'],
])(
  'the name %j is shown in one line, and says whether a program made the station up: %s',
  (name, synthetic, shown) => {
    expect(shownStationName(name, synthetic)).toBe(shown);
  },
);
