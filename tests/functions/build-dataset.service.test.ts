import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { writeObject } from '../../shared/aws/object-store.ts';
import type { CheckResult } from '../../shared/quality/finding.ts';
import { build, hour, observe, photos, read } from '../fixtures/exported-station.ts';
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

describe('BuildDataset', () => {
  test('writes the contract’s files: photos with values, 27 columns of pairs, values and a summary with offsets (Q-D14)', async () => {
    const station = await insertStation(database);
    const { id, image_ids, keys } = await insertImageset(database, station.id, photos);
    const [left, , right] = image_ids as [number, number, number];
    const session = await insertAnnotations(database, station, [
      { left: 999_999_999, right, rank: 'LEFT' },
      { left, right, rank: 'RIGHT' },
    ]);
    await observe(database, station.id, [
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
    await observe(database, station.id, [
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
    await observe(database, station.id, [
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
    await observe(database, station.id, [{ timestamp: hour(12), value: 1 }]);
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
    await observe(database, station.id, [
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
