import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { handler as buildReport } from '../../functions/build-report.ts';
import { readAllRows, readText, s3, writeObject } from '../../shared/aws/object-store.ts';
import { photoBase } from '../../shared/aws/photos.ts';
import { FileInvalid, ObjectNotFound } from '../../shared/errors.ts';
import { modelKeys } from '../../shared/execution/keys.ts';
import { csvHeader, csvRows, numberCell } from '../../shared/formats/csv.ts';
import { formatInstant } from '../../shared/formats/local-time.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { PREDICTION_COLUMNS } from '../../shared/predictions/columns.ts';
import type { ReportState } from '../../shared/report/data/report-data.ts';
import { html } from '../../shared/report/page/html.ts';
import { unpackPage } from '../../shared/report/page/page-data.ts';
import { hourlyPhotos, packOutput, type TestPhoto, testReportState } from '../fixtures/report.ts';
import { call } from '../fixtures/run.ts';
import { createTestBuckets } from '../fixtures/station.ts';

let buckets: { storage: string; model: string };
beforeAll(async () => {
  buckets = await createTestBuckets();
});

const TRAINING_OUTPUT = {
  'args.json': '{"learning_rate": 0.001}',
  'metrics.csv': 'epoch,train_loss,val_loss\n0,0.69,0.68\n1,0.5,0.42\n',
};

/** A station of its own, with the files that the steps before leave in S3. */
async function prepare(
  stationId: number,
  photos: readonly TestPhoto[],
  output: Record<string, string> = TRAINING_OUTPUT,
): Promise<ReportState> {
  const state = testReportState(buckets, { id: stationId });
  const { keys } = state.run;
  const rows = photos.map(({ at, value = null, score = null, split = 'train' }, index) => ({
    split,
    image_id: index + 1,
    timestamp: formatInstant(Date.parse(at)),
    filename: `imagesets/1/images/West Brook, (${index}).JPG`,
    url: null,
    value,
    score,
  }));
  const summary = {
    pairs: { source: 'human', start: '2026-03-01T07:00:00-0500', end: '2026-03-20T18:00:00-0400' },
  };
  const write = (key: string, body: string | Uint8Array) =>
    writeObject({ bucket: buckets.model, key }, body, 'application/octet-stream');
  await write(keys.input.summary, JSON.stringify(summary));
  await write(keys.transform.predictions, csvHeader(PREDICTION_COLUMNS) + csvRows(PREDICTION_COLUMNS, rows));
  await write(keys.input.images, 'split,image_id\n');
  await write(
    keys.input.annotations,
    'user_id,rank,comment,left.imageId,right.imageId\nb1946ac9,LEFT,"A <b>secret</b>",2,1\nNA,SAME,NA,4,3\n',
  );
  await write(keys.input.pairs, 'split,pair,label\ntrain,1,1\ntrain,1,-1\nval,2,0\nval,2,0\n');
  await write(keys.source, 'source');
  await write(`rank/${stationId}/jobs/one/output/model.tar.gz`, 'model');
  await write(`rank/${stationId}/jobs/one/output/output.tar.gz`, await packOutput(output));
  return state;
}

const read = (state: ReportState, key: string) => readText({ bucket: state.run.buckets.model, key });

