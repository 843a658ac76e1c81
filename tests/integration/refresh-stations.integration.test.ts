import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { executionHistory } from '../../shared/aws/executions.ts';
import { findSize, readText, writeObject } from '../../shared/aws/object-store.ts';
import { objectOf } from '../../shared/formats/object-location.ts';
import { type RefreshSummary, refreshSummary } from '../../shared/refresh/state.ts';
import { insertAnnotations, insertImageset, insertStation } from '../fixtures/station.ts';
import { drawPhoto, STACK_TIMEOUT_MS, startTestStack, type TestStack } from './test-stack.ts';

/**
 * Stations of different histories on the whole stack: one without a model, one with new photos, one with many new pairs, one
 * whose annotations are broken, and one without any.
 */
const TRAINING = {
  n_epochs: 1,
  unfreeze_after: 1,
  input_size: 40,
  batch_size: 32,
  num_image_stats: 10,
  pretrained: false,
  promote: 'always',
  promotion_tolerance: 1,
};
const PAIRS = 120;
const PHOTOS = 24;
const MINUTE_MS = 60_000;

let local: TestStack;
let fresh: TestStation;
let photographed: TestStation;
let annotated: TestStation;
let broken: TestStation;

type TestStation = { id: number; user_id: string; image_ids: number[] };

beforeAll(async () => {
  local = await startTestStack();
  process.env.STORAGE_BUCKET = local.stack.env.STORAGE_BUCKET;
  fresh = await station('Fresh');
  photographed = await station('Photographed');
  annotated = await station('Annotated');
  broken = await station('Broken');
  await station('Empty');
  await annotate(photographed);
  await annotate(annotated);
  const trained = await refresh({
    station_ids: [photographed.id, annotated.id],
    min_new_pairs: 0,
    train: { ...TRAINING, model_code: 'FIRST' },
  });
  if (trained.counts.succeeded !== 2)
    throw new Error(trained.stations.map(({ detail }) => detail).join('\n'));
  await addPhotos(photographed, 3, 20);
  await annotate(annotated);
  await annotate(fresh);
  await insertAnnotations(local.database, broken, 'this is no JSON', { n: 500 });
}, STACK_TIMEOUT_MS);
afterAll(() => local.stop());

async function station(name: string): Promise<TestStation> {
  const inserted = { ...(await insertStation(local.database, { name })), image_ids: [] };
  return addPhotos(inserted, PHOTOS, 0);
}

/** A photo each day at ten, of water that comes and goes. */
async function addPhotos(to: TestStation, n: number, firstDay: number): Promise<TestStation> {
  const photos = Array.from({ length: n }, (_, day) => ({
    timestamp: new Date(Date.UTC(2026, 1, 1 + firstDay + day, 15)).toISOString(),
    filename: `day ${firstDay + day} (1).JPG`,
  }));
  const { image_ids, keys } = await insertImageset(local.database, to.id, photos);
  const bucket = local.stack.env.STORAGE_BUCKET as string;
  for (const [day, key] of keys.entries())
    await writeObject({ bucket, key }, drawPhoto(100_000 + day, firstDay + day), 'image/jpeg');
  return { ...to, image_ids: [...to.image_ids, ...image_ids] };
}

/** Every photo with its next ones. */
async function annotate(to: TestStation): Promise<void> {
  const pairs = Array.from({ length: PAIRS }, (_, index) => {
    const left = index % PHOTOS;
    const right = (left + 1 + Math.floor(index / PHOTOS)) % PHOTOS;
    const rank = Math.sin(left / 1.7) > Math.sin(right / 1.7) ? 'LEFT' : 'RIGHT';
    return { left: to.image_ids[left] as number, right: to.image_ids[right] as number, rank };
  });
  await insertAnnotations(local.database, to, pairs);
}

async function refresh(input: object): Promise<RefreshSummary> {
  const execution = await local.run(input, 'refresh-stations');
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  return refreshSummary.parse(JSON.parse(execution.output as string));
}

