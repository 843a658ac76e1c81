import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as buildDataset } from '../../functions/build-dataset.ts';
import { handler as exportStation } from '../../functions/export-station.ts';
import { readText, writeObject } from '../../shared/aws/object-store.ts';
import { noneOf, PHOTO_EXCLUSIONS, VALUE_EXCLUSIONS } from '../../shared/dataset/reasons.ts';
import { AnnotationFileInvalid, NoAnnotations, NoImages, PhotosMissing } from '../../shared/errors.ts';
import type { Run, StationExport } from '../../shared/execution/train-station-state.ts';
import { stationImages } from '../../shared/fpe-database/station-export.ts';
import type { CheckResult } from '../../shared/quality/finding.ts';
import { call, testRun } from '../fixtures/run.ts';
import {
  createTestBuckets,
  createTestDatabase,
  insertAnnotations,
  insertImageset,
  insertRow,
  insertStation,
} from '../fixtures/station.ts';

let database: pg.Client;
let buckets: { storage: string; model: string };
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
});
afterAll(() => database.end());

const hour = (n: number) => `2026-01-01T${String(n).padStart(2, '0')}:00:00Z`;
const photos = [12, 13, 14].map((n) => ({ timestamp: hour(n), filename: `Mill Brook (${n}).JPG` }));
const read = (run: Run, key: string) => readText({ bucket: run.buckets.model, key });
const doExport = (run: Run) => call(exportStation, { run });

async function observe(
  stationId: number,
  values: { timestamp: string; value: number; flag?: string }[],
  dataset = 'DONE',
) {
  const dataset_id = await insertRow(database, 'datasets', { station_id: stationId, status: dataset });
  const series_id = await insertRow(database, 'series', { dataset_id, variable_id: 'FLOW_CFS' });
  for (const value of values)
    await insertRow(database, 'values', { series_id, date: '2026-01-01', ...value });
}

