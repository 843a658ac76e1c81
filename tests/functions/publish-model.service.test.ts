import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import * as z from 'zod';
import {
  findSize,
  findVersion,
  listObjects,
  readJson,
  readText,
  writeCsv,
  writeJson,
  writeObject,
} from '../../shared/aws/object-store.ts';
import { ClaimLost, DefaultChanged, ExecutionEnded, ModelCodeExists } from '../../shared/errors.ts';
import {
  datasetKeys,
  imagesetPredictionsKey,
  modelKeys,
  stationKeys,
  trainedKey,
  versionKeys,
} from '../../shared/execution/keys.ts';
import type { Promotion, Publication, Run } from '../../shared/execution/train-station-state.ts';
import type { Database } from '../../shared/fpe-database/connection.ts';
import { lockModels } from '../../shared/fpe-database/published-model.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { peopleRecord } from '../../shared/predictions/people-record.ts';
import { modelManifest } from '../../shared/publication/model-manifest.ts';
import { decidedByInput } from '../../shared/publication/promotion.ts';
import {
  addressOf,
  drawnByWebsite,
  finishedRun,
  insertUpstreamModel,
  modelRows,
  publicFile,
  publishRun,
  SNAPSHOT,
  trainingOf,
} from '../fixtures/finished-run.ts';
import { promotionTo } from '../fixtures/promotion.ts';
import { testRun } from '../fixtures/run.ts';
import { startTestServices, type TestServices } from '../fixtures/services.ts';
import { inModelBucket, insertImageset, insertRow, insertStation } from '../fixtures/station.ts';
import { connectDatabase } from '../services/database-client.ts';
import type { TestExecutions } from '../services/step-functions.ts';
import { PAGE, publicHeaders, TABLE, WEIGHTS } from '../support/public-headers.ts';

let services: TestServices;
let database: pg.Client;
let buckets: { storage: string; model: string };
let executions: TestExecutions;
let station: { id: number };
let run: Run;
beforeAll(async () => {
  services = await startTestServices();
  ({ database, buckets, executions } = services);
});
afterAll(() => services.stop());
beforeEach(async () => {
  executions.ended.clear();
  station = await insertStation(database, { timezone: 'America/Los_Angeles' });
  run = await finishedRun({ station, buckets }, {});
});

/** Gives the run other predictions: of a photo in each imageset. */
const predictImagesets = (of: Run, uuids: readonly string[], score = 0.25) =>
  writeCsv(
    inModelBucket(of.keys.transform.predictions),
    [
      'split,image_id,timestamp,filename,url,value,score',
      ...uuids.map(
        (uuid, n) => `train,${n + 1},2026-03-01T15:0${n}:00Z,imagesets/${uuid}/images/a.jpg,,,${score}`,
      ),
      '',
    ].join('\n'),
  );
const imagesetFile = (uuid: string) =>
  inModelBucket(imagesetPredictionsKey(modelKeys(RANK, station.id, run.model_code).imagesets, uuid));

/** Every object of both buckets that others read, with its ETag. */
async function shared(): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {};
  for (const [bucket, prefix] of [
    [buckets.model, `rank/${station.id}/`],
    [buckets.storage, 'models/'],
  ] as const)
    for await (const { key } of listObjects(bucket, prefix))
      if (!key.endsWith('claim.json')) found[key] = await findVersion({ bucket, key });
  return found;
}

const waitingForLock = async (): Promise<number> =>
  (await database.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).rows.length;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

const models = () => modelRows(database, station.id);
const drawn = () => drawnByWebsite(database, station.id);
/** @param decided what DecidePromotion said, or whether it promoted the model */
const publish = (decided: boolean | Promotion = true, of = run): Promise<Publication> =>
  publishRun(of, decided);

