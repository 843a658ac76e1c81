import type { FillCandidates } from '../dataset/observed-values.ts';
import type { ImageRow } from '../dataset/photo-key.ts';
import type { ValueExclusion } from '../dataset/reasons.ts';
import type { ObjectLocation } from '../formats/object-location.ts';
import type { Database } from './connection.ts';
import { HAS_PII, keySql } from './image-sql.ts';
import { fourDecimals, realText } from './real-sql.ts';

/** Rows fetched at a time: memory stays flat however many photos a station has. */
const ROWS_PER_FETCH = 20_000;

/**
 * Files and calendars have four-digit years, and PostgreSQL accepts infinity as a time. No camera or logger at a stream is older
 * than this; one that has lost its clock counts from 1970 or 2000.
 */
export const isPossible = (timestamp: string): string =>
  `(${timestamp} >= '1900-01-01 UTC' AND ${timestamp} < '2200-01-01 UTC')`;
const epochSeconds = (timestamp: string): string =>
  `CASE WHEN ${isPossible(timestamp)} THEN extract(epoch FROM ${timestamp})::float8 END`;

/** The object that a row of `images` is about. */
const OBJECT = keySql('i.full_s3', 'i.full_url');

/** Keeps PostgreSQL from evaluating an expression of a subquery again at each place in the outer query that names it. */
const ONCE = 'OFFSET 0';

/**
 * Every photo of the station by time, then id, including those left out, so that they can be counted. If several rows name one
 * object, the first is the photo, and it shows people if any of them says so.
 */
export const stationImages = (database: Database, stationId: number): AsyncGenerator<ImageRow[]> =>
  fetchRows<ImageRow>(
    database,
    `WITH people AS MATERIALIZED (
       SELECT DISTINCT ${OBJECT} AS object FROM imagesets s JOIN images i ON i.imageset_id = s.id
        WHERE s.station_id = $1 AND ${HAS_PII} AND ${OBJECT} IS NOT NULL),
     repeated AS MATERIALIZED (
       SELECT ${OBJECT} AS object FROM imagesets s JOIN images i ON i.imageset_id = s.id
        WHERE s.station_id = $1 AND ${OBJECT} IS NOT NULL GROUP BY 1 HAVING count(*) > 1),
     objects AS NOT MATERIALIZED (
       SELECT s.id AS imageset_id, i.id AS image_id, i.timestamp, ${epochSeconds('i.timestamp')} AS epoch_seconds,
              i.full_s3->>'Bucket' AS bucket, i.full_s3->>'Key' AS key, i.full_url AS url,
              ${OBJECT} AS object,
              CASE WHEN s.status IS DISTINCT FROM 'DONE' THEN 'imageset_not_done'
                   WHEN i.status IS DISTINCT FROM 'DONE' THEN 'image_not_done'
                   WHEN i.timestamp IS NULL THEN 'no_timestamp'
                   WHEN NOT ${isPossible('i.timestamp')} THEN 'impossible_timestamp' END AS exclusion,
              ${HAS_PII} AS has_pii
         FROM imagesets s JOIN images i ON i.imageset_id = s.id
        WHERE s.station_id = $1 ${ONCE}),
     later AS MATERIALIZED (
       SELECT image_id FROM (
         SELECT image_id, row_number() OVER (PARTITION BY object ORDER BY timestamp, image_id) AS place
           FROM objects JOIN repeated USING (object) LEFT JOIN people USING (object)
          WHERE exclusion IS NULL AND people.object IS NULL) placed
        WHERE place > 1),
     photos AS (
       SELECT imageset_id, image_id, timestamp, epoch_seconds, bucket, key, url, exclusion,
              has_pii OR people.object IS NOT NULL AS has_pii, later.image_id IS NOT NULL AS is_later
         FROM objects LEFT JOIN people USING (object) LEFT JOIN later USING (image_id) ${ONCE})
     SELECT imageset_id, image_id, epoch_seconds, bucket, key, url, has_pii,
            coalesce(exclusion, CASE WHEN has_pii THEN 'pii' WHEN is_later THEN 'repeated_object' END) AS exclusion
       FROM photos
      ORDER BY timestamp, image_id`,
    [stationId],
  );

export type ValueRow = {
  dataset_id: number;
  series_id: number;
  /** Like that of an image. */
  epoch_seconds: number | null;
  /** As written in the text of the float4 column (contract 5). */
  value: number;
  flag: string | null;
  /** Why the value is left out; null if it is not. */
  exclusion: Exclude<ValueExclusion, 'fill_value'> | null;
};

