import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler } from '../../functions/prepare-run.ts';
import { deleteObject, findSize, readText, writeJson, writeObject } from '../../shared/aws/object-store.ts';
import {
  DatasetCodeInUse,
  InvalidInput,
  InvalidTimezone,
  ModelCodeExists,
  ModelCodeInUse,
  ModelTypeNotFound,
  PretrainedWeightsMissing,
  StartModelUnusable,
  StationNotFound,
  StationTooLarge,
  VariableNotFound,
} from '../../shared/errors.ts';
import { modelKeys } from '../../shared/execution/keys.ts';
import { requireStation } from '../../shared/execution/run.ts';
import type { trainingRequest } from '../../shared/execution/sagemaker-requests.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { parseRunInput } from '../../shared/inputs/train-station.ts';
import { finishClaim } from '../../shared/model-bucket/run-claim.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import type { ModelManifest } from '../../shared/publication/model-manifest.ts';
import { call } from '../fixtures/run.ts';
import { startTestServices, type TestServices } from '../fixtures/services.ts';
import { insertRow, insertStation } from '../fixtures/station.ts';
import type { TestExecutions } from '../services/step-functions.ts';

let services: TestServices;
let database: pg.Client;
let buckets: { storage: string; model: string };
let executions: TestExecutions;
let station: { id: number };
let packageFolder: string;
beforeAll(async () => {
  services = await startTestServices();
  ({ database, buckets, executions } = services);
  packageFolder = mkdtempSync(join(tmpdir(), 'fpe-package-'));
  mkdirSync(join(packageFolder, 'model', 'wheels'), { recursive: true });
  writeFileSync(join(packageFolder, 'model', 'train.py'), 'pass');
  writeFileSync(join(packageFolder, 'model', 'wheels', 'library.whl'), 'wheel');
  Object.assign(process.env, {
    LAMBDA_TASK_ROOT: packageFolder,
    PRETRAINED_WEIGHTS_KEY: 'weights/resnet18.pth',
    TRAINING_IMAGE: 'training',
    SERVING_IMAGE: 'serving',
    JOB_PREFIX: 'fpe-test-rank',
  });
});
beforeEach(async () => {
  station = await insertStation(database, { nwis_id: ' ' });
});
afterAll(async () => {
  rmSync(packageFolder, { recursive: true });
  await services.stop();
});

const execution = (name: string) => ({
  arn: `arn:aws:states:us-west-2:000000000000:execution:fpe-test-train-station:${name}`,
  name,
  started_at: '2026-11-24T05:05:57.123Z',
});
const prepare = (input: object, name = 'one') =>
  call(handler, {
    input: { station_id: station.id, pretrained: false, ...input },
    execution: execution(name),
  });

test('fixes the names, keys and requests of the run', async () => {
  const run = await prepare({});

  expect(run).toMatchObject({
    model_code: 'RANK-FLOW-20261124',
    dataset_code: 'RANK-FLOW-20261124',
    annotation_variable: 'FLOW',
    uses_nwis: false,
    buckets,
  });
  expect(run.id).toMatch(/^20261124-050557-[0-9a-f]{8}$/);
  expect(run.job_base).toBe(`fpe-test-rank-${station.id}-20261124-${run.id.slice(16)}`);
  expect(await findSize({ bucket: buckets.model, key: run.keys.source })).toBeGreaterThan(0);
});

