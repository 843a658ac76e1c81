import type { ModelAddresses } from '../publication/model-addresses.ts';
import type { Database } from './connection.ts';
import { lockModels } from './published-model.ts';

/** Ids of the stations that have models, ascending. */
export async function findStationsWithModels(database: Database): Promise<number[]> {
  const { rows } = await database.query<{ id: number }>(
    'SELECT DISTINCT station_id AS id FROM models ORDER BY station_id',
  );
  return rows.map(({ id }) => id);
}

/** Uuids of the models of all stations. */
export async function findAllModelUuids(database: Database): Promise<Set<string>> {
  const { rows } = await database.query<{ uuid: string }>('SELECT uuid FROM models WHERE uuid IS NOT NULL');
  return new Set(rows.map(({ uuid }) => uuid));
}

/**
 * Leaves only one default. Runs within the caller's transaction, and does nothing if that model is no longer a default.
 *
 * @returns whether it did
 */
export async function keepOneDefault(
  database: Database,
  stationId: number,
  { model_id, others }: { model_id: number; others: readonly number[] },
): Promise<boolean> {
  await lockModels(database, stationId);
  const { rowCount } = await database.query(
    `UPDATE models SET "default" = false
      WHERE station_id = $1 AND id = ANY($3)
        AND EXISTS (SELECT FROM models WHERE station_id = $1 AND id = $2 AND "default")`,
    [stationId, model_id, others],
  );
  return (rowCount ?? 0) > 0;
}

/** Makes the website draw a model; `updated_at`, which it shows as the day of training, stays. */
export async function linkModel(
  database: Database,
  modelId: number,
  addresses: ModelAddresses,
): Promise<void> {
  const columns = Object.keys(addresses) as (keyof ModelAddresses)[];
  const settings = columns.map((column, index) => `${column} = $${index + 2}`);
  const values = columns.map((column) => addresses[column]);
  await database.query(`UPDATE models SET ${settings} WHERE id = $1`, [modelId, ...values]);
}

export async function clearDefault(database: Database, modelId: number): Promise<void> {
  await database.query('UPDATE models SET "default" = false WHERE id = $1 AND "default"', [modelId]);
}

const PLACES = { predictions_url: 'predictions_s3', diagnostics_url: 'diagnostics_s3' } as const;

/** Removes an address from a row, if it is still the one that was checked. @returns whether it was removed */
export async function unlinkFile(
  database: Database,
  { model_id, column, url }: { model_id: number; column: keyof typeof PLACES; url: string },
): Promise<boolean> {
  const { rowCount } = await database.query(
    `UPDATE models SET ${column} = NULL, ${PLACES[column]} = NULL WHERE id = $1 AND ${column} = $2`,
    [model_id, url],
  );
  return (rowCount ?? 0) > 0;
}
