import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { findAnnotatedVariables } from '../../../shared/fpe-database/stations.ts';
import { createTestDatabase, insertRow, insertStation } from '../../fixtures/station.ts';

let database: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.end());

test('A station was compared by the variables of its finished sessions without a flag', async () => {
  const station = await insertStation(database);
  const other = await insertStation(database);
  const sessions = [
    { station_id: station.id, variable: 'STAGE', flag: false, status: 'DONE' },
    { station_id: station.id, variable: 'STAGE', flag: false, status: 'DONE' },
    { station_id: station.id, variable: 'SNOW', flag: true, status: 'DONE' },
    { station_id: station.id, variable: 'ICE', flag: false, status: 'CREATED' },
    { station_id: other.id, variable: 'FLOW', flag: false, status: 'DONE' },
  ];
  for (const session of sessions)
    await insertRow(database, 'annotations', {
      user_id: station.user_id,
      n: 1,
      url: 'https://x/a.json',
      ...session,
    });

  expect(await findAnnotatedVariables(database, station.id)).toEqual([{ variable: 'STAGE', pairs: 2 }]);
});