const OF_STATION = `datasets d JOIN series s ON s.dataset_id = d.id JOIN "values" v ON v.series_id = s.id
      WHERE d.station_id = $1 AND d.status = 'DONE' AND s.variable_id = $2`;

/**
 * Values of the station's datasets by time: inner joins (Q-D8); including those left out (Q-D5, Q-D7), so that they can be
 * counted.
 */
export const stationValues = (
  database: Database,
  stationId: number,
  variableCode: string,
  includeFlagged: boolean,
): AsyncGenerator<ValueRow[]> =>
  fetchRows<ValueRow>(
    database,
    `SELECT d.id AS dataset_id, s.id AS series_id, ${epochSeconds('v.timestamp')} AS epoch_seconds,
            ${realText('v.value')}::float8 AS value, v.flag,
            CASE WHEN v.value IN ('NaN', 'Infinity', '-Infinity') THEN 'not_a_number'
                 WHEN NOT ${isPossible('v.timestamp')} THEN 'impossible_timestamp'
                 WHEN v.flag IS NOT NULL AND NOT $3 THEN 'flagged' END AS exclusion
       FROM ${OF_STATION}
      ORDER BY v.timestamp, d.id, s.id, v.id`,
    [stationId, variableCode, includeFlagged],
  );

/**
 * For each series with values that loggers write for a missing one: how often each occurs, and how far from 0 the other numbers
 * are.
 *
 * @param fillValues numbers that may stand for a missing value
 */
export async function fillCandidates(
  database: Database,
  stationId: number,
  variableCode: string,
  fillValues: readonly number[],
): Promise<FillCandidates[]> {
  const { rows } = await database.query<FillCandidates>(
    `SELECT series_id, json_object_agg(value, n) FILTER (WHERE may_fill) AS counts,
            coalesce(max(abs(value)) FILTER (WHERE NOT may_fill), 0) AS most
       FROM (SELECT s.id AS series_id, ${realText('v.value')}::float8 AS value, v.value = ANY ($3::float4[]) AS may_fill, count(*) AS n
               FROM ${OF_STATION} AND v.value NOT IN ('NaN', 'Infinity', '-Infinity')
              GROUP BY s.id, v.value) AS distinct_values
      GROUP BY series_id HAVING bool_or(may_fill)`,
    [stationId, variableCode, fillValues],
  );
  return rows;
}

export type SessionRow = {
  annotation_id: number;
  user_id: string;
  duration_sec: number | null;
  n: number | null;
  url: string | null;
  file: ObjectLocation | null;
};

/** Finished, unflagged sessions of the variable with a file, by id. */
export async function annotationSessionRows(
  database: Database,
  stationId: number,
  annotationVariable: string,
): Promise<SessionRow[]> {
  const { rows } = await database.query(
    `SELECT id AS annotation_id, user_id, ${realText('duration_sec')}::float8 AS duration_sec, n, url,
            s3->>'Bucket' AS bucket, s3->>'Key' AS key
       FROM annotations
      WHERE station_id = $1 AND variable = $2 AND NOT flag AND status = 'DONE' AND url IS NOT NULL
      ORDER BY id`,
    [stationId, annotationVariable],
  );
  return rows.map(({ bucket, key, ...row }) => ({ ...row, file: bucket && key ? { bucket, key } : null }));
}

/** All columns of the station except `metadata`, in the table's order (contract 5.1, Q-D13). */
export async function stationColumns(
  database: Database,
  stationId: number,
): Promise<Record<string, unknown>> {
  const { rows } = await database.query(
    `SELECT id, user_id, name, description, ${fourDecimals('latitude')}::float8 AS latitude,
            ${fourDecimals('longitude')}::float8 AS longitude, timezone,
            to_char(created_at, 'YYYY-MM-DD HH24:MI:SS') AS created_at,
            to_char(updated_at, 'YYYY-MM-DD HH24:MI:SS') AS updated_at,
            private, nwis_id, waterbody_type, status, annotation_priority
       FROM stations WHERE id = $1`,
    [stationId],
  );
  return rows[0];
}

/** Runs `work` on one unchanging view of the database, so that photos, values and annotations are consistent. */
export async function inSnapshot<Result>(database: Database, work: () => Promise<Result>): Promise<Result> {
  await database.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    // Cursors are read to their end; a plan optimized for the first rows would take longer.
    await database.query('SET LOCAL cursor_tuple_fraction = 1');
    return await work();
  } finally {
    await database.query('ROLLBACK').catch(() => undefined);
  }
}

