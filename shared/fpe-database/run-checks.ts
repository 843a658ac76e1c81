import type { Database } from '../aws/database.ts';

export type RunChecks = {
  station: { id: number; name: string; timezone: string; nwis_id: string | null } | null;
  variable_codes: string[];
  model_types: string[];
  /** The station's models of this code, newest first: one, but for older scripts (Q-P6). */
  published: {
    uuid: string | null;
    model_type_id: string;
    variable_id: string | null;
    default: boolean;
  }[];
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
            (SELECT coalesce(json_agg(json_build_object('uuid', uuid, 'model_type_id', model_type_id,
                                    'variable_id', variable_id, 'default', coalesce("default", false)) ORDER BY id DESC), '[]')
               FROM models WHERE station_id = $1 AND code = $2) AS published`,
    [stationId, modelCode],
  );
  return rows[0] as RunChecks;
}