const told = ({ stations }: RefreshSummary) =>
  stations.map(({ station_name, action, outcome }) => `${station_name}: ${action} ${outcome}`);

const INPUT = { min_new_pairs: PAIRS, train: { ...TRAINING, model_code: 'SECOND' } };

test('a plan alone tells what would be done, and does nothing', async () => {
  const before = await local.websiteData();

  const summary = await refresh({ ...INPUT, dry_run: true });

  expect(told(summary)).toEqual([
    'Fresh: train planned',
    'Photographed: score planned',
    'Annotated: train planned',
    'Broken: train planned',
    'Empty: nothing none',
  ]);
  expect(await local.websiteData()).toEqual(before);
});

test(
  'each station gets what it needs, and the broken one stops no other',
  async () => {
    const summary = await refresh(INPUT);

    expect(told(summary)).toEqual([
      'Fresh: train succeeded',
      'Photographed: score succeeded',
      'Annotated: train succeeded',
      'Broken: train failed',
      'Empty: nothing none',
    ]);
    expect(summary.stations.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SECOND, 24 photos scored/),
      '3 photos scored',
      expect.stringMatching(/^SECOND, 24 photos scored/),
      expect.stringMatching(/^AnnotationFileInvalid: /),
      '',
    ]);
    expect(summary.counts).toEqual({ stations: 5, train: 3, score: 1, nothing: 1, succeeded: 3, failed: 1 });
  },
  5 * MINUTE_MS,
);

test('what is published is exactly that: two new models, and the new photos in the predictions of the old one', async () => {
  const { rows } = await local.database.query(
    'SELECT station_id, code, "default", uuid FROM models ORDER BY station_id, id',
  );
  const published = (uuid: string) => ({
    bucket: local.stack.env.STORAGE_BUCKET as string,
    key: `models/${uuid}/predictions.csv`,
  });
  const lines = async (uuid: string) => (await readText(published(uuid))).trim().split('\n').length - 1;

  expect(rows.map(({ station_id, code, default: isDefault }) => [station_id, code, isDefault])).toEqual([
    [fresh.id, 'SECOND', true],
    [photographed.id, 'FIRST', true],
    [annotated.id, 'FIRST', false],
    [annotated.id, 'SECOND', true],
  ]);
  expect(await Promise.all(rows.map(({ uuid }) => lines(uuid)))).toEqual([
    PHOTOS,
    PHOTOS + 3,
    PHOTOS,
    PHOTOS,
  ]);
});

test('the executions of the stations tell which refresh started them', async () => {
  const { stations } = await refresh({ ...INPUT, station_ids: [broken.id] });
  const [started] = await executionHistory(stations[0]?.execution_arn as string);

  expect(JSON.parse(started?.executionStartedEventDetails?.input as string)).toMatchObject({
    station_id: broken.id,
    AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: expect.stringContaining(
      ':execution:fpe-local-refresh-stations:',
    ),
  });
});

test(
  'a second refresh right after has nothing to do but what failed, and leaves the website as it is',
  async () => {
    const before = await local.websiteData();

    const summary = await refresh(INPUT);

    expect(told(summary)).toEqual([
      'Fresh: nothing none',
      'Photographed: nothing none',
      'Annotated: nothing none',
      'Broken: train failed',
      'Empty: nothing none',
    ]);
    expect(await local.websiteData()).toEqual(before);
  },
  MINUTE_MS,
);

test('the table lies in S3 beside the plan', async () => {
  const { result_uri } = await refresh({ ...INPUT, mode: 'score' });
  const table = objectOf(result_uri as string);

  expect((await readText(table)).split('\n')[1]).toMatch(
    /^\d+,Fresh,nothing,It has no new photos since SECOND /,
  );
  expect(await findSize({ ...table, key: table.key.replace('result.csv', 'plan.json') })).toBeGreaterThan(0);
});