test('gives jobs the time that a station of its size can need at most, and SageMaker the same', async () => {
  await database.query(
    `INSERT INTO annotations (user_id, station_id, status, n, url, flag, variable)
     SELECT user_id, id, 'DONE', 1000, 'https://x', false, 'FLOW' FROM stations WHERE id = $1`,
    [station.id],
  );
  const usual = await prepare({}, 'usual');
  const long = await prepare(
    { model_code: 'LONG', n_epochs: 500, training_instance_type: 'ml.m5.large' },
    'long',
  );
  const short = await prepare({ model_code: 'SHORT', training_max_hours: 0.5, training_spot: true }, 'short');

  const secondsOf = ({ training_request }: Run) =>
    (training_request.StoppingCondition as { MaxRuntimeInSeconds: number }).MaxRuntimeInSeconds;
  for (const { limits, training_request } of [usual, long, short] as Run[]) {
    expect(secondsOf({ training_request } as Run)).toBe(Math.round((limits?.training_hours ?? 0) * 3600));
    expect(limits?.scoring_seconds).toBeGreaterThan(2 * 3600);
  }
  expect(secondsOf(usual)).toBeLessThan(4 * 3600);
  expect(secondsOf(long)).toBeGreaterThan(secondsOf(usual));
  expect(short.limits).toMatchObject({ training_hours: 0.5, training_seconds: 2 * 1800 + 2 * 3600 });
});

