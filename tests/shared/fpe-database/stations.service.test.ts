import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { findAnnotatedVariables, findModelCounts } from '../../../shared/fpe-database/stations.ts';
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

test('Every station is listed with the number of its models', async () => {
  const [one, other] = [await insertStation(database), await insertStation(database)];
  for (const code of ['A', 'B'])
    await insertRow(database, 'models', {
      station_id: other.id,
      model_type_id: 'RANK',
      variable_id: 'FLOW_CFS',
      code,
    });

  const stations = await findModelCounts(database);

  expect(stations.filter(({ id }) => [one.id, other.id].includes(id))).toMatchObject([
    { id: one.id, models: 0 },
    { id: other.id, models: 2 },
  ]);
});
