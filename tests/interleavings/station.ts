import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { writeObject } from '../../shared/aws/object-store.ts';
import { insertStation } from '../fixtures/station.ts';
import type { Objects } from './objects.ts';

/** Photos of a station: enough for more than the 110 pairs that a training asks for. */
const PHOTOS = 18;
const PAIRS = 120;
/** One set of objects serves all stations, as nobody writes photos. */
const FOLDER = `imagesets/${randomUUID()}/images`;
const MOST_PHOTOS = 60;

export type Station = { id: number; user_id: string; imageset_id: number };

export function writePhotoObjects(objects: Objects, bucket: string): void {
  for (let index = 0; index < MOST_PHOTOS; index++)
    objects.write({ bucket, key: `${FOLDER}/${index}.jpg` }, 'x');
}

/** @param row of `stations` overrides any column */
export async function insertGoldStation(
  database: pg.Client,
  row: Record<string, unknown> = {},
): Promise<Station> {
  const { id, user_id } = await insertStation(database, row);
  const { rows } = await database.query(
    `INSERT INTO imagesets (station_id, uuid, status, pii_status) VALUES ($1, $2, 'DONE', 'DONE') RETURNING id`,
    [id, randomUUID()],
  );
  const station = { id, user_id, imageset_id: rows[0].id };
  await insertPhotos(database, station, 0, PHOTOS);
  await insertPairs(database, station);
  return station;
}

/** Photos number `first` to `first + count − 1`, one an hour by day. */
export async function insertPhotos(
  database: pg.Client,
  { imageset_id }: Station,
  first: number,
  count: number,
): Promise<void> {
  await database.query(
    `INSERT INTO images (imageset_id, status, timestamp, filename, full_s3, full_url, created_at, updated_at)
     SELECT $1, 'DONE', timestamp '2026-04-01 14:00' + make_interval(days => n / 6, hours => n % 6), n || '.jpg',
            json_build_object('Bucket', $2::text, 'Key', $3::text || '/' || n || '.jpg'), 'https://x/' || n, clock_timestamp(), clock_timestamp()
       FROM generate_series($4::int, $5::int) n`,
    [imageset_id, process.env.STORAGE_BUCKET, FOLDER, first, first + count - 1],
  );
}

/** A session of pairs of the station's first photos. */
export async function insertPairs(database: pg.Client, { id, user_id, imageset_id }: Station): Promise<void> {
  const { rows } = await database.query('SELECT id FROM images WHERE imageset_id = $1 ORDER BY id LIMIT $2', [
    imageset_id,
    PHOTOS,
  ]);
  const ids = rows.map((row) => row.id as number);
  const pairs = Array.from({ length: PAIRS }, (_, index) => {
    const left = index % PHOTOS;
    const right = (left + 1 + Math.floor(index / PHOTOS)) % PHOTOS;
    const side = (photo: number) => ({ imageId: ids[photo], attributes: [] });
    return { left: side(left), right: side(right), rank: left > right ? 'LEFT' : 'RIGHT', comment: null };
  });
  const key = `annotations/${randomUUID()}.json`;
  const bucket = process.env.STORAGE_BUCKET as string;
  await writeObject({ bucket, key }, JSON.stringify(pairs), 'application/json');
  await database.query(
    `INSERT INTO annotations (user_id, station_id, uuid, status, duration_sec, n, url, s3, flag, variable, created_at)
     VALUES ($1, $2, $3, 'DONE', 60, $4, $5, $6, false, 'FLOW', clock_timestamp())`,
    [user_id, id, randomUUID(), PAIRS, `https://x/${key}`, JSON.stringify({ Bucket: bucket, Key: key })],
  );
}
