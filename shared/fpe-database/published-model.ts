import type { Database } from '../aws/database.ts';

type S3Object = { Bucket: string; Key: string };

/** A row of `models`, as published (contract 9.1). */
export type PublishedModel = {
  station_id: number;
  model_type_id: string;
  variable_id: string;
  code: string;
  uuid: string;
  make_default: boolean;
  diagnostics_url: string;
  diagnostics_s3: S3Object;
  predictions_url: string;
  predictions_s3: S3Object;
};

/** First key of the advisory lock on a station's models; any number that nothing else in the database uses. */
const MODELS_LOCK = 1691;

/**
 * Updates the station's model of this code, or inserts it: one row per station and code (Q-P6), whose `updated_at` the
 * website shows as the day of training. `created_at` is the day of training, too: scoring new photos leaves it as it is, and a
 * refresh counts new annotation pairs from it. With `make_default` it becomes the one default of its station, type and variable
 * (Q-P5); without, a model that is replaced keeps what it was.
 *
 * Runs within the caller's transaction; two runs for one station wait for each other.
 *
 * @returns models.id
 */
export async function upsertModel(database: Database, model: PublishedModel): Promise<number> {
  await database.query('SELECT pg_advisory_xact_lock($1, $2)', [MODELS_LOCK, model.station_id]);
  // Only InsertModel has kept codes unique; rows of older scripts may repeat them.
  const { rows: known } = await database.query<{ id: number }>(
    'SELECT id FROM models WHERE station_id = $1 AND code = $2 ORDER BY id DESC FOR UPDATE',
    [model.station_id, model.code],
  );
  const [newest, ...repeated] = known.map(({ id }) => id);
  if (repeated.length > 0) await database.query('DELETE FROM models WHERE id = ANY($1)', [repeated]);
  const id = newest === undefined ? await insert(database, model) : await update(database, newest, model);
  if (model.make_default)
    await database.query(
      `UPDATE models SET "default" = false
        WHERE station_id = $1 AND model_type_id = $2 AND variable_id = $3 AND id <> $4 AND "default"`,
      [model.station_id, model.model_type_id, model.variable_id, id],
    );
  return id;
}

/** The station's default of a type and variable; the newest, where older scripts have left several (Q-P5). */
export async function findDefaultModel(
  database: Database,
  of: Pick<PublishedModel, 'station_id' | 'model_type_id' | 'variable_id'>,
): Promise<{ code: string; uuid: string } | null> {
  const { rows } = await database.query<{ code: string; uuid: string }>(
    `SELECT code, uuid FROM models
      WHERE station_id = $1 AND model_type_id = $2 AND variable_id = $3 AND "default" AND status = 'DONE' AND uuid IS NOT NULL
      ORDER BY updated_at DESC, id DESC LIMIT 1`,
    [of.station_id, of.model_type_id, of.variable_id],
  );
  return rows[0] ?? null;
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
  const places = COLUMNS.map((_, index) => `$${index + 4}`);
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO models (station_id, code, "default", status, ${COLUMNS})
     VALUES ($1, $2, $3, 'DONE', ${places}) RETURNING id`,
    [model.station_id, model.code, model.make_default, ...COLUMNS.map((column) => model[column])],
  );
  return (rows[0] as { id: number }).id;
}

async function update(database: Database, id: number, model: PublishedModel): Promise<number> {
  const settings = COLUMNS.map((column, index) => `${column} = $${index + 3}`);
  await database.query(
    `UPDATE models SET "default" = "default" OR $2, status = 'DONE', created_at = now(), updated_at = now(), ${settings} WHERE id = $1`,
    [id, model.make_default, ...COLUMNS.map((column) => model[column])],
  );
  return id;
}
