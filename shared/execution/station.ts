import { InvalidTimezone, StationNotFound } from '../errors.ts';
import { legibleText } from '../formats/legible-text.ts';
import { isTimezone } from '../formats/local-time.ts';

/** What people are told of a station; synthetic: a program made it up. */
export type NamedStation = { id: number; name: string; synthetic?: boolean | undefined };

/**
 * Name of a station for people. Of one that a program made up, such as the demo's, it says so: nobody should take its scores for
 * those of a stream. One line, whatever the name: a second one could pass for a row of a table.
 */
export function shownStationName(name: string, synthetic: boolean | undefined): string {
  const line = legibleText(name).replaceAll(/\s+/g, ' ').trim();
  return synthetic ? `${line}, synthetic` : line;
}

/** The same with its id, within a sentence or a message: station 29 (Mill Brook). */
export const stationInWords = ({ id, name, synthetic }: NamedStation): string =>
  `station ${id} (${shownStationName(name, synthetic)})`;

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
export function requireTimezone(station: NamedStation & { timezone: string }): void {
  if (isTimezone(station.timezone)) return;
  throw new InvalidTimezone({
    what: 'The station’s time zone does not exist',
    where: `stations.timezone of ${stationInWords(station)}`,
    found: JSON.stringify(station.timezone),
    expected: 'a name of the IANA time zone database, such as America/New_York',
    fix: 'correct the station’s time zone on the FPE website and start a new execution',
  });
}
