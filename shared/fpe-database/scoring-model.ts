import type { StationModels } from '../publication/scoring-model.ts';
import type { Database } from './connection.ts';
import { findModelRows } from './model-rows.ts';
import { isSynthetic } from './station-sql.ts';

/** A station with all its rows of `models`, the newest training first. */
export async function findStationWithModels(database: Database, stationId: number): Promise<StationModels> {
  const { rows } = await database.query<NonNullable<StationModels['station']>>(
    `SELECT id, name, timezone, ${isSynthetic('stations')} AS synthetic FROM stations WHERE id = $1`,
    [stationId],
  );
  return { station: rows[0] ?? null, models: await findModelRows(database, [stationId]) };
}

/** Present uuid of a model's row, and whether the website draws it; null if the row is gone. */
export async function findModelState(
  database: Database,
  modelId: number,
): Promise<{ uuid: string | null; is_drawn: boolean } | null> {
  const { rows } = await database.query<{ uuid: string | null; is_drawn: boolean }>(
    'SELECT uuid, predictions_url IS NOT NULL AS is_drawn FROM models WHERE id = $1',
    [modelId],
  );
  return rows[0] ?? null;
}

/** Uuids of all models of a station: the folders that the website may read. */
export async function findModelUuids(database: Database, stationId: number): Promise<string[]> {
  const { rows } = await database.query<{ uuid: string }>(
    'SELECT uuid FROM models WHERE station_id = $1 AND uuid IS NOT NULL ORDER BY id',
    [stationId],
  );
  return rows.map(({ uuid }) => uuid);
}
