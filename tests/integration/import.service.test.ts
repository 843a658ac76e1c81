import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { describePlan } from '../../cli/import.ts';
import { findSize, listObjects, readText, s3, writeObject } from '../../shared/aws/object-store.ts';
import { ConfigurationMissing, ExportFolderInvalid } from '../../shared/errors.ts';
import { uploadStorage } from '../../shared/fpe-database/import/export-storage.ts';
import { importExport, planImport } from '../../shared/fpe-database/import/import-stations.ts';
import {
  createTestBuckets,
  createTestDatabase,
  insertImageset,
  insertRow,
  insertStation,
} from '../fixtures/station.ts';

let database: pg.Client;
let bucket: string;
let modelBucket: string;
const folders: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  ({ storage: bucket, model: modelBucket } = await createTestBuckets());
});
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
afterAll(() => database.end());

/** Ids that no other test uses, as those of another database would be. */
let nextId = 1_000_000;
const newId = () => {
  nextId += 1000;
  return nextId;
};

type Row = Record<string, unknown>;
type Export = {
  folder: string;
  userId: string;
  imagesetUuid: string;
  datasetUuid: string;
  sessionUuid: string;
  imageIds: number[];
  sessionId: number;
  /** Writes one more file, or another content; text as it is, everything else as JSON. */
  write(path: string, content: unknown): void;
  remove(path: string): void;
};

const PHOTOS = ['Mill Brook (1).JPG', 'Mill Brook (2).JPG', 'day 2/Mill Brook.JPG'];

