import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as insertModel } from '../../functions/insert-model.ts';
import { handler as publishFiles } from '../../functions/publish-files.ts';
import { handler as splitPairs } from '../../functions/split-pairs.ts';
import { listObjects, readText, s3, writeCsv, writeObject } from '../../shared/aws/object-store.ts';
import { takeClaim } from '../../shared/aws/run-claim.ts';
import { ClaimLost } from '../../shared/errors.ts';
import type { Run } from '../../shared/execution-state.ts';
import { decidedByInput } from '../../shared/promotion.ts';
import { hourlyPhotos, separatePairs, writeTestDataset } from '../test-dataset.ts';
import { call, testRun } from '../test-run.ts';
import { createTestBuckets, createTestDatabase, insertRow, insertStation } from '../test-station.ts';

let database: pg.Client;
let buckets: { storage: string; model: string };
let station: { id: number };
let run: Run;
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
});
afterAll(() => database.end());
beforeEach(async () => {
  station = await insertStation(database, { timezone: 'America/Los_Angeles' });
  run = await finishedRun({});
});

const training = () => ({
  job: 'train',
  status: 'Completed',
  artifact: `s3://${buckets.model}/${run.keys.jobs}/train/output/model.tar.gz`,
});
const inModelBucket = (key: string) => ({ bucket: buckets.model, key });
const inPublic = (name: string) => ({ bucket: buckets.storage, key: `models/${run.model_uuid}/${name}` });

/** A run whose files are all there, and which holds the claim. */
async function finishedRun(parameters: Record<string, unknown>, uuid = 'a'): Promise<Run> {
  const made = testRun({ id: station.id, timezone: 'America/Los_Angeles' }, buckets, {
    min_hour: 0,
    max_hour: 23,
    ...parameters,
  });
  const model_uuid = `6f2c1b1e-0000-4000-8000-${String(station.id).padStart(11, '0')}${uuid}`;
  const result = { ...made, model_uuid, execution_arn: `${made.execution_arn}-${uuid}` };
  await takeClaim(
    inModelBucket(result.keys.claim),
    {
      execution_arn: result.execution_arn,
      started_at: result.started_at,
      model_uuid,
      job_suffix: '0a1b2c3d',
    },
    { overwrite: true, isRunning: async () => false },
  );
  await writeTestDataset(
    result,
    hourlyPhotos(400),
    separatePairs(150).map((pair) => ({ ...pair, comment: 'Bob was here' })),
  );
  await call(splitPairs, { run: result });
  await writeCsv(
    inModelBucket(result.keys.transform.predictions),
    [
      'split,image_id,timestamp,filename,url,value,score',
      'train,1,2026-03-01T15:00:00Z,a.jpg,https://x/a.jpg,1.5,0.25',
      'val,2,2026-03-02T00:30:00Z,b.jpg,,,',
      'test-in,3,2026-03-02T01:30:00Z,"b, c.jpg",,,-1.5',
      '',
    ].join('\n'),
  );
  await writeObject(inModelBucket(result.keys.report), '<html>report</html>', 'text/html');
  const artifact = `${result.keys.jobs}/train/output/model.tar.gz`;
  await writeObject(inModelBucket(artifact), 'weights', 'application/gzip');
  return result;
}

/** @param isPromoted what DecidePromotion said */
async function publish(isPromoted = true): Promise<{ model_id: number | null; note: string }> {
  const published = await call(publishFiles, { run, training: training() });
  return call(insertModel, { run, promotion: decidedByInput(true, isPromoted), published });
}

const models = async () =>
  (await database.query('SELECT * FROM models WHERE station_id = $1 ORDER BY id', [station.id])).rows;

