import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findSize, readText, writeObject } from '../../shared/aws/object-store.ts';
import { refreshKeys } from '../../shared/keys.ts';
import { insertAnnotations, insertImageset, insertStation, type TestPair } from '../test-station.ts';
import { drawPhoto, STACK_TIMEOUT_MS, startTestStack, type TestStack } from './test-stack.ts';

/**
 * A refresh of four stations on the whole local stack, with real trainings and transform jobs: one without a model, one with
 * new photos, one with many new pairs, and one that is broken. A second refresh finds nothing to do but the broken one.
 */
const PHOTOS = 40;
const PAIRS = 320;
const REFRESH_MS = 300_000;
const TRAINING = {
  min_hour: 0,
  max_hour: 23,
  n_epochs: 1,
  unfreeze_after: 0,
  input_size: 40,
  batch_size: 32,
  pretrained: false,
};
const REFRESH = { min_new_pairs: 300, concurrency: 2, train: TRAINING };

type Station = { id: number; user_id: string };
type Row = { station_id: number; action: string; reason: string; outcome: string; detail: string };

let local: TestStack;
let withoutModel: Station;
let withNewPhotos: Station;
let withNewPairs: Station;
let broken: Station;
beforeAll(async () => {
  local = await startTestStack();
  Object.assign(process.env, { STORAGE_BUCKET: local.stack.env.STORAGE_BUCKET });
  withoutModel = await makeStation('Alder Brook');
  withNewPhotos = await makeStation('Birch Brook');
  withNewPairs = await makeStation('Cedar Brook');
  broken = await makeStation('Dry Brook', { timezone: 'America/Gotham' });
  for (const { id } of [withNewPhotos, withNewPairs]) await train(id);
  await addPhotos(withNewPhotos, ['2026-05-01T15:00:00Z', '2026-05-01T16:00:00Z']);
  await addPairs(withNewPairs);
}, STACK_TIMEOUT_MS);
afterAll(() => local.stop());

const bucketOf = (name: 'STORAGE_BUCKET' | 'MODEL_BUCKET') => local.stack.env[name] as string;

/** A station of drawn photos, water rising and falling, with pairs among them; its photos by row. */
async function makeStation(name: string, row: object = {}): Promise<Station> {
  const station = await insertStation(local.database, { name, ...row });
  const start = Date.parse('2026-04-01T14:00:00Z');
  await addPhotos(
    station,
    Array.from({ length: PHOTOS }, (_, photo) => new Date(start + photo * 21_600_000).toISOString()),
  );
  await addPairs(station);
  return station;
}

async function addPhotos(station: Station, timestamps: readonly string[]): Promise<void> {
  const photos = timestamps.map((timestamp, index) => ({ timestamp, filename: `photo ${index}.JPG` }));
  const { keys } = await insertImageset(local.database, station.id, photos);
  for (const [index, key] of keys.entries())
    await writeObject(
      { bucket: bucketOf('STORAGE_BUCKET'), key },
      drawPhoto(index, levelOf(index)),
      'image/jpeg',
    );
}

const levelOf = (photo: number): number => (photo * 7) % 12;

async function addPairs(station: Station): Promise<void> {
  const { rows } = await local.database.query<{ id: number }>(
    'SELECT i.id FROM images i JOIN imagesets s ON s.id = i.imageset_id WHERE s.station_id = $1 ORDER BY i.id LIMIT $2',
    [station.id, PHOTOS],
  );
  const pairs = Array.from({ length: PAIRS }, (_, pair): TestPair => {
    const [left, right] = [pair % PHOTOS, (pair * 3 + 1 + Math.floor(pair / PHOTOS)) % PHOTOS];
    const other = left === right ? (right + 1) % PHOTOS : right;
    const rank =
      levelOf(left) === levelOf(other) ? 'SAME' : levelOf(left) > levelOf(other) ? 'LEFT' : 'RIGHT';
    return { left: rows[left]?.id as number, right: rows[other]?.id as number, rank };
  });
  await insertAnnotations(local.database, station, pairs);
}