test('gives the run a random UUID of version 4, also for station 1 (Q-P7)', async () => {
  const run = await prepare({});

  expect(run.model_uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('gives the same run again when it is tried again', async () => {
  const first = await prepare({});
  const second = await prepare({});

  expect(second).toEqual(first);
});

test('gives jobs of two runs in the same second different names (Q-T2)', async () => {
  const one = await prepare({ model_code: 'A' }, 'one');
  const two = await prepare({ model_code: 'B' }, 'two');

  expect(one.job_base).not.toBe(two.job_base);
});

test.each([
  ['{"synthetic":true}', true],
  ['{"synthetic":false}', false],
  ['{"note":"synthetic"}', false],
  ['"synthetic"', false],
  [null, false],
])('takes a station with the metadata %s for a synthetic one: %s', async (metadata, synthetic) => {
  await database.query('UPDATE stations SET metadata = $2 WHERE id = $1', [station.id, metadata]);

  const run = await prepare({});

  expect(run.station).toMatchObject({ id: station.id, synthetic });
});

test('derives the annotation variable from the variable (Q-I5)', async () => {
  const run = await prepare({ variable_code: 'SNOW_FT' });

  expect(run.annotation_variable).toBe('SNOW');
  expect(run.model_code).toBe('RANK-SNOW-20261124');
});

test('asks USGS for what it measures, at a station with a gage only', async () => {
  const without = await prepare({ model_code: 'O' });
  await database.query("UPDATE stations SET nwis_id = '01171100' WHERE id = $1", [station.id]);

  const flow = await prepare({ model_code: 'A' });
  const stage = await prepare({ model_code: 'B', variable_code: 'STAGE_FT' });
  const snow = await prepare({ model_code: 'C', variable_code: 'SNOW_FT' });

  const asked = [without, flow, stage, snow].map(({ uses_nwis }) => uses_nwis);
  expect(asked).toEqual([false, true, true, false]);
});

test('passes every training parameter as a string, under its own name (Q-T1, Q-T9)', async () => {
  const run = await prepare({ n_epochs: 3, augment: false });

  expect(run.training_request.HyperParameters).toMatchObject({
    n_epochs: '3',
    augment: 'false',
    normalize: 'true',
    pretrained: 'false',
  });
});

test('reports three bad values at once', async () => {
  const attempt = prepare({ train_frac: 80, max_hour: 25, min_mouth: 3 });

  await expect(attempt).rejects.toThrow(InvalidInput);
  await expect(attempt).rejects.toThrow(/3 faults.*max_hour is 25.*train_frac is 80/);
});

test('refuses a station that does not exist', async () => {
  const attempt = prepare({ station_id: 2_000_000 });

  await expect(attempt).rejects.toThrow(StationNotFound);
  await expect(attempt).rejects.toThrow('no row with id 2000000');
});

test.each([
  ['WTEMP_C', 'one of FLOW_CFS, STAGE_FT'],
  ['NOPE', 'one of FLOW_CFS, STAGE_FT'],
])('refuses the variable %s, which cannot be annotated', async (variable_code, expected) => {
  const attempt = prepare({ variable_code });

  await expect(attempt).rejects.toThrow(VariableNotFound);
  await expect(attempt).rejects.toThrow(expected);
});

test('refuses a variable without a row, as its model could not be published (Q-S11)', async () => {
  await database.query("DELETE FROM variables WHERE id = 'CHLA_PPB'");

  const attempt = prepare({ variable_code: 'CHLA_PPB' });

  await expect(attempt).rejects.toThrow(VariableNotFound);
  await expect(attempt).rejects.toThrow('a row with id CHLA_PPB');
});

test('refuses a model type that cannot be trained, also one that the database has, and names those that can', async () => {
  await database.query("INSERT INTO model_types (id, name) VALUES ('GUESS', 'Guess')");

  const attempt = prepare({ model_type: 'GUESS' });

  await expect(attempt).rejects.toThrow(InvalidInput);
  await expect(attempt).rejects.toThrow('model_type is "GUESS": expected one of RANK');
});

test('refuses a model type without a row, as its model could not be published', () => {
  const input = parseRunInput({ station_id: 1 });
  const checks = {
    station: { id: 1, name: 'Mill Brook', timezone: 'America/New_York', nwis_id: null, synthetic: false },
    variable_codes: ['FLOW_CFS'],
    model_types: ['OTHER'],
    published: [],
  };

  expect(() => requireStation(checks, input)).toThrow(ModelTypeNotFound);
  expect(() => requireStation(checks, input)).toThrow('RANK; the table has OTHER');
});

test('refuses a time zone that does not exist', async () => {
  await database.query("UPDATE stations SET timezone = 'America/Gotham' WHERE id = $1", [station.id]);

  const attempt = prepare({});

  await expect(attempt).rejects.toThrow(InvalidTimezone);
  await expect(attempt).rejects.toThrow('"America/Gotham"');
});

test('refuses a run from ImageNet weights that nobody has uploaded, and takes them when they are there (Q-T6)', async () => {
  const key = 'weights/resnet18.pth';
  const attempt = prepare({ pretrained: true });
  await expect(attempt).rejects.toThrow(PretrainedWeightsMissing);
  await expect(attempt).rejects.toThrow(`s3://${buckets.model}/${key}`);

  await writeObject({ bucket: buckets.model, key }, 'weights', 'application/octet-stream');
  const run = await prepare({ pretrained: true });

  const channels = run.training_request.InputDataConfig as { ChannelName: string }[];
  expect(channels.map(({ ChannelName }) => ChannelName)).toEqual(['images', 'values', 'code', 'weights']);
});

describe('a training that starts from a model of another station', () => {
  const archiveOf = (uuid: string) => ({ bucket: buckets.storage, key: `models/${uuid}/model.tar.gz` });
  const gzip = 'application/gzip';
  let other: { id: number };
  beforeEach(async () => {
    other = await insertStation(database);
    await insertRow(database, 'models', {
      ...{ station_id: other.id, model_type_id: 'RANK', variable_id: 'STAGE_FT', status: 'DONE' },
      ...{ code: 'THEIRS', uuid: `u-${other.id}` },
    });
    await writeObject(archiveOf(`u-${other.id}`), 'the archive', gzip);
  });
  const startFrom = (model_code = 'THEIRS', station_id = other.id) => ({
    start_from: { station_id, model_code },
    pretrained: true,
  });

  test('is given a copy of its archive, and no ImageNet weights', async () => {
    const run = await prepare(startFrom());

    await deleteObject(archiveOf(`u-${other.id}`));
    const copy = { bucket: buckets.model, key: run.keys.start_model };
    expect(await readText(copy)).toBe('the archive');
    const channels = run.training_request.InputDataConfig as ReturnType<
      typeof trainingRequest
    >['InputDataConfig'];
    expect(channels.map(({ ChannelName }) => ChannelName)).toEqual(['images', 'values', 'code', 'model']);
    expect(channels.at(-1)?.DataSource.S3DataSource.S3Uri).toBe(`s3://${copy.bucket}/${copy.key}`);
    expect(run.start_model).toEqual({
      station_id: other.id,
      model_code: 'THEIRS',
      model_uuid: `u-${other.id}`,
    });
  });

  test('takes the archive in the model’s own folder where there is one', async () => {
    const own = `rank/${other.id}/models/THEIRS/versions/u-${other.id}/model.tar.gz`;
    await writeObject({ bucket: buckets.model, key: own }, 'its own', gzip);

    const run = await prepare(startFrom());

    expect(await readText({ bucket: buckets.model, key: run.keys.start_model })).toBe('its own');
  });

  test('must not start from a model of the station itself, whose pairs judge the new one', async () => {
    const attempt = prepare(startFrom('THEIRS', station.id));

    await expect(attempt).rejects.toThrow(InvalidInput);
    await expect(attempt).rejects.toThrow(
      `start_from.station_id is ${station.id}: a model of the station itself knows the pairs`,
    );
  });

  test.each([
    ['of a code that the station does not have', 'NOPE', 'THEIRS (RANK, STAGE_FT)'],
    ['of a station without models', 'THEIRS', 'no models'],
  ])('refuses a model %s', async (what, model_code, found) => {
    const { id } = what.endsWith('without models') ? await insertStation(database) : other;

    const attempt = prepare(startFrom(model_code, id));

    await expect(attempt).rejects.toThrow(StartModelUnusable);
    await expect(attempt).rejects.toThrow(found);
  });

  test('refuses a model that is not finished, whatever its code', async () => {
    await database.query("UPDATE models SET status = 'FAILED' WHERE station_id = $1", [other.id]);

    const attempt = prepare(startFrom());

    await expect(attempt).rejects.toThrow(StartModelUnusable);
    await expect(attempt).rejects.toThrow('THEIRS (RANK, STAGE_FT, status FAILED)');
  });

  test('refuses a code that several rows have', async () => {
    const row = { station_id: other.id, model_type_id: 'RANK', variable_id: 'FLOW_CFS', status: 'DONE' };
    await insertRow(database, 'models', { ...row, code: 'THEIRS', uuid: 'another' });

    const attempt = prepare(startFrom());

    await expect(attempt).rejects.toThrow(StartModelUnusable);
    await expect(attempt).rejects.toThrow('Several models have the code of the model to start from');
  });

  test('refuses a model whose archive is gone', async () => {
    await deleteObject(archiveOf(`u-${other.id}`));

    const attempt = prepare(startFrom());

    await expect(attempt).rejects.toThrow(StartModelUnusable);
    await expect(attempt).rejects.toThrow(
      `no object s3://${buckets.storage}/models/u-${other.id}/model.tar.gz`,
    );
  });

  test.each([
    ['its own folder', (uuid: string) => `versions/${uuid}/model.json`],
    ['the fixed place alone', () => 'model.json'],
  ])('refuses a model that has itself started from one, as the manifest at %s says', async (_, placeOf) => {
    const place = placeOf(`u-${other.id}`);
    const manifest: ModelManifest = {
      ...{ model_uuid: `u-${other.id}`, model_code: 'THEIRS', dataset_code: 'THEIRS', run_id: 'r' },
      ...{ execution_arn: 'e', started_at: 't', snapshot_at: 't', outcome: 'published', images: 1 },
      ...{ smoothing_hours: null, files: [] },
      start_model: { station_id: station.id, model_code: 'OURS', model_uuid: 'u' },
    };
    await writeJson({ bucket: buckets.model, key: `rank/${other.id}/models/THEIRS/${place}` }, manifest);

    const attempt = prepare(startFrom());

    await expect(attempt).rejects.toThrow(StartModelUnusable);
    await expect(attempt).rejects.toThrow(`it started from model OURS of station ${station.id}`);
  });

  test('names a row of models by its code, whatever characters upstream gave it', async () => {
    await database.query("UPDATE models SET code = 'of spring, v2' WHERE station_id = $1", [other.id]);

    const run = await prepare(startFrom('of spring, v2'));

    expect(run.start_model?.model_code).toBe('of spring, v2');
  });
});

test('refuses a published model code unless overwrite is given', async () => {
  const row = { station_id: station.id, model_type_id: 'RANK', code: 'PUBLISHED', uuid: 'u-1' };
  await insertRow(database, 'models', row);

  const attempt = prepare({ model_code: 'PUBLISHED' });

  await expect(attempt).rejects.toThrow(ModelCodeExists);
  await expect(attempt).rejects.toThrow('PUBLISHED with uuid u-1');
  expect(await prepare({ model_code: 'PUBLISHED', overwrite: true })).toMatchObject({
    model_code: 'PUBLISHED',
  });
});

test('refuses a model code that another execution has finished, unless overwrite is given', async () => {
  const run = await prepare({ model_code: 'DONE' }, 'one');
  for (const claim of [run.keys.claim, run.keys.dataset_claim]) await finishClaim(run, claim);

  const attempt = prepare({ model_code: 'DONE' }, 'two');

  await expect(attempt).rejects.toThrow(ModelCodeExists);
  await expect(attempt).rejects.toThrow('finished by arn:aws:states:us-west-2:000000000000:execution');
  expect(await prepare({ model_code: 'DONE', overwrite: true }, 'two')).toMatchObject({ model_code: 'DONE' });
});

test.each([
  ['model code', { model_code: 'BUSY' }, { model_code: 'BUSY' }, ModelCodeInUse],
  [
    'dataset code',
    { model_code: 'A', dataset_code: 'BUSY' },
    { model_code: 'B', dataset_code: 'BUSY' },
    DatasetCodeInUse,
  ],
])(
  'refuses a %s that a running execution writes to, and takes it when that has ended',
  async (_, one, two, error) => {
    await prepare(one, 'holder');

    const attempt = prepare({ ...two, overwrite: true }, 'other');

    await expect(attempt).rejects.toThrow(error);
    await expect(attempt).rejects.toThrow('fpe-test-train-station:holder');
    executions.ended.add(execution('holder').arn);
    expect(await prepare(two, 'other')).toMatchObject(two);
    executions.ended.clear();
  },
);

test('hands the checkpoints of the last unfinished run of the code that has some to the training', async () => {
  const code = { model_code: 'STOPPED' };
  const first = await prepare(code, 'first');
  const checkpoint = { bucket: buckets.model, key: `${first.keys.checkpoints}/epoch_00.pth` };
  await writeObject(checkpoint, 'a checkpoint', 'application/octet-stream');
  executions.ended.add(execution('first').arn);
  await prepare(code, 'without checkpoints');
  executions.ended.add(execution('without checkpoints').arn);

  const third = await prepare(code, 'third');
  const redriven = await prepare(code, 'third');
  const other = await prepare({ model_code: 'ANOTHER' }, 'third');
  executions.ended.clear();

  const channelsOf = ({ training_request }: Run) =>
    (training_request as ReturnType<typeof trainingRequest>).InputDataConfig.filter(
      ({ ChannelName }) => ChannelName === 'checkpoints',
    ).map(({ DataSource }) => DataSource.S3DataSource.S3Uri);
  expect(channelsOf(third)).toEqual([`s3://${buckets.model}/${first.keys.checkpoints}/`]);
  expect(channelsOf(redriven)).toEqual(channelsOf(third));
  expect([first, other].flatMap(channelsOf)).toEqual([]);
});

test('refuses the code of a finished model that is not published, unless overwrite is given', async () => {
  executions.ended.add(execution('one').arn);
  await prepare({ model_code: 'HIDDEN' }, 'one');
  const manifest: ModelManifest = {
    model_uuid: 'u-1',
    model_code: 'HIDDEN',
    dataset_code: 'HIDDEN',
    run_id: 'run',
    execution_arn: 'arn:of:one',
    started_at: '2026-11-23T00:00:00.000Z',
    snapshot_at: '2026-11-23T00:00:00.000Z',
    outcome: 'unpublished',
    images: 0,
    smoothing_hours: null,
    start_model: null,
    files: [{ bucket: buckets.model, key: 'k', etag: 'e' }],
  };
  await writeJson({ bucket: buckets.model, key: modelKeys(RANK, station.id, 'HIDDEN').manifest }, manifest);

  const attempt = prepare({ model_code: 'HIDDEN' }, 'two');

  await expect(attempt).rejects.toThrow(ModelCodeExists);
  await expect(attempt).rejects.toThrow('finished by arn:of:one');
  expect(await prepare({ model_code: 'HIDDEN', overwrite: true }, 'two')).toMatchObject({
    model_code: 'HIDDEN',
  });
  executions.ended.clear();
});

test.each([
  ['that is not published', { publish: false }, 'omit publish: false'],
  ['that must not become the default', { promote: 'never' }, 'omit promote: never'],
])('refuses to train a model %s in the place of the default', async (_, input, fix) => {
  const row = { station_id: station.id, model_type_id: 'RANK', variable_id: 'FLOW_CFS', code: 'SHOWN' };
  await insertRow(database, 'models', { ...row, uuid: 'u-1', default: true });

  const attempt = prepare({ model_code: 'SHOWN', overwrite: true, ...input });

  await expect(attempt).rejects.toThrow(ModelCodeExists);
  await expect(attempt).rejects.toThrow(fix);
});

describe('a code of another variable or type', () => {
  const ofFlow = { model_type_id: 'RANK', variable_id: 'FLOW_CFS', code: 'A', uuid: 'u-1' };
  const insert = (...rows: Record<string, unknown>[]) =>
    Promise.all(rows.map((row) => insertRow(database, 'models', { station_id: station.id, ...row })));
  beforeAll(() => database.query("INSERT INTO model_types (id, name) VALUES ('OTHER', 'Another')"));

  test.each([
    ['always', true, 'the default'],
    ['if_better', true, 'the default'],
    ['never', true, 'the default'],
    ['if_better', false, 'another model'],
  ])('is refused, whatever is to become the default: %s, of %j (%s)', async (promote, isDefault) => {
    await insert({ ...ofFlow, default: isDefault });

    const attempt = prepare({ model_code: 'A', variable_code: 'STAGE_FT', overwrite: true, promote });

    await expect(attempt).rejects.toThrow(ModelCodeExists);
    await expect(attempt).rejects.toThrow('a model of another type or variable');
    await expect(attempt).rejects.toThrow('A with uuid u-1, of RANK and FLOW_CFS');
    await expect(attempt).rejects.toThrow('Expected: a model_code of RANK and STAGE_FT alone');
  });

  test('is refused without overwrite in the same words', async () => {
    await insert(ofFlow);

    const attempt = prepare({ model_code: 'A', variable_code: 'STAGE_FT' });

    await expect(attempt).rejects.toThrow(ModelCodeExists);
    await expect(attempt).rejects.toThrow('a model of another type or variable');
  });

  test('is refused for another type', async () => {
    await insert({ ...ofFlow, model_type_id: 'OTHER', default: true });

    const attempt = prepare({ model_code: 'A', overwrite: true });

    await expect(attempt).rejects.toThrow(ModelCodeExists);
    await expect(attempt).rejects.toThrow('of OTHER and FLOW_CFS, the default of the station');
  });

  test('is refused where an older one of several rows is of another', async () => {
    await insert({ ...ofFlow, variable_id: 'STAGE_FT', uuid: 'u-0', default: true });
    await insert(ofFlow);

    const attempt = prepare({ model_code: 'A', overwrite: true });

    await expect(attempt).rejects.toThrow(ModelCodeExists);
    await expect(attempt).rejects.toThrow(
      /u-1, of RANK and FLOW_CFS; .*u-0, of RANK and STAGE_FT, the default/,
    );
  });

  test('is refused where a default says nothing of its variable, and taken where it is none', async () => {
    await insert(
      { ...ofFlow, variable_id: null, default: true },
      { ...ofFlow, variable_id: null, code: 'B' },
    );

    const attempt = prepare({ model_code: 'A', overwrite: true });

    await expect(attempt).rejects.toThrow(ModelCodeExists);
    expect(await prepare({ model_code: 'B', overwrite: true })).toMatchObject({ model_code: 'B' });
  });

  test('is taken by the next model of its own type and variable, and of another station', async () => {
    await insert({ ...ofFlow, default: true });

    expect(await prepare({ model_code: 'A', overwrite: true, promote: 'if_better' })).toMatchObject({
      model_code: 'A',
    });
    station = await insertStation(database);
    expect(await prepare({ model_code: 'A', variable_code: 'STAGE_FT' })).toMatchObject({ model_code: 'A' });
  });
});

test('refuses what must not be the default in the place of any of several rows of the code that is', async () => {
  const row = { station_id: station.id, model_type_id: 'RANK', variable_id: 'FLOW_CFS', code: 'SHOWN' };
  await insertRow(database, 'models', { ...row, uuid: 'u-0', default: true });
  await insertRow(database, 'models', { ...row, uuid: 'u-1' });

  const attempt = prepare({ model_code: 'SHOWN', overwrite: true, promote: 'never' });

  await expect(attempt).rejects.toThrow(ModelCodeExists);
  await expect(attempt).rejects.toThrow('omit promote: never');
});

test('keeps every key of the run but its claims below a folder of its own', async () => {
  const run = await prepare({});

  const { claim, dataset_claim, ...own } = run.keys;
  const keys = JSON.stringify(own).match(/"rank[^"]*"/g) ?? [];
  expect(keys.length).toBeGreaterThan(30);
  expect(
    keys.filter((key) => !key.startsWith(`"rank/passing/${station.id}/${run.model_code}/${run.id}/`)),
  ).toEqual([]);
  expect(JSON.stringify(run.training_request)).not.toContain(`/rank/${station.id}/`);
});

test('a station with more than an execution can work on is refused with the numbers, before anything is claimed', async () => {
  await database.query(
    `INSERT INTO annotations (user_id, station_id, status, n, url, flag, variable)
     SELECT user_id, id, 'DONE', 100, 'https://x', false, 'FLOW' FROM stations, generate_series(1, 5001) WHERE id = $1`,
    [station.id],
  );

  const attempt = prepare({ station_id: station.id, pretrained: false });

  await expect(attempt).rejects.toThrow(StationTooLarge);
  await expect(attempt).rejects.toThrow(
    /Found: at least 5,001 annotation files, at least 500,100 annotation pairs\. Expected: at most 5,000 annotation files, 200,000 annotation pairs\./,
  );
  expect(
    await findSize({ bucket: buckets.model, key: modelKeys(RANK, station.id, 'RANK-FLOW-20261124').claim }),
  ).toBeNull();
});

test('sessions that are flagged, unfinished or of another variable do not count', async () => {
  await database.query(
    `INSERT INTO annotations (user_id, station_id, status, n, url, flag, variable)
     SELECT user_id, stations.id, other.status::status_type, 1000000, 'https://x', other.flag, other.variable
       FROM stations, (VALUES ('DONE', true, 'FLOW'), ('CREATED', false, 'FLOW'), ('DONE', false, 'SNOW')) other (status, flag, variable)
      WHERE stations.id = $1`,
    [station.id],
  );

  expect(await prepare({ station_id: station.id, pretrained: false })).toMatchObject({
    station: { id: station.id },
  });
});
