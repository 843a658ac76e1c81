import pMap from 'p-map';
import type { StationPeople } from '../fpe-database/station-histories.ts';
import { stationKeys } from '../keys.ts';
import { peopleLeft } from '../people-record.ts';
import { buckets } from './configuration.ts';
import { readPeopleRecord } from './people-record.ts';

const FILES_AT_ONCE = 50;

/**
 * Photos with people that public files of a station may name, counted by station.
 *
 * @throws FileInvalid
 */
export async function countPeopleLeft(stations: readonly StationPeople[]): Promise<Map<number, number>> {
  const counted = await pMap(
    stations,
    async ({ station_id, people, uuids }) => {
      const { record } = await readPeopleRecord({ buckets: buckets(), keys: stationKeys(station_id) });
      return [station_id, peopleLeft(people, uuids, record).length] as const;
    },
    { concurrency: FILES_AT_ONCE },
  );
  return new Map(counted);
}
