import { InvalidTimezone, StationNotFound } from '../errors.ts';
import { isTimezone } from '../formats/local-time.ts';

/** @throws StationNotFound */
export function requireStationExists<Station>(station: Station | null, id: number): Station {
  if (station) return station;
  throw new StationNotFound({
    what: 'The station does not exist',
    where: 'stations table of the FPE database',
    found: `no row with id ${id}`,
    expected: 'the id of a station, as in the address of its page on the FPE website',
    fix: 'correct the id of the station and start again',
  });
}

/** @throws InvalidTimezone */
export function requireTimezone(station: { id: number; name: string; timezone: string }): void {
  if (isTimezone(station.timezone)) return;
  throw new InvalidTimezone({
    what: 'The station’s time zone does not exist',
    where: `stations.timezone of station ${station.id} (${station.name})`,
    found: JSON.stringify(station.timezone),
    expected: 'a name of the IANA time zone database, such as America/New_York',
    fix: 'correct the station’s time zone on the FPE website and start a new execution',
  });
}