describe('BuildReport', () => {
  test('writes the page and its numbers, and returns Kendall tau by photo and by day', async () => {
    const photos = hourlyPhotos(60).map((photo) => ({ ...photo, score: photo.value as number }));
    const state = await prepare(1, photos);

    const report = await call(buildReport, state);

    expect(report).toEqual({
      note: 'On photos that the model has not seen, Kendall tau of scores and observed flow is 1.00 (too few weeks for an interval, n 30). Of these photos: within the annotation period 1.00 (n 15); after it 1.00 (n 15). The method’s paper (doi 10.5194/hess-29-6445-2025) found medians of 0.75 within and 0.59 after.',
      remarks: expect.stringMatching(/^\nPhotos without a score: 2 truncated or broken, 1 without an answer/),
      warnings: [],
      data_findings: { clock: 0, duplicates: 0, gaps: 0, values: 0, darkness: 0, annotators: 0 },
      learnt: null,
      kendall_tau: { train: 1, val: 1, 'test-in': 1, 'test-out': 1, 'test-all': 1, overall: 1 },
      // Three days.
      kendall_tau_daily: {
        train: null,
        val: null,
        'test-in': null,
        'test-out': null,
        'test-all': null,
        overall: null,
      },
    });
    const page = await read(state, state.run.keys.report);
    expect(page).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(page).toContain(html`${report.note.replace(/ Of these photos.*/s, '')}`.text);
    const { metrics } = JSON.parse(await read(state, state.run.keys.metrics));
    expect(metrics).toContainEqual(expect.objectContaining({ name: 'kendall_tau.overall', value: 1 }));
    expect(metrics).toContainEqual(expect.objectContaining({ name: 'training.final_epoch', value: 2 }));
  });

  test('writes how far the score of each photo may be off, as the held-out pairs tell', async () => {
    const state = await prepare(17, hourlyPhotos(60));
    // Of the photos of two hours, the later one shows more; scores contradict every third.
    const pairs = Array.from({ length: 40 }, (_, index) => [index + 2, index + 3] as const);
    const write = (key: string, body: string) =>
      writeObject({ bucket: buckets.model, key }, body, 'application/octet-stream');
    const { annotations, pairs: splits } = state.run.keys.input;
    await write(
      annotations,
      `user_id,rank,comment,left.imageId,right.imageId\n${pairs.map(([left, right]) => `a,RIGHT,NA,${left},${right}\n`).join('')}`,
    );
    await write(splits, `split,pair,label\n${pairs.map((_, index) => `val,${index + 1},-1\n`).join('')}`);

    await call(buildReport, state);

    const { metrics } = JSON.parse(await read(state, state.run.keys.metrics));
    const numberOf = (name: string) => metrics.find((each: { name: string }) => each.name === name).value;
    const halfWidth = numberOf('score_interval.half_width');
    expect(numberOf('score_interval.pairs')).toBe(40);
    expect(halfWidth / numberOf('score_interval.temperature')).toBeCloseTo(2.1096, 4);
    expect(numberOf('score_interval.rank_width')).toBeGreaterThan(0.1);
    const rows = await readAllRows(
      { bucket: buckets.model, key: state.run.keys.transform.intervals },
      z.object({
        image_id: numberCell,
        score: numberCell,
        score_low: numberCell,
        rank_low: numberCell,
        rank_high: numberCell,
      }),
    );
    expect(rows).toHaveLength(60);
    for (const { score, score_low, rank_low, rank_high } of rows) {
      expect(score - score_low).toBeCloseTo(halfWidth, 9);
      expect(rank_high).toBeGreaterThan(rank_low);
    }
  });

  test('warns that FPE’s container finds no photo of a model whose hours or months wrap', async () => {
    const state = await prepare(16, hourlyPhotos(8));
    Object.assign(state.run.parameters, { min_month: 11, max_month: 3 });

    const { warnings, remarks } = await call(buildReport, state);

    expect(warnings).toEqual([expect.stringContaining('this model is for months 11 to 3')]);
    expect(remarks).toContain(`\n${warnings[0]}`);
  });

  test('tells what is found on the data: by the dataset, by the light of the photos, and by its own annotators', async () => {
    const state = await prepare(14, hourlyPhotos(8));
    const write = (key: string, body: string) =>
      writeObject({ bucket: buckets.model, key }, body, 'application/octet-stream');
    const noted = (image_id: number) => ({
      image_id,
      timestamp: 1_772_366_400_000,
      filename: `${image_id}.JPG`,
    });
    const finding = (kind: string) => ({
      kind,
      title: `Found ${kind}`,
      meaning: 'It matters.',
      action: 'Look.',
      examples: [{ caption: 'one', photos: [noted(77)] }],
      more: 0,
    });
    await write(
      state.run.keys.dataset.quality,
      JSON.stringify({
        checks: [
          { check: 'clock', checked: 'Clocks.', findings: [finding('clock.reset')] },
          { check: 'annotators', checked: 'Others.', findings: [finding('annotators.self')] },
        ],
      }),
    );
    await write(
      `${state.run.keys.transform.run_prefix}/unclear.csv`,
      'image_id,timestamp,filename,low,high\n3,2026-03-01T14:00:00Z,imagesets/1/images/dark.JPG,1,9\n',
    );

    await write(state.run.keys.dataset.station, '{"latitude": 42.4, "longitude": -72.7}');

    const report = await call(buildReport, {
      ...state,
      predictions: { ...state.predictions, unclear: 1, unmeasured: 97 },
    });

    expect(report.data_findings).toEqual({
      clock: 1,
      duplicates: 0,
      gaps: 0,
      values: 0,
      darkness: 1,
      annotators: 0,
    });
    expect(report.remarks).toContain('\n2 findings on the data: see “Data quality” in the report.');
    const page = await read(state, state.run.keys.report);
    expect(page).toContain('Found clock.reset');
    // Nine in the morning at the station.
    expect(page).toContain('1 photo dark while the sun is up');
    expect(page).toContain('The light of 500 photos of 600 photos');
    expect(page).not.toContain('Found annotators.self');
    const { metrics } = JSON.parse(await read(state, state.run.keys.metrics));
    const numberOf = (name: string) =>
      metrics.find((metric: { name: string }) => metric.name === name)?.value;
    expect(
      [
        'quality.findings',
        'quality.clock.findings',
        'quality.darkness.findings',
        'quality.gaps.findings',
      ].map(numberOf),
    ).toEqual([2, 1, 1, null]);
  });

  test('stores the page under the key of its run, so that a browser shows it (Q-R10)', async () => {
    const state = await prepare(2, hourlyPhotos(8));

    await call(buildReport, state);

    const { ContentType } = await s3().send(
      new HeadObjectCommand({ Bucket: buckets.model, Key: state.run.keys.report }),
    );
    expect(ContentType).toBe('text/html; charset=utf-8');
  });

  test('writes the same bytes when it runs twice', async () => {
    const state = await prepare(3, hourlyPhotos(60));
    const { report, metrics } = state.run.keys;

    await call(buildReport, state);
    const first = [await read(state, report), await read(state, metrics)];
    await call(buildReport, state);

    expect([await read(state, report), await read(state, metrics)]).toEqual(first);
  });

  test('reports a station without observed values', async () => {
    const state = await prepare(
      4,
      hourlyPhotos(8).map((photo) => ({ ...photo, value: null })),
    );

    const { note, kendall_tau } = await call(buildReport, state);

    expect(note).toBe('There are no observed values at this station to compare the scores with.');
    expect(Object.values(kendall_tau)).toEqual(Array(6).fill(null));
  });

  test('keeps comments and users out of the page, which everyone can read (Q-P8)', async () => {
    const state = await prepare(7, hourlyPhotos(8));

    await call(buildReport, state);

    const page = await read(state, state.run.keys.report);
    const data = unpackPage(
      new Uint8Array(gunzipSync(Buffer.from(/id="data">([^<]*)/.exec(page)?.[1] as string, 'base64'))),
    );
    expect(page).not.toMatch(/secret|b1946ac9/);
    expect(JSON.stringify(data)).not.toMatch(/secret|b1946ac9/);
    expect([...data.pairs.annotators]).toEqual([1, 2]);
    expect([...data.pairs.left, ...data.pairs.right]).toEqual([1, 3, 0, 2]);
    expect(data.photoBase).toBe(`${process.env.AWS_ENDPOINT_URL_S3}/${buckets.storage}/`);
  });

  test('lets a page on AWS find its photos at the storage bucket in its region', () => {
    const endpoint = process.env.AWS_ENDPOINT_URL_S3;
    delete process.env.AWS_ENDPOINT_URL_S3;
    try {
      expect(photoBase('fpe-storage')).toBe('https://fpe-storage.s3.us-west-2.amazonaws.com/');
    } finally {
      process.env.AWS_ENDPOINT_URL_S3 = endpoint;
    }
  });

  test('names the files that it is made from by their checksums', async () => {
    const state = await prepare(8, hourlyPhotos(8));

    await call(buildReport, state);

    const { files } = JSON.parse(await read(state, state.run.keys.metrics));
    expect(files).toHaveLength(8);
    expect(files).toContainEqual({
      name: 'model.tar.gz',
      key: `rank/8/models/RANK-FLOW-20260401/versions/${state.run.model_uuid}/model.tar.gz`,
      bytes: 5,
      sha256: createHash('sha256').update('model').digest('hex'),
      written_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('compares with the newest earlier model of the same variable', async () => {
    const state = await prepare(9, hourlyPhotos(40));
    const earlier = async (model_code: string, created_at: string, variable_id = 'FLOW_CFS') => {
      const { metrics, transform } = modelKeys(RANK, 9, model_code);
      const write = (key: string, body: string) =>
        writeObject({ bucket: buckets.model, key }, body, 'text/plain');
      await write(metrics, JSON.stringify({ model_code, variable_id, created_at }));
      const rows = Array.from({ length: 20 }, (_, index) => `test-in,${index + 1},${-index}\n`);
      await write(transform.predictions, `split,image_id,score\n${rows.join('')}test-in,999,1\n`);
    };
    await earlier('RANK-FLOW-20250101', '2025-01-01T08:00:00-05:00');
    await earlier('RANK-FLOW-20260301', '2026-03-01T08:00:00-05:00');
    await earlier('RANK-STAGE-20260302', '2026-03-02T08:00:00-05:00', 'STAGE_FT');
    await earlier('RANK-FLOW-20260501', '2026-05-01T08:00:00-04:00');
    await writeObject(
      { bucket: buckets.model, key: 'rank/9/models/BROKEN/metrics.json' },
      'not JSON',
      'application/json',
    );

    await call(buildReport, state);

    const { metrics } = JSON.parse(await read(state, state.run.keys.metrics));
    const page = await read(state, state.run.keys.report);
    expect(page).toContain('The model before this one is <b>RANK-FLOW-20260301</b>. Both scored 20 photos');
    expect(metrics).toContainEqual(expect.objectContaining({ name: 'previous.photos', value: 20 }));
    expect(metrics).toContainEqual(
      expect.objectContaining({ name: 'previous.all.kendall_tau_before', value: -1 }),
    );
  });

  test('fails by name when the training left no metrics', async () => {
    const state = await prepare(5, hourlyPhotos(8), { 'args.json': '{}' });

    const building = call(buildReport, state);

    await expect(building).rejects.toThrow(FileInvalid);
    await expect(building).rejects.toThrow(
      `s3://${buckets.model}/rank/5/jobs/one/output/output.tar.gz). Found: no metrics.csv among its files`,
    );
  });

  test('fails by name when there are no predictions, and writes no report', async () => {
    const state = await prepare(6, hourlyPhotos(8));
    state.run.keys = {
      ...state.run.keys,
      transform: { ...state.run.keys.transform, predictions: 'gone.csv' },
    };

    await expect(call(buildReport, state)).rejects.toThrow(ObjectNotFound);
    await expect(read(state, state.run.keys.report)).rejects.toThrow(ObjectNotFound);
  });
});