async function build(run: Run, state: object = {}) {
  const exported = await doExport(run);
  return { exported, dataset: await call(buildDataset, { run, export: exported, ...state }) };
}

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
    await observe(station.id, [
      { timestamp: hour(12), value: 1.5 },
      { timestamp: hour(13), value: Number.NaN },
      { timestamp: hour(14), value: 9, flag: 'e' },
    ]);
    await observe(station.id, []);
    await observe(station.id, [{ timestamp: hour(12), value: 100 }], 'FAILED');

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
    await observe(station.id, [
      ...[1.5, -9999, -999_999, -888.88, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => ({
        timestamp: hour(12),
        value,
      })),
      ...[1, 2, 3].map(() => ({ timestamp: hour(13), value: 9999 })),
      { timestamp: 'infinity', value: 2 },
      { timestamp: '20226-01-01T00:00:00Z', value: 2 },
    ]);
    await observe(
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

describe('BuildDataset', () => {
  test('writes the contract’s files: photos with values, 27 columns of pairs, values and a summary with offsets (Q-D14)', async () => {
    const station = await insertStation(database);
    const { id, image_ids, keys } = await insertImageset(database, station.id, photos);
    const [left, , right] = image_ids as [number, number, number];
    const session = await insertAnnotations(database, station, [
      { left: 999_999_999, right, rank: 'LEFT' },
      { left, right, rank: 'RIGHT' },
    ]);
    await observe(station.id, [
      { timestamp: hour(12), value: 1.23 },
      { timestamp: hour(13), value: 2 },
    ]);
    const run = testRun({ ...station, name: 'Mill, Brook' }, buckets);

    const { dataset } = await build(run);

    expect(dataset).toEqual({ images: 3, images_with_value: 2, values: 2, value_source: 'FPE', pairs: 1 });
    const images = (await read(run, run.keys.dataset.images)).split('\n');
    expect(images.slice(0, 2)).toEqual([
      'station_name,station_id,imageset_id,image_id,timestamp,filename,url,value',
      `"Mill, Brook",${station.id},${id},${left},2026-01-01T12:00:00Z,${keys[0]},https://${buckets.storage}.s3.amazonaws.com/${keys[0]},1.23`,
    ]);
    expect(images[3]).toMatch(/JPG,$/);
    const [header, pair, end] = (await read(run, run.keys.dataset.annotations)).split('\n');
    expect(header?.split(',')).toHaveLength(27);
    expect(pair).toContain(`${session.id},${station.user_id},${station.id},"Mill, Brook",60,2,`);
    expect(pair?.endsWith(',,,,,2')).toBe(true);
    expect(end).toBe('');
    const summary = JSON.parse(await read(run, run.keys.dataset.summary));
    expect(summary).toMatchObject({
      dataset_code: run.dataset_code,
      images: { count: 3, count_missing_value: 1, start: '2026-01-01T07:00:00-05:00' },
      values: { source: 'FPE', count: 2, freq: 60, end: '2026-01-01T08:00:00-05:00' },
      annotations: { count: 1 },
      created: '2026-04-01T08:00:00-04:00',
    });
    expect(await read(run, run.keys.dataset.values)).toContain('FLOW_CFS,2026-01-01T12:00:00Z,1.23,\n');
  });

  test('counts, dates and spaces the values of rank-dataset.json over the same rows', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    const yearBefore = [0, 15, 30, 45].map((minutes) => ({
      timestamp: new Date(Date.UTC(2025, 0, 1, 0, minutes)).toISOString(),
      value: 1,
    }));
    await observe(station.id, [
      ...yearBefore,
      { timestamp: hour(12), value: 1 },
      { timestamp: hour(13), value: 2 },
    ]);
    const run = testRun(station, buckets);

    await build(run);

    expect(JSON.parse(await read(run, run.keys.dataset.summary)).values).toEqual({
      source: 'FPE',
      count: 6,
      start: '2024-12-31T19:00:00-05:00',
      end: '2026-01-01T08:00:00-05:00',
      freq: 15,
    });
  });

  test('interpolates to fractions of seconds, which its files do not have', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, [
      { timestamp: '2026-01-01T12:00:00.250Z', filename: 'a.JPG' },
      { timestamp: '2026-01-01T12:00:30.500000Z', filename: 'b.JPG' },
      { timestamp: '2026-01-01T12:00:59.999999Z', filename: 'c.JPG' },
    ]);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    await observe(station.id, [
      { timestamp: '2026-01-01T12:00:00.250Z', value: 0 },
      { timestamp: '2026-01-01T12:01:00.250Z', value: 60, flag: 'e' },
    ]);
    const run = testRun(station, buckets, { include_flagged_values: true });

    await build(run);

    const images = (await read(run, run.keys.dataset.images)).trimEnd().split('\n').slice(1);
    const timesAndValues = images.map((line) => [line.split(',')[4], Number(line.split(',').at(-1))]);
    expect(timesAndValues).toEqual([
      ['2026-01-01T12:00:00Z', 0],
      ['2026-01-01T12:00:30Z', 30.25],
      ['2026-01-01T12:00:59Z', expect.closeTo(59.749999, 5)],
    ]);
    const values = (await read(run, run.keys.dataset.values)).trimEnd().split('\n').slice(1);
    expect(values.map((line) => line.split(',').slice(5))).toEqual([
      ['2026-01-01T12:00:00Z', '0', ''],
      ['2026-01-01T12:01:00Z', '60', 'e'],
    ]);
    expect(await read(run, run.keys.dataset.annotations)).toContain(',2026-01-01T12:00:30Z,30.25,');
  });

  test('takes a session of 130,000 pairs', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const [left, right] = image_ids as [number, number];
    const pairs = Array.from({ length: 130_000 }, () => ({ left, right, rank: 'LEFT' }));
    await insertAnnotations(database, station, pairs);

    const { dataset } = await build(testRun(station, buckets));

    expect(dataset.pairs).toBe(130_000);
  }, 120_000);

  test('falls back to FPE’s values when USGS has none, and says so (Q-D6)', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'LEFT' };
    await insertAnnotations(database, station, [pair]);
    await observe(station.id, [{ timestamp: hour(12), value: 1 }]);
    const run = testRun(station, buckets);

    const { dataset } = await build(run, {
      observations: { count: 0, time_series_id: null, note: 'USGS has no discharge for this period' },
    });

    expect(dataset.value_source).toBe('FPE');
    expect(JSON.parse(await read(run, run.keys.dataset.summary))).toMatchObject({
      values: { source: 'FPE' },
      note: 'USGS has no discharge for this period',
    });
  });

  test('works without any observed value', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'SAME' };
    await insertAnnotations(database, station, [pair]);
    const run = testRun(station, buckets);

    const { dataset } = await build(run);

    expect(dataset).toMatchObject({ images_with_value: 0, value_source: null, pairs: 1 });
    expect(JSON.parse(await read(run, run.keys.dataset.summary)).values).toEqual({ count: 0 });
  });

  test('checks the data, and names what it finds in quality.json and on the page', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, [
      { timestamp: '1970-01-01T00:00:05Z', filename: 'IMG_0004.JPG' },
      ...photos,
    ]);
    const [, left, right] = image_ids as [number, number, number];
    await insertAnnotations(database, station, [
      { left, right, rank: 'LEFT' },
      { left, right, rank: 'RIGHT' },
    ]);
    await observe(station.id, [
      { timestamp: hour(12), value: 2 },
      { timestamp: hour(13), value: -3 },
    ]);
    const run = testRun(station, buckets);

    await build(run);

    const { checks } = JSON.parse(await read(run, run.keys.dataset.quality)) as { checks: CheckResult[] };
    const findings = checks.flatMap(({ findings }) => findings);
    expect(checks.map(({ check }) => check)).toEqual(['clock', 'duplicates', 'gaps', 'values', 'annotators']);
    expect(findings.map(({ kind }) => kind)).toEqual(['clock.reset', 'values.impossible', 'annotators.self']);
    expect(findings[0]?.examples[0]?.photos.map(({ image_id }) => image_id)).toEqual([image_ids[0]]);
    const page = await read(run, run.keys.dataset.page);
    for (const { title } of findings) expect(page).toContain(`<h3>${title}</h3>`);
  });

  test('shows photos of equal content, whose files the export has compared', async () => {
    const station = await insertStation(database);
    const { image_ids, keys } = await insertImageset(database, station.id, photos);
    const [one, two, other] = image_ids as [number, number, number];
    await insertAnnotations(database, station, [{ left: one, right: two, rank: 'LEFT' }]);
    for (const key of [keys[0], keys[2]])
      await writeObject({ bucket: buckets.storage, key: key as string }, 'twice', 'image/jpeg');
    const run = testRun(station, buckets);

    await build(run);

    const { checks } = JSON.parse(await read(run, run.keys.dataset.quality)) as { checks: CheckResult[] };
    const [copies, ...more] = checks.find(({ check }) => check === 'duplicates')?.findings ?? [];
    expect(copies?.examples.map(({ photos }) => photos.map(({ image_id }) => image_id))).toEqual([
      [one, other],
    ]);
    expect(more).toEqual([]);
    expect(await read(run, run.keys.export.same_bytes)).toBe(
      `${JSON.stringify([[keys[0], keys[2]]], null, 2)}\n`,
    );
  });

  test('writes the same bytes when run twice', async () => {
    const station = await insertStation(database);
    const { image_ids } = await insertImageset(database, station.id, photos);
    const pair = { left: image_ids[0] as number, right: image_ids[1] as number, rank: 'SAME' };
    await insertAnnotations(database, station, [pair]);
    const run = testRun(station, buckets);
    const files = () =>
      Promise.all(
        (['images', 'annotations', 'summary', 'quality', 'page'] as const).map((name) =>
          read(run, run.keys.dataset[name]),
        ),
      );

    await build(run);
    const first = await files();
    await build(run);

    expect(await files()).toEqual(first);
  });
});