describe('PublishFiles', () => {
  test('puts five files in a folder that no row names yet, each with its type (Q-P4)', async () => {
    const published = await call(publishFiles, { run, training: training() });

    const names = [];
    for await (const { key } of listObjects(buckets.storage, `models/${run.model_uuid}/`))
      names.push(key.split('/').at(-1));
    const { Bucket, Key } = { Bucket: buckets.storage, Key: inPublic(`${run.model_code}.html`).key };
    const report = await s3().send(new HeadObjectCommand({ Bucket, Key }));
    expect(names).toEqual([
      `${run.model_code}.html`,
      'annotations.csv',
      'images.csv',
      'model.tar.gz',
      'predictions.csv',
    ]);
    expect(report.ContentType).toBe('text/html; charset=utf-8');
    expect(published).toEqual({
      images: 2,
      diagnostics_url: `https://${buckets.storage}.s3.us-west-2.amazonaws.com/${Key}`,
      predictions_url: `https://${buckets.storage}.s3.us-west-2.amazonaws.com/${inPublic('predictions.csv').key}`,
    });
  });

  test('publishes scored photos only, with the station’s own date and offset (Q-P1, Q-P2, Q-P3)', async () => {
    await call(publishFiles, { run, training: training() });

    expect(await readText(inPublic('predictions.csv'))).toBe(
      [
        'split,image_id,timestamp,filename,url,value,score',
        'train,1,2026-03-01T07:00:00-08:00,a.jpg,https://x/a.jpg,1.5,0.25',
        'test-in,3,2026-03-01T17:30:00-08:00,"b, c.jpg",,,-1.5',
        '',
      ].join('\n'),
    );
  });

  test('publishes no user ids and no comments (Q-P8)', async () => {
    await call(publishFiles, { run, training: training() });

    const text = await readText(inPublic('annotations.csv'));
    expect(text).not.toMatch(/b1946ac9|Bob was here|c0ffee/);
    expect(text.split('\n')[1]).toMatch(/^1,annotator-1,/);
    expect(text.trimEnd().split('\n')).toHaveLength(151);
  });

  test('publishes nothing when another execution has taken the model code', async () => {
    const lost = run;
    run = await finishedRun({ overwrite: true }, 'b');

    const attempt = call(publishFiles, { run: lost, training: training() });

    await expect(attempt).rejects.toThrow(ClaimLost);
    await expect(attempt).rejects.toThrow(run.execution_arn);
  });
});

describe('InsertModel', () => {
  test('inserts the row that the website expects', async () => {
    const { model_id, note } = await publish();

    const [row] = await models();
    expect(row).toMatchObject({
      id: model_id,
      model_type_id: 'RANK',
      variable_id: 'FLOW_CFS',
      code: run.model_code,
      uuid: run.model_uuid,
      default: true,
      status: 'DONE',
      diagnostics_s3: { Bucket: buckets.storage, Key: `models/${run.model_uuid}/${run.model_code}.html` },
      predictions_s3: { Bucket: buckets.storage, Key: `models/${run.model_uuid}/predictions.csv` },
    });
    expect(note).toContain(row.diagnostics_url);
  });

  test('inserts one row when it runs twice', async () => {
    const first = await publish();

    const second = await publish();

    expect(second).toEqual(first);
    expect(await models()).toHaveLength(1);
  });

  test('makes the model the one default of its station, type and variable (Q-P5)', async () => {
    const other = { station_id: station.id, model_type_id: 'RANK', default: true, status: 'DONE' };
    await insertRow(database, 'models', { ...other, variable_id: 'FLOW_CFS', code: 'OLD' });
    await insertRow(database, 'models', { ...other, variable_id: 'STAGE_FT', code: 'STAGE' });

    await publish();

    expect((await models()).map((row) => [row.code, row.default])).toEqual([
      ['OLD', false],
      ['STAGE', true],
      [run.model_code, true],
    ]);
  });

  test('leaves the default as it is when the model was not promoted', async () => {
    await insertRow(database, 'models', {
      station_id: station.id,
      model_type_id: 'RANK',
      variable_id: 'FLOW_CFS',
      code: 'OLD',
      default: true,
    });
    run = await finishedRun({}, 'b');

    await publish(false);

    expect((await models()).map((row) => row.default)).toEqual([true, false]);
  });

  test('replaces the row of the same code, also where older scripts left several (Q-P6)', async () => {
    const old = { station_id: station.id, model_type_id: 'RANK', code: run.model_code, uuid: 'old' };
    await insertRow(database, 'models', { ...old, updated_at: '2020-01-01' });
    const newest = await insertRow(database, 'models', { ...old, updated_at: '2020-01-02' });

    const { model_id } = await publish();

    const rows = await models();
    expect(rows).toHaveLength(1);
    expect(model_id).toBe(newest);
    expect(rows[0]).toMatchObject({ id: newest, uuid: run.model_uuid });
    expect(rows[0].updated_at.getFullYear()).toBeGreaterThan(2020);
  });

  test('leaves no row behind whose files are missing when it cannot be written (Q-P4)', async () => {
    const old = { station_id: station.id, model_type_id: 'RANK', variable_id: 'FLOW_CFS' };
    await insertRow(database, 'models', { ...old, code: 'OLD', default: true });
    run = { ...run, parameters: { ...run.parameters, model_type: 'NONE' } };

    await expect(publish()).rejects.toThrow('foreign key');

    expect((await models()).map((row) => [row.code, row.default])).toEqual([['OLD', true]]);
  });
});
