import type { Database } from './connection.ts';

/** Annotation pairs of finished sessions without a flag, by what was compared, such as FLOW. */
export type AnnotatedVariable = { variable: string; pairs: number };

/** What a station's photos were compared by; sorted. Sessions whose pairs nobody has counted count for none. */
export async function findAnnotatedVariables(
  database: Database,
  stationId: number,
): Promise<AnnotatedVariable[]> {
  const { rows } = await database.query<AnnotatedVariable>(
    `SELECT variable, coalesce(sum(n), 0)::int AS pairs FROM annotations
      WHERE station_id = $1 AND NOT flag AND status = 'DONE' GROUP BY variable ORDER BY variable`,
    [stationId],
  );
  return rows;
}

/** Every station, by id. */
export async function findStations(database: Database): Promise<{ id: number; name: string }[]> {
  const { rows } = await database.query<{ id: number; name: string }>(
    'SELECT id, name FROM stations ORDER BY id',
  );
  return rows;
}

/** Every station with the number of its models, by id. */
export async function findModelCounts(
  database: Database,
): Promise<{ id: number; name: string; models: number }[]> {
  const { rows } = await database.query<{ id: number; name: string; models: number }>(
    `SELECT id, name, (SELECT count(*) FROM models WHERE station_id = stations.id)::int AS models
       FROM stations ORDER BY id`,
  );
  return rows;
}
