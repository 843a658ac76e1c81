import type { Database } from './connection.ts';

/** What a station's photos were compared by, such as FLOW: of finished sessions without a flag; sorted. */
export async function findAnnotatedVariables(database: Database, stationId: number): Promise<string[]> {
  const { rows } = await database.query<{ variable: string }>(
    `SELECT DISTINCT variable FROM annotations
      WHERE station_id = $1 AND NOT flag AND status = 'DONE' ORDER BY variable`,
    [stationId],
  );
  return rows.map(({ variable }) => variable);
}

/** Every station, by id. */
export async function findStations(database: Database): Promise<{ id: number; name: string }[]> {
  const { rows } = await database.query<{ id: number; name: string }>(
    'SELECT id, name FROM stations ORDER BY id',
  );
  return rows;
}
