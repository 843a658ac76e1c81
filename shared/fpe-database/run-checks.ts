import type { RunChecks } from '../execution/run.ts';
import { STATION_LIMITS, type StationSize } from '../limits/station-size.ts';
import type { Database } from './connection.ts';
import { isSynthetic } from './station-sql.ts';

/** Everything that PrepareRun needs to know from the database before a run, in one round trip. */
export async function findRunChecks(
  database: Database,
  stationId: number,
  modelCode: string,
): Promise<RunChecks> {
  const { rows } = await database.query<RunChecks>(
    `SELECT (SELECT json_build_object('id', id, 'name', name, 'timezone', timezone, 'nwis_id', nullif(trim(nwis_id), ''),
                                      'synthetic', ${isSynthetic('stations')})
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

/**
 * The size of a station, counted until it is too large: for a station of ordinary size this takes milliseconds.
 *
 * @param of the variables of the observed values and of the annotation pairs
 */
export async function findStationSize(
  database: Database,
  stationId: number,
  of: { variable_code: string; annotation_variable: string },
): Promise<StationSize> {
  const { rows } = await database.query<StationSize>(
    `SELECT (SELECT count(*)::int FROM (SELECT FROM imagesets s JOIN images i ON i.imageset_id = s.id
               WHERE s.station_id = $1 LIMIT ${STATION_LIMITS.photos + 1}) photos) AS photos,
            (SELECT count(*)::int FROM annotations
              WHERE station_id = $1 AND variable = $3 AND NOT flag AND status = 'DONE') AS annotation_files,
            (SELECT coalesce(sum(n), 0)::int FROM annotations
              WHERE station_id = $1 AND variable = $3 AND NOT flag AND status = 'DONE') AS annotation_pairs,
            (SELECT count(*)::int FROM (SELECT FROM datasets d JOIN series s ON s.dataset_id = d.id JOIN "values" v ON v.series_id = s.id
               WHERE d.station_id = $1 AND s.variable_id = $2 LIMIT ${STATION_LIMITS.uploaded_values + 1}) uploaded) AS uploaded_values`,
    [stationId, of.variable_code, of.annotation_variable],
  );
  return rows[0] as StationSize;
}
