import type { Database } from '../aws/database.ts';

export type ModelRow = {
  id: number;
  code: string;
  uuid: string | null;
  model_type_id: string;
  variable_id: string | null;
  default: boolean | null;
  predictions_url: string | null;
};
export type StationModels = {
  station: { id: number; name: string; timezone: string } | null;
  /** Every row of the station, newest first. */
  models: ModelRow[];
};

export async function findStationModels(database: Database, stationId: number): Promise<StationModels> {
  const { rows } = await database.query<StationModels>(
    `SELECT (SELECT json_build_object('id', id, 'name', name, 'timezone', timezone)
               FROM stations WHERE id = $1) AS station,
            (SELECT coalesce(json_agg(m ORDER BY m.id DESC), '[]')
               FROM (SELECT id, code, uuid, model_type_id, variable_id, "default", predictions_url
                       FROM models WHERE station_id = $1) m) AS models`,
    [stationId],
  );
  return rows[0] as StationModels;
}

/**
 * Keeps a model from being replaced until the end of the caller's transaction.
 *
 * @returns its uuid now, or null where it is gone
 */
export async function lockModel(database: Database, modelId: number): Promise<string | null> {
  const { rows } = await database.query<{ uuid: string | null }>(
    'SELECT uuid FROM models WHERE id = $1 FOR UPDATE',
    [modelId],
  );
  return rows[0]?.uuid ?? null;
}

/** The website shows `updated_at` beside the model. */
export async function touchModel(database: Database, modelId: number): Promise<void> {
  await database.query('UPDATE models SET updated_at = now() WHERE id = $1', [modelId]);
}
