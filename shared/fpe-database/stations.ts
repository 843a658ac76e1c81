import type { Database } from './connection.ts';

/** Every station, by id. */
export async function findStations(database: Database): Promise<{ id: number; name: string }[]> {
  const { rows } = await database.query<{ id: number; name: string }>(
    'SELECT id, name FROM stations ORDER BY id',
  );
  return rows;
}
