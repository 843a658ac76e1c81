import { expect, test } from '@jest/globals';
import { StationTooLarge } from '../../../shared/errors.ts';
import { requireStationSize, STATION_LIMITS } from '../../../shared/limits/station-size.ts';

const STATION = 'station 29 (Mill Brook)';

test('a station with exactly as much as there may be is taken', () => {
  expect(() => requireStationSize(STATION, STATION_LIMITS)).not.toThrow();
});

test.each([
  ['photos', 'divide the station into several'],
  ['annotation_files', 'flag annotation sessions'],
  ['annotation_pairs', 'flag annotation sessions'],
  ['uploaded_values', 'upload values less often'],
] as const)('one more of %s is refused with what to do', (name, fix) => {
  const attempt = () => requireStationSize(STATION, { ...STATION_LIMITS, [name]: STATION_LIMITS[name] + 1 });

  expect(attempt).toThrow(StationTooLarge);
  expect(attempt).toThrow(fix);
  expect(attempt).toThrow(`(${STATION})`);
});
