import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadImage } from '@napi-rs/canvas';
import Papa from 'papaparse';
import { annotate, type DemoPair, isDaytime } from '../../demo-station/annotators.ts';
import { generateDemoStation } from '../../demo-station/generate.ts';
import { simulateStream } from '../../demo-station/hydrograph.ts';
import { observeFlow } from '../../demo-station/observations.ts';
import { planPhotographs } from '../../demo-station/photographs.ts';
import { stageAt } from '../../demo-station/scene.ts';
import { sunAt } from '../../demo-station/sun.ts';
import { ExportFolderInvalid } from '../../shared/errors.ts';

const SEED = 1691;
const START = Date.UTC(2022, 1, 1, 5);
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const BUCKET = '{STORAGE_BUCKET}';

/** A few days are enough for the files; the year's plans are made without drawing its photos. */
const FEW_DAYS = 3;
const year = simulateStream(START, 365, SEED);
const { photographs, imagesets } = planPhotographs(year, SEED);
const sessions = annotate(photographs, SEED);
const flowOf = new Map(photographs.map(({ id, scene }) => [id, scene.flowCfs]));

const root = mkdtempSync(join(tmpdir(), 'demo-station-'));
const folder = join(root, 'first');
let station = '';
beforeAll(async () => {
  await generateDemoStation(folder, { seed: SEED, days: FEW_DAYS });
  const user = join(folder, 'users', readdirSync(join(folder, 'users'))[0] as string);
  station = join(user, 'stations', readdirSync(join(user, 'stations'))[0] as string);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true }));

const readJson = (path: string) => JSON.parse(readFileSync(join(station, path), 'utf8'));
const foldersIn = (path: string) => readdirSync(join(station, path));
const imageRows = () =>
  foldersIn('db/imagesets').flatMap((uuid) => readJson(`db/imagesets/${uuid}/images.json`));
const annotationPairs = (): DemoPair[] =>
  foldersIn('storage/annotations').flatMap((name) => readJson(`storage/annotations/${name}`));

/** Digest of every file below a folder, by path. */
function digests(of: string): Record<string, string> {
  const paths = readdirSync(of, { recursive: true, encoding: 'utf8' }).toSorted();
  return Object.fromEntries(
    paths
      .filter((path) => statSync(join(of, path)).isFile())
      .map((path) => [
        path,
        createHash('sha256')
          .update(readFileSync(join(of, path)))
          .digest('hex'),
      ]),
  );
}

test('the same seed gives the same bytes', async () => {
  const again = join(root, 'again');

  await generateDemoStation(again, { seed: SEED, days: FEW_DAYS });

  expect(digests(again)).toEqual(digests(folder));
}, 120_000);

test('another seed gives another stream', () => {
  const other = simulateStream(START, 365, SEED + 1);

  expect(other.map(({ flowCfs }) => flowCfs)).not.toEqual(year.map(({ flowCfs }) => flowCfs));
});

test('a complete folder is left as it is', async () => {
  const before = statSync(join(folder, 'truth.csv')).mtimeMs;
  let drawn = 0;

  await generateDemoStation(folder, { seed: SEED, days: FEW_DAYS, onProgress: () => drawn++ });

  expect(drawn).toBe(0);
  expect(statSync(join(folder, 'truth.csv')).mtimeMs).toBe(before);
});

test('an unfinished folder is made anew', async () => {
  const unfinished = join(root, 'unfinished');
  await generateDemoStation(unfinished, { seed: SEED, days: 1 });
  const complete = digests(unfinished);
  const stamp = join(unfinished, 'demo-station.json');
  writeFileSync(stamp, readFileSync(stamp, 'utf8').replace('"complete":true', '"complete":false'));
  rmSync(join(unfinished, 'truth.csv'));

  await generateDemoStation(unfinished, { seed: SEED, days: 1 });

  expect(digests(unfinished)).toEqual(complete);
}, 120_000);