describe('PublishModel', () => {
  test('puts five files in a folder of their own, each with its type and how long it may be kept (Q-P4)', async () => {
    const published = await publish();

    expect(await publicHeaders(buckets.storage, `models/${run.model_uuid}/`)).toEqual({
      [`${run.model_code}.html`]: PAGE,
      'annotations.csv': TABLE,
      'images.csv': TABLE,
      'model.tar.gz': WEIGHTS,
      'predictions.csv': TABLE,
    });
    expect(published).toMatchObject({
      outcome: 'published',
      images: 2,
      diagnostics_url: addressOf(publicFile(run, `${run.model_code}.html`).key),
      predictions_url: addressOf(publicFile(run, 'predictions.csv').key),
    });
  });

  test('publishes scored photos only, with the station’s own date and offset (Q-P1, Q-P2, Q-P3)', async () => {
    await publish();

    expect(await readText(publicFile(run, 'predictions.csv'))).toBe(
      [
        'split,image_id,timestamp,filename,url,value,score',
        'train,1,2026-03-01T07:00:00-08:00,a.jpg,https://x/a.jpg,1.5,0.25',
        'test-in,3,2026-03-01T17:30:00-08:00,"b, c.jpg",,,-1.5',
        '',
      ].join('\n'),
    );
  });

  test('adds smoothed scores where the input asks for them, and says so in the manifest', async () => {
    const smoothing = { ...run, parameters: { ...run.parameters, smoothing_hours: 24 } };
    const weight = Math.exp(-((10.5 / 24) ** 2) / 2);

    await publish(true, smoothing);

    const [header, ...rows] = (await readText(publicFile(run, 'predictions.csv'))).trimEnd().split('\n');
    expect(header).toBe('split,image_id,timestamp,filename,url,value,score,smoothed_score');
    const cells = rows.map((row) => row.split(',').slice(-2).map(Number));
    expect(cells).toEqual([
      [0.25, expect.closeTo((0.25 - 1.5 * weight) / (1 + weight), 9)],
      [-1.5, expect.closeTo((0.25 * weight - 1.5) / (1 + weight), 9)],
    ]);
    const { manifest } = versionKeys(RANK, run.station.id, run.model_code, run.model_uuid);
    expect(await readJson({ bucket: buckets.model, key: manifest }, modelManifest)).toMatchObject({
      smoothing_hours: 24,
    });
  });

  test('publishes no user ids and no comments (Q-P8)', async () => {
    await publish();

    const text = await readText(publicFile(run, 'annotations.csv'));
    expect(text).not.toMatch(/b1946ac9|Bob was here|c0ffee/);
    expect(text.split('\n')[1]).toMatch(/^1,annotator-1,/);
    expect(text.trimEnd().split('\n')).toHaveLength(151);
  });

  test('leaves out photos in which people were found since they were exported', async () => {
    const imageset = await insertImageset(database, station.id, [
      { timestamp: '2026-03-01T15:00:00Z', filename: 'seen.jpg', pii_on: true },
    ]);
    const [hidden] = imageset.image_ids;
    const rows = [1, 2].map(
      (n) => `train,${n === 1 ? hidden : 900_002},2026-03-01T15:00:00Z,${n}.jpg,,,0.5\n`,
    );
    await writeCsv(
      inModelBucket(run.keys.transform.predictions),
      `split,image_id,timestamp,filename,url,value,score\n${rows.join('')}`,
    );
    await writeCsv(
      inModelBucket(run.keys.input.images),
      `split,image_id,timestamp,filename,url,value\n${rows.map((row) => row.replace(',,,0.5', ',NA,NA')).join('')}`,
    );

    const { images } = await publish();

    expect(images).toBe(1);
    for (const name of ['predictions.csv', 'images.csv'])
      expect((await readText(publicFile(run, name))).trimEnd().split('\n').slice(1).join()).toMatch(
        /^train,900002,[^\n]*$/,
      );
  });

  test('writes the predictions of each imageset where FPE’s scripts make the public file of them', async () => {
    const answer = inModelBucket(
      `${modelKeys(RANK, station.id, run.model_code).imagesets}/gone/images/a.jpg.out`,
    );
    await writeObject(answer, '{"score": 1}', 'application/json');
    await writeCsv(imagesetFile('gone'), 'image_id,timestamp,filename,url,score\n');
    await writeCsv(imagesetFile('one'), 'image_id,timestamp,filename,url,score\n');
    await predictImagesets(run, ['one', 'two']);

    await publish();

    const header = 'image_id,timestamp,filename,url,score';
    const [one, two] = [await readText(imagesetFile('one')), await readText(imagesetFile('two'))];
    expect(one).toBe(`${header}\n1,2026-03-01 07:00:00-08:00,imagesets/one/images/a.jpg,,0.25\n`);
    expect(two).toBe(`${header}\n2,2026-03-01 07:01:00-08:00,imagesets/two/images/a.jpg,,0.25\n`);
    // Of a model before, whose scores these are not.
    expect(await findSize(imagesetFile('gone'))).toBe(null);
    expect(await findSize(answer)).not.toBe(null);
  });

  test('puts a whole model at the fixed places, and a manifest that names every file of it', async () => {
    await publish();

    const fixed = modelKeys(RANK, station.id, run.model_code);
    const manifest = await readJson(inModelBucket(fixed.manifest), modelManifest);
    expect(manifest).toMatchObject({
      model_uuid: run.model_uuid,
      run_id: run.id,
      snapshot_at: SNAPSHOT,
      outcome: 'published',
      images: 2,
    });
    const keys = manifest.files.map(({ key }) => key);
    expect(keys).toEqual(
      expect.arrayContaining([
        fixed.input.pairs,
        fixed.transform.predictions,
        fixed.metrics,
        fixed.report,
        `${fixed.jobs}/${trainingOf(run).job}/output/model.tar.gz`,
        datasetKeys(RANK, station.id, run.dataset_code).annotations,
      ]),
    );
    for (const { bucket, key, etag } of manifest.files) expect(await findVersion({ bucket, key })).toBe(etag);
  });

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
    expect(row.created_at.toISOString()).toBe(SNAPSHOT);
    expect(note).toContain(row.diagnostics_url);
  });

  test('has one effect when it runs twice', async () => {
    const first = await publish();
    const once = await shared();

    const second = await publish();

    expect(second).toEqual(first);
    expect(await models()).toHaveLength(1);
    expect(await shared()).toEqual(once);
  });

  test('leaves scores that came after it alone when it is tried once more', async () => {
    const first = await publish();
    await writeCsv(publicFile(run, 'predictions.csv'), 'newer scores');

    const second = await publish();

    expect(second).toEqual(first);
    expect(await readText(publicFile(run, 'predictions.csv'))).toBe('newer scores');
  });

  test('changes nothing of a model that another execution has published under the code since', async () => {
    const lost = run;
    run = await finishedRun({ station, buckets }, { overwrite: true }, 'b');
    await publish();
    const before = await shared();
    const rows = await models();

    const attempt = publish(true, lost);

    await expect(attempt).rejects.toThrow(ClaimLost);
    await expect(attempt).rejects.toThrow(run.execution_arn);
    expect(await shared()).toEqual(before);
    expect(await models()).toEqual(rows);
  });

  test('publishes nothing of an execution that was stopped', async () => {
    executions.ended.add(run.execution_arn);

    const attempt = publish();

    await expect(attempt).rejects.toThrow(ExecutionEnded);
    await expect(attempt).rejects.toThrow(run.execution_arn);
    expect(await models()).toEqual([]);
    expect(await findSize(inModelBucket(modelKeys(RANK, station.id, run.model_code).manifest))).toBe(null);
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

  test('leaves a model of another variable alone that has got the code meanwhile', async () => {
    const row = { station_id: station.id, model_type_id: 'RANK', default: true, status: 'DONE' };
    await insertRow(database, 'models', {
      ...row,
      variable_id: 'STAGE_FT',
      code: run.model_code,
      uuid: 'stage',
    });
    const before = await models();

    const attempt = publish(true);

    await expect(attempt).rejects.toThrow(ModelCodeExists);
    await expect(attempt).rejects.toThrow('of type RANK and variable STAGE_FT');
    expect(await models()).toEqual(before);
  });

  test('leaves the default as it is when the model was not promoted', async () => {
    await insertRow(database, 'models', {
      station_id: station.id,
      model_type_id: 'RANK',
      variable_id: 'FLOW_CFS',
      code: 'OLD',
      default: true,
    });

    await publish(false);

    expect((await models()).map((row) => row.default)).toEqual([true, false]);
  });

  test('gives a model that was not promoted a row that the website does not draw, and no public file', async () => {
    await publish();
    const before = await drawn();
    run = await finishedRun({ station, buckets }, { model_code: 'WORSE', promote: 'never' }, 'b');

    const unlisted = await publish(false);

    expect(unlisted).toMatchObject({ outcome: 'unlisted', images: 0, predictions_url: null });
    expect(unlisted.note).toMatch(/not the default; its report: \.\/fpe open report \S+$/);
    expect(unlisted.note).toContain(run.execution_arn.split(':').at(-1));
    expect(await drawn()).toEqual(before);
    const [, row] = await models();
    expect(row).toMatchObject({
      id: unlisted.model_id,
      code: 'WORSE',
      default: false,
      diagnostics_url: null,
    });
    expect(await findSize(publicFile(run, 'predictions.csv'))).toBe(null);
    expect(await publish(false)).toEqual(unlisted);
  });

  test('takes the default that it supersedes off the page, and leaves its files where they are', async () => {
    await publish();
    const former = run;
    const [{ updated_at }] = await models();
    run = await finishedRun({ station, buckets }, { model_code: 'NEWER' }, 'b');

    const { note } = await publish();

    expect(await drawn()).toEqual(['NEWER']);
    expect(note).toContain(`The website no longer draws ${former.model_code}, the default before.`);
    expect(await findSize(publicFile(former, 'predictions.csv'))).not.toBe(null);
    const [row] = await models();
    expect(row).toMatchObject({ code: former.model_code, default: false, updated_at });
  });

  test('keeps drawing the default that it supersedes where the input says so', async () => {
    await publish();
    run = await finishedRun({ station, buckets }, { model_code: 'NEWER', keep_previous: true }, 'b');

    await publish();

    expect(await drawn()).toEqual([testRun(station, buckets).model_code, 'NEWER']);
  });

  test('leaves a superseded default of upstream’s scripts on the page', async () => {
    await insertUpstreamModel(database, { station, buckets }, 'OLD', { default: true });

    await publish();

    expect(await drawn()).toEqual(['OLD', run.model_code]);
    expect((await models()).map((row) => row.default)).toEqual([false, true]);
  });

  test('keeps a model that is drawn under the same code when the new one is not promoted', async () => {
    await insertUpstreamModel(database, { station, buckets }, run.model_code, {
      created_at: '2025-01-01',
      updated_at: '2025-01-01',
    });
    const before = await models();

    const kept = await publish(false);

    expect(kept).toMatchObject({ outcome: 'kept', model_id: null });
    expect(await models()).toEqual(before);
    const trained = await readJson(
      inModelBucket(trainedKey(station.id, 'RANK', 'FLOW_CFS')),
      z.object({ snapshot_at: z.string() }),
    );
    expect(trained.snapshot_at).toBe(SNAPSHOT);
  });

  test('keeps a default that it is worse than, also under the same code', async () => {
    await publish();
    const before = await shared();
    const [row] = await models();
    run = await finishedRun({ station, buckets }, { overwrite: true, promote: 'if_better' }, 'b');

    const kept = await publish({ ...promotionTo(false), current_model_uuid: row.uuid });

    expect(kept).toMatchObject({ outcome: 'kept', model_id: null, images: 0, predictions_url: null });
    expect(kept.note).toMatch(/; its report: \.\/fpe open report \S+$/);
    expect(await models()).toEqual([row]);
    expect(await shared()).toMatchObject(before);
    expect(await findSize(publicFile(run, 'predictions.csv'))).toBe(null);
  });

  test('asks for another decision when the default is another than the one that was compared', async () => {
    await publish();
    run = await finishedRun({ station, buckets }, { model_code: 'NEWER', promote: 'if_better' }, 'b');

    const attempt = publish({ ...promotionTo(true), current_model_uuid: 'an older one' });

    await expect(attempt).rejects.toThrow(DefaultChanged);
    await expect(attempt).rejects.toThrow('Expected: an older one');
    expect(await models()).toHaveLength(1);
  });

  test('finishes a model that is not to be published without a row and without public files', async () => {
    run = await finishedRun({ station, buckets }, { publish: false }, 'b');

    const finished = await publish(decidedByInput(false));

    expect(finished).toMatchObject({ outcome: 'unpublished', model_id: null });
    expect(await models()).toEqual([]);
    expect(await findSize(publicFile(run, 'predictions.csv'))).toBe(null);
    const { manifest } = modelKeys(RANK, station.id, run.model_code);
    expect(await readJson(inModelBucket(manifest), modelManifest)).toMatchObject({ outcome: 'unpublished' });
  });

  test.each([['published'], ['unpublished']])(
    'puts back what lay at the fixed places of a model that is %s when the row cannot be written',
    async (outcome) => {
      if (outcome === 'unpublished')
        run = await finishedRun({ station, buckets }, { publish: false, overwrite: true }, 'c');
      await predictImagesets(run, ['one', 'two']);
      await publish(run.parameters.publish ? promotionTo(true) : decidedByInput(false));
      const isFixed = ([key]: [string, unknown]) => !/\/versions\/|\/people\.json$/.test(key);
      const fixed = Object.entries(await shared()).filter(isFixed);
      run = await finishedRun({ station, buckets }, { overwrite: true }, 'b');
      await predictImagesets(run, ['two', 'three'], 0.75);
      await database.query(
        `ALTER TABLE models ADD CONSTRAINT refused CHECK (uuid <> '${run.model_uuid}') NOT VALID`,
      );

      await expect(publish()).rejects.toThrow('check constraint');

      await database.query('ALTER TABLE models DROP CONSTRAINT refused');

      const after = await shared();
      expect(
        Object.entries(after).filter((file) => isFixed(file) && !file[0].includes(run.model_uuid)),
      ).toEqual(fixed);
    },
  );

  test('leaves out a photo in which people are found while the public files are made', async () => {
    const imageset = await insertImageset(database, station.id, [
      { timestamp: '2026-03-01T15:00:00Z', filename: 'a.JPG' },
    ]);
    const [id] = imageset.image_ids as [number];
    const predictions = inModelBucket(run.keys.transform.predictions);
    const [filename] = imageset.keys as [string];
    const text = (await readText(predictions)).replace('train,1,', `train,${id},`).replace('a.jpg', filename);
    await writeCsv(predictions, text);
    const other = await connectDatabase(process.env);
    await other.query('BEGIN');
    await lockModels(other as unknown as Database, station.id);
    const publishing = publish();
    // Its public files are made by then, and it waits for the lock.
    await until(async () => (await waitingForLock()) > 0);
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [id]);
    await other.query('COMMIT');
    await other.end();

    await publishing;

    expect(await readText(publicFile(run, 'predictions.csv'))).not.toContain(`,${id},`);
    expect(await readText(imagesetFile(imageset.uuid))).not.toContain(filename);
    const { folders } = await readJson(inModelBucket(stationKeys(station.id).people), peopleRecord);
    expect(folders).toEqual({ [run.model_uuid]: [id] });
  });

  test('leaves a dataset that another model was trained on as it is', async () => {
    await publish();
    const { summary } = datasetKeys(RANK, station.id, run.dataset_code);
    run = await finishedRun(
      { station, buckets },
      { model_code: 'SECOND', dataset_code: run.dataset_code },
      'b',
    );

    await publish();

    expect(await readText(inModelBucket(summary))).toContain('"of": "a"');
  });

  test('remembers the public folder of the model that it replaces, and what upstream’s scoring goes by', async () => {
    const fixed = modelKeys(RANK, station.id, run.model_code);
    await writeJson(inModelBucket(fixed.input.summary), { upstream: true });
    await insertRow(database, 'models', {
      station_id: station.id,
      model_type_id: 'RANK',
      variable_id: 'FLOW_CFS',
      code: run.model_code,
      uuid: 'upstreams',
    });

    await publish();

    const replaced = versionKeys(RANK, station.id, run.model_code, 'upstreams');
    expect(await readText(inModelBucket(replaced.replaced))).toContain(run.model_uuid);
    expect(await readText(inModelBucket(replaced.input.summary))).toContain('upstream');
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
    run = { ...run, parameters: { ...run.parameters, variable_code: 'NONE' } };

    await expect(publish()).rejects.toThrow('foreign key');

    expect((await models()).map((row) => [row.code, row.default])).toEqual([['OLD', true]]);
  });
});
