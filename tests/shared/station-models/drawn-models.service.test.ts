import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { deleteObject, readJson, readText, writeCsv } from '../../../shared/aws/object-store.ts';
import {
  ClaimLost,
  NoModel,
  ObjectChanged,
  ObjectNotFound,
  TooManyRemovals,
} from '../../../shared/errors.ts';
import { modelKeys, stationKeys, versionKeys } from '../../../shared/execution/keys.ts';
import type { Promotion, Publication, Run } from '../../../shared/execution/train-station-state.ts';
import { takeClaim } from '../../../shared/model-bucket/run-claim.ts';
import { RANK } from '../../../shared/model-types/rank.ts';
import { peopleRecord } from '../../../shared/predictions/people-record.ts';
import type { DrawingChange } from '../../../shared/publication/drawn-models.ts';
import {
  changeDrawing,
  type DrawingRequest,
  drawingRemarks,
  findDrawableModels,
  findDrawingChange,
} from '../../../shared/station-models/drawn-models.ts';
import {
  addressOf,
  drawnByWebsite,
  finishedRun,
  insertUpstreamModel,
  modelRows,
  publicFile,
  publishRun,
} from '../../fixtures/finished-run.ts';
import { startTestServices, type TestServices } from '../../fixtures/services.ts';
import { inModelBucket, insertImageset, insertStation } from '../../fixtures/station.ts';
import type { TestExecutions } from '../../services/step-functions.ts';
import { PAGE, publicHeaders, TABLE, WEIGHTS } from '../../support/public-headers.ts';

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

const models = () => modelRows(database, station.id);
const drawn = () => drawnByWebsite(database, station.id);
/** @param decided what DecidePromotion said, or whether it promoted the model */
const publish = (decided: boolean | Promotion = true, of = run): Promise<Publication> =>
  publishRun(of, decided);

