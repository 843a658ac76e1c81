import { ExportFolderInvalid } from '../../errors.ts';
import { shownStationName } from '../../execution/station.ts';
import type { Database } from '../connection.ts';
import { namingFile } from './rows.ts';

/** Which row a record of the export corresponds to, or will become. */
export type Identity = { id: number | null; exists: boolean };

/** A station is identified by its owner and name, which are unique together. */
export async function findStationId(
  database: Database,
  userId: string,
  name: string,
): Promise<number | null> {
  const { rows } = await database.query<{ id: number }>(
    'SELECT id FROM stations WHERE user_id = $1 AND name = $2',
    [userId, name],
  );
  return rows[0]?.id ?? null;
}

/**
 * Finds imagesets, datasets or annotation sessions by uuid.
 *
 * @param stationId null while the station is not in the database
 * @returns ids by uuid, for those that exist
 * @throws ExportFolderInvalid when one of them belongs to another station, whose rows an import never touches
 */
export async function findByUuid(
  database: Database,
  table: 'imagesets' | 'datasets' | 'annotations',
  uuids: readonly string[],
  stationId: number | null,
  where: string,
): Promise<Map<string, number>> {
  const { rows } = await database.query<{ id: number; uuid: string; station_id: number; name: string }>(
    // The column has no unique constraint: if there are several rows, the oldest counts.
    `SELECT part.id, part.uuid, part.station_id, stations.name
       FROM "${table}" AS part JOIN stations ON stations.id = part.station_id
      WHERE lower(part.uuid) = ANY($1)
      ORDER BY part.id DESC`,
    [uuids.map((uuid) => uuid.toLowerCase())],
  );
  const own = rows.filter((row) => row.station_id === stationId);
  const known = new Map(own.map(({ id, uuid }) => [uuid, id]));
  const foreign = rows.find((row) => row.station_id !== stationId && !known.has(row.uuid));
  if (!foreign) return known;
  throw new ExportFolderInvalid({
    what: `A row of ${table} belongs to another station of this database`,
    where,
    found: `uuid ${foreign.uuid} at station ${foreign.station_id} “${shownStationName(foreign.name, undefined)}”`,
    expected:
      'the same owner and name of the station as when it was imported first, or a uuid that is not there',
    fix: 'restore name and user of the station in station.json and user.json, or import into another database (DB_NAME; on this computer --folder OTHER, a stack of its own)',
  });
}

/**
 * Finds a model by its station and code (Q-P6).
 *
 * @param stationId null while the station is not in the database
 * @returns its id; null if it does not exist
 * @throws ExportFolderInvalid if its uuid, by which its public files and its archive are found, is another model's, or if the
 *   station has another model with this code
 */
export async function findModel(
  database: Database,
  stationId: number | null,
  { code, uuid }: { code: string; uuid: string | null },
  where: string,
): Promise<number | null> {
  const { rows } = await database.query<{
    id: number;
    station_id: number;
    code: string;
    uuid: string | null;
  }>(
    `SELECT id, station_id, code, uuid FROM models
      WHERE lower(uuid) = lower($1) OR (station_id = $2 AND code = $3)
      ORDER BY id`,
    [uuid, stationId, code],
  );
  const other = rows.find(
    (row) => row.station_id !== stationId || row.code !== code || (uuid !== null && row.uuid !== uuid),
  );
  if (!other) return rows[0]?.id ?? null;
  throw new ExportFolderInvalid({
    what: 'A model of the export is another model in this database',
    where,
    found: `${other.code} of station ${other.station_id} with the uuid ${other.uuid}, and ${code} with ${uuid} in the export`,
    expected: 'a uuid and code that no other model here has',
    fix: 'remove the folder of this model from the export, or import into another database (DB_NAME; on this computer --folder OTHER, a stack of its own)',
  });
}

/**
 * Looks for photos of this database in the folders of imagesets that it lacks.
 *
 * @param imagesets where the export describes them, by uuid
 * @throws ExportFolderInvalid if there is one, because rows of the export would name it, too
 */
export async function refuseForeignPhotos(
  database: Database,
  storageBucket: string,
  imagesets: ReadonlyMap<string, string>,
): Promise<void> {
  if (imagesets.size === 0) return;
  const { rows } = await database.query<{ id: number; key: string; uuid: string; station: string }>(
    // No index helps: it reads every row, a second for a million.
    `WITH photos AS (
       SELECT id, imageset_id, coalesce(full_s3->>'Key', substring(full_url FROM '^[a-z]+://[^/]+/(.+)$')) AS key
         FROM images
        WHERE coalesce(full_s3->>'Bucket', $2) = $2)
     SELECT photos.id, key, split_part(key, '/', 2) AS uuid, stations.id || ' “' || stations.name || '”' AS station
       FROM photos JOIN imagesets ON imagesets.id = imageset_id JOIN stations ON stations.id = station_id
      WHERE key LIKE 'imagesets/%' AND split_part(key, '/', 2) = ANY($1)
      ORDER BY photos.id LIMIT 1`,
    [[...imagesets.keys()], storageBucket],
  );
  const [taken] = rows;
  if (!taken) return;
  throw new ExportFolderInvalid({
    what: 'The folder of an imageset of the export holds photos of another one in this database',
    where: imagesets.get(taken.uuid) as string,
    found: `${taken.key} is image ${taken.id} of station ${taken.station}`,
    expected: 'photos of its own for every imageset',
    fix: 'export the station again, or remove the imageset from the export',
  });
}