async function train(stationId: number): Promise<void> {
  const execution = await local.run({
    station_id: stationId,
    model_code: 'FIRST',
    ...TRAINING,
  });
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
}

async function refresh(input: object) {
  const execution = await local.run(input, 'refresh-stations');
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  return JSON.parse(execution.output as string) as { refresh_id: string; stations: Row[] } & Record<
    string,
    unknown
  >;
}

/** Action and outcome by station; what failed is shown with its detail, so that a failing test says why. */
const shown = (rows: readonly Row[]) =>
  Object.fromEntries(
    rows.map(({ station_id, action, outcome, detail }) => [
      station_id,
      `${action}: ${outcome}${outcome === 'failed' ? ` ${/^\w+/.exec(detail)?.[0]}` : ''}`,
    ]),
  );
const models = async (station: Station) =>
  (
    await local.database.query('SELECT code, uuid, "default" FROM models WHERE station_id = $1 ORDER BY id', [
      station.id,
    ])
  ).rows;

describe('a refresh', () => {
  test('that is dry says what it would do, and does nothing', async () => {
    const before = await local.websiteData();

    const { stations } = await refresh({ ...REFRESH, dry_run: true });

    expect(shown(stations)).toEqual({
      [withoutModel.id]: 'train: planned',
      [withNewPhotos.id]: 'score: planned',
      [withNewPairs.id]: 'train: planned',
      [broken.id]: 'train: planned',
    });
    expect(await local.websiteData()).toEqual(before);
  });

  test(
    'trains, scores, and lets the broken station stop nobody',
    async () => {
      const { refresh_id, stations } = await refresh(REFRESH);

      expect(shown(stations)).toEqual({
        [withoutModel.id]: 'train: succeeded',
        [withNewPhotos.id]: 'score: succeeded',
        [withNewPairs.id]: 'train: succeeded',
        [broken.id]: 'train: failed InvalidTimezone',
      });
      const rowOf = ({ id }: Station) => stations.find(({ station_id }) => station_id === id) as Row;
      expect(rowOf(withoutModel).reason).toMatch(/no model.*320 /);
      expect(rowOf(withNewPairs).reason).toContain('320 new');
      const table = await readText({ bucket: bucketOf('MODEL_BUCKET'), key: refreshKeys(refresh_id).result });
      expect(table.trimEnd().split('\n')).toHaveLength(5);

      expect(await models(withoutModel)).toMatchObject([{ default: true }]);
      expect(await models(broken)).toEqual([]);
      const retrained = await models(withNewPairs);
      expect(retrained.map(({ code }) => code)).toEqual([
        'FIRST',
        expect.stringMatching(/^RANK-FLOW-\d{8}$/),
      ]);
      expect(retrained.filter((model) => model.default)).toHaveLength(1);
      const [scored] = await models(withNewPhotos);
      const published = await readText({
        bucket: bucketOf('STORAGE_BUCKET'),
        key: `models/${scored?.uuid}/predictions.csv`,
      });
      expect(published).toContain('2026-05-01T11:00:00-04:00');
      expect(
        await findSize({
          bucket: bucketOf('STORAGE_BUCKET'),
          key: `models/${scored?.uuid}/predictions-train.csv`,
        }),
      ).toBeGreaterThan(0);
    },
    REFRESH_MS,
  );

  test(
    'right after another finds nothing to do but the station that is still broken',
    async () => {
      const before = await local.websiteData();

      const { stations } = await refresh(REFRESH);

      expect(shown(stations)).toEqual({
        [withoutModel.id]: 'nothing: none',
        [withNewPhotos.id]: 'nothing: none',
        [withNewPairs.id]: 'nothing: none',
        [broken.id]: 'train: failed InvalidTimezone',
      });
      expect(await local.websiteData()).toEqual(before);
    },
    REFRESH_MS,
  );
});
