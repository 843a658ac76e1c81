import pMap from 'p-map';
import { buckets } from '../aws/configuration.ts';
import { stationKeys } from '../execution/keys.ts';
import type { StationPeople } from '../fpe-database/station-histories.ts';
import { type PeopleRecord, peopleLeft } from '../predictions/people-record.ts';
import type { StationHistory } from '../refresh/plan.ts';
import { readPeopleRecord } from './people-record.ts';

const FILES_AT_ONCE = 50;

/** Records by station id. */
export type PeopleRecords = ReadonlyMap<number, PeopleRecord>;

/** @throws FileInvalid */
export async function readPeopleRecords(stationIds: readonly number[]): Promise<PeopleRecords> {
  const found = await pMap(
    stationIds,
    async (id) => {
      const { record } = await readPeopleRecord({ buckets: buckets(), keys: stationKeys(id) });
      return [id, record] as const;
    },
    { concurrency: FILES_AT_ONCE },
  );
  return new Map(found);
}

/** Imagesets with photos that the stations' public files may name, whichever station they belong to now. */
export const formerImagesets = (records: PeopleRecords): { station_id: number; uuid: string }[] =>
  [...records].flatMap(([station_id, { imagesets }]) => imagesets.map((uuid) => ({ station_id, uuid })));

/** Stations whose public files may name photos with people: how many, and the newest model of the station. */
export function stationsWithPeopleLeft(
  stations: readonly StationPeople[],
  records: PeopleRecords,
): Map<number, NonNullable<StationHistory['people_left']>> {
  const left = stations.map(({ station_id, people, uuids, code }) => {
    const record = records.get(station_id) as PeopleRecord;
    return [station_id, { photos: peopleLeft(people, uuids, record).length, code }] as const;
  });
  return new Map(left.filter(([, { photos }]) => photos > 0));
}
