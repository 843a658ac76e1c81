import type { Database } from './connection.ts';
import { isSynthetic } from './station-sql.ts';

type KnownStation = { id: number; name: string; synthetic: boolean };

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
export async function findStations(database: Database): Promise<KnownStation[]> {
  const { rows } = await database.query<KnownStation>(
    `SELECT id, name, ${isSynthetic('stations')} AS synthetic FROM stations ORDER BY id`,
  );
  return rows;
}

/** Every station with the number of its models, by id. */
export async function findModelCounts(database: Database): Promise<(KnownStation & { models: number })[]> {
  const { rows } = await database.query<KnownStation & { models: number }>(
    `SELECT id, name, ${isSynthetic('stations')} AS synthetic, (SELECT count(*) FROM models WHERE station_id = stations.id)::int AS models
       FROM stations ORDER BY id`,
  );
  return rows;
}