/** An export of one station as FPE's exporter writes it, with image ids and with photos. */
function writeExport(
  given: { userId?: string; name?: string; imageIds?: number[]; sessionId?: number } = {},
): Export {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-export-'));
  folders.push(folder);
  const userId = given.userId ?? randomUUID();
  const [imagesetUuid, datasetUuid, sessionUuid] = [randomUUID(), randomUUID(), randomUUID()];
  const firstId = newId();
  const imageIds = given.imageIds ?? PHOTOS.map((_, index) => firstId + index);
  const sessionId = given.sessionId ?? newId();
  const write = (path: string, content: unknown) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  };
  const station = stationPath(userId);
  write('variables.json', [{ id: 'FLOW_CFS', description: 'Discharge' }]);
  write('modelTypes.json', [{ id: 'RANK', name: 'RankNet Model' }]);
  write(`users/${userId}/user.json`, {
    id: userId,
    affiliation_code: 'USER',
    affiliation_name: 'Regular User',
    annotator: true,
  });
  write(`${station}/db/station.json`, {
    name: given.name ?? 'Mill Brook',
    description: null,
    latitude: 42.4346,
    longitude: -72.6708,
    timezone: 'America/New_York',
    metadata: '{}',
    private: false,
    nwis_id: '01171100',
    waterbody_type: 'ST',
    status: 'ACTIVE',
    annotation_priority: null,
  });
  write(`${station}/db/imagesets/${imagesetUuid}/imageset.json`, {
    uuid: imagesetUuid,
    status: 'DONE',
    config: '{"timestamp":{"utcOffset":-5}}',
    metadata: null,
    n_images: 3,
    n_failed: 'NA',
    start_timestamp: '2022-02-01 12:00:00',
    end_timestamp: '2022-02-03',
    pii_status: 'DONE',
  });
  write(
    `${station}/db/imagesets/${imagesetUuid}/images.json`,
    PHOTOS.map((filename, index) => {
      const key = `imagesets/${imagesetUuid}/images/${filename}`;
      return {
        id: imageIds[index],
        filename,
        timestamp: `2022-02-0${index + 1}T12:00:00+0000`,
        width: 2048,
        height: 1536,
        full_s3: JSON.stringify({ Bucket: '{STORAGE_BUCKET}', Key: key }),
        full_url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/${key}`,
        status: 'DONE',
        pii_person: 0.0131,
        pii_on: false,
        pii_detections: '[]',
      };
    }),
  );
  write(`${station}/db/datasets/${datasetUuid}/dataset.json`, {
    uuid: datasetUuid,
    status: 'DONE',
    filename: 'flow.csv',
    config: '{"variables":[{"id":"FLOW_CFS"}]}',
    s3: JSON.stringify({ Bucket: '{STORAGE_BUCKET}', Key: `datasets/${datasetUuid}/flow.csv` }),
    url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/datasets/${datasetUuid}/flow.csv`,
    start_timestamp: '2022-02-01 12:00:00',
    n_rows: 'NA',
  });
  write(`${station}/db/datasets/${datasetUuid}/series/FLOW_CFS.json`, [
    { date: '2022-02-01', timestamp: '2022-02-01 12:00:00', value: 1.2345 },
    { date: '2022-02-01', timestamp: '2022-02-01 12:15:00' },
    { date: '2022-02-01', timestamp: '2022-02-01 12:30:00', value: 1.5, flag: 'e' },
  ]);
  const [left, right] = imageIds;
  write(`${station}/db/annotations.json`, [
    {
      id: sessionId,
      user_id: randomUUID(),
      station_id: 29,
      uuid: sessionUuid,
      status: 'DONE',
      duration_sec: 61.5,
      n: 1,
      n_daytime: 1,
      url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/annotations/${sessionUuid}.json`,
      s3: JSON.stringify({ Bucket: '{STORAGE_BUCKET}', Key: `annotations/${sessionUuid}.json` }),
      created_at: '2023-06-01 15:04:05',
      updated_at: '2023-06-01 15:10:05',
    },
  ]);
  write(`${station}/storage/annotations/${sessionUuid}.json`, [
    { rank: 'LEFT', left: { imageId: left, attributes: 'DRY' }, right: { imageId: right, attributes: [] } },
  ]);
  for (const filename of PHOTOS)
    write(`${station}/storage/imagesets/${imagesetUuid}/images/${filename}`, `bytes of ${filename}`);
  const remove = (path: string) => rmSync(join(folder, path), { recursive: true });
  return { folder, userId, imagesetUuid, datasetUuid, sessionUuid, imageIds, sessionId, write, remove };
}

const stationPath = (userId: string) => `users/${userId}/stations/MILLB0-20220201-20220203`;
const imagesPath = ({ userId, imagesetUuid }: Export) =>
  `${stationPath(userId)}/db/imagesets/${imagesetUuid}/images.json`;
const storagePath = ({ userId }: Export) => `${stationPath(userId)}/storage`;
const annotationsPath = ({ userId }: Export) => `${stationPath(userId)}/db/annotations.json`;
const modelPath = ({ userId }: Export) => `${stationPath(userId)}/db/models/m/model.json`;
/** A row of images.json; `columns` overrides any. */
const imageOf = ({ imagesetUuid, imageIds }: Export, columns: Row = {}) => {
  const key = `imagesets/${imagesetUuid}/images/${PHOTOS[0]}`;
  return {
    id: imageIds[0],
    filename: PHOTOS[0],
    status: 'DONE',
    full_s3: JSON.stringify({ Bucket: '{STORAGE_BUCKET}', Key: key }),
    full_url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/${key}`,
    ...columns,
  };
};
/** A row of models with the public files of its own folder; `columns` overrides any. */
const modelOf = (uuid: string, columns: Row = {}) => ({
  model_type_id: 'RANK',
  variable_id: 'FLOW_CFS',
  code: 'RANK-FLOW-20240101',
  uuid,
  status: 'DONE',
  default: true,
  predictions_url: `https://{STORAGE_BUCKET}.s3.us-west-2.amazonaws.com/models/${uuid}/predictions.csv`,
  diagnostics_url: `https://{STORAGE_BUCKET}.s3.us-west-2.amazonaws.com/models/${uuid}/RANK-FLOW-20240101.html`,
  ...columns,
});
const withoutIds = () => PHOTOS.map((filename) => ({ filename, status: 'DONE' }));

const load = ({ folder }: Export) => importExport(folder, { storageBucket: bucket, modelBucket });

async function query(sql: string, ...parameters: unknown[]): Promise<Row[]> {
  return (await database.query(sql, parameters)).rows;
}

/** Every row of every table and every object of the bucket, to see that nothing changed. */
async function everything(): Promise<unknown> {
  const tables: Row = {};
  for (const table of [
    'users',
    'variables',
    'model_types',
    'stations',
    'imagesets',
    'images',
    'datasets',
    'series',
    'values',
    'annotations',
    'models',
  ])
    tables[table] = await query(`SELECT * FROM "${table}" ORDER BY id`);
  for (const table of ['images', 'annotations'])
    tables[`${table}_id_seq`] = await query(`SELECT last_value, is_called FROM ${table}_id_seq`);
  return { tables, objects: await Array.fromAsync(listObjects(bucket, '')) };
}

describe('An import', () => {
  test('loads station, photos, observed values and annotations, and copies the files', async () => {
    const given = writeExport();

    const result = await load(given);

    const [station] = result.stations as [(typeof result.stations)[number]];
    expect(result).toMatchObject({
      stations: [{ name: 'Mill Brook', images: 3, annotations: 1, values: 2 }],
      files: { uploaded: 4, already_there: 0 },
    });
    expect(await query('SELECT * FROM stations WHERE id = $1', station.id)).toMatchObject([
      { user_id: given.userId, latitude: 42.4346, metadata: {}, nwis_id: '01171100', waterbody_type: 'ST' },
    ]);
    const key = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    expect(
      await query(
        'SELECT images.* FROM images JOIN imagesets ON imagesets.id = imageset_id WHERE station_id = $1 ORDER BY id',
        station.id,
      ),
    ).toMatchObject([
      {
        id: given.imageIds[0],
        timestamp: new Date('2022-02-01T12:00:00Z'),
        full_s3: { Bucket: bucket, Key: key },
        full_url: `https://${bucket}.s3.amazonaws.com/${key}`,
        pii_person: 0.0131,
        pii_off: false,
        pii_detections: [],
      },
      { id: given.imageIds[1] },
      { id: given.imageIds[2], filename: PHOTOS[2] },
    ]);
    expect(await query('SELECT * FROM annotations WHERE station_id = $1', station.id)).toMatchObject([
      {
        id: given.sessionId,
        user_id: given.userId,
        variable: 'FLOW',
        flag: false,
        s3: { Bucket: bucket, Key: `annotations/${given.sessionUuid}.json` },
        created_at: new Date('2023-06-01T15:04:05Z'),
      },
    ]);
    expect(await readText({ bucket, key })).toBe(`bytes of ${PHOTOS[0]}`);
  });

  test('gives files the types that browsers expect, and only a model’s report that of a page', async () => {
    const given = writeExport();
    const uuid = randomUUID();
    given.write(modelPath(given), modelOf(uuid));
    const page = `imagesets/${given.imagesetUuid}/images/a.html`;
    const report = `models/${uuid}/RANK-FLOW-20240101.html`;
    const images = PHOTOS.map((filename, index) => ({ id: given.imageIds[index], filename }));
    given.write(imagesPath(given), [...images, { id: newId(), filename: 'a.html' }]);
    for (const key of [page, report]) given.write(`${storagePath(given)}/${key}`, '<p>');

    await load(given);

    const types = [];
    for (const Key of [
      `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`,
      `annotations/${given.sessionUuid}.json`,
      page,
      report,
    ])
      types.push((await s3().send(new HeadObjectCommand({ Bucket: bucket, Key }))).ContentType);
    expect(types).toEqual([
      'image/jpeg',
      'application/json',
      'application/octet-stream',
      'text/html; charset=utf-8',
    ]);
  });

  test('changes nothing the second time', async () => {
    const given = writeExport();
    await load(given);
    const before = await everything();

    const result = await load(given);

    expect(result).toMatchObject({
      rows: { inserted: 0, updated: 0 },
      files: { uploaded: 0, already_there: 4 },
    });
    expect(await everything()).toEqual(before);
  });

  test('takes over what a newer export adds and corrects, and nothing else', async () => {
    const given = writeExport();
    const { stations } = await load(given);
    const series = `${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/series/FLOW_CFS.json`;
    given.write(series, [
      { date: '2022-02-01', timestamp: '2022-02-01 12:00:00', value: 7 },
      { date: '2022-02-02', timestamp: '2022-02-02 12:00:00', value: 8 },
    ]);
    given.write(`${stationPath(given.userId)}/db/imagesets/${given.imagesetUuid}/imageset.json`, {
      status: 'FAILED',
    });

    const result = await load(given);

    expect(result).toMatchObject({ stations, rows: { inserted: 1, updated: 2 } });
    expect(
      await query(
        `SELECT value, flag FROM "values" JOIN series ON series.id = series_id JOIN datasets ON datasets.id = dataset_id
          WHERE station_id = $1 ORDER BY "timestamp"`,
        stations[0]?.id,
      ),
    ).toEqual([
      { value: 7, flag: null },
      { value: 1.5, flag: 'e' },
      { value: 8, flag: null },
    ]);
  });

  /** A photo of the export, its columns in the database, and whether it shows people. */
  const photoOf = async (given: Export, index = 0) =>
    (
      await query(
        `SELECT pii_person, pii_vehicle, pii_on, pii_off, width, image_has_pii(pii_person, pii_vehicle, pii_on, pii_off) AS has_pii
           FROM images WHERE id = $1`,
        given.imageIds[index],
      )
    )[0] as Row;

  test.each([
    ['by hand', 'pii_on = true', {}],
    ['by hand, where the export says that it shows none', 'pii_on = true', { pii_on: false, pii_off: true }],
    ['by a score of people', 'pii_person = 0.9', { pii_person: 0.1 }],
    ['by a score of vehicles', 'pii_vehicle = 0.9', { pii_vehicle: 0 }],
    [
      'by a score, where the export says that it shows none',
      'pii_person = 0.9',
      { pii_person: 0.9, pii_off: true },
    ],
    ['by a score, where the export has none', 'pii_person = 0.9', { pii_person: 'NA' }],
  ])('never lifts what was found of people in a photo since: %s', async (_, set, columns) => {
    const given = writeExport();
    await load(given);
    given.remove(storagePath(given));
    await query(`UPDATE images SET ${set}, pii_off = false WHERE id = $1`, given.imageIds[0]);
    const images = [0, 1].map((index) => ({
      id: given.imageIds[index],
      filename: PHOTOS[index],
      width: 7,
      pii_on: false,
    }));
    given.write(imagesPath(given), [{ ...images[0], ...columns }, images[1]]);
    const before = await photoOf(given);
    const note = `1 photos of imageset ${given.imagesetUuid} show people or vehicles here and not in the export: what this database says of it stays.`;

    const plan = await planImport(given.folder, { storageBucket: bucket });
    const result = await load(given);
    const again = await load(given);

    expect([plan.notes, result.notes, again.notes]).toEqual(
      [...Array(3)].map(() => expect.arrayContaining([note])),
    );
    expect(await photoOf(given)).toEqual({ ...before, width: 7, has_pii: true });
    expect(result.rows).toMatchObject({ updated: 2 });
    expect(again.rows).toEqual({ inserted: 0, updated: 0 });
  });

  test('takes over that a photo shows people, and other scores of one that does all the same', async () => {
    const given = writeExport();
    await load(given);
    given.remove(storagePath(given));
    await query('UPDATE images SET pii_person = 0.5 WHERE id = $1', given.imageIds[0]);
    const photos = [{ pii_person: 0.8 }, { pii_on: true }];
    given.write(
      imagesPath(given),
      photos.map((columns, index) => ({ id: given.imageIds[index], filename: PHOTOS[index], ...columns })),
    );

    const { notes } = await load(given);

    expect(await photoOf(given, 0)).toMatchObject({ pii_person: 0.8, has_pii: true });
    expect(await photoOf(given, 1)).toMatchObject({ pii_on: true, has_pii: true });
    expect(notes.join()).not.toContain('show people');
  });

  test('takes a second row of a photo that shows people where it shows them, too, or was there before', async () => {
    const given = writeExport();
    const again = imageOf(given, { id: newId(), filename: 'again.jpg' });
    given.write(imagesPath(given), [imageOf(given), again]);
    given.remove(storagePath(given));
    await load(given);
    await query('UPDATE images SET pii_on = true WHERE id = $1', given.imageIds[0]);
    const third = imageOf(given, { id: newId(), filename: 'third.jpg', pii_vehicle: 0.9 });
    given.write(imagesPath(given), [imageOf(given), again, third]);

    const { rows } = await load(given);

    expect(rows).toEqual({ inserted: 1, updated: 0 });
  });

  test('says which new rows no refresh counts, as they are older than a model that was here', async () => {
    const given = writeExport();
    const { stations } = await load(given);
    const id = stations[0]?.id as number;
    given.remove(storagePath(given));
    await insertRow(database, 'models', {
      ...{
        station_id: id,
        model_type_id: 'RANK',
        variable_id: 'FLOW_CFS',
        code: 'A',
        uuid: randomUUID(),
        status: 'DONE',
      },
    });
    const [uuid, later] = [randomUUID(), randomUUID()];
    const session = { status: 'DONE', created_at: '2023-07-01 15:04:05', variable: 'FLOW' };
    given.write(annotationsPath(given), [
      { ...session, id: newId(), uuid },
      { ...session, id: newId(), uuid: later, created_at: undefined },
    ]);

    const first = await load(given);
    const second = await load(given);

    expect(first.notes.at(-1)).toBe(
      `Mill Brook: 0 photos and 1 annotation sessions that are new here are older than its model A, so no refresh counts them. To train a model with them: ./fpe start ${id}`,
    );
    expect(second.notes.join()).not.toContain('no refresh');
  });

  test('says nothing of a model that comes with the rows that it knows', async () => {
    const given = writeExport();
    given.write(modelPath(given), modelOf(randomUUID(), { created_at: '2024-01-01 00:00:00' }));

    const { notes } = await load(given);

    expect(notes.join()).not.toContain('no refresh');
  });

  test('leaves rows of other stations as they are', async () => {
    const other = await insertStation(database);
    await insertImageset(database, other.id, [{ timestamp: '2026-01-01T12:00:00Z', filename: 'a.jpg' }]);
    const rows = () =>
      query(
        `SELECT stations.*, images.* FROM stations JOIN imagesets ON station_id = stations.id
           JOIN images ON imageset_id = imagesets.id WHERE stations.id = $1`,
        other.id,
      );
    const before = await rows();

    await load(writeExport());

    expect(await rows()).toEqual(before);
  });

  test('loads several stations, and two folders with different periods of one station', async () => {
    const given = writeExport();
    const db = (period: string) => `users/${given.userId}/stations/AVERY-${period}/db`;
    const station = { name: 'Avery Brook', latitude: 42, longitude: -72, timezone: 'America/New_York' };
    for (const period of ['2021', '2022']) {
      given.write(`${db(period)}/station.json`, station);
      given.write(`${db(period)}/imagesets/${randomUUID()}/imageset.json`, { status: 'DONE' });
    }

    const { stations } = await load(given);

    const [first, second, mill] = stations;
    expect([first?.name, second?.name, mill?.name]).toEqual(['Avery Brook', 'Avery Brook', 'Mill Brook']);
    expect(second?.id).toBe(first?.id);
    expect(await query('SELECT id FROM imagesets WHERE station_id = $1', first?.id)).toHaveLength(2);
  });

  test('keeps annotators whom the export or the database knows', async () => {
    const given = writeExport();
    const annotator = randomUUID();
    given.write(`users/${annotator}/user.json`, {
      id: annotator,
      affiliation_code: 'USER',
      affiliation_name: 'Regular User',
    });
    given.write(annotationsPath(given), [
      { id: newId(), user_id: annotator, uuid: given.sessionUuid, status: 'DONE' },
    ]);

    const { stations } = await load(given);

    expect(await query('SELECT user_id FROM annotations WHERE station_id = $1', stations[0]?.id)).toEqual([
      { user_id: annotator },
    ]);
  });

  test('takes the folder’s name for the user where there is no user.json', async () => {
    const given = writeExport();
    given.remove(`users/${given.userId}/user.json`);

    const { stations, notes } = await load(given);

    expect(notes.join()).toContain(`User ${given.userId} has no user.json`);
    expect(await query('SELECT user_id FROM stations WHERE id = $1', stations[0]?.id)).toEqual([
      { user_id: given.userId },
    ]);
  });

  test('loads models, of which one stays the default', async () => {
    const given = writeExport();
    const models = `${stationPath(given.userId)}/db/models`;
    for (const [code, created_at] of [
      ['RANK-FLOW-20240101', '2024-01-01 00:00:00'],
      ['RANK-FLOW-20250101', '2025-01-01 00:00:00'],
    ])
      given.write(`${models}/${code}/model.json`, {
        model_type_id: 'RANK',
        variable_id: 'FLOW_CFS',
        code,
        created_at,
        status: 'DONE',
        default: true,
        uuid: `uuid of ${code} of ${given.userId}`,
        diagnostics_s3: JSON.stringify({
          Bucket: '{STORAGE_BUCKET}',
          Key: `models/uuid of ${code} of ${given.userId}/x.html`,
        }),
      });

    const { stations } = await load(given);
    const again = await load(given);

    const rows = await query(
      'SELECT code, "default", diagnostics_s3 FROM models WHERE station_id = $1 ORDER BY code',
      stations[0]?.id,
    );
    expect(rows).toMatchObject([
      { code: 'RANK-FLOW-20240101', default: false, diagnostics_s3: { Bucket: bucket } },
      { code: 'RANK-FLOW-20250101', default: true, diagnostics_s3: { Bucket: bucket } },
    ]);
    expect(again.rows).toEqual({ inserted: 0, updated: 0 });
  });

  test('goes by the rule of the default that everything else goes by', async () => {
    await query("INSERT INTO model_types (id, name) VALUES ('SECOND', 'Second') ON CONFLICT DO NOTHING");
    const given = writeExport();
    const write = (code: string, created_at: string, columns: Row) =>
      given.write(
        `${stationPath(given.userId)}/db/models/${code}/model.json`,
        modelOf(randomUUID(), { code, created_at, ...columns }),
      );
    write('FAILED', '2026-06-01 00:00:00', { status: 'FAILED' });
    write('WITHOUT-UUID', '2026-05-01 00:00:00', {
      uuid: null,
      predictions_url: null,
      diagnostics_url: null,
    });
    write('STAGE', '2026-04-01 00:00:00', { variable_id: 'STAGE_FT' });
    write('SECOND-TYPE', '2026-03-01 00:00:00', { model_type_id: 'SECOND' });
    write('NEWEST', '2026-02-01 00:00:00', {});
    write('OLDER', '2026-01-01 00:00:00', {});

    const { stations } = await load(given);

    const defaults = await query(
      'SELECT code FROM models WHERE station_id = $1 AND "default" ORDER BY code',
      stations[0]?.id,
    );
    expect(defaults.map(({ code }) => code)).toEqual(['NEWEST', 'SECOND-TYPE', 'STAGE']);
  });

  test('leaves a model that is there as it is, whatever the export says of it', async () => {
    const given = writeExport();
    given.write(modelPath(given), modelOf(randomUUID()));
    const { stations } = await load(given);
    const models = () => query('SELECT * FROM models WHERE station_id = $1', stations[0]?.id);
    await query(
      'UPDATE models SET "default" = false, predictions_url = NULL WHERE station_id = $1',
      stations[0]?.id,
    );
    const before = await models();

    const { rows } = await load(given);

    expect(rows).toEqual({ inserted: 0, updated: 0 });
    expect(await models()).toEqual(before);
  });

  test('copies every kind of file that a row names', async () => {
    const given = writeExport();
    const uuid = randomUUID();
    given.write(modelPath(given), modelOf(uuid));
    const keys = [
      `imagesets/${given.imagesetUuid}/pii.json`,
      `imagesets/${given.imagesetUuid}/thumbs/${PHOTOS[0]}`,
      `datasets/${given.datasetUuid}/flow.csv`,
      `models/${uuid}/predictions.csv`,
      `models/${uuid}/RANK-FLOW-20240101.html`,
      `models/${uuid}/images.csv`,
    ];
    for (const key of keys) given.write(`${storagePath(given)}/${key}`, `bytes of ${key}`);

    const { files } = await load(given);

    expect(files).toEqual({ uploaded: 4 + keys.length, already_there: 0 });
    for (const key of keys) expect(await readText({ bucket, key })).toBe(`bytes of ${key}`);
  });

  test('copies one file once that two folders of one station hold', async () => {
    const given = writeExport();
    const other = `users/${given.userId}/stations/ANOTHER PERIOD`;
    given.write(`${other}/db/station.json`, {
      name: 'Mill Brook',
      latitude: 42.4346,
      longitude: -72.6708,
      timezone: 'America/New_York',
    });
    const photo = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    given.write(`${other}/storage/${photo}`, `bytes of ${PHOTOS[0]}`);

    const { files } = await load(given);

    expect(files.uploaded).toBe(4);
  });

  test('says which photos are neither in the export nor in the bucket', async () => {
    const given = writeExport();
    const key = (filename: string) => `imagesets/${given.imagesetUuid}/images/${filename}`;
    given.remove(`${stationPath(given.userId)}/storage/imagesets`);
    await writeObject({ bucket, key: key(PHOTOS[0] as string) }, 'x', 'image/jpeg');

    const { notes } = await load(given);

    expect(notes.join()).toContain('2 photos are neither in the export nor in');
    expect(notes.join()).toContain(key(PHOTOS[2] as string));
  });

  test('reports every step from nothing to all', async () => {
    const given = writeExport();
    const reported: string[] = [];

    await importExport(given.folder, {
      storageBucket: bucket,
      onProgress: ({ step, done, total }) => reported.push(`${step} ${done}/${total}`),
    });

    expect(reported[0]).toBe('check 0/1');
    expect(reported).toContain('files 4/4');
    expect(reported.at(-1)).toBe('rows 6/6');
  });

  test('can be planned without writing anything', async () => {
    const given = writeExport();
    const before = await everything();

    const plan = await planImport(given.folder, { storageBucket: bucket });

    expect(plan).toMatchObject({
      stations: [{ id: null, name: 'Mill Brook', images: 3, annotations: 1, values: 2 }],
      files: 4,
      storage: [
        { kind: 'photos', files: 3, bytes: 83, already_there: 0 },
        { kind: 'annotation files', files: 1, already_there: 0 },
      ],
      already_there: [],
    });
    expect(await everything()).toEqual(before);
  });

  test('is planned with what would be written of each kind, and what is there already', async () => {
    const given = writeExport();
    const key = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    await writeObject({ bucket, key }, `bytes of ${PHOTOS[0]}`, 'image/jpeg');

    const plan = await planImport(given.folder, { storageBucket: bucket });

    const text = describePlan(plan, 'photos');
    expect(text).toContain('New station “Mill Brook”: 3 photos, 1 annotation session, 2 observed values\n');
    expect(text).toContain(
      '4 files for photos\n  3 photos, 83 bytes; 1 already there\n  1 annotation file, ',
    );
    expect(text).toContain(`Already there: ${key}\n`);
    expect(text).toContain('Nothing was written.');
  });

  test('sends large files in parts', async () => {
    const given = writeExport();
    given.write(
      `${stationPath(given.userId)}/storage/imagesets/${given.imagesetUuid}/pii.json`,
      '[]'.padEnd(17 * 2 ** 20),
    );

    await load(given);

    expect(await findSize({ bucket, key: `imagesets/${given.imagesetUuid}/pii.json` })).toBe(17 * 2 ** 20);
  });
});

describe('Quirks of exports', () => {
  test('columns that the database does not have are left out and named (Q-S1)', async () => {
    const given = writeExport();

    const { notes } = await load(given);

    expect(notes.join()).toContain('users.annotator');
    expect(await query('SELECT affiliation_code FROM users WHERE id = $1', given.userId)).toHaveLength(1);
  });

  test('without ids of images, sessions are flagged instead of guessing which photos they mean (Q-S2)', async () => {
    const given = writeExport();
    given.write(imagesPath(given), withoutIds());

    const { stations, notes } = await load(given);
    const again = await load(given);

    expect(notes.join()).toContain('imported with flag = true');
    expect(await query('SELECT flag FROM annotations WHERE station_id = $1', stations[0]?.id)).toEqual([
      { flag: true },
    ]);
    expect(again.rows).toEqual({ inserted: 0, updated: 0 });
  });

  test('ids of the export are out of the way of the ids that follow (Q-S3)', async () => {
    const given = writeExport();

    const { stations } = await load(given);

    const [imageset] = await query('SELECT id FROM imagesets WHERE station_id = $1', stations[0]?.id);
    const image = await insertRow(database, 'images', { imageset_id: imageset?.id });
    const session = await insertRow(database, 'annotations', {
      station_id: stations[0]?.id,
      user_id: given.userId,
    });
    expect(image).toBeGreaterThan(Math.max(...given.imageIds));
    expect(session).toBeGreaterThan(given.sessionId);
  });

  test('a session whose id is taken by another gets a new one (Q-S3)', async () => {
    const first = writeExport();
    await load(first);
    const second = writeExport({ sessionId: first.sessionId });

    const { stations, notes } = await load(second);
    const again = await load(second);

    const [session] = await query('SELECT id, uuid FROM annotations WHERE station_id = $1', stations[0]?.id);
    expect(session?.uuid).toBe(second.sessionUuid);
    expect(session?.id).toBeGreaterThan(first.sessionId);
    expect(notes.join()).toContain('1 annotation sessions get new ids');
    expect(again.rows).toEqual({ inserted: 0, updated: 0 });
  });

  test('a session keeps the owner of its folder where its annotator is unknown, whatever station the export names (Q-S4)', async () => {
    const given = writeExport();

    const { stations } = await load(given);

    expect(
      await query('SELECT user_id, station_id FROM annotations WHERE uuid = $1', given.sessionUuid),
    ).toEqual([{ user_id: given.userId, station_id: stations[0]?.id }]);
  });

  test('annotation files are copied as they are, single attributes and missing comments included (Q-S5)', async () => {
    const given = writeExport();

    await load(given);

    const file = JSON.parse(await readText({ bucket, key: `annotations/${given.sessionUuid}.json` }));
    expect(file[0].left.attributes).toBe('DRY');
    expect(file[0]).not.toHaveProperty('comment');
  });

  test('"NA" becomes null, and numbers that differ beyond four decimals only are left alone (Q-S6)', async () => {
    const given = writeExport();
    const { stations } = await load(given);
    await query('UPDATE stations SET latitude = 42.43462 WHERE id = $1', stations[0]?.id);
    await query(`UPDATE "values" SET value = 1.23452 WHERE value = 1.2345::real`);

    const { rows } = await load(given);

    expect(rows).toEqual({ inserted: 0, updated: 0 });
    expect(await query('SELECT n_rows FROM datasets WHERE uuid = $1', given.datasetUuid)).toEqual([
      { n_rows: null },
    ]);
    expect(await query('SELECT n_failed FROM imagesets WHERE uuid = $1', given.imagesetUuid)).toEqual([
      { n_failed: null },
    ]);
  });

  test('numbers that differ in the fourth decimal are taken over, however many digits are before it', async () => {
    const given = writeExport();
    const station = `${stationPath(given.userId)}/db/station.json`;
    const coordinates = { name: 'Mill Brook', latitude: 45.5152, timezone: 'America/Los_Angeles' };
    given.write(station, { ...coordinates, longitude: -122.6717 });
    const { stations } = await load(given);
    given.write(station, { ...coordinates, longitude: -122.6719 });
    await query(`UPDATE "values" SET value = 1234.5672 WHERE value = 1.2345::real`);
    const [value] = await query('SELECT id FROM "values" WHERE value = 1234.5672::real');
    const series = `${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/series/FLOW_CFS.json`;
    given.write(series, [{ date: '2022-02-01', timestamp: '2022-02-01 12:00:00', value: 1234.5678 }]);

    await load(given);

    expect(await query('SELECT longitude::text FROM stations WHERE id = $1', stations[0]?.id)).toEqual([
      { longitude: '-122.6719' },
    ]);
    expect(await query('SELECT value::text FROM "values" WHERE id = $1', value?.id)).toEqual([
      { value: '1234.5677' },
    ]);
  });

  test('variables, model types and users that are there stay as they are, so nothing cascades away (Q-S7)', async () => {
    const given = writeExport();
    await query("UPDATE variables SET description = 'ours' WHERE id = 'FLOW_CFS'");
    given.write('variables.json', [
      { id: 'FLOW_CFS', description: 'theirs' },
      { id: 'TURBIDITY_NTU', description: 'Turbidity' },
    ]);

    await load(given);

    expect(
      await query("SELECT description FROM variables WHERE id IN ('FLOW_CFS', 'TURBIDITY_NTU') ORDER BY id"),
    ).toEqual([{ description: 'ours' }, { description: 'Turbidity' }]);
  });

  test('an imageset without images.json and a dataset without series are empty (Q-S8)', async () => {
    const given = writeExport();
    given.remove(imagesPath(given));
    given.remove(`${storagePath(given)}/imagesets`);
    given.remove(`${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/series`);

    const { stations } = await load(given);

    expect(stations).toMatchObject([{ images: 0, values: 0 }]);
    expect(await query('SELECT 1 FROM datasets WHERE uuid = $1', given.datasetUuid)).toHaveLength(1);
  });

  test('stray files are left alone and named, as are the side files of a generated station (Q-S8)', async () => {
    const given = writeExport();
    for (const path of [
      'truth.csv',
      'users/.DS_Store',
      `${stationPath(given.userId)}/db/imagesets/README.txt`,
    ])
      given.write(path, 'stray');
    given.write(`${stationPath(given.userId)}/storage/imagesets/.DS_Store`, 'stray');

    const { notes, files } = await load(given);

    expect(files.uploaded).toBe(4);
    expect(notes.join()).toMatch(
      /Not loaded, as an export has no file of this name at this place: .*truth\.csv/,
    );
    for (const name of ['truth.csv', 'users/.DS_Store', 'README.txt', 'storage/imagesets/.DS_Store'])
      expect(notes.join()).toContain(name);
  });

  test('a dataset with two series of one variable keeps both as they are (Q-S9)', async () => {
    const given = writeExport();
    await load(given);
    const [dataset] = await query('SELECT id FROM datasets WHERE uuid = $1', given.datasetUuid);
    await insertRow(database, 'series', { dataset_id: dataset?.id, variable_id: 'FLOW_CFS' });
    given.write(`${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/series/FLOW_CFS.json`, [
      { date: '2022-02-01', timestamp: '2022-02-01 12:00:00', value: 99 },
    ]);

    const { rows } = await load(given);

    expect(rows).toEqual({ inserted: 0, updated: 0 });
  });

  test('times without a zone are UTC, dates alone midnight (Q-S10)', async () => {
    const given = writeExport();

    await load(given);

    expect(
      await query('SELECT start_timestamp, end_timestamp FROM imagesets WHERE uuid = $1', given.imagesetUuid),
    ).toEqual([
      { start_timestamp: new Date('2022-02-01T12:00:00Z'), end_timestamp: new Date('2022-02-03T00:00:00Z') },
    ]);
  });

  test('variables that FPE’s seed lacks are added, so that models of them can be published (Q-S11)', async () => {
    const given = writeExport();
    const missing = ['SNOW_FT', 'CHLA_PPB', 'ANIMAL_COUNT', 'ICE'];
    await query('DELETE FROM variables WHERE id = ANY($1)', missing);

    await load(given);

    expect(await query('SELECT id FROM variables WHERE id = ANY($1)', missing)).toHaveLength(4);
  });

  test('JSON columns are read as text in a string and as JSON', async () => {
    const given = writeExport();
    given.remove(`${storagePath(given)}/imagesets`);
    const at = (folder: string) => ({
      Bucket: bucket,
      Key: `imagesets/${given.imagesetUuid}/${folder}/a.jpg`,
    });
    given.write(imagesPath(given), [
      {
        id: given.imageIds[0],
        filename: 'a.jpg',
        full_s3: at('images'),
        thumb_s3: JSON.stringify(at('thumbs')),
      },
    ]);

    await load(given);

    expect(await query('SELECT full_s3, thumb_s3 FROM images WHERE id = $1', given.imageIds[0])).toEqual([
      { full_s3: at('images'), thumb_s3: at('thumbs') },
    ]);
  });

  test('observations without a value are left out and counted', async () => {
    const { notes } = await load(writeExport());

    expect(notes.join()).toContain('1 observations without a value are left out');
  });
});

describe('An import refuses, before it writes anything,', () => {
  async function expectRefusal(given: Export, ...messages: string[]) {
    const before = await everything();
    const attempt = load(given);
    await expect(attempt).rejects.toThrow(ExportFolderInvalid);
    for (const message of messages) await expect(attempt).rejects.toThrow(message);
    expect(await everything()).toEqual(before);
  }

  test('ids that are another station’s photos here, and says how to go on (Q-S2)', async () => {
    const first = writeExport({ name: 'First' });
    await load(first);
    const second = writeExport({ name: 'Second', imageIds: first.imageIds });

    await expectRefusal(
      second,
      `image ${first.imageIds[0]} is ${PHOTOS[0]} of station`,
      '“First”',
      'DB_NAME',
    );
  });

  test('new ids for photos that an earlier import without ids already loaded (Q-S2)', async () => {
    const given = writeExport();
    const content = withoutIds();
    given.write(imagesPath(given), content);
    await load(given);
    given.write(
      imagesPath(given),
      content.map((image) => ({ id: newId(), ...image })),
    );

    await expectRefusal(given, 'Ids of images in the export are taken', 'delete the station’s imagesets');
  });

  test('one id for two photos', async () => {
    const id = newId();

    await expectRefusal(writeExport({ imageIds: [id, id, id + 1] }), `id ${id}, as ${PHOTOS[0]}`);
  });

  test('an imageset that another station has, whose name cannot color what follows', async () => {
    const first = writeExport({ name: 'Before \x1b[31mit was\nrenamed' });
    await load(first);
    const station = { name: 'After', latitude: 1, longitude: 2, timezone: 'UTC' };
    first.write(`${stationPath(first.userId)}/db/station.json`, station);

    await expectRefusal(first, 'belongs to another station', '“Before it was renamed”');
  });

  test('a variable that nobody describes', async () => {
    const given = writeExport();
    given.write(`${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/series/LUX.json`, []);

    await expectRefusal(given, 'LUX', 'variables.json');
  });

  test('a file that is not JSON', async () => {
    const given = writeExport();
    given.write(imagesPath(given), '[{"filename": ');

    await expectRefusal(given, imagesPath(given), 'text that is not JSON');
  });

  test.each<[string, object, string]>([
    ['a time zone that does not exist', { timezone: 'Mars/Olympus' }, 'timezone "Mars/Olympus"'],
    ['an offset for a time zone', { timezone: '-05:00' }, 'America/New_York'],
    ['a latitude beyond the pole', { latitude: 999 }, 'latitude 999'],
    ['a longitude beyond the antimeridian', { longitude: -181 }, 'longitude -181'],
  ])('a station with %s', async (_, change, message) => {
    const given = writeExport();
    const station = { name: 'Nowhere', latitude: 1, longitude: 2, timezone: 'UTC', ...change };
    given.write(`${stationPath(given.userId)}/db/station.json`, station);

    await expectRefusal(given, 'station.json', message);
  });

  test('a time that PostgreSQL would make one of', async () => {
    const [photo, series] = [writeExport(), writeExport()];
    photo.write(imagesPath(photo), [{ filename: PHOTOS[0], timestamp: 'yesterday', status: 'DONE' }]);
    series.write(`${stationPath(series.userId)}/db/datasets/${series.datasetUuid}/series/FLOW_CFS.json`, [
      { date: '2022-02-01', timestamp: '2022-02-01 12:00:00', value: 1 },
      { date: '2022-02-01', timestamp: 'x', value: 1 },
    ]);

    await expectRefusal(photo, 'timestamp in row 1 of ', 'Found: "yesterday"');
    await expectRefusal(series, 'timestamp in row 2 of ', 'Found: "x"');
  });

  test('a value that is not a number', async () => {
    const given = writeExport();
    given.write(`${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/series/FLOW_CFS.json`, [
      { date: '2022-02-01', timestamp: '2022-02-01 12:00:00', value: 'ice' },
    ]);

    await expectRefusal(given, 'value is no number', 'row 1 of');
  });

  test.each([
    ['the archive of a model', (uuid: string) => [`models/${uuid}/model.tar.gz`]],
    ['predictions of a model', (uuid: string) => [`models/${uuid}/predictions.csv`]],
    ['a file of the model bucket’s layout', () => ['rank/1/models/RANK-FLOW-20240101/input/rank-input.json']],
    [
      'a photo of an imageset that it does not describe',
      (uuid: string) => [`imagesets/${uuid}/images/a.jpg`],
    ],
    ['an annotation file without a row', (uuid: string) => [`annotations/${uuid}.json`]],
    ['a file at the root of the bucket', () => ['index.html']],
    ['other folders of FPE', () => ['training/training.json', 'seeds/imagesets/a.tar.gz']],
    ['a percent-encoded name', () => ['imagesets%2Fa%2Fimages%2Fa.jpg']],
    ['a name in capitals', (uuid: string) => [`Models/${uuid}/model.tar.gz`, 'ANNOTATIONS/a.json']],
  ])('%s that no row names, by its name', async (_, keysOf) => {
    const given = writeExport();
    const keys = keysOf(randomUUID());
    for (const key of keys) given.write(`${storagePath(given)}/${key}`, 'x');

    await expectRefusal(given, 'Files below storage/ are named by no row', `${keys.length}: `, ...keys);
  });

  test('files of its own imageset that no row names: another photo, another folder, the same name in capitals', async () => {
    const given = writeExport();
    const folder = `imagesets/${given.imagesetUuid}`;
    const keys = [
      `${folder}/images/another.JPG`,
      `${folder}/images/${(PHOTOS[0] as string).toLowerCase()}`,
      `${folder}/images/${PHOTOS[0]}.gz`,
      `${folder}/index.html`,
    ];
    for (const key of keys) given.write(`${storagePath(given)}/${key}`, 'x');

    await expectRefusal(given, '4: ', ...keys);
  });

  test('a folder in the place of a photo', async () => {
    const given = writeExport();
    const photo = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    given.remove(`${storagePath(given)}/${photo}`);
    given.write(`${storagePath(given)}/${photo}/model.tar.gz`, 'x');

    await expectRefusal(given, `${photo}/model.tar.gz`);
  });

  test('many files that no row names, listed up to a number', async () => {
    const given = writeExport();
    for (let n = 0; n < 30; n++) given.write(`${storagePath(given)}/models/m/${n}.csv`, 'x');

    await expectRefusal(given, '30: models/m/0.csv', 'and 10 more');
  });

  test('the archive of a model of its own, which is code', async () => {
    const given = writeExport();
    const uuid = randomUUID();
    given.write(modelPath(given), modelOf(uuid));
    given.write(`${storagePath(given)}/models/${uuid}/model.tar.gz`, 'x');

    await expectRefusal(given, `1: models/${uuid}/model.tar.gz`, 'code that scoring runs');
  });

  test('files that another station of the same export names', async () => {
    const given = writeExport();
    const photo = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    const other = `users/${given.userId}/stations/OTHER`;
    const station = { name: 'Other', latitude: 42, longitude: -72, timezone: 'America/New_York' };
    given.write(`${other}/db/station.json`, station);
    given.write(`${other}/storage/${photo}`, 'x');

    await expectRefusal(given, `1: ${photo}`);
  });

  test('two files of one key with other bytes in two folders of one station', async () => {
    const given = writeExport();
    const other = `users/${given.userId}/stations/ANOTHER PERIOD`;
    const station = { name: 'Mill Brook', latitude: 42, longitude: -72, timezone: 'America/New_York' };
    given.write(`${other}/db/station.json`, station);
    given.write(`${other}/storage/annotations/${given.sessionUuid}.json`, '[]');

    await expectRefusal(given, 'other bytes than');
  });

  test('a photo that has other bytes in the bucket, of the same size', async () => {
    const given = writeExport();
    const key = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    await writeObject({ bucket, key }, `BYTES of ${PHOTOS[0]}`, 'image/jpeg');

    await expectRefusal(given, 'The bucket has other objects', `1 that differ: ${key}`);
    await expect(planImport(given.folder, { storageBucket: bucket })).rejects.toThrow(ExportFolderInvalid);
  });

  test('an annotation file that was changed since it was imported', async () => {
    const given = writeExport();
    await load(given);
    given.write(`${storagePath(given)}/annotations/${given.sessionUuid}.json`, []);

    await expectRefusal(
      given,
      `1 that differ: annotations/${given.sessionUuid}.json`,
      'delete the object first',
    );
  });

  test('a large file that has other bytes in the bucket', async () => {
    const given = writeExport();
    const key = `imagesets/${given.imagesetUuid}/pii.json`;
    given.write(`${storagePath(given)}/${key}`, '[]'.padEnd(9 * 2 ** 20));
    await load(given);
    const again = await load(given);
    given.write(`${storagePath(given)}/${key}`, '[1]'.padEnd(9 * 2 ** 20));

    expect(again.files).toEqual({ uploaded: 0, already_there: 5 });
    await expectRefusal(given, `1 that differ: ${key}`);
  });

  test('a new file of a model that is published', async () => {
    const given = writeExport();
    const uuid = randomUUID();
    given.write(modelPath(given), modelOf(uuid));
    await load(given);
    given.write(`${storagePath(given)}/models/${uuid}/predictions.csv`, 'timestamp,score\n');

    await expectRefusal(given, `no objects models/${uuid}/predictions.csv`);
  });

  /** Another station with a photo, a session and a model, as it would be attacked. */
  async function insertOther() {
    const station = await insertStation(database);
    const imageset = await insertImageset(database, station.id, [
      { timestamp: '2026-01-01T12:00:00Z', filename: 'a.jpg' },
    ]);
    const uuid = randomUUID();
    const model = { station_id: station.id, model_type_id: 'RANK', code: 'RANK-FLOW-20240101', uuid };
    await insertRow(database, 'model_types', { id: 'RANK', name: 'RankNet Model' }).catch(() => undefined);
    await insertRow(database, 'models', model);
    await writeObject({ bucket, key: `models/${uuid}/model.tar.gz` }, 'theirs', 'application/gzip');
    return { station, imageset, photo: imageset.keys[0] as string, modelUuid: uuid };
  }

  test('rows of images that name another station’s photo, a model, another bucket or another folder', async () => {
    const other = await insertOther();
    for (const [column, key] of [
      ['full_s3', other.photo],
      ['thumb_s3', other.photo],
      ['full_s3', `models/${other.modelUuid}/model.tar.gz`],
      ['full_s3', 'annotations/a.json'],
    ] as const) {
      const given = writeExport();
      const Bucket = '{STORAGE_BUCKET}';
      given.write(imagesPath(given), [
        imageOf(given, { [column]: JSON.stringify({ Bucket, Key: key }), full_url: null }),
      ]);
      await expectRefusal(given, 'row 1 of', `${column} names ${key}`);
    }
    for (const columns of [
      { full_s3: null, full_url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/${other.photo}` },
      { full_url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/${other.photo}` },
      { full_s3: '{"Bucket":"elsewhere","Key":"a.jpg"}' },
      { full_url: 'https://elsewhere.s3.amazonaws.com/a.jpg' },
      { thumb_url: 'javascript:alert(1)' },
    ]) {
      const given = writeExport();
      given.write(imagesPath(given), [imageOf(given, columns)]);
      await expectRefusal(given, 'row 1 of');
    }
  });

  test('photos that another station has under the uuid of the export’s imageset', async () => {
    const given = writeExport();
    const station = await insertStation(database);
    const key = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    await insertImageset(database, station.id, [
      { timestamp: '2026-01-01T12:00:00Z', filename: 'b.jpg', full_s3: { Bucket: bucket, Key: key } },
    ]);

    await expectRefusal(given, 'holds photos of another one in this database', key);
  });

  /** A station in whose first photo people were found since, with thumbnails, and an export without files. */
  async function loadWithPeople() {
    const given = writeExport();
    const keyOf = (folder: string, index: number) =>
      `imagesets/${given.imagesetUuid}/${folder}/${PHOTOS[index]}`;
    const location = (key: string) => JSON.stringify({ Bucket: '{STORAGE_BUCKET}', Key: key });
    const rowOf = (index: number, columns: Row = {}) => ({
      id: given.imageIds[index],
      filename: PHOTOS[index],
      status: 'DONE',
      full_s3: location(keyOf('images', index)),
      thumb_s3: location(keyOf('thumbs', index)),
      ...columns,
    });
    given.remove(storagePath(given));
    given.write(imagesPath(given), [rowOf(0), rowOf(1)]);
    await load(given);
    await query('UPDATE images SET pii_on = true WHERE id = $1', given.imageIds[0]);
    const [photo, thumbnail] = [keyOf('images', 0), keyOf('thumbs', 0)];
    const rowOfOther = (columns: Row) => ({ id: newId(), filename: 'new.jpg', status: 'DONE', ...columns });
    const nowhere = { full_s3: null, full_url: null, thumb_s3: null, thumb_url: null };
    return { given, rowOf, rowOfOther, nowhere, photo, thumbnail, location, keyOf };
  }

  test('rows that swap the photo of one that shows people with another’s', async () => {
    const { given, rowOf, photo, location, keyOf } = await loadWithPeople();
    const other = keyOf('images', 1);
    given.write(imagesPath(given), [
      rowOf(0, { full_s3: location(other) }),
      rowOf(1, { full_s3: location(photo) }),
    ]);

    await expectRefusal(
      given,
      `image ${given.imageIds[0]} no longer ${photo}`,
      `${PHOTOS[1]} as ${photo} of image ${given.imageIds[0]}`,
    );
  });

  test('a row that takes its photo or its thumbnail from one that shows people', async () => {
    const { given, rowOf, nowhere, photo, thumbnail } = await loadWithPeople();
    given.write(imagesPath(given), [rowOf(0, nowhere)]);
    await expectRefusal(given, `no longer ${photo}`, `no longer ${thumbnail}`);
    given.write(imagesPath(given), [rowOf(0, { thumb_s3: null })]);
    await expectRefusal(given, `no longer ${thumbnail}`);
  });

  test('a row that shows nobody and names the photo or the thumbnail of one that shows people', async () => {
    const { given, rowOf, rowOfOther, photo, thumbnail, location } = await loadWithPeople();
    for (const [key, columns] of [
      [photo, { full_s3: location(photo) }],
      [photo, { full_url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/${photo}` }],
      [photo, { thumb_s3: location(photo) }],
      [thumbnail, { full_s3: location(thumbnail) }],
      [photo, { full_s3: location(photo), pii_on: true, pii_off: true }],
      [photo, { full_s3: location(photo), pii_person: 0.1999 }],
    ] as const) {
      given.write(imagesPath(given), [rowOf(0), rowOfOther(columns)]);
      await expectRefusal(given, `new.jpg as ${key} of image ${given.imageIds[0]}`);
    }
  });

  test('a row that shows nobody and names a photo in which another station shows people', async () => {
    const { given, rowOf, location, keyOf } = await loadWithPeople();
    const key = keyOf('images', 2);
    const station = await insertStation(database);
    const imageset = await insertImageset(database, station.id, [
      { timestamp: '2026-01-01T12:00:00Z', filename: 'b.jpg', full_s3: { Bucket: bucket, Key: key } },
    ]);
    await query('UPDATE images SET pii_person = 0.9 WHERE imageset_id = $1', imageset.id);
    given.write(imagesPath(given), [rowOf(2, { id: newId(), full_s3: location(key) })]);

    await expectRefusal(given, `${PHOTOS[2]} as ${key} of image`);
  });

  test('an imageset with the uuid of another station’s, also in capitals', async () => {
    const other = await insertOther();
    for (const uuid of [other.imageset.uuid, other.imageset.uuid.toUpperCase()]) {
      const given = writeExport();
      given.write(`${stationPath(given.userId)}/db/imagesets/x/imageset.json`, { uuid, status: 'DONE' });
      await expectRefusal(given, 'belongs to another station', other.imageset.uuid);
    }
  });

  test('an imageset that two stations of the export have', async () => {
    const given = writeExport();
    const other = `users/${given.userId}/stations/OTHER/db`;
    const station = { name: 'Other', latitude: 42, longitude: -72, timezone: 'America/New_York' };
    given.write(`${other}/station.json`, station);
    given.write(`${other}/imagesets/${given.imagesetUuid}/imageset.json`, { status: 'DONE' });

    await expectRefusal(given, `uuid ${given.imagesetUuid}, as in`);
  });

  test('a uuid that is no name of a folder', async () => {
    const given = writeExport();
    given.write(`${stationPath(given.userId)}/db/imagesets/x/imageset.json`, {
      uuid: '../models',
      status: 'DONE',
    });

    await expectRefusal(given, 'uuid "../models": it has slashes');
  });

  test('a session that names another session’s file', async () => {
    const given = writeExport();
    const Key = `annotations/${randomUUID()}.json`;
    given.write(annotationsPath(given), [
      { id: newId(), uuid: given.sessionUuid, status: 'DONE', s3: JSON.stringify({ Bucket: bucket, Key }) },
    ]);

    await expectRefusal(given, `s3 names ${Key}`);
  });

  test('a session whose uuid is how another session’s begins, with that one’s file', async () => {
    const other = writeExport({ name: 'Has the file' });
    await load(other);
    const given = writeExport({ name: 'Names the file' });
    given.remove(`${storagePath(given)}/annotations`);
    const Key = `annotations/${other.sessionUuid}.json`;
    for (const columns of [
      { s3: JSON.stringify({ Bucket: bucket, Key }) },
      { url: `https://{STORAGE_BUCKET}.s3.amazonaws.com/${Key}` },
    ]) {
      const uuid = other.sessionUuid.slice(0, 8);
      given.write(annotationsPath(given), [{ id: newId(), uuid, status: 'DONE', ...columns }]);

      await expectRefusal(given, `names ${Key}`, `an object at annotations/${uuid}.json`);
    }
  });

  test('a dataset that names a photo', async () => {
    const given = writeExport();
    const path = `${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/dataset.json`;
    const Key = `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`;
    given.write(path, { uuid: given.datasetUuid, s3: JSON.stringify({ Bucket: bucket, Key }) });

    await expectRefusal(given, `s3 names ${Key}`);
  });

  test('a model with the uuid of another station’s, also in capitals', async () => {
    const { modelUuid, station } = await insertOther();
    for (const uuid of [modelUuid, modelUuid.toUpperCase()]) {
      const given = writeExport();
      given.write(modelPath(given), modelOf(uuid));
      given.write(`${storagePath(given)}/models/${uuid}/predictions.csv`, 'x');
      await expectRefusal(given, 'is another model in this database', `of station ${station.id}`);
    }
  });

  test.each([
    ['its archive', 'model.tar.gz'],
    ['the file that the export has, too', 'predictions.csv'],
    ['a file of another name', 'kept/a.txt'],
  ])('a model whose public folder has files that no row names any more: %s', async (_, name) => {
    const given = writeExport();
    const key = `models/${randomUUID()}/${name}`;
    await writeObject({ bucket, key }, 'theirs', 'application/octet-stream');
    const uuid = key.split('/')[1] as string;
    given.write(modelPath(given), modelOf(uuid));
    given.write(`${storagePath(given)}/models/${uuid}/predictions.csv`, 'theirs');

    await expectRefusal(given, 'The files of a model of the export are there already', key, modelPath(given));
    await expect(planImport(given.folder, { storageBucket: bucket })).rejects.toThrow(key);
  });

  test('a model of which a station has a version, also in capitals', async () => {
    const uuid = randomUUID();
    const folder = `rank/29/models/RANK-FLOW-20230101/versions/${uuid}/`;
    await writeObject({ bucket: modelBucket, key: `${folder}model.json` }, '{}', 'application/json');
    for (const same of [uuid, uuid.toUpperCase()]) {
      const given = writeExport();
      given.write(modelPath(given), modelOf(same));

      await expectRefusal(given, `${folder} in bucket ${modelBucket}`);
    }
  });

  test('another model under the code of one that the station has', async () => {
    const given = writeExport();
    given.write(modelPath(given), modelOf(randomUUID()));
    await load(given);
    given.write(modelPath(given), modelOf(randomUUID()));

    await expectRefusal(given, 'is another model in this database', 'RANK-FLOW-20240101');
  });

  test('a model that names another model’s files, or a code that is no name of a folder', async () => {
    const { modelUuid } = await insertOther();
    const url = `https://{STORAGE_BUCKET}.s3.us-west-2.amazonaws.com/models/${modelUuid}/predictions.csv`;
    for (const [columns, message] of [
      [{ predictions_url: url }, `predictions_url names models/${modelUuid}/predictions.csv`],
      [{ predictions_url: url, uuid: null, diagnostics_url: null }, 'predictions_url names'],
      [{ code: '../../29/models/X' }, 'code "../../29/models/X"'],
    ] as const) {
      const given = writeExport();
      given.write(modelPath(given), modelOf(randomUUID(), columns));
      await expectRefusal(given, message);
    }
  });

  test.each([
    ['a time that has not been yet', '2199-01-01'],
    ['a time that has not been yet', '2199-01-01 00:00:00'],
    ['a time that has not been yet', '2199-01-01T00:00:00+02:00'],
    ['a time such as', 'infinity'],
    ['a time such as', '-infinity'],
    ['a time such as', 'tomorrow'],
  ])('a model whose time is none that has been, as %s: %s', async (message, created_at) => {
    const given = writeExport();
    given.write(modelPath(given), modelOf(randomUUID(), { created_at }));

    await expectRefusal(given, message, `created_at in`, modelPath(given));
  });

  test.each(['created_at', 'updated_at'])('rows of every kind whose %s has not been yet', async (column) => {
    const time = '2199-01-01 00:00:00';
    const places: Record<string, (given: Export) => [string, unknown]> = {
      users: ({ userId }) => [
        `users/${userId}/user.json`,
        { id: userId, affiliation_code: 'USER', [column]: time },
      ],
      stations: (given) => [
        `${stationPath(given.userId)}/db/station.json`,
        { name: 'Mill Brook', latitude: 42, longitude: -72, timezone: 'UTC', [column]: time },
      ],
      imagesets: (given) => [
        `${stationPath(given.userId)}/db/imagesets/${given.imagesetUuid}/imageset.json`,
        { uuid: given.imagesetUuid, [column]: time },
      ],
      images: (given) => [
        imagesPath(given),
        PHOTOS.map((filename, index) => ({ id: given.imageIds[index], filename, [column]: time })),
      ],
      datasets: (given) => [
        `${stationPath(given.userId)}/db/datasets/${given.datasetUuid}/dataset.json`,
        { uuid: given.datasetUuid, [column]: time },
      ],
      annotations: (given) => [
        annotationsPath(given),
        [{ id: newId(), uuid: given.sessionUuid, [column]: time }],
      ],
      models: (given) => [modelPath(given), modelOf(randomUUID(), { [column]: time })],
    };
    for (const place of Object.values(places)) {
      const given = writeExport();
      const [path, content] = place(given);
      given.write(path, content);

      await expectRefusal(given, `${column} in`, path, '2199-01-01T00:00:00Z');
    }
  });

  test('a time at which no row can have been made', async () => {
    const given = writeExport();
    given.write(modelPath(given), modelOf(randomUUID(), { created_at: 'soon' }));

    await expectRefusal(given, 'soon');
  });

  test('an id that would be the last of all', async () => {
    const last = 2 ** 31 - 1;

    await expectRefusal(writeExport({ imageIds: [last, last - 1, last - 2] }), `id is ${last}`);
  });

  test('a link in the place of a photo', async () => {
    const given = writeExport();
    const photo = join(
      given.folder,
      storagePath(given),
      `imagesets/${given.imagesetUuid}/images/${PHOTOS[0]}`,
    );
    rmSync(photo);
    symlinkSync('/etc/passwd', photo);

    await expectRefusal(given, 'a symbolic link', photo);
  });

  test('a folder without a station', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fpe-export-'));
    folders.push(folder);
    writeFileSync(join(folder, 'notes.txt'), '');

    const attempt = importExport(folder, { storageBucket: bucket, modelBucket });

    await expect(attempt).rejects.toThrow(ExportFolderInvalid);
    await expect(attempt).rejects.toThrow('Found: only notes.txt');
  });

  test('a database that is not FPE’s', async () => {
    const name = process.env.DB_NAME;
    process.env.DB_NAME = 'postgres';
    const attempt = load(writeExport());
    await expect(attempt).rejects.toThrow(ConfigurationMissing);
    process.env.DB_NAME = name as string;

    await expect(attempt).rejects.toThrow('This database is not an FPE database (postgres on');
  });
});

test('An import that the database refuses in the middle leaves no row behind', async () => {
  const given = writeExport();
  given.write(`${stationPath(given.userId)}/db/annotations.json`, [
    { id: newId(), uuid: given.sessionUuid, status: 'LOST' },
  ]);

  const attempt = load(given);

  await expect(attempt).rejects.toThrow(ExportFolderInvalid);
  await expect(attempt).rejects.toThrow('invalid input value for enum status_type: "LOST"');
  expect(await query('SELECT 1 FROM users WHERE id = $1', given.userId)).toHaveLength(0);
});

test('Of two imports at once with the same new uuids, the second is refused', async () => {
  const first = writeExport({ name: 'First of two' });
  const second = writeExport({ name: 'Second of two' });
  second.remove(`${stationPath(second.userId)}/db/imagesets`);
  second.remove(`${storagePath(second)}/imagesets`);
  second.write(`${stationPath(second.userId)}/db/imagesets/x/imageset.json`, { uuid: first.imagesetUuid });

  const ended = await Promise.allSettled([load(first), load(second)]);

  expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await query('SELECT 1 FROM imagesets WHERE uuid = $1', first.imagesetUuid)).toHaveLength(1);
});

test.each([
  ['a small file', 1],
  ['a file in parts', 9 * 2 ** 20],
])('What another writer put under the key of %s since it was compared stays as it is', async (_, bytes) => {
  const key = `imagesets/${randomUUID()}/images/a.jpg`;
  const given = writeExport();
  given.write('a.jpg', 'x'.repeat(bytes));
  const file = { path: join(given.folder, 'a.jpg'), key, bytes };
  await uploadStorage(bucket, [file], () => undefined);
  const again = uploadStorage(bucket, [file], () => undefined);
  await expect(again).resolves.toBeUndefined();
  await writeObject({ bucket, key }, 'theirs', 'image/jpeg');

  const attempt = uploadStorage(bucket, [file], () => undefined);

  await expect(attempt).rejects.toThrow(ExportFolderInvalid);
  await expect(attempt).rejects.toThrow(key);
  expect(await readText({ bucket, key })).toBe('theirs');
});
