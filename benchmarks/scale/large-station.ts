import type pg from 'pg';
import type { S3 } from '../../local/s3.ts';

/** How much there is of everything. */
export type Scale = {
  photos: number;
  imagesets: number;
  pairs: number;
  annotationFiles: number;
  /** Observed values: of the gage, and as many uploaded ones. */
  values: number;
  /** Photos that come after the training, a tenth of which have people in them since. */
  newPhotos: number;
  stations: number;
  photosOfStation: number;
  /** Of the network, with its optimizer. */
  modelBytes: number;
  /** Photos that one call of MergePredictions merges. */
  mergeBatch: number;
  /** Batches that MergePredictions merges itself; what it would make of the others is put there for it, as each is like the next. */
  merged: number;
};

export const FULL: Scale = {
  photos: 1_000_000,
  imagesets: 300,
  pairs: 200_000,
  annotationFiles: 5_000,
  values: 1_000_000,
  newPhotos: 100_000,
  stations: 400,
  photosOfStation: 1_000,
  modelBytes: 91_000_000,
  mergeBatch: 5_000,
  merged: 3,
};

/** A part of it, for a look whether the measuring works. @param part e.g. 100 for a hundredth */
export const partOf = (part: number): Scale =>
  Object.fromEntries(Object.entries(FULL).map(([name, size]) => [name, Math.ceil(size / part)])) as Scale;

const FIRST_PHOTO = '2015-01-01 12:00:00+00';
export const FIRST_PHOTO_MS = Date.parse('2015-01-01T12:00:00Z');
/** Between photos, and between observed values. */
export const STEP_MS = 300_000;
const PHOTO_BYTES = 900_000;
const UUID = '00000000-0000-4000-8000-';

const imagesetUuid = (index: number): string => `${UUID}${String(index).padStart(12, '0')}`;
const photoKey = (imageset: number, photo: number): string =>
  `imagesets/${imagesetUuid(imageset)}/images/${String(photo).padStart(8, '0')}.jpg`;
/** In SQL, of photo `n` with its imageset's index in `set`. */
const PHOTO_KEY = `'imagesets/${UUID}' || lpad(set::text, 12, '0') || '/images/' || lpad(n::text, 8, '0') || '.jpg'`;

export class LargeStation {
  readonly id: number;
  readonly #scale: Scale;
  readonly #database: pg.Client;
  readonly #perImageset: number;
  #photos: number;

  private constructor(database: pg.Client, scale: Scale, id: number) {
    this.#database = database;
    this.#scale = scale;
    this.#perImageset = Math.ceil(scale.photos / scale.imagesets);
    this.#photos = scale.photos;
    this.id = id;
  }

  static async insert(database: pg.Client, scale: Scale): Promise<LargeStation> {
    await database.query(
      `INSERT INTO users (id, affiliation_code, affiliation_name) VALUES ('scale', 'USER', 'Regular')`,
    );
    await database.query(
      `INSERT INTO variables (id, description) VALUES ('FLOW_CFS', 'flow') ON CONFLICT DO NOTHING`,
    );
    await database.query(`INSERT INTO model_types (id, name) VALUES ('RANK', 'rank') ON CONFLICT DO NOTHING`);
    const { rows } = await database.query(
      `INSERT INTO stations (user_id, name, latitude, longitude, timezone, nwis_id)
       VALUES ('scale', 'Mill Brook', 42.4, -72.7, 'America/New_York', '01171100') RETURNING id`,
    );
    const station = new LargeStation(database, scale, rows[0].id);
    await station.#insertPhotos(0, scale.photos);
    return station;
  }

