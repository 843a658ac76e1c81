import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { writeObject } from '../../shared/aws/object-store.ts';
import { noneOf, PHOTO_EXCLUSIONS, VALUE_EXCLUSIONS } from '../../shared/dataset/reasons.ts';
import { AnnotationFileInvalid, NoAnnotations, NoImages, PhotosMissing } from '../../shared/errors.ts';
import type { StationExport } from '../../shared/execution/train-station-state.ts';
import { stationImages } from '../../shared/fpe-database/station-export.ts';
import { build, doExport, hour, observe, photos, read } from '../fixtures/exported-station.ts';
import { testRun } from '../fixtures/run.ts';
import {
  createTestBuckets,
  createTestDatabase,
  insertAnnotations,
  insertImageset,
  insertStation,
} from '../fixtures/station.ts';

let database: pg.Client;
let buckets: { storage: string; model: string };
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
});
afterAll(() => database.end());

describe('ExportStation', () => {
  test('leaves out photos of unfinished imagesets, unfinished or untimed photos and those with people, and counts them (Q-D4)', async () => {
    const station = await insertStation(database);
    const imageset = await insertImageset(database, station.id, [
      ...photos,
      { timestamp: hour(15), filename: 'person.jpg', pii_person: 0.9 },
      { timestamp: null, filename: 'untimed.jpg' },
      { timestamp: hour(16), filename: 'failed.jpg', status: 'FAILED' },
    ]);
    await insertImageset(database, station.id, [{ timestamp: hour(12), filename: 'screening.jpg' }], {
      status: 'PROCESSING',
    });
    const [left, right] = imageset.image_ids as [number, number];
    await insertAnnotations(database, station, [{ left, right, rank: 'LEFT' }]);

    const exported: StationExport = await doExport(testRun(station, buckets));

    expect(exported).toMatchObject({
      images_found: 7,
      images: 3,
      images_excluded: { imageset_not_done: 1, image_not_done: 1, no_timestamp: 1, pii: 1 },
      images_start: hour(12),
      images_end: hour(14),
      annotation_sessions: 1,
      annotation_pairs: 1,
    });
  });

  test('leaves out sessions that are flagged, unfinished or of another variable (Q-D9)', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    await insertAnnotations(database, station, [pair, pair], { flag: true });
    await insertAnnotations(database, station, [pair, pair], { flag: null });
    await insertAnnotations(database, station, '{"allPairs": []}', { status: 'IN_PROGRESS' });
    await insertAnnotations(database, station, [pair, pair], { variable: 'SNOW' });

    const exported = await doExport(testRun(station, buckets));

    expect(exported).toMatchObject({ annotation_sessions: 1, annotation_pairs: 1 });
  });

  test('reads annotation files from S3 by their key, not over HTTP (Q-D10)', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair], { url: 'https://unreachable.invalid/x.json' });

    const exported = await doExport(testRun(station, buckets));

    expect(exported.annotation_pairs).toBe(1);
  });

  test('leaves out flagged, missing and absent values (Q-D5, Q-D7, Q-D8), flagged ones unless asked for', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    await observe(database, station.id, [
      { timestamp: hour(12), value: 1.5 },
      { timestamp: hour(13), value: Number.NaN },
      { timestamp: hour(14), value: 9, flag: 'e' },
    ]);
    await observe(database, station.id, []);
    await observe(database, station.id, [{ timestamp: hour(12), value: 100 }], 'FAILED');

    const unflagged = await doExport(testRun(station, buckets));
    const all = await doExport(testRun(station, buckets, { include_flagged_values: true }));

    expect([unflagged.fpe_values, all.fpe_values]).toEqual([1, 2]);
    expect(unflagged.values_excluded).toEqual({ ...noneOf(VALUE_EXCLUSIONS), not_a_number: 1, flagged: 1 });
    expect(all.values_excluded).toEqual({ ...noneOf(VALUE_EXCLUSIONS), not_a_number: 1 });
  });

  test('refuses a station without photos and says which filter removed how many (Q-D12)', async () => {
    const station = await insertStation(database);
    await insertImageset(database, station.id, photos, { status: 'PROCESSING' });

    const attempt = doExport(testRun(station, buckets));

    await expect(attempt).rejects.toThrow(NoImages);
    await expect(attempt).rejects.toThrow('3 photos, left out: 3 in imagesets that are not processed yet');
  });

  test('refuses a station without annotation pairs', async () => {
    const station = await insertStation(database);
    await insertImageset(database, station.id, photos);

    const attempt = doExport(testRun(station, buckets));

    await expect(attempt).rejects.toThrow(NoAnnotations);
    await expect(attempt).rejects.toThrow('variable FLOW');
  });

  test('leaves a photo out as one that shows people when any of its rows says so', async () => {
    const station = await insertStation(database);
    const [shown, hidden] = photos.map(({ filename }) => filename);
    const { image_ids } = await insertImageset(database, station.id, [
      ...photos,
      { timestamp: hour(15), filename: shown as string, pii_on: true },
      { timestamp: hour(11), filename: hidden as string, pii_on: true },
      { timestamp: hour(16), filename: 'one.JPG', full_s3: null, full_url: null },
      { timestamp: hour(17), filename: 'other.JPG', full_s3: null, full_url: null, pii_on: true },
    ]);
    const [left, right] = image_ids as [number, number];
    await insertAnnotations(database, station, [{ left, right, rank: 'LEFT' }]);

    const { exported } = await build(testRun(station, buckets));

    expect(exported).toMatchObject({
      images_found: 7,
      images: 1,
      images_excluded: { ...noneOf(PHOTO_EXCLUSIONS), pii: 5, unusable_key: 1 },
    });
  });

  test('looks for people and for repeated files once, not anew for each photo', async () => {
    const plan: string[] = [];
    const explaining = {
      query: async (text: string, parameters?: unknown[]) => {
        const [, asked] = /^DECLARE .*? FOR (.*)$/s.exec(text) ?? [];
        if (asked === undefined) return { rows: [] };
        const { rows } = await database.query(`EXPLAIN ${asked}`, parameters);
        for (const row of rows) plan.push(row['QUERY PLAN']);
        return { rows };
      },
    };

    await Array.fromAsync(stationImages(explaining as unknown as pg.Client, 1));

    expect(plan.join('\n')).toContain('CTE people');
    expect(plan.join('\n')).not.toContain('SubPlan');
  });

  test('leaves out and counts photos of one file, without a usable file name, with an impossible time, empty and too large ones', async () => {
    const station = await insertStation(database);
    const imageset = await insertImageset(database, station.id, [
      ...photos,
      { timestamp: hour(15), filename: photos[0]?.filename as string },
      { timestamp: hour(16), filename: 'empty.JPG' },
      { timestamp: hour(17), filename: 'huge.JPG' },
      { timestamp: 'infinity', filename: 'endless.JPG' },
      { timestamp: '-infinity', filename: 'beginless.JPG' },
      { timestamp: '20226-04-02T14:00:00Z', filename: 'future.JPG' },
      { timestamp: hour(18), filename: 'nameless.JPG', full_s3: null, full_url: null },
      { timestamp: hour(19), filename: 'elsewhere.JPG', full_s3: { Bucket: 'elsewhere', Key: 'a.JPG' } },
    ]);
    const [left, right, , repeated, , huge] = imageset.image_ids as number[];
    await writeObject({ bucket: buckets.storage, key: imageset.keys[4] as string }, '', 'image/jpeg');
    await writeObject(
      { bucket: buckets.storage, key: imageset.keys[5] as string },
      Buffer.alloc(21 * 2 ** 20),
      'image/jpeg',
    );
    await insertAnnotations(database, station, [
      { left: left as number, right: right as number, rank: 'LEFT' },
      { left: repeated as number, right: right as number, rank: 'LEFT' },
      { left: huge as number, right: right as number, rank: 'LEFT' },
      { left: 999_999_999, right: right as number, rank: 'LEFT' },
      { left: left as number, right: left as number, rank: 'SAME' },
      { left: left as number, right: null, rank: 'LEFT' },
    ]);
    await insertAnnotations(database, station, [{ left: null, right: right as number, rank: 'LEFT' }]);
    const run = testRun(station, buckets);

    const { exported, dataset } = await build(run);

    expect(exported).toMatchObject({
      images_found: 11,
      images: 3,
      images_start: hour(12),
      images_end: hour(14),
      images_excluded: {
        ...noneOf(PHOTO_EXCLUSIONS),
        repeated_object: 1,
        empty_object: 1,
        too_large: 1,
        impossible_timestamp: 3,
        unusable_key: 2,
      },
      annotation_pairs: 7,
      pairs_excluded: { malformed: 0, no_photo: 2, same_photo: 1, unknown_photo: 1, photo_excluded: 2 },
    });
    expect(dataset).toMatchObject({ images: 3, pairs: 1 });
    const page = await read(run, run.keys.dataset.page);
    expect(page).toContain('1 of the same file as an earlier one');
    expect(page).toContain('1 of a photo that the station does not have');
    expect(page).toContain('2 without a photo on one of their sides');
  });

  test('leaves out and counts what loggers write for no value, and keeps real values that look like it', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    await observe(database, station.id, [
      ...[1.5, -9999, -999_999, -888.88, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => ({
        timestamp: hour(12),
        value,
      })),
      ...[1, 2, 3].map(() => ({ timestamp: hour(13), value: 9999 })),
      { timestamp: 'infinity', value: 2 },
      { timestamp: '20226-01-01T00:00:00Z', value: 2 },
    ]);
    await observe(
      database,
      station.id,
      [9999, 9999, 9999, 12_000, -9999].map((value) => ({ timestamp: hour(13), value })),
    );
    const run = testRun(station, buckets);

    const { exported } = await build(run);

    expect(exported.values_excluded).toEqual({
      not_a_number: 2,
      impossible_timestamp: 2,
      fill_value: 6,
      flagged: 0,
    });
    expect(exported.fpe_values).toBe(6);
    expect(await read(run, run.keys.dataset.values)).not.toMatch(/-999999|-888|Infinity/);
  });

  test.each(['photos/station 29', ''])('finds photos whose keys have fewer parts: %j', async (folder) => {
    const station = await insertStation(database);
    const id = randomUUID();
    const keys = [12, 13].map((n) => `${folder && `${folder}/`}${id}-${n}.JPG`);
    for (const key of keys) await writeObject({ bucket: buckets.storage, key }, 'x', 'image/jpeg');
    const { image_ids } = await insertImageset(
      database,
      station.id,
      keys.map((key, index) => ({
        timestamp: hour(12 + index),
        filename: key,
        full_s3: { Bucket: buckets.storage, Key: key },
      })),
    );
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);

    expect(await doExport(testRun(station, buckets))).toMatchObject({ images: 2 });
  });

  test('names photos that are missing from S3 before any job is started', async () => {
    const station = await insertStation(database);
    const last = { timestamp: hour(15), filename: 'lost.jpg', inStorage: false };
    const { keys } = await insertImageset(database, station.id, [...photos, last]);

    const attempt = doExport(testRun(station, buckets));

    await expect(attempt).rejects.toThrow(PhotosMissing);
    await expect(attempt).rejects.toThrow(`1 of 4 missing, e.g. ${keys[3]}`);
  });

  test('names the annotation file that is not an array', async () => {
    const station = await insertStation(database);
    await insertImageset(database, station.id, photos);
    const { id, key } = await insertAnnotations(database, station, '{"allPairs": []}');

    const attempt = doExport(testRun(station, buckets));

    await expect(attempt).rejects.toThrow(AnnotationFileInvalid);
    await expect(attempt).rejects.toThrow(`annotation session ${id}, s3://${buckets.storage}/${key}`);
  });

  test('keeps every column of the station but its metadata (Q-D13)', async () => {
    const station = await insertStation(database, { metadata: { a: 1 }, latitude: 42.434_567 });
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    const run = testRun(station, buckets);

    await doExport(run);

    const written = JSON.parse(await read(run, run.keys.dataset.station));
    expect(Object.keys(written)).toEqual(
      'id user_id name description latitude longitude timezone created_at updated_at private nwis_id waterbody_type status annotation_priority'.split(
        ' ',
      ),
    );
    expect(written).toMatchObject({ id: station.id, latitude: 42.4346, timezone: 'America/New_York' });
    expect(written.created_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  test('keeps four decimals of a longitude beyond 100 degrees, as upstream does', async () => {
    const station = await insertStation(database, { latitude: 45.515_24, longitude: -122.6717 });
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    const run = testRun(station, buckets);

    await doExport(run);

    const { latitude, longitude } = JSON.parse(await read(run, run.keys.dataset.station));
    expect({ latitude, longitude }).toEqual({ latitude: 45.5152, longitude: -122.6717 });
  });
});
