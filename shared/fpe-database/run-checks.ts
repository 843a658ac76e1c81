import type { Database } from '../aws/database.ts';

export type RunChecks = {
  station: { id: number; name: string; timezone: string; nwis_id: string | null } | null;
  variable_codes: string[];
  model_types: string[];
  /** The station's model of this code, published earlier. */
  published: { uuid: string | null; default: boolean } | null;
};

/** Everything that PrepareRun has to know about the database before a run, in one round trip. */
export async function findRunChecks(
  database: Database,
  stationId: number,
  modelCode: string,
): Promise<RunChecks> {
  const { rows } = await database.query<RunChecks>(
    `SELECT (SELECT json_build_object('id', id, 'name', name, 'timezone', timezone, 'nwis_id', nullif(trim(nwis_id), ''))
               FROM stations WHERE id = $1) AS station,
            (SELECT coalesce(json_agg(id ORDER BY id), '[]') FROM variables) AS variable_codes,
            (SELECT coalesce(json_agg(id ORDER BY id), '[]') FROM model_types) AS model_types,
            (SELECT json_build_object('uuid', uuid, 'default', coalesce("default", false))
               FROM models WHERE station_id = $1 AND code = $2 ORDER BY id DESC LIMIT 1) AS published`,
    [stationId, modelCode],
  );
  return rows[0] as RunChecks;
}