/** Far longer than FPE's own transactions take; a forgotten session is not waited for. */
const LONGEST_TRANSACTION = "interval '10 minutes'";
/** How PostgreSQL shows a session whose role's privileges this one lacks, or that tracks nothing (`track_activities`). */
const IS_HIDDEN = "(query = '<insufficient privilege>' OR state = 'disabled')";

/**
 * The time up to which arrived rows are in the snapshot of the caller's transaction, ISO 8601: anything later is new to the next
 * reader. A row counts from the beginning of the transaction that wrote it (`created_at` is its now()); a transaction that has
 * begun but not ended is not in the snapshot, so nothing counts from its beginning on, back to the longest transaction that is
 * waited for.
 *
 * Sessions of other roles show their transactions to members of pg_read_all_stats only; a hidden one is assumed to have been
 * writing for that long. Some rows then count as new twice, but none is missed.
 */
export async function snapshotTime(database: Database): Promise<string> {
  const { rows } = await database.query<{ at: string }>(
    `SELECT to_char(least(now(), (
                      SELECT min(CASE WHEN ${IS_HIDDEN} THEN now() - ${LONGEST_TRANSACTION} ELSE xact_start END)
                        FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
                         AND (${IS_HIDDEN} OR xact_start > now() - ${LONGEST_TRANSACTION})))
                    AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
  );
  return (rows[0] as { at: string }).at;
}

export type NamedPhoto = { id: number; key: string | null; url: string | null };

/**
 * The station's photos that show people or vehicles.
 *
 * @param imagesets uuids of former imagesets of the station, whichever station they belong to now
 */
export async function photosWithPeople(
  database: Database,
  stationId: number,
  imagesets: readonly string[] = [],
): Promise<NamedPhoto[]> {
  const { rows } = await database.query<NamedPhoto>(
    `SELECT i.id, i.full_s3->>'Key' AS key, i.full_url AS url FROM imagesets s JOIN images i ON i.imageset_id = s.id
      WHERE (s.station_id = $1 OR s.uuid = ANY ($2)) AND ${HAS_PII}`,
    [stationId, imagesets],
  );
  return rows;
}

/** Uuids of the station's imagesets. */
export async function findImagesetUuids(database: Database, stationId: number): Promise<string[]> {
  const { rows } = await database.query<{ uuid: string }>(
    'SELECT uuid FROM imagesets WHERE station_id = $1 AND uuid IS NOT NULL ORDER BY uuid',
    [stationId],
  );
  return rows.map(({ uuid }) => uuid);
}

/**
 * Photos that show people or vehicles, whichever station they belong to now.
 *
 * @param imageIds ids to search among
 * @param imagesetUuids imagesets whose folders are searched, for files without ids
 */
export async function movedPhotosWithPeople(
  database: Database,
  imageIds: readonly number[],
  imagesetUuids: readonly string[],
): Promise<NamedPhoto[]> {
  const { rows } = await database.query<NamedPhoto>(
    `SELECT i.id, i.full_s3->>'Key' AS key, i.full_url AS url FROM imagesets s JOIN images i ON i.imageset_id = s.id
      WHERE (i.id = ANY ($1) OR s.uuid = ANY ($2)) AND ${HAS_PII}`,
    [imageIds, imagesetUuids],
  );
  return rows;
}

/** Ids of all photos of the station, whatever their state. */
export async function findImageIds(database: Database, stationId: number): Promise<number[]> {
  const { rows } = await database.query<{ ids: number[] }>(
    `SELECT coalesce(array_agg(i.id), '{}') AS ids FROM imagesets s JOIN images i ON i.imageset_id = s.id
      WHERE s.station_id = $1`,
    [stationId],
  );
  return rows[0]?.ids ?? [];
}

/** An SQL cursor, so that each fetch is a query of its own with its own time limit; it lives in the caller's transaction. */
async function* fetchRows<Row extends object>(
  database: Database,
  sql: string,
  parameters: unknown[],
): AsyncGenerator<Row[]> {
  await database.query(`DECLARE fetched NO SCROLL CURSOR FOR ${sql}`, parameters);
  // Says what is fetched, for readers of the server's activity and logs.
  const fetch = `FETCH ${ROWS_PER_FETCH} FROM fetched /* ${sql.replaceAll(/\s+/g, ' ')} */`;
  try {
    for (;;) {
      const { rows } = await database.query<Row>(fetch);
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    // The failure has ended the transaction, and the cursor with it.
    await database.query('CLOSE fetched').catch(() => undefined);
  }
}
