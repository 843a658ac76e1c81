import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler } from '../../functions/prepare-scoring.ts';
import { writeObject } from '../../shared/aws/object-store.ts';
import {
  InvalidInput,
  InvalidTimezone,
  ModelAmbiguous,
  NoModel,
  StationNotFound,
} from '../../shared/errors.ts';
import { versionKeys } from '../../shared/execution/keys.ts';
import { findDefaultModel, findDefaultModels } from '../../shared/fpe-database/model-rows.ts';
import { stationHistories } from '../../shared/fpe-database/station-histories.ts';
import { DEFAULT_WINDOWS } from '../../shared/model-input/model-windows.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { call } from '../fixtures/run.ts';
import { createTestBuckets, createTestDatabase, insertRow, insertStation } from '../fixtures/station.ts';

const KIND = { model_type_id: 'RANK', variable_id: 'FLOW_CFS' };

let database: pg.Client;
let buckets: { storage: string; model: string };
let stationId: number;
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
  Object.assign(process.env, { JOB_PREFIX: 'fpe-test-score', SERVING_IMAGE: 'serving:1' });
});
beforeEach(async () => {
  stationId = (await insertStation(database)).id;
});
afterAll(() => database.end());

const model = (code: string, row: object = {}) =>
  insertRow(database, 'models', {
    station_id: stationId,
    ...KIND,
    code,
    uuid: `uuid-${code}`,
    default: false,
    status: 'DONE',
    predictions_url: `https://x/${code}/predictions.csv`,
    ...row,
  });
const prepare = (input: object = {}) =>
  call(handler, {
    input: { station_id: stationId, ...input },
    execution: {
      arn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-test-score-station:one',
      name: 'one',
      started_at: '2026-11-24T05:05:57.123Z',
    },
  });

test.each([
  ['as its manifest says', { smoothing_hours: 36 }, 36],
  ['not, as earlier versions did', {}, null],
])('smooths scores %s', async (_, smoothing, expected) => {
  await model('A', { default: true });
  const text = JSON.stringify({
    ...{ model_uuid: 'uuid-A', model_code: 'A', dataset_code: 'A', run_id: 'r', execution_arn: 'e' },
    ...{ started_at: '2026-11-23', snapshot_at: '2026-11-23', outcome: 'published', images: 1, files: [] },
    ...smoothing,
  });
  const { manifest } = versionKeys(RANK, stationId, 'A', 'uuid-A');
  await writeObject({ bucket: buckets.model, key: manifest }, text, 'application/json');

  expect((await prepare()).smoothing_hours).toBe(expected);
});

test('fixes the model, its filters and the names of the run', async () => {
  const id = await model('A', { default: true });
  const { input } = versionKeys(RANK, stationId, 'A', 'uuid-A');
  await writeObject(
    { bucket: buckets.model, key: input.summary },
    JSON.stringify({
      args: { options: { min_hour: 8, max_hour: 16 } },
      pairs: { start: '2024-05-01T08:00:00-04:00', end: '2024-10-31T16:00:00-04:00' },
    }),
    'application/json',
  );

  const run = await prepare();

  expect(run).toMatchObject({
    model_id: id,
    model_code: 'A',
    model_uuid: 'uuid-A',
    predictions_url: 'https://x/A/predictions.csv',
    windows: { ...DEFAULT_WINDOWS, min_hour: 8, max_hour: 16 },
    pair_dates: { first: '2024-05-01', last: '2024-10-31' },
    buckets,
  });
  expect(run.job_base).toBe(`fpe-test-score-${stationId}-20261124-${run.id.slice(16)}`);
  expect(run.model_request).toMatchObject({ Image: 'serving:1' });
});

test('names the predictions in the model bucket where the website does not draw the model', async () => {
  await model('A', { default: true, predictions_url: null });

  const run = await prepare();

  expect(run.predictions_url).toBe(`s3://${buckets.model}/${run.keys.version.predictions}`);
});

describe('the model that is asked for by its code', () => {
  test('is taken, whatever the default is', async () => {
    await model('A', { default: true });
    await model('B');

    expect(await prepare({ model_code: 'B' })).toMatchObject({ model_code: 'B', model_uuid: 'uuid-B' });
  });

  test('is refused where two rows have the code, or none, or one without a uuid', async () => {
    await model('TWICE');
    await model('TWICE');
    await model('BARE', { uuid: null });

    await expect(prepare({ model_code: 'TWICE' })).rejects.toThrow(ModelAmbiguous);
    await expect(prepare({ model_code: 'NONE' })).rejects.toThrow(NoModel);
    await expect(prepare({ model_code: 'BARE' })).rejects.toThrow(/BARE \(RANK, FLOW_CFS, without uuid\)/);
  });
});

test('what is wrong with the input or the station is named', async () => {
  await expect(prepare({ station_id: 999_999_999 })).rejects.toThrow(StationNotFound);
  await expect(prepare({ station: 1 })).rejects.toThrow(InvalidInput);
  await database.query("UPDATE stations SET timezone = 'Mars/Olympus' WHERE id = $1", [stationId]);
  await expect(prepare()).rejects.toThrow(InvalidTimezone);
});

/** What each user of the rule takes for the default; null where it takes none. */
async function defaultsOfAll() {
  const promotion = await findDefaultModel(database, stationId, KIND);
  const [history] = await stationHistories(
    database,
    [{ station_id: stationId, model_type: 'RANK', variable_code: 'FLOW_CFS', annotation_variable: 'FLOW' }],
    await findDefaultModels(database, [{ station_id: stationId, ...KIND }]),
  );
  const scoring = await prepare().catch((error: unknown) => {
    if (error instanceof NoModel) return null;
    throw error;
  });
  return {
    promotion: promotion?.code ?? null,
    refresh: history?.model?.code ?? null,
    scoring: scoring?.model_code ?? null,
  };
}
const all = (code: string | null) => ({ promotion: code, refresh: code, scoring: code });

describe('promotion, refresh and scoring mean the same default', () => {
  test('with two defaults, the newest row, be the other one updated later', async () => {
    await model('A', { default: true, updated_at: new Date('2027-01-01') });
    await model('B', { default: true, updated_at: new Date('2024-01-01') });

    expect(await defaultsOfAll()).toEqual(all('B'));
  });

  test.each([
    ['has no uuid', { uuid: null }],
    ['failed', { status: 'FAILED' }],
    ['is of another type', { model_type_id: 'CLASS' }],
    ['is of another variable', { variable_id: 'STAGE_FT' }],
  ])('with a newer default that %s, the older one', async (_, row) => {
    await database.query("INSERT INTO model_types (id) VALUES ('CLASS') ON CONFLICT DO NOTHING");
    await model('A', { default: true });
    await model('B', { default: true, ...row });

    expect(await defaultsOfAll()).toEqual(all('A'));
  });

  test('with no default, none', async () => {
    await model('A');
    await model('B', { default: true, uuid: null });

    expect(await defaultsOfAll()).toEqual(all(null));
  });
});