test('a folder whose drawing is stopped is unfinished', async () => {
  const stopped = join(root, 'stopped');
  const stopping = new AbortController();

  const attempt = generateDemoStation(stopped, {
    seed: SEED,
    days: FEW_DAYS,
    signal: stopping.signal,
    onProgress: () => stopping.abort(new Error('no longer wanted')),
  });

  await expect(attempt).rejects.toThrow('no longer wanted');
  expect(readFileSync(join(stopped, 'demo-station.json'), 'utf8')).toContain('"complete":false');
}, 120_000);

test('a folder with other files is refused and left alone', async () => {
  const taken = mkdtempSync(join(root, 'taken-'));
  writeFileSync(join(taken, 'thesis.txt'), 'three years of work');

  const refusal = generateDemoStation(taken);

  await expect(refusal).rejects.toThrow(ExportFolderInvalid);
  await expect(refusal).rejects.toThrow(/Found: thesis\.txt\. Expected: an empty folder/);
  expect(readdirSync(taken)).toEqual(['thesis.txt']);
});

test('the folder has the layout of an export', () => {
  expect(readdirSync(folder).toSorted()).toEqual([
    'demo-station.json',
    'modelTypes.json',
    'truth.csv',
    'users',
    'variables.json',
  ]);
  expect(readJson('db/station.json')).toMatchObject({
    name: 'Mill Brook',
    timezone: 'America/New_York',
    nwis_id: null,
    metadata: '{"synthetic":true}',
  });
  for (const uuid of foldersIn('db/imagesets')) {
    expect(uuid).toMatch(UUID_V4);
    const imageset = readJson(`db/imagesets/${uuid}/imageset.json`);
    expect(imageset).toMatchObject({ uuid, status: 'DONE', config: '{"timestamp":{"utcOffset":-5}}' });
    expect(imageset.start_timestamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  }
  for (const uuid of foldersIn('db/datasets'))
    expect(readJson(`db/datasets/${uuid}/dataset.json`).n_rows).toBe(
      readJson(`db/datasets/${uuid}/series/FLOW_CFS.json`).length,
    );
});

test('every image has an id of its own, an object below its imageset, and a file', () => {
  const images = imageRows();

  expect(new Set(images.map(({ id }) => id)).size).toBe(images.length);
  for (const image of images) {
    const { Bucket, Key } = JSON.parse(image.full_s3);
    expect(Bucket).toBe(BUCKET);
    expect(image.full_url).toBe(`https://${BUCKET}.s3.amazonaws.com/${Key}`);
    expect(Key.endsWith(image.filename)).toBe(true);
    expect(basename(image.filename)).toMatch(/^Mill Brook__\d{4}-\d\d-\d\d__\d\d-\d\d-\d\d\(\d\)\.JPG$/);
    expect(existsSync(join(station, 'storage', Key))).toBe(true);
    if (image.status === 'DONE') expect(image.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
  }
});

test('every image that the website could read has a thumbnail, 400 pixels wide, also where its photo broke later', async () => {
  const images = imageRows();

  for (const image of images.filter(({ status }) => status === 'DONE')) {
    const { Bucket, Key } = JSON.parse(image.thumb_s3);
    expect(Bucket).toBe(BUCKET);
    expect(image.thumb_url).toBe(`https://${BUCKET}.s3.amazonaws.com/${Key}`);
    expect(Key).toBe(JSON.parse(image.full_s3).Key.replace('/images/', '/thumbs/'));
    const { width, height } = await loadImage(join(station, 'storage', Key));
    expect([width, height]).toEqual([400, Math.round((image.height / image.width) * 400)]);
  }
  const failed = images.filter(({ status }) => status === 'FAILED');
  expect(failed.length).toBeGreaterThan(0);
  for (const image of failed) expect(image).not.toHaveProperty('thumb_s3');
});

test('photos are JPEG but for the few that are broken', () => {
  const truth = Papa.parse<Record<string, string>>(readFileSync(join(folder, 'truth.csv'), 'utf8'), {
    header: true,
    skipEmptyLines: true,
  }).data;
  const keys = new Map(imageRows().map(({ id, full_s3 }) => [String(id), JSON.parse(full_s3).Key]));

  for (const { image_id, defect } of truth) {
    const photo = readFileSync(join(station, 'storage', keys.get(image_id as string)));
    const [isStarted, isEnded] = [
      photo.readUInt16BE(0) === 0xffd8,
      photo.readUInt16BE(photo.length - 2) === 0xffd9,
    ];
    expect({ image_id, isStarted, isEnded }).toEqual({ image_id, isStarted: true, isEnded: defect === '' });
  }
  expect(truth.filter(({ defect }) => defect === 'truncated')).toHaveLength(2);
});

test('annotation files refer to images of the folder, two different ones in a pair', () => {
  const ids = new Set(imageRows().map(({ id }) => id));
  const rows = readJson('db/annotations.json');

  for (const { left, right } of annotationPairs()) {
    expect(left.imageId).not.toBe(right.imageId);
    expect([ids.has(left.imageId), ids.has(right.imageId)]).toEqual([true, true]);
  }
  expect(rows.map(({ uuid }: { uuid: string }) => `${uuid}.json`).toSorted()).toEqual(
    foldersIn('storage/annotations').toSorted(),
  );
  for (const { uuid, n, url } of rows) {
    expect(n).toBe(readJson(`storage/annotations/${uuid}.json`).length);
    expect(url).toBe(`https://${BUCKET}.s3.amazonaws.com/annotations/${uuid}.json`);
  }
});

test('the flow is positive, rises fast and recedes slowly', () => {
  const changes = year.slice(1).map((state, step) => Math.log(state.flowCfs / (year[step]?.flowCfs ?? 1)));
  const rises = changes.filter((change) => change > 0);
  const falls = changes.filter((change) => change < 0);

  expect(Math.min(...year.map(({ flowCfs }) => flowCfs))).toBeGreaterThan(0);
  expect(Math.max(...rises)).toBeGreaterThan(4 * -Math.min(...falls));
  expect(falls.length).toBeGreaterThan(rises.length);
});

test('the flow spans two orders of magnitude, and the stage rises with it', () => {
  const flows = year.map(({ flowCfs }) => flowCfs).toSorted((a, b) => a - b);
  const stages = flows.map(stageAt);

  expect((flows.at(-1) as number) / (flows[0] as number)).toBeGreaterThan(100);
  expect(stages).toEqual(stages.toSorted((a, b) => a - b));
  expect(stages[0]).toBeGreaterThan(0);
});

test('snow lies in winter only, and ice only in frost', () => {
  const summer = year.filter(({ time }) => time > Date.UTC(2022, 5, 1) && time < Date.UTC(2022, 8, 30));

  expect(Math.max(...year.map(({ snowMm }) => snowMm))).toBeGreaterThan(20);
  expect(Math.max(...summer.map(({ snowMm, ice }) => snowMm + ice))).toBe(0);
});

test.each([
  ['noon in June is high', '2022-06-21T16:50:00Z', 0.9, 1],
  ['noon in December is low', '2022-12-21T16:50:00Z', 0.35, 0.45],
  ['midnight is dark', '2022-06-21T04:50:00Z', -1, -0.3],
  ['sunrise of the equinox is at six', '2022-03-20T10:58:00Z', -0.05, 0.05],
])('the sun at %s', (_, time, lowest, highest) => {
  const sun = sunAt(Date.parse(time));

  expect(sun.z).toBeGreaterThanOrEqual(lowest);
  expect(sun.z).toBeLessThanOrEqual(highest);
  expect(Math.hypot(sun.x, sun.y, sun.z)).toBeCloseTo(1, 9);
});

test('a year has about 1,200 photos in three imagesets, most of them by day', () => {
  const byDay = photographs.filter(({ scene }) => isDaytime(scene.time));

  expect(photographs.length).toBeGreaterThan(1100);
  expect(photographs.length).toBeLessThan(1300);
  expect(new Set(photographs.map(({ imageset }) => imageset)).size).toBe(imagesets.length);
  expect(byDay.length / photographs.length).toBeGreaterThan(0.6);
  expect(byDay.length / photographs.length).toBeLessThan(0.8);
});

test('a year has broken, failed, gray, over-exposed and private photos, a handful of each', () => {
  const count = (is: (photograph: (typeof photographs)[number]) => unknown) => photographs.filter(is).length;

  for (const handful of [
    count(({ defect }) => defect === 'truncated'),
    count(({ defect }) => defect === 'empty'),
    count(({ defect }) => defect === 'text'),
    count(({ failed }) => failed),
    count(({ gray }) => gray),
    count(({ person }) => person),
    count(({ scene }) => scene.exposure > 2),
  ]) {
    expect(handful).toBeGreaterThan(0);
    expect(handful).toBeLessThan(40);
  }
});

test('annotators compare only photos of the day without people, and each photo once per side and session', () => {
  const byId = new Map(photographs.map((photograph) => [photograph.id, photograph]));

  for (const { pairs } of sessions) {
    for (const { imageId } of pairs.flatMap(({ left, right }) => [left, right])) {
      const photograph = byId.get(imageId);
      expect(photograph).toMatchObject({ failed: false, person: false });
      expect(isDaytime(photograph?.scene.time as number)).toBe(true);
    }
    expect(new Set(pairs.map(({ left }) => left.imageId)).size).toBe(pairs.length);
    expect(new Set(pairs.map(({ right }) => right.imageId)).size).toBe(pairs.length);
  }
});

test('annotators agree with the flow most of the time, and always less when the flows are close', () => {
  const ranked = sessions
    .flatMap(({ pairs }) => pairs)
    .filter(({ rank }) => rank === 'LEFT' || rank === 'RIGHT')
    .map(({ rank, left, right }) => {
      const ratio = Math.log10((flowOf.get(left.imageId) as number) / (flowOf.get(right.imageId) as number));
      return { isRight: ratio > 0 === (rank === 'LEFT'), isClose: Math.abs(ratio) < 0.15 };
    });
  const agreement = (of: typeof ranked) => of.filter(({ isRight }) => isRight).length / of.length;

  expect(ranked.length).toBeGreaterThan(380);
  expect(agreement(ranked)).toBeGreaterThan(0.85);
  expect(agreement(ranked)).toBeLessThan(0.99);
  expect(agreement(ranked.filter(({ isClose }) => isClose))).toBeLessThan(
    agreement(ranked.filter(({ isClose }) => !isClose)) - 0.1,
  );
});

test('annotations come in every form that readers have to accept', () => {
  const pairs = sessions.flatMap((session) => session.pairs);
  const attributes = pairs.flatMap(({ left, right }) => [left.attributes, right.attributes]);
  const comments = pairs.flatMap(({ comment }) => comment ?? []);

  expect(pairs.length).toBeGreaterThanOrEqual(450);
  expect(pairs.length).toBeLessThanOrEqual(600);
  expect(new Set(sessions.map(({ userId }) => userId)).size).toBe(4);
  expect(new Set(pairs.map(({ rank }) => rank))).toEqual(new Set(['LEFT', 'RIGHT', 'SAME', 'UNKNOWN']));
  expect(new Set(attributes.map((form) => (Array.isArray(form) ? 'array' : typeof form)))).toEqual(
    new Set(['array', 'string', 'undefined']),
  );
  for (const character of [',', '"', '\n'])
    expect(comments.some((comment) => comment.includes(character))).toBe(true);
});

test('observed flow follows the true flow within a few percent, with gaps, flags and blank values', () => {
  const rows = observeFlow(year, SEED).flatMap((dataset) => dataset.rows);
  const truth = new Map(year.map(({ time, flowCfs }) => [time, flowCfs]));
  const times = rows.map(({ timestamp }) => Date.parse(`${timestamp.replace(' ', 'T')}Z`));

  rows.forEach(({ value }, index) => {
    if (value === undefined) return;
    const ratio = value / (truth.get(times[index] as number) as number);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.12);
  });
  expect(rows.length).toBeLessThan(year.length * 0.99);
  expect(rows.filter(({ value }) => value === undefined).length).toBeGreaterThan(5);
  expect(rows.filter(({ flag }) => flag !== undefined).length).toBeGreaterThan(5);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});
