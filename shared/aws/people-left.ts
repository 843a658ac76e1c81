import pMap from 'p-map';
import type { StationPeople } from '../fpe-database/station-histories.ts';
import { stationKeys } from '../keys.ts';
import { peopleLeft } from '../people-record.ts';
import type { StationHistory } from '../refresh-plan.ts';
import { buckets } from './configuration.ts';
import { readPeopleRecord } from './people-record.ts';

const FILES_AT_ONCE = 50;

/** Imagesets whose photos public files of these stations may name, whosever they are by now. @throws FileInvalid */
export async function readFormerImagesets(
  stationIds: readonly number[],
): Promise<{ station_id: number; uuid: string }[]> {
  const found = await pMap(
    stationIds,
    async (station_id) => {
      const { record } = await readPeopleRecord({ buckets: buckets(), keys: stationKeys(station_id) });
      return record.imagesets.map((uuid) => ({ station_id, uuid }));
    },
    { concurrency: FILES_AT_ONCE },
  );
  return found.flat();
}

/**
 * Stations whose public files may name photos with people: how many, and the newest model of the station.
 *
 * @throws FileInvalid
 */
export async function findPeopleLeft(
  stations: readonly StationPeople[],
): Promise<Map<number, NonNullable<StationHistory['people_left']>>> {
  const found = await pMap(
    stations,
    async ({ station_id, people, uuids, code }) => {
      const { record } = await readPeopleRecord({ buckets: buckets(), keys: stationKeys(station_id) });
      return [station_id, { photos: peopleLeft(people, uuids, record).length, code }] as const;
    },
    { concurrency: FILES_AT_ONCE },
  );
  return new Map(found.filter(([, { photos }]) => photos > 0));
}
