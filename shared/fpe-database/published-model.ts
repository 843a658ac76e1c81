import type { ModelKind } from '../publication/default-model.ts';
import { type ModelAddresses, NO_ADDRESSES } from '../publication/model-addresses.ts';
import type { Database } from './connection.ts';

/** A row of `models`, as published (contract 9.1). */
export type PublishedModel = {
  station_id: number;
  model_type_id: string;
  variable_id: string;
  code: string;
  uuid: string;
  /** Instant of the snapshot that the model was trained on, ISO 8601. */
  snapshot_at: string;
  make_default: boolean;
} & ModelAddresses;

/** First key of the advisory lock on a station's models; any number that nothing else in the database uses. */
const MODELS_LOCK = 1691;

/** Prevents others from publishing a model of the station until the caller's transaction ends. */
export async function lockModels(database: Database, stationId: number): Promise<void> {
  await database.query('SELECT pg_advisory_xact_lock($1, $2)', [MODELS_LOCK, stationId]);
}

export type ModelOfCode = {
  id: number;
  uuid: string | null;
  model_type_id: string;
  variable_id: string | null;
  default: boolean | null;
  predictions_url: string | null;
  /** Time of the training's snapshot, ISO 8601. */
  snapshot_at: string;
};

/** Rows of a station and code, newest first: normally one, but older scripts may have left several (Q-P6). */
export async function findModelsOfCode(
  database: Database,
  stationId: number,
  code: string,
): Promise<ModelOfCode[]> {
  const { rows } = await database.query<ModelOfCode>(
    `SELECT id, uuid, model_type_id, variable_id, "default", predictions_url,
            to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS snapshot_at FROM models
      WHERE station_id = $1 AND code = $2 ORDER BY id DESC`,
    [stationId, code],
  );
  return rows;
}

/**
 * Updates the station's model of this code, or inserts it: one row per station and code (Q-P6), whose `updated_at` the website
 * shows as the day of training. `created_at` is the instant of the snapshot that the model was trained on: a refresh counts new
 * annotation pairs from it. With `make_default` it becomes the only default of its station, type and variable (Q-P5); without, a
 * replaced model keeps its flag.
 *
 * Runs within the caller's transaction, after `lockModels`.
 *
 * @param known rows of the code, newest first
 * @returns models.id
 */
export async function upsertModel(
  database: Database,
  model: PublishedModel,
  known: readonly { id: number }[],
): Promise<number> {
  const [newest, ...repeated] = known.map(({ id }) => id);
  if (repeated.length > 0) await database.query('DELETE FROM models WHERE id = ANY($1)', [repeated]);
  const id = newest === undefined ? await insert(database, model) : await update(database, newest, model);
  if (model.make_default) await makeOnlyDefault(database, model, id);
  return id;
}

type StationModelKind = ModelKind & { station_id: number };

/** Makes a model the only default of its station, type and variable. Runs within the caller's transaction, after `lockModels`. */
export async function makeOnlyDefault(
  database: Database,
  { station_id, model_type_id, variable_id }: StationModelKind,
  id: number,
): Promise<void> {
  await database.query(
    `UPDATE models SET "default" = id = $4
      WHERE station_id = $1 AND model_type_id = $2 AND variable_id IS NOT DISTINCT FROM $3
        AND "default" IS DISTINCT FROM (id = $4)
        AND (id = $4 OR "default")`,
    [station_id, model_type_id, variable_id, id],
  );
}

/** The addresses in the row of a model; undefined if the row is gone. */
export async function findAddresses(
  database: Database,
  modelId: number,
): Promise<ModelAddresses | undefined> {
  const { rows } = await database.query<ModelAddresses>(
    'SELECT diagnostics_url, diagnostics_s3, predictions_url, predictions_s3 FROM models WHERE id = $1',
    [modelId],
  );
  return rows[0];
}

export type DrawnDefault = { id: number; code: string; uuid: string };

/**
 * Defaults of a station, type and variable that the website draws: normally one, but older scripts may have left several (Q-P5).
 */
export async function findDrawnDefaults(
  database: Database,
  { station_id, model_type_id, variable_id }: StationModelKind,
): Promise<DrawnDefault[]> {
  const { rows } = await database.query<DrawnDefault>(
    `SELECT id, code, uuid FROM models
      WHERE station_id = $1 AND model_type_id = $2 AND variable_id = $3 AND "default" AND uuid IS NOT NULL
        AND predictions_url IS NOT NULL
      ORDER BY id`,
    [station_id, model_type_id, variable_id],
  );
  return rows;
}

/** The website no longer draws these models; `updated_at`, which it shows as the day of training, stays. */
export async function unlinkModels(database: Database, ids: readonly number[]): Promise<void> {
  const settings = Object.keys(NO_ADDRESSES).map((column) => `${column} = NULL`);
  await database.query(`UPDATE models SET ${settings} WHERE id = ANY ($1)`, [ids]);
}

const COLUMNS = [
  'model_type_id',
  'variable_id',
  'uuid',
  'diagnostics_url',
  'diagnostics_s3',
  'predictions_url',
  'predictions_s3',
] as const;

async function insert(database: Database, model: PublishedModel): Promise<number> {
  const places = COLUMNS.map((_, index) => `$${index + 5}`);
  const { station_id, code, make_default, snapshot_at } = model;
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO models (station_id, code, "default", created_at, status, ${COLUMNS})
     VALUES ($1, $2, $3, $4, 'DONE', ${places}) RETURNING id`,
    [station_id, code, make_default, snapshot_at, ...COLUMNS.map((column) => model[column])],
  );
  return (rows[0] as { id: number }).id;
}

/** A model of another type or variable takes over the row, but not its default for the former type and variable. */
async function update(database: Database, id: number, model: PublishedModel): Promise<number> {
  const settings = COLUMNS.map((column, index) => `${column} = $${index + 6}`);
  const { make_default, snapshot_at, model_type_id, variable_id } = model;
  await database.query(
    `UPDATE models SET "default" = $2 OR coalesce("default" AND model_type_id = $4 AND variable_id = $5, false),
            status = 'DONE', created_at = $3, updated_at = now(), ${settings} WHERE id = $1`,
    [id, make_default, snapshot_at, model_type_id, variable_id, ...COLUMNS.map((column) => model[column])],
  );
  return id;
}