/**
 * Compares times with the clock of the database, which sets the times of its rows; in SQL, because PostgreSQL also accepts
 * `infinity` and `tomorrow` as times.
 *
 * @param times with the place of each in the export
 * @throws ExportFolderInvalid for one that lies in the future, or that is not a time
 */
export async function refuseFutureTimes(
  database: Database,
  times: ReadonlyMap<string, string>,
): Promise<void> {
  const { rows } = await namingFile('created_at and updated_at of the export', () =>
    database.query<{ time: string }>(
      `SELECT time FROM unnest($1::text[]) WITH ORDINALITY AS given (time, position)
        WHERE time::timestamptz > clock_timestamp() OR NOT isfinite(time::timestamptz)
        ORDER BY position LIMIT 1`,
      [[...times.keys()]],
    ),
  );
  const [future] = rows;
  if (!future) return;
  throw new ExportFolderInvalid({
    what: 'A row of the export was made or changed at a time that has not been yet',
    where: times.get(future.time) as string,
    found: future.time,
    expected: 'a time before now, in UTC where it has no zone',
    fix: 'correct the time, or remove it; the row then gets the time of the import',
  });
}

export type ImageIdentity = { id: number | null; filename: string };

/**
 * Matches images of one imageset: by id if they have one, otherwise by file name, the first of two equal names with the first
 * row.
 *
 * @param imagesetId null while the imageset is not in the database
 * @returns one identity for each image, in their order
 * @throws ExportFolderInvalid if an id belongs to another photo here: annotations would be attributed to that photo
 */
export async function identifyImages(
  database: Database,
  imagesetId: number | null,
  images: readonly ImageIdentity[],
  where: string,
): Promise<Identity[]> {
  const given = images.flatMap(({ id }) => (id === null ? [] : [id]));
  await refuseTakenImageIds(database, imagesetId, given, where);
  const { rows: kept } = await database.query<{ id: number; filename: string | null }>(
    'SELECT id, filename FROM images WHERE imageset_id = $1 ORDER BY id',
    [imagesetId],
  );
  const filenames = new Map(kept.map(({ id, filename }) => [id, filename]));
  const givenIds = new Set(given);
  const unclaimed = Map.groupBy(
    kept.filter(({ id }) => !givenIds.has(id)),
    ({ filename }) => filename,
  );
  return images.map(({ id, filename }) => {
    if (id === null) {
      const next = unclaimed.get(filename)?.shift();
      return { id: next?.id ?? null, exists: next !== undefined };
    }
    const exists = filenames.has(id);
    const other = exists ? filenames.get(id) : filename;
    const otherId = unclaimed.get(filename)?.[0]?.id;
    if (other !== filename) throw clash(where, `image ${id} is ${other} here, and ${filename} in the export`);
    if (!exists && otherId !== undefined)
      throw clash(where, `${filename} has the id ${otherId} here, and ${id} in the export`);
    return { id, exists };
  });
}

async function refuseTakenImageIds(
  database: Database,
  imagesetId: number | null,
  ids: readonly number[],
  where: string,
): Promise<void> {
  const { rows } = await database.query<{ id: number; filename: string; station_id: number; name: string }>(
    `SELECT images.id, images.filename, stations.id AS station_id, stations.name
       FROM images JOIN imagesets ON imagesets.id = images.imageset_id
                   JOIN stations ON stations.id = imagesets.station_id
      WHERE images.id = ANY($1) AND images.imageset_id IS DISTINCT FROM $2
      ORDER BY images.id LIMIT 1`,
    [ids, imagesetId],
  );
  const [taken] = rows;
  if (taken)
    throw clash(
      where,
      `image ${taken.id} is ${taken.filename} of station ${taken.station_id} “${shownStationName(taken.name, undefined)}” here`,
    );
}

const clash = (where: string, found: string) =>
  new ExportFolderInvalid({
    what: 'Ids of images in the export are taken by other photos of this database',
    where,
    found,
    expected: 'ids that are free, or that this import gave to the same photos',
    fix: 'import into a database of its own (DB_NAME; on this computer --folder OTHER, a stack of its own); or delete the station’s imagesets here if an earlier import without ids made them; or remove the ids from images.json, so that the annotation sessions are imported flagged and no model uses them',
  });

export type SessionIdentity = { id: number | null; uuid: string };

/**
 * Matches annotation sessions by uuid; a new one keeps its id if that is free (Q-S3).
 *
 * @returns one identity for each session, in their order
 */
export async function identifySessions(
  database: Database,
  stationId: number | null,
  sessions: readonly SessionIdentity[],
  where: string,
): Promise<Identity[]> {
  const uuids = sessions.map(({ uuid }) => uuid);
  const known = await findByUuid(database, 'annotations', uuids, stationId, where);
  const { rows } = await database.query<{ id: number }>('SELECT id FROM annotations WHERE id = ANY($1)', [
    sessions.flatMap(({ id }) => (id === null ? [] : [id])),
  ]);
  const taken = new Set(rows.map(({ id }) => id));
  return sessions.map(({ id, uuid }) => {
    const existing = known.get(uuid);
    if (existing !== undefined) return { id: existing, exists: true };
    return { id: id !== null && !taken.has(id) ? id : null, exists: false };
  });
}