  /** Those that cameras upload later. A tenth of the first ones that have a score show people since. */
  async addPhotos(): Promise<void> {
    const first = this.#photos;
    this.#photos += this.#scale.newPhotos;
    await this.#insertPhotos(first, this.#scale.newPhotos);
    await this.#database.query(
      `UPDATE images SET pii_on = true, updated_at = clock_timestamp() WHERE id IN (
         SELECT i.id FROM images i JOIN imagesets s ON s.id = i.imageset_id WHERE s.station_id = $1 ORDER BY i.id LIMIT $2)`,
      [this.id, Math.ceil(this.#scale.newPhotos / 10)],
    );
  }

  /** Takes those out again: with them the station is larger than one may be. */
  async removeNewPhotos(): Promise<void> {
    await this.#database.query(
      `DELETE FROM images WHERE id IN (
         SELECT i.id FROM images i JOIN imagesets s ON s.id = i.imageset_id WHERE s.station_id = $1 ORDER BY i.id OFFSET $2)`,
      [this.id, this.#scale.photos],
    );
    this.#photos = this.#scale.photos;
  }

  async #insertPhotos(first: number, count: number): Promise<void> {
    const [from, to] = [
      Math.floor(first / this.#perImageset),
      Math.floor((first + count - 1) / this.#perImageset),
    ];
    await this.#database.query(
      `INSERT INTO imagesets (station_id, uuid, status, pii_status, created_at, updated_at)
       SELECT $1, '${UUID}' || lpad(set::text, 12, '0'), 'DONE', 'DONE', clock_timestamp(), clock_timestamp()
         FROM generate_series($2::int, $3::int) set
        WHERE NOT EXISTS (SELECT FROM imagesets WHERE uuid = '${UUID}' || lpad(set::text, 12, '0'))`,
      [this.id, from, to],
    );
    await this.#database.query(
      `INSERT INTO images (imageset_id, status, timestamp, filename, full_s3, full_url, created_at, updated_at)
       SELECT i.id, 'DONE', timestamptz '${FIRST_PHOTO}' + n * interval '${STEP_MS / 1000} seconds', n || '.jpg',
              json_build_object('Bucket', $1::text, 'Key', ${PHOTO_KEY}),
              'https://' || $1 || '.s3.amazonaws.com/' || ${PHOTO_KEY}, clock_timestamp(), clock_timestamp()
         FROM generate_series($2::int, $3::int) n, LATERAL (SELECT n / $4::int AS set) s
         JOIN imagesets i ON i.uuid = '${UUID}' || lpad(set::text, 12, '0')`,
      [process.env.STORAGE_BUCKET, first, first + count - 1, this.#perImageset],
    );
  }

  /** Sessions of as many pairs each, of any two photos. */
  async annotate(store: S3['store'], sessions: number): Promise<void> {
    const bucket = process.env.STORAGE_BUCKET as string;
    const { rows } = await this.#database.query(
      'SELECT min(i.id) AS first FROM images i JOIN imagesets s ON s.id = i.imageset_id WHERE s.station_id = $1',
      [this.id],
    );
    const { photos, pairs } = this.#scale;
    const perSession = Math.ceil(pairs / sessions);
    const side = (photo: number) => ({ imageId: Number(rows[0].first) + (photo % photos), attributes: [] });
    for (let session = 0; session < sessions; session++) {
      const judged = Array.from({ length: perSession }, (_, index) => {
        const pair = session * perSession + index;
        const [left, right] = [pair * 48_271 + 1, pair * 69_621 + 7];
        return {
          left: side(left),
          right: side(right % photos === left % photos ? right + 1 : right),
          rank: left % photos > right % photos ? 'LEFT' : 'RIGHT',
          comment: null,
        };
      });
      const key = `annotations/${sessions}-${session}.json`;
      store.putObject(bucket, key, Buffer.from(JSON.stringify(judged)), 'application/json');
    }
    await this.#database.query('UPDATE annotations SET flag = true WHERE station_id = $1', [this.id]);
    await this.#database.query(
      `INSERT INTO annotations (user_id, station_id, uuid, status, duration_sec, n, url, s3, flag, variable)
       SELECT 'scale', $1, n::text, 'DONE', 60, $4, 'https://x/annotations/' || $3 || '-' || n || '.json',
              json_build_object('Bucket', $2::text, 'Key', 'annotations/' || $3 || '-' || n || '.json'), false, 'FLOW'
         FROM generate_series(0, $3::int - 1) n`,
      [this.id, bucket, sessions, perSession],
    );
  }

  /** Leaves FPE's own values in the place of the gage's. */
  async uploadValues(): Promise<void> {
    await this.#database.query('UPDATE stations SET nwis_id = NULL WHERE id = $1', [this.id]);
    const { rows } = await this.#database.query(
      `INSERT INTO datasets (station_id, status) VALUES ($1, 'DONE') RETURNING id`,
      [this.id],
    );
    const series = await this.#database.query(
      `INSERT INTO series (dataset_id, variable_id) VALUES ($1, 'FLOW_CFS') RETURNING id`,
      [rows[0].id],
    );
    await this.#database.query(
      `INSERT INTO "values" (series_id, date, timestamp, value)
       SELECT $1, (timestamptz '${FIRST_PHOTO}' + n * interval '${STEP_MS / 1000} seconds')::date,
              timestamptz '${FIRST_PHOTO}' + n * interval '${STEP_MS / 1000} seconds', 10 + 5 * sin(n / 5000.0)
         FROM generate_series(0, $2::int - 1) n`,
      [series.rows[0].id, this.#scale.values],
    );
  }

  /**
   * Lets a stand-in of S3 tell of all photos without keeping them, and answer for each what the model makes of it: a million
   * objects would take longer to write than all functions to run.
   */
  standIn(store: S3['store'], storageBucket: string): void {
    const sample = store.putObject(storageBucket, 'sample.jpg', Buffer.from('x'), 'image/jpeg');
    const [list, get] = [store.listObjects.bind(store), store.getObject.bind(store)];
    store.listObjects = (bucket, options = {}) => {
      const [, index] = new RegExp(`^imagesets/${UUID}(\\d{12})/`).exec(options.prefix ?? '') ?? [];
      if (bucket !== storageBucket || index === undefined) return list(bucket, options);
      const { maxKeys = 1000 } = options;
      const after = options.startAfter || options.marker || '';
      const first = Number(index) * this.#perImageset;
      const end = Math.min(first + this.#perImageset, this.#photos);
      const next = after ? Number(/(\d{8})\.jpg$/.exec(after)?.[1] ?? -1) + 1 : first;
      const count = Math.max(0, Math.min(maxKeys, end - next));
      const objects = Array.from({ length: count }, (_, n) => ({
        ...sample,
        key: photoKey(Number(index), next + n),
        contentLength: PHOTO_BYTES,
      }));
      return { objects, commonPrefixes: [], isTruncated: next + count < end };
    };
    store.getObject = (bucket, key) => {
      const [, photo] = /(\d{8})\.jpg\.out$/.exec(key) ?? [];
      if (photo === undefined) return get(bucket, key);
      const body = Buffer.from(JSON.stringify({ score: scoreOf(Number(photo)) }));
      return { ...sample, key, body, contentLength: body.length, contentType: 'application/json' };
    };
  }
}

