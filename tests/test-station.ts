import { randomUUID } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type pg from 'pg';
import { createDatabase } from '../local/postgres.ts';
import { s3, writeObject } from '../shared/aws/object-store.ts';
import { connectDatabase, connectionOf } from './database-client.ts';

/** A database of its own with the FPE schema, which the DB_* settings of this worker then name. */
export async function createTestDatabase(): Promise<pg.Client> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await createDatabase(connectionOf(process.env), name);
  process.env.DB_NAME = name;
  const client = await connectDatabase(process.env);
  await client.query("SET TIME ZONE 'UTC'");
  return client;
}

/** A storage and a model bucket of their own, which the settings of this worker then name. */
export async function createTestBuckets(): Promise<{ storage: string; model: string }> {
  const id = randomUUID();
  const buckets = { storage: `storage-${id}`, model: `model-${id}` };
  for (const bucket of Object.values(buckets)) await s3().send(new CreateBucketCommand({ Bucket: bucket }));
  Object.assign(process.env, { STORAGE_BUCKET: buckets.storage, MODEL_BUCKET: buckets.model });
  return buckets;
}

/** Inserts one row and returns its id; columns are the row's own names. */
export async function insertRow(
  database: pg.Client,
  table: string,
  row: Record<string, unknown>,
): Promise<number> {
  const columns = Object.keys(row).map((name) => `"${name}"`);
  const places = columns.map((_, index) => `$${index + 1}`);
  const values = Object.values(row).map((value) =>
    typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value,
  );
  const { rows } = await database.query(
    `INSERT INTO "${table}" (${columns}) VALUES (${places}) RETURNING id`,
    values,
  );
  return rows[0].id;
}

/** A user's station in Massachusetts; `row` overrides any column. */
export async function insertStation(
  database: pg.Client,
  row: Record<string, unknown> = {},
): Promise<{ id: number; user_id: string }> {
  const user_id = randomUUID();
  await insertRow(database, 'users', { id: user_id, affiliation_code: 'USER', affiliation_name: 'Regular' });
  const station = {
    user_id,
    name: `Mill Brook ${user_id}`,
    latitude: 42.4346,
    longitude: -72.6708,
    timezone: 'America/New_York',
    ...row,
  };
  return { id: await insertRow(database, 'stations', station), user_id };
}

/** An imageset whose photos lie in S3 as one byte each, unless `inStorage` is false. */
export async function insertImageset(
  database: pg.Client,
  stationId: number,
  photos: ({ timestamp: string | null; filename: string; inStorage?: boolean } & Record<string, unknown>)[],
  row: Record<string, unknown> = {},
): Promise<{ id: number; uuid: string; image_ids: number[]; keys: string[] }> {
  const uuid = randomUUID();
  const bucket = process.env.STORAGE_BUCKET as string;
  const imageset = { station_id: stationId, uuid, status: 'DONE', pii_status: 'DONE', ...row };
  const id = await insertRow(database, 'imagesets', imageset);
  const image_ids: number[] = [];
  const keys: string[] = [];
  for (const { inStorage = true, ...photo } of photos) {
    const key = `imagesets/${uuid}/images/${photo.filename}`;
    const image = {
      imageset_id: id,
      status: 'DONE',
      full_s3: { Bucket: bucket, Key: key },
      full_url: `https://${bucket}.s3.amazonaws.com/${key}`,
      ...photo,
    };
    image_ids.push(await insertRow(database, 'images', image));
    keys.push(key);
    if (inStorage) await writeObject({ bucket, key }, `photo ${key}`, 'image/jpeg');
  }
  return { id, uuid, image_ids, keys };
}

export type TestPair = { left: number | null; right: number | null; rank: string | null };

/** One annotation session with its file in S3. */
export async function insertAnnotations(
  database: pg.Client,
  station: { id: number; user_id: string },
  pairs: TestPair[] | string,
  row: Record<string, unknown> = {},
): Promise<{ id: number; key: string }> {
  const uuid = randomUUID();
  const bucket = process.env.STORAGE_BUCKET as string;
  const key = `annotations/${uuid}.json`;
  const side = (imageId: number | null) => ({ imageId, attributes: [] });
  const body =
    typeof pairs === 'string'
      ? pairs
      : JSON.stringify(
          pairs.map(({ left, right, rank }) => ({
            left: side(left),
            right: side(right),
            rank,
            comment: null,
          })),
        );
  await writeObject({ bucket, key }, body, 'application/json');
  const session = {
    user_id: station.user_id,
    station_id: station.id,
    uuid,
    status: 'DONE',
    duration_sec: 60,
    n: typeof pairs === 'string' ? 0 : pairs.length,
    url: `https://${bucket}.s3.amazonaws.com/${key}`,
    s3: { Bucket: bucket, Key: key },
    flag: false,
    variable: 'FLOW',
    ...row,
  };
  return { id: await insertRow(database, 'annotations', session), key };
}