describe('A person who changes what the website draws', () => {
  type Change = Partial<DrawingRequest> & Pick<DrawingRequest, 'action' | 'code'>;
  const requestOf = (change: Change): DrawingRequest => ({
    station_id: station.id,
    keepPrevious: false,
    allowRemovals: false,
    ...change,
  });
  // The photos of the training, by their ids.
  beforeEach(async () => {
    const { id } = await insertImageset(database, station.id, []);
    await database.query(
      `INSERT INTO images (id, imageset_id, status) SELECT n, $1, 'DONE' FROM generate_series(1, 400) n
           ON CONFLICT (id) DO UPDATE SET imageset_id = $1, pii_on = false`,
      [id],
    );
    await database.query("SELECT setval('images_id_seq', greatest(400, (SELECT max(id) FROM images)))");
  });
  async function change(wanted: Change): Promise<DrawingChange | null> {
    const request = requestOf(wanted);
    const agreed = await findDrawingChange(request, buckets);
    if (agreed) await changeDrawing(request, agreed, buckets, 'us-west-2');
    return agreed;
  }
  const writeOwn = (name: string, text: string) => {
    const { manifest } = versionKeys(RANK, station.id, run.model_code, run.model_uuid);
    return writeCsv(inModelBucket(manifest.replace('model.json', name)), text);
  };
  /** A default, and a model that was not promoted. */
  async function publishTwo(): Promise<Run> {
    await publish();
    const first = run;
    run = await finishedRun({ station, buckets }, { model_code: 'SECOND', promote: 'never' }, 'b');
    await publish(false);
    for (const { execution_arn } of [first, run]) executions.ended.add(execution_arn);
    return first;
  }

  test('promotes a model that had no public file, with the scores that it has by now', async () => {
    const first = await publishTwo();
    const own = inModelBucket(versionKeys(RANK, station.id, 'SECOND', run.model_uuid).transform.predictions);
    await writeCsv(own, `${await readText(own)}val,4,2026-03-03T12:00:00Z,d.jpg,,,0.75\n`);

    const done = await change({ action: 'promote', code: 'SECOND' });

    expect(await drawn()).toEqual(['SECOND']);
    expect((await models()).map((row) => row.default)).toEqual([false, true]);
    expect(done?.superseded.map(({ code }) => code)).toEqual([first.model_code]);
    expect(await publicHeaders(buckets.storage, `models/${run.model_uuid}/`)).toEqual({
      'SECOND.html': PAGE,
      'annotations.csv': TABLE,
      'images.csv': TABLE,
      'model.tar.gz': WEIGHTS,
      'predictions.csv': TABLE,
    });
    const text = await readText(publicFile(run, 'predictions.csv'));
    expect(
      text
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(',')[1]),
    ).toEqual(['1', '3', '4']);
    expect(text).toContain('2026-03-03T04:00:00-08:00');
    expect(await readText(publicFile(run, 'annotations.csv'))).not.toContain('Bob was here');
    expect(await change({ action: 'promote', code: 'SECOND' })).toBe(null);
  });

  test('promotes a model with the smoothed scores that its training was asked for', async () => {
    await publish();
    const first = run;
    run = await finishedRun(
      { station, buckets },
      { model_code: 'SECOND', promote: 'never', smoothing_hours: 24 },
      'b',
    );
    await publish(false);
    for (const { execution_arn } of [first, run]) executions.ended.add(execution_arn);

    await change({ action: 'promote', code: 'SECOND' });

    expect(await readText(publicFile(run, 'predictions.csv'))).toMatch(/^split,.*,score,smoothed_score\n/);
  });

  test('promotes a model whose predictions have splits, ids and scores as other tools write them', async () => {
    await publishTwo();
    const own = inModelBucket(versionKeys(RANK, station.id, 'SECOND', run.model_uuid).transform.predictions);
    const taken = [
      'test,4,2026-03-03T12:00:00Z,d.jpg,,,0.75',
      ',,2026-03-03T12:30:00Z,e.jpg,,,1',
      'val,5,2026-03-03T13:00:00Z,f.jpg,,,NaN',
    ];
    await writeCsv(own, `${await readText(own)}${taken.join('\n')}\n`);

    await change({ action: 'promote', code: 'SECOND' });

    const lines = (await readText(publicFile(run, 'predictions.csv'))).trimEnd().split('\n');
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 2).join())).toEqual([
      'train,1',
      'test-in,3',
      'test,4',
      ',',
    ]);
  });

  test('goes back to the former default, which is drawn again, and may keep the other one', async () => {
    const first = await publishTwo();
    await change({ action: 'promote', code: 'SECOND' });

    await change({ action: 'promote', code: first.model_code, keepPrevious: true });

    expect((await drawn()).sort()).toEqual([first.model_code, 'SECOND'].sort());
    expect((await models()).map((row) => row.default)).toEqual([true, false]);
  });

  test('takes a model off the page and restores it with the day of its training', async () => {
    await publishTwo();
    const [{ code, updated_at }] = await models();

    await change({ action: 'unpublish', code });
    const [hidden] = await models();
    await change({ action: 'restore', code });

    expect(hidden).toMatchObject({ predictions_url: null, diagnostics_s3: null, default: false });
    const [row] = await models();
    expect(row).toMatchObject({ default: false, updated_at });
    expect(row.predictions_url).toContain('/predictions.csv');
  });

  test('restores a model of upstream’s with the very addresses that it had', async () => {
    const elsewhere = 'https://elsewhere.example/models/old/predictions.csv';
    await insertUpstreamModel(database, { station, buckets }, 'OLD', {
      default: true,
      predictions_url: elsewhere,
    });
    const [before] = await models();
    await change({ action: 'unpublish', code: 'OLD' });
    expect(await drawn()).toEqual([]);

    await change({ action: 'restore', code: 'OLD' });

    expect(await models()).toEqual([{ ...before, default: false }]);
  });

  test('draws nothing of upstream’s that has no files', async () => {
    const uuid = await insertUpstreamModel(database, { station, buckets }, 'OLD', {
      predictions_url: null,
      diagnostics_url: null,
    });
    await deleteObject({ bucket: buckets.storage, key: `models/${uuid}/predictions.csv` });

    const attempt = change({ action: 'restore', code: 'OLD' });

    await expect(attempt).rejects.toThrow(ObjectNotFound);
    await expect(attempt).rejects.toThrow(`models/${uuid}/predictions.csv`);
    expect(await drawn()).toEqual([]);
  });

  test('draws a model of upstream’s that has scores and no report', async () => {
    const without = { default: false, predictions_url: null, diagnostics_url: null, diagnostics_s3: null };
    const uuid = await insertUpstreamModel(database, { station, buckets }, 'OLD', without);
    await deleteObject({ bucket: buckets.storage, key: `models/${uuid}/OLD.html` });

    await change({ action: 'promote', code: 'OLD' });

    const predictions_url = addressOf(`models/${uuid}/predictions.csv`);
    expect(await models()).toMatchObject([
      { default: true, predictions_url, diagnostics_url: null, diagnostics_s3: null },
    ]);
  });

  test('draws a model of which only the report was linked', async () => {
    const report = 'https://elsewhere.example/OLD.html';
    await insertUpstreamModel(database, { station, buckets }, 'HALF', {
      predictions_url: null,
      predictions_s3: null,
      diagnostics_url: report,
    });

    expect(await change({ action: 'restore', code: 'HALF' })).not.toBe(null);

    expect(await drawn()).toEqual(['HALF']);
    expect(await models()).toMatchObject([{ diagnostics_url: report }]);
  });

  test.each<[string, object, boolean]>([
    ['elsewhere', { diagnostics_s3: null, predictions_s3: null }, true],
    ['elsewhere, with nothing at the usual place', {}, false],
    ['without a report', { diagnostics_url: null, diagnostics_s3: null }, true],
  ])(
    'promotes a model of upstream’s that is drawn %s with the addresses that it has',
    async (_, row, hasUsual) => {
      const predictions_url = 'https://elsewhere.example/models/old/predictions.csv';
      const uuid = await insertUpstreamModel(database, { station, buckets }, 'OLD', {
        default: false,
        predictions_url,
        ...row,
      });
      if (!hasUsual) await deleteObject({ bucket: buckets.storage, key: `models/${uuid}/predictions.csv` });
      const [before] = await models();

      await change({ action: 'promote', code: 'OLD' });

      expect(await models()).toEqual([{ ...before, default: true }]);
    },
  );

  test('never replaces addresses by those of an earlier day', async () => {
    await insertUpstreamModel(database, { station, buckets }, 'OLD', {
      default: false,
      predictions_url: 'https://one.example/predictions.csv',
    });
    await change({ action: 'unpublish', code: 'OLD' });
    await change({ action: 'restore', code: 'OLD' });
    const predictions_url = 'https://two.example/predictions.csv';
    await database.query('UPDATE models SET predictions_url = $2 WHERE station_id = $1', [
      station.id,
      predictions_url,
    ]);

    await change({ action: 'promote', code: 'OLD' });

    expect(await models()).toMatchObject([{ default: true, predictions_url }]);
  });

  test.each<[string, object]>([
    ['without a uuid', { uuid: null }],
    ['whose training failed', { status: 'FAILED' }],
  ])('sees a row that is drawn %s, takes it off the page and restores it', async (_, row) => {
    await publish();
    executions.ended.add(run.execution_arn);
    await insertUpstreamModel(database, { station, buckets }, 'OLD', { default: true, ...row });
    const before = (await models()).find(({ code }) => code === 'OLD');
    const { models: listed } = await findDrawableModels(station.id, buckets);
    expect(listed.map(({ code }) => code).sort()).toEqual(['OLD', run.model_code].sort());

    const promoted = await change({ action: 'promote', code: run.model_code });
    expect(promoted?.kept.map(({ code }) => code)).toEqual(['OLD']);
    expect((await models()).map((each) => each.default)).toEqual([true, false]);
    await expect(change({ action: 'promote', code: 'OLD' })).rejects.toThrow(NoModel);

    await change({ action: 'unpublish', code: 'OLD' });
    expect(await drawn()).toEqual([run.model_code]);
    expect(await change({ action: 'unpublish', code: 'OLD' })).toBe(null);
    await change({ action: 'restore', code: 'OLD' });
    expect((await models()).find(({ code }) => code === 'OLD')).toEqual({ ...before, default: false });
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    [
      'that have lost all scores',
      () => writeOwn('transform/predictions.csv', 'split,image_id,timestamp,filename,url,value,score\n'),
      /no scores/,
    ],
    [
      'that have lost half of their scores',
      () =>
        writeOwn(
          'transform/predictions.csv',
          'split,image_id,timestamp,filename,url,value,score\ntrain,1,2026-03-01T15:00:00Z,a.jpg,,,0.25\n',
        ),
      /1 score, where 2 were published/,
    ],
    [
      'whose list of photos was cut off',
      () => writeOwn('input/images.csv', 'split,image_id\n'),
      /in the place of/,
    ],
  ])('draws nothing from files %s', async (_, damage, message) => {
    await publish();
    executions.ended.add(run.execution_arn);
    await change({ action: 'unpublish', code: run.model_code });
    await damage();

    await expect(change({ action: 'restore', code: run.model_code })).rejects.toThrow(message);

    expect(await drawn()).toEqual([]);
  });

  test('is warned of a model whose windows FPE’s container reads as none', async () => {
    run = await finishedRun({ station, buckets }, { min_month: 11, max_month: 4, promote: 'never' });
    await publish(false);
    executions.ended.add(run.execution_arn);
    const request = requestOf({ action: 'promote', code: run.model_code });

    const agreed = (await findDrawingChange(request, buckets)) as DrawingChange;

    expect(await drawingRemarks(agreed, buckets)).toEqual([expect.stringContaining('months 11 to 4')]);
  });

  describe('is told of a model that replaces the default whether it is better', () => {
    const PHOTOS = Array.from({ length: 300 }, (_, index) => index + 1);
    const rising = (id: number) => id;
    const falling = (id: number) => -id;
    /** Of each pair of neighbors that the annotators saw, the later one shows more; the first in ten is wrong. */
    const mostlyRising = (id: number) => (id % 20 === 2 ? id - 1.5 : id);
    const predictionsOf = (scoreOf: (id: number) => number | '', isLearned = false) =>
      [
        'split,image_id,timestamp,filename,url,value,score',
        ...PHOTOS.map(
          (id) => `${isLearned ? 'train' : 'test-in'},${id},2026-03-01T15:00:00Z,${id}.jpg,,,${scoreOf(id)}`,
        ),
        '',
      ].join('\n');

    async function remarksOn(now: string | null, before: string): Promise<string[]> {
      const first = await publishTwo();
      const own = versionKeys(RANK, station.id, 'SECOND', run.model_uuid);
      if (now !== null) await writeCsv(inModelBucket(own.transform.predictions), now);
      else await deleteObject(inModelBucket(own.input.pairs));
      await writeCsv(publicFile(first, 'predictions.csv'), before);
      const agreed = (await findDrawingChange(
        requestOf({ action: 'promote', code: 'SECOND' }),
        buckets,
      )) as DrawingChange;
      return (await drawingRemarks(agreed, buckets)).map((text) =>
        text.replaceAll(first.model_code, 'FIRST'),
      );
    }

    test.each<[string, string | null, string, RegExp[]]>([
      [
        'that is worse',
        predictionsOf(falling),
        predictionsOf(rising),
        [
          /^Warning: SECOND is worse than FIRST, which it replaces\. Of \d+ held-out pairs, SECOND orders 0\.0 % as the annotators did, and FIRST 100\.0 % \(95 % interval/,
        ],
      ],
      [
        'that is better',
        predictionsOf(rising),
        predictionsOf(falling),
        [/^SECOND is better than FIRST, which it replaces\. Of/],
      ],
      [
        'that shows no clear difference',
        predictionsOf(rising),
        predictionsOf(mostlyRising),
        [/^SECOND shows no clear difference from FIRST, which it replaces\. Of/],
      ],
      [
        'that orders fewer of the pairs that the other may have learned from',
        predictionsOf(falling),
        predictionsOf(rising).replaceAll('\ntest-in,', '\n,'),
        [
          /^Warning: SECOND is worse than FIRST, which it replaces, on pairs that the latter may have learned from\. .* Whether FIRST has learned from these pairs is not known/,
        ],
      ],
      ['without files of its input', null, predictionsOf(rising), []],
      ['where the other has no scores', predictionsOf(rising), predictionsOf(() => ''), []],
    ])('%s', async (_, now, before, expected) => {
      const remarks = await remarksOn(now, before);

      expect(remarks).toHaveLength(expected.length);
      for (const [index, pattern] of expected.entries()) expect(remarks[index]).toMatch(pattern);
    });

    test('also where photos of its pairs have left its predictions since', async () => {
      const fewer = predictionsOf(rising).replace(/\ntest-in,[1-9],.*/g, '');

      expect(await remarksOn(fewer, predictionsOf(falling))).toEqual([
        expect.stringMatching(/^SECOND is better than FIRST/),
      ]);
    });

    test('but not of one that is taken off the page', async () => {
      await publishTwo();
      await change({ action: 'promote', code: 'SECOND' });
      const back = (await findDrawingChange(
        requestOf({ action: 'unpublish', code: 'SECOND' }),
        buckets,
      )) as DrawingChange;

      expect(await drawingRemarks(back, buckets)).toEqual([]);
    });
  });

  test('shows nobody in whom people were found while the model was off the page', async () => {
    const imageset = await insertImageset(database, station.id, [
      { timestamp: '2026-03-01T15:00:00Z', filename: 'seen.jpg' },
    ]);
    const [id] = imageset.image_ids as [number];
    const predictions = inModelBucket(run.keys.transform.predictions);
    await writeCsv(predictions, (await readText(predictions)).replace('train,1,', `train,${id},`));
    await publish(false);
    executions.ended.add(run.execution_arn);
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [id]);

    await change({ action: 'promote', code: run.model_code });

    expect(await readText(publicFile(run, 'predictions.csv'))).not.toContain(`train,${id},`);
    const record = await readJson(inModelBucket(stationKeys(station.id).people), peopleRecord);
    expect(record.folders[run.model_uuid]).toContain(id);
  });

  test('shows no photo of the training that is gone, and asks where they are many', async () => {
    await publish(false);
    executions.ended.add(run.execution_arn);
    await database.query('DELETE FROM images WHERE id = 1');
    await change({ action: 'promote', code: run.model_code });
    expect(await readText(publicFile(run, 'images.csv'))).not.toMatch(/,1,2026/);
    await change({ action: 'unpublish', code: run.model_code });
    await database.query('DELETE FROM images WHERE id <= 100');

    const attempt = change({ action: 'restore', code: run.model_code });

    await expect(attempt).rejects.toThrow(TooManyRemovals);
    await expect(attempt).rejects.toThrow('100 of 400 photos are no longer in the database');
    expect(await drawn()).toEqual([]);
    await change({ action: 'restore', code: run.model_code, allowRemovals: true });
    expect(await drawn()).toEqual([run.model_code]);
  });

  test('is refused while an execution works on the code', async () => {
    await publish(false);
    executions.ended.clear();
    await takeClaim(
      inModelBucket(modelKeys(RANK, station.id, run.model_code).scoring_claim),
      {
        execution_arn: 'arn:of-a-scoring',
        started_at: run.started_at,
        model_uuid: run.model_uuid,
        job_suffix: 'a',
      },
      { overwrite: true, isRunning: async () => false },
    );

    const attempt = change({ action: 'promote', code: run.model_code });

    await expect(attempt).rejects.toThrow(ClaimLost);
    await expect(attempt).rejects.toThrow('arn:of-a-scoring');
    expect(await drawn()).toEqual([]);
  });

  test('is told when the rows are others than those that were agreed to', async () => {
    const first = await publishTwo();
    const request = requestOf({ action: 'promote', code: 'SECOND' });
    const agreed = (await findDrawingChange(request, buckets)) as DrawingChange;
    await change({ action: 'unpublish', code: first.model_code });

    const attempt = changeDrawing(request, agreed, buckets, 'us-west-2');

    await expect(attempt).rejects.toThrow(ObjectChanged);
    expect(await drawn()).toEqual([]);
  });

  test('is told which models there are when the code is none of them', async () => {
    await publish();

    const attempt = change({ action: 'promote', code: 'NONE' });

    await expect(attempt).rejects.toThrow(NoModel);
    await expect(attempt).rejects.toThrow(`Found: ${run.model_code}`);
  });
});