export const scoreOf = (photo: number): number => Math.sin(photo / 700);

/** Stations with a model each, new photos, and new pairs enough for a training. */
export async function insertStations(
  database: pg.Client,
  { stations, photosOfStation }: Scale,
): Promise<void> {
  await database.query(
    `INSERT INTO stations (user_id, name, latitude, longitude, timezone)
     SELECT 'scale', 'Station with a rather long name, as some have ' || n, 42.4, -72.7, 'America/New_York'
       FROM generate_series(2, $1::int) n`,
    [stations],
  );
  const others = `(SELECT id FROM stations WHERE name LIKE 'Station with%')`;
  await database.query(
    `INSERT INTO imagesets (station_id, uuid, status, pii_status) SELECT id, 'of-' || id, 'DONE', 'DONE' FROM ${others} s`,
  );
  await database.query(
    `INSERT INTO images (imageset_id, status, timestamp, filename)
     SELECT i.id, 'DONE', timestamptz '${FIRST_PHOTO}' + n * interval '1 hour', n || '.jpg'
       FROM imagesets i, generate_series(1, $1::int) n WHERE i.uuid LIKE 'of-%'`,
    [photosOfStation],
  );
  await database.query(
    `INSERT INTO models (station_id, model_type_id, variable_id, code, uuid, "default", status, created_at)
     SELECT id, 'RANK', 'FLOW_CFS', 'RANK-FLOW-20200101', 'uuid-' || id, true, 'DONE', '2020-01-01' FROM ${others} s`,
  );
  await database.query(
    `INSERT INTO annotations (user_id, station_id, uuid, status, n, url, flag, variable)
     SELECT 'scale', id, 'of-' || id, 'DONE', 600, 'https://x/annotations/of-' || id || '.json', false, 'FLOW' FROM ${others} s
      WHERE id % 2 = 0`,
  );
}
