import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as extendPredictions } from '../../functions/extend-predictions.ts';
import { handler as publishPredictions } from '../../functions/publish-predictions.ts';
import { handler as recordPredictions } from '../../functions/record-predictions.ts';
import { handler as selectPhotos } from '../../functions/select-photos.ts';
import { handler as supplyCode } from '../../functions/supply-code.ts';
import { handler as withdrawPhotos } from '../../functions/withdraw-photos.ts';
import {
  deleteObject,
  findSize,
  findVersion,
  listObjects,
  readText as readBody,
  readJson,
  readStream,
  writeCsv,
  writeJson,
  writeObject,
} from '../../shared/aws/object-store.ts';
import { noneOf, PHOTO_EXCLUSIONS, PHOTO_FAULTS } from '../../shared/dataset/reasons.ts';
import {
  ArchiveInvalid,
  ClaimLost,
  ExecutionEnded,
  FileInvalid,
  ModelReplaced,
  ObjectChanged,
  PhotosMissing,
  PredictionsIncomplete,
  TooManyRemovals,
} from '../../shared/errors.ts';
import { scoringLimit, USUAL_MARGIN } from '../../shared/execution/job-limits.ts';
import { imagesetPredictionsKey, versionKeys } from '../../shared/execution/keys.ts';
import { type ScoringRun, type Selection, scoredUntil } from '../../shared/execution/score-station-state.ts';
import type { MergedBatch } from '../../shared/execution/train-station-state.ts';
import { MODEL_LIMITS, readArchive } from '../../shared/formats/archive-entries.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import type { ObjectLocation } from '../../shared/formats/object-location.ts';
import { packSource } from '../../shared/formats/source-archive.ts';
import type { Database } from '../../shared/fpe-database/connection.ts';
import { stationPeople } from '../../shared/fpe-database/station-histories.ts';
import { formerImagesets, readPeopleRecords } from '../../shared/model-bucket/people-left.ts';
import { changePeopleRecord, readPeopleRecord } from '../../shared/model-bucket/people-record.ts';
import { readClaim } from '../../shared/model-bucket/run-claim.ts';
import { recordWithdrawal } from '../../shared/model-bucket/withdrawal-record.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { PREDICTION_COLUMNS } from '../../shared/predictions/columns.ts';
import { withImagesets } from '../../shared/predictions/people-record.ts';
import { withdrawal } from '../../shared/predictions/withdrawal.ts';
import { type ModelManifest, modelManifest } from '../../shared/publication/model-manifest.ts';
import { NO_PHOTOS } from '../../shared/report/data/noted-photos.ts';
import { type PageData, packPage, unpackPage } from '../../shared/report/page/page-data.ts';
import { startTestExecutions, type TestExecutions } from '../fixtures/executions.ts';
import { call } from '../fixtures/run.ts';
import { testScoringRun } from '../fixtures/scoring-run.ts';
import {
  createTestBuckets,
  createTestDatabase,
  insertImageset,
  insertRow,
  insertStation,
} from '../fixtures/station.ts';
import { PAGE, publicHeaders, TABLE } from '../support/public-headers.ts';

const MODEL_FOLDER = join(import.meta.dirname, '..', '..', 'model');

let database: pg.Client;
let buckets: { storage: string; model: string };
let run: ScoringRun;
let executions: TestExecutions;
let imageset: Awaited<ReturnType<typeof insertImageset>>;
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
});
beforeAll(async () => {
  executions = await startTestExecutions();
});
afterAll(() => Promise.all([database.end(), executions.stop()]));
afterEach(() => executions.ended.clear());
beforeEach(async () => {
  const { id } = await insertStation(database);
  imageset = await insertImageset(
    database,
    id,
    [15, 16, 17].map((hour) => ({ timestamp: `2026-04-02T${hour}:00:00Z`, filename: `${hour}, "new".JPG` })),
  );
  run = testScoringRun({ id }, buckets, { allow_removals: true });
  const row = { station_id: id, model_type_id: 'RANK', variable_id: 'FLOW_CFS', code: run.model_code };
  run.model_id = await insertRow(database, 'models', {
    ...row,
    uuid: run.model_uuid,
    predictions_url: run.predictions_url,
    updated_at: '2026-01-01',
  });
  const predicted = [
    prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
    // Vanished from the database.
    prediction(900_001, '2026-04-02T15:30:00Z', 'imagesets/gone/images/a.jpg'),
  ];
  await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, predicted));
  await writeCsv(inPublic(run.keys.published.predictions), formatCsv(PREDICTION_COLUMNS, predicted));
});

/** A text as people read it: CSV doubles the quotation marks of the photos' names, by which a test would never find them. */
const readText = async (location: ObjectLocation) => (await readBody(location)).replaceAll('""', '"');

const inModelBucket = (key: string) => ({ bucket: buckets.model, key });
const inPublic = (key: string) => ({ bucket: buckets.storage, key });
const prediction = (
  image_id: number | undefined,
  timestamp: string,
  filename: string,
  score: number | null = 0.5,
) => ({
  split: 'train',
  image_id,
  timestamp,
  filename,
  url: null,
  value: 1.5,
  score,
});

/** What MergePredictions would leave: a score for each new photo but the last. */
async function merge({ transform_photos }: Selection): Promise<MergedBatch[]> {
  const rows = imageset.keys
    .slice(1)
    .map((key, index) =>
      prediction(
        imageset.image_ids[index + 1],
        `2026-04-02T${16 + index}:00:00Z`,
        key,
        index === 0 ? -0.25 : null,
      ),
    );
  const chunk = inModelBucket(`${run.keys.transform.run_prefix}/predictions-00000-04999.csv`);
  await writeCsv(chunk, formatCsv(PREDICTION_COLUMNS, rows));
  const faults = { ...noneOf(PHOTO_FAULTS), truncated: 1 };
  return [
    {
      skip: 0,
      n: transform_photos,
      size: 5000,
      scored: 1,
      unreadable: 1,
      faults,
      missing: 0,
      unclear: 0,
      unmeasured: 0,
    },
  ];
}
async function extend() {
  const selection = await call(selectPhotos, { run });
  await call(withdrawPhotos, { run, selection });
  const merged = await merge(selection);
  return { selection, merged, extended: await call(extendPredictions, { run, selection, merged }) };
}
const published = () => readText(inPublic(run.keys.published.predictions));
const updatedAt = async () =>
  (await database.query('SELECT updated_at FROM models WHERE id = $1', [run.model_id])).rows[0].updated_at;
const other = () => ({ ...run, execution_arn: `${run.execution_arn}-other` });

describe('A camera’s clock that was corrected after the publication', () => {
  /** Photos of 10:00 and 14:00 in New York, which were really taken twelve hours later; and one of another camera. */
  async function publishWrongTimes() {
    const set = await insertImageset(
      database,
      run.station.id,
      [14, 18].map((hour) => ({ timestamp: `2026-04-02T${hour}:00:00Z`, filename: `${hour}.JPG` })),
    );
    const rows = [
      prediction(set.image_ids[0], '2026-04-02T14:00:00Z', set.keys[0] as string),
      prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
      prediction(imageset.image_ids[1], '2026-04-02T16:00:00Z', imageset.keys[1] as string),
      prediction(imageset.image_ids[2], '2026-04-02T17:00:00Z', imageset.keys[2] as string),
      prediction(set.image_ids[1], '2026-04-02T18:00:00Z', set.keys[1] as string),
    ];
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, rows));
    await writeCsv(inPublic(run.keys.published.predictions), formatCsv(PREDICTION_COLUMNS, rows));
    const ofImageset = inModelBucket(imagesetPredictionsKey(run.keys.fixed.imagesets, set.uuid));
    await writeCsv(ofImageset, formatCsv(PREDICTION_COLUMNS, [rows[0], rows[4]] as typeof rows));
    return set;
  }
  const move = (imagesetId: number, by: string) =>
    database.query('UPDATE images SET timestamp = timestamp + $2::interval WHERE imageset_id = $1', [
      imagesetId,
      by,
    ]);
  async function score() {
    const selection = await call(selectPhotos, { run });
    const extended =
      selection.work === 'nothing' ? null : await call(extendPredictions, { run, selection, merged: [] });
    if (extended) await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    return { selection, extended };
  }
  const publishedTimes = async () =>
    new Map(
      (await published())
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => [line.split(',')[1] as string, line.split(',')[2] as string]),
    );

  test('gives photos the time of the database and a new place in the order of time, and keeps their scores', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '90 minutes');

    const { selection, extended } = await score();

    expect(selection).toMatchObject({
      work: 'correct',
      corrected: 2,
      outside: 0,
      transform_photos: 0,
      images: 5,
    });
    expect(extended).toMatchObject({ images: 5, scored: 0, imagesets: 1 });
    expect(extended?.remarks).toContain('2 photos stay, 0 are outside');
    const times = await publishedTimes();
    expect([...times.values()]).toEqual([...times.values()].sort());
    expect(times.get(String(set.image_ids[0]))).toBe('2026-04-02T11:30:00-04:00');
    const own = await readText(inModelBucket(run.keys.version.predictions));
    expect(own).toContain(`train,${set.image_ids[1]},2026-04-02T19:30:00Z,${set.keys[1]},,,0.5`);
    const ofImageset = imagesetPredictionsKey(run.keys.fixed.imagesets, set.uuid);
    expect(await readText(inModelBucket(ofImageset))).toContain('2026-04-02 15:30:00-04:00');
  });

  test('takes photos out that by their new time are not the model’s, from every file of predictions', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '12 hours');

    const { selection } = await score();

    expect(selection).toMatchObject({ work: 'correct', corrected: 0, outside: 2, images: 3 });
    expect([...(await publishedTimes()).keys()]).toEqual(imageset.image_ids.map(String));
    const ofImageset = imagesetPredictionsKey(run.keys.fixed.imagesets, set.uuid);
    expect((await readText(inModelBucket(ofImageset))).trimEnd().split('\n')).toHaveLength(1);
  });

  test.each(['NULL', "'infinity'", "'1970-01-01'", "timestamp + interval '12 hours'"])(
    'takes no more than a tenth of the photos out without allow_removals when their times become %s',
    async (time) => {
      await publishWrongTimes();
      const before = await published();
      run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
      await database.query(
        `UPDATE images SET timestamp = ${time} WHERE imageset_id IN (SELECT id FROM imagesets WHERE station_id = $1)`,
        [run.station.id],
      );

      const attempt = call(selectPhotos, { run });

      await expect(attempt).rejects.toThrow(TooManyRemovals);
      await expect(attempt).rejects.toThrow('by their times are no longer the model’s');
      expect(await published()).toBe(before);
    },
  );

  test('leaves nothing to do for the next execution, and scores photos that come back into the hours', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '12 hours');
    await score();

    expect((await score()).selection.work).toBe('nothing');
    await move(set.id, '-12 hours');
    expect(await call(selectPhotos, { run })).toMatchObject({ work: 'score', transform_photos: 2 });
  });

  test('keeps photos that are being processed again as they are', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '12 hours');
    await database.query(`UPDATE imagesets SET status = 'PROCESSING' WHERE id = $1`, [set.id]);

    expect((await call(selectPhotos, { run })).work).toBe('nothing');
  });
});

describe('Scores that FPE’s own tools have made with the model', () => {
  const IMAGESET_COLUMNS = ['image_id', 'timestamp', 'filename', 'url', 'score'] as const;
  /** As FPE's container writes an imageset: station time, here with a fraction as pandas has it. */
  const rowOf = (photo: number, score: number | null) => ({
    image_id: imageset.image_ids[photo],
    timestamp: `2026-04-02 ${11 + photo}:00:00.250000-04:00`,
    filename: imageset.keys[photo],
    url: `https://x/${photo}.jpg`,
    score,
  });
  const ofImageset = () => inModelBucket(imagesetPredictionsKey(run.keys.fixed.imagesets, imageset.uuid));
  const places = {
    'in the file of the imageset': ofImageset,
    'in transform/predictions.csv': () => inModelBucket(run.keys.fixed.predictions),
    'in the published file': () => inPublic(run.keys.published.predictions),
  };
  async function score() {
    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });
    const extended = await call(extendPredictions, { run, selection, merged: [] });
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    return { selection, extended };
  }

  test.each(Object.entries(places))('are taken over, not made again, where they lie %s', async (_, place) => {
    const rows = [rowOf(0, 0.500_003), rowOf(1, -0.25), rowOf(2, 0.75)];
    await writeCsv(place(), formatCsv(IMAGESET_COLUMNS, rows));

    const { selection, extended } = await score();

    expect(selection).toMatchObject({ work: 'correct', transform_photos: 0, elsewhere: 2, images: 3 });
    expect(extended).toMatchObject({ images: 3, imagesets: 1 });
    expect(extended.remarks).toContain('the scores of 2 photos');
    const lines = (await published()).trimEnd().split('\n').slice(1);
    expect(lines.map((line) => [line.split(',')[1], line.split(',').at(-1)])).toEqual([
      [String(imageset.image_ids[0]), '0.5'],
      [String(imageset.image_ids[1]), '-0.25'],
      [String(imageset.image_ids[2]), '0.75'],
    ]);
    const own = await readText(inModelBucket(run.keys.version.predictions));
    expect(own).toContain(`test-out,${imageset.image_ids[1]},2026-04-02T16:00:00Z,`);
    expect(await readText(ofImageset())).toContain(`${imageset.image_ids[2]},2026-04-02 13:00:00-04:00,`);
    expect((await call(selectPhotos, { run })).work).toBe('nothing');
  });

  test('are taken over for photos that we could not read, which keep one row', async () => {
    const own = [0, 1, 2].map((n) =>
      prediction(
        imageset.image_ids[n],
        `2026-04-02T${15 + n}:00:00Z`,
        imageset.keys[n] as string,
        n === 1 ? null : 0.5,
      ),
    );
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, own));
    await writeCsv(
      ofImageset(),
      formatCsv(IMAGESET_COLUMNS, [rowOf(0, 0.5), rowOf(1, -0.25), rowOf(2, 0.5)]),
    );

    const { selection } = await score();

    expect(selection).toMatchObject({ work: 'correct', transform_photos: 0, elsewhere: 1, images: 3 });
    for (const location of [
      ofImageset(),
      inPublic(run.keys.published.predictions),
      inModelBucket(run.keys.version.predictions),
    ]) {
      const lines = (await readText(location)).trimEnd().split('\n').slice(1);
      expect(lines.map((line) => line.split(',').at(-1))).toEqual(['0.5', '-0.25', '0.5']);
    }
    expect((await call(selectPhotos, { run })).work).toBe('nothing');
  });

  test('stay public where new photos are scored beside them', async () => {
    const own = [0, 1].map((n) =>
      prediction(
        imageset.image_ids[n],
        `2026-04-02T${15 + n}:00:00Z`,
        imageset.keys[n] as string,
        n === 1 ? null : 0.5,
      ),
    );
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, own));
    const rows = [rowOf(0, 0.5), rowOf(1, -0.25), rowOf(2, 0.75)];
    await writeCsv(ofImageset(), formatCsv(IMAGESET_COLUMNS, rows));
    await writeCsv(inPublic(run.keys.published.predictions), formatCsv(IMAGESET_COLUMNS, rows));

    await score();

    expect(await published()).toContain(',-0.25\n');
    expect(await readText(ofImageset())).toContain(',-0.25\n');
  });

  test('are another model’s where they are further off than the scores of this one lie apart', async () => {
    const own = [0, 1].map((n) =>
      prediction(
        imageset.image_ids[n],
        `2026-04-02T${15 + n}:00:00Z`,
        imageset.keys[n] as string,
        0.01 * (n + 1),
      ),
    );
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, own));
    await writeCsv(
      ofImageset(),
      formatCsv(IMAGESET_COLUMNS, [rowOf(0, 0.05), rowOf(1, -0.04), rowOf(2, 0.02)]),
    );

    expect(await call(selectPhotos, { run })).toMatchObject({
      work: 'score',
      transform_photos: 1,
      elsewhere: 0,
    });
  });

  test('have the split of a new photo where the file says none that there is', async () => {
    const rows = [rowOf(0, 0.5), rowOf(1, -0.25), rowOf(2, 0.75)];
    const splits = ['train', 'test', 'val'];
    const lines = rows.map((row, n) => ({ split: splits[n], ...row }));
    await writeCsv(ofImageset(), formatCsv(['split', ...IMAGESET_COLUMNS], lines));

    await score();

    const own = (await readText(inModelBucket(run.keys.version.predictions))).trimEnd().split('\n');
    expect(own.slice(2).map((line) => line.split(',')[0])).toEqual(['test-out', 'val']);
  });

  test('are not taken over for photos without a score, with people, or outside the hours of the model', async () => {
    const night = await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-02T06:00:00Z', filename: 'night.JPG' },
    ]);
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [imageset.image_ids[1]]);
    const [image_id, filename] = [night.image_ids[0], night.keys[0]];
    const rows = [rowOf(1, 1), rowOf(2, null), { ...rowOf(0, 1), image_id, filename }];
    await writeCsv(ofImageset(), formatCsv(IMAGESET_COLUMNS, rows));

    const selection = await call(selectPhotos, { run });

    expect(selection).toMatchObject({ work: 'score', transform_photos: 1, elsewhere: 0 });
  });

  test('stay public while their photos are processed again, and become public only when people were looked for', async () => {
    const photo = [{ timestamp: '2026-04-02T18:00:00Z', filename: 'a.JPG' }];
    const again = await insertImageset(database, run.station.id, photo, { status: 'PROCESSING' });
    const fresh = await insertImageset(database, run.station.id, photo, { status: 'PROCESSING' });
    const [shown, hidden] = [again, fresh].map(({ image_ids, keys }) => ({
      ...rowOf(0, 0.75),
      image_id: image_ids[0],
      filename: keys[0],
    })) as [ReturnType<typeof rowOf>, ReturnType<typeof rowOf>];
    await writeCsv(inPublic(run.keys.published.predictions), formatCsv(IMAGESET_COLUMNS, [shown]));
    const ofFresh = inModelBucket(imagesetPredictionsKey(run.keys.fixed.imagesets, fresh.uuid));
    await writeCsv(ofFresh, formatCsv(IMAGESET_COLUMNS, [hidden]));

    const { selection, extended } = await extend();
    await call(publishPredictions, { run, extended });

    expect(selection).toMatchObject({ work: 'score', transform_photos: 2, elsewhere: 1 });
    expect(await published()).toContain(shown.filename);
    expect(await published()).not.toContain(hidden.filename);
  });

  test.each([
    ['are another model’s', () => formatCsv(IMAGESET_COLUMNS, [rowOf(0, 3), rowOf(1, 1), rowOf(2, 1)])],
    ['cannot be read', () => 'image_id,timestamp\n1,2,3\n'],
  ])('are made again where those in the file %s, and replaced there', async (_, content) => {
    await writeCsv(ofImageset(), content());

    const { selection, extended } = await extend();
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    expect(selection).toMatchObject({ work: 'score', transform_photos: 2, elsewhere: 0 });
    const lines = (await readText(ofImageset())).trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.split(',').at(-1))).toEqual(['0.5', '-0.25', '']);
  });

  test('are not looked for at fixed places that are another model’s by now', async () => {
    const ofOther = { model_uuid: 'another', model_code: run.model_code, dataset_code: 'd', run_id: 'r' };
    const times = { execution_arn: 'e', started_at: 's', snapshot_at: 't' };
    const manifest = { ...ofOther, ...times, outcome: 'published', images: 1, files: [] };
    await writeJson(inModelBucket(run.keys.manifest), manifest);
    await writeCsv(ofImageset(), formatCsv(IMAGESET_COLUMNS, [rowOf(1, -0.25), rowOf(2, 0.75)]));

    expect(await call(selectPhotos, { run })).toMatchObject({ work: 'score', transform_photos: 2 });
  });
});

test('A photo that cannot be scored is left out and counted, and nothing is left to do for the refresh', async () => {
  await insertImageset(database, run.station.id, [
    { timestamp: '2026-04-03T15:00:00Z', filename: 'nameless.JPG', full_s3: null, full_url: null },
    { timestamp: '2026-04-03T16:00:00Z', filename: 'a.JPG' },
    { timestamp: '2026-04-03T17:00:00Z', filename: 'a.JPG' },
    { timestamp: 'infinity', filename: 'b.JPG' },
  ]);
  const huge = { bucket: buckets.storage, key: imageset.keys[1] as string };
  await writeObject(huge, Buffer.alloc(21 * 2 ** 20), 'image/jpeg');

  const selection = await call(selectPhotos, { run });

  expect(selection).toMatchObject({ work: 'score', transform_photos: 2 });
  expect(selection.left_out).toEqual({ ...noneOf(PHOTO_EXCLUSIONS), too_large: 1, unusable_key: 1 });
  const manifest = JSON.parse(await readText(inModelBucket(run.keys.transform.manifest)));
  expect(new Set(manifest).size).toBe(manifest.length);
  expect(manifest).not.toContain(huge.key);
});

test('An execution in which only photos are new that cannot be scored leaves no claim behind', async () => {
  const [, huge, empty] = imageset.keys.map((key) => ({ bucket: buckets.storage, key }));
  await writeObject(huge as ObjectLocation, Buffer.alloc(21 * 2 ** 20), 'image/jpeg');
  await writeObject(empty as ObjectLocation, Buffer.alloc(0), 'image/jpeg');
  const rows = [prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string)];
  await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, rows));

  const selection = await call(selectPhotos, { run });
  await call(recordPredictions, { run, selection });

  expect(selection).toMatchObject({ work: 'nothing', left_out: { too_large: 1, empty_object: 1 } });
  const claim = await readClaim(inModelBucket(run.keys.claim));
  expect(claim?.claim).toMatchObject({ execution_arn: run.execution_arn, status: 'finished' });
  expect(await readJson(inModelBucket(run.keys.version.scored), scoredUntil)).toMatchObject({
    snapshot_at: selection.snapshot_at,
  });
});

test('An execution that finds nothing to do writes down up to when it looked', async () => {
  const rows = imageset.keys.map((key, n) =>
    prediction(imageset.image_ids[n], `2026-04-02T${15 + n}:00:00Z`, key),
  );
  await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, rows));

  const selection = await call(selectPhotos, { run });
  await call(recordPredictions, { run, selection });

  expect(selection.work).toBe('nothing');
  const scored = await readJson(inModelBucket(run.keys.version.scored), scoredUntil);
  expect(scored.snapshot_at).toBe(selection.snapshot_at);
});

describe('SelectPhotos', () => {
  test('writes a manifest and a list of the new photos, and names those that have to go', async () => {
    const selection = await call(selectPhotos, { run });

    expect(selection).toEqual({
      work: 'score',
      transform_photos: 2,
      removed: 1,
      to_withdraw: 1,
      vanished: 1,
      known: 2,
      corrected: 0,
      outside: 0,
      elsewhere: 0,
      left_out: noneOf(PHOTO_EXCLUSIONS),
      images: 1,
      snapshot_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      predictions: inModelBucket(run.keys.version.predictions),
      is_sorted: true,
      scoring_seconds: scoringLimit(run.parameters, 2, USUAL_MARGIN),
    });
    expect(JSON.parse(await readText(inModelBucket(run.keys.transform.manifest)))).toEqual([
      { prefix: `s3://${buckets.storage}/` },
      ...imageset.keys.slice(1),
    ]);
    expect(await readText(inModelBucket(run.keys.transform.images))).toMatch(
      /^split,image_id,timestamp,filename,url,value\ntest-out,\d+,2026-04-02T16:00:00Z,"imagesets/,
    );
  });

  test('claims nothing where nothing is new', async () => {
    await database.query('DELETE FROM images WHERE id = ANY($1)', [imageset.image_ids.slice(1)]);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [
        prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
      ]),
    );

    expect(await call(selectPhotos, { run })).toMatchObject({ work: 'nothing' });
    expect(await findSize(inModelBucket(run.keys.claim))).toBe(null);
  });

  test('refuses new photos that are missing in S3 before a job fails of them', async () => {
    const known = prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string);
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, [known]));
    await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-02T15:00:00Z', filename: 'lost.JPG', inStorage: false },
    ]);

    await expect(call(selectPhotos, { run })).rejects.toThrow(PhotosMissing);
  });
});

describe('ExtendPredictions', () => {
  test('counts new scores and unreadable photos, and publishes none yet', async () => {
    const { extended } = await extend();

    const published_etag = await findVersion(inPublic(run.keys.published.predictions));
    expect(extended).toEqual({
      images: 2,
      scored: 1,
      unreadable: 1,
      faults: { ...noneOf(PHOTO_FAULTS), truncated: 1 },
      remarks: '\nPhotos without a score: 1 truncated or broken.',
      imagesets: 1,
      published_etag,
    });
    expect((await published()).trimEnd().split('\n')).toHaveLength(2);
  });

  test('refuses chunks that lack a photo (Q-M2)', async () => {
    const selection = await call(selectPhotos, { run });
    const merged = await merge(selection);

    const attempt = call(extendPredictions, {
      run,
      selection: { ...selection, transform_photos: 3 },
      merged,
    });

    await expect(attempt).rejects.toThrow(PredictionsIncomplete);
    await expect(attempt).rejects.toThrow('2 rows in 1 chunks');
  });

  test('leaves no half file behind when the predictions cannot be read to their end', async () => {
    const selection = await call(selectPhotos, { run });
    const merged = await merge(selection);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      'image_id,timestamp,filename,score\n1,yesterday,a.jpg,0.5\n',
    );

    const attempt = call(extendPredictions, { run, selection, merged });

    await expect(attempt).rejects.toThrow(FileInvalid);
    expect(await findSize(inModelBucket(run.keys.extended.published))).toBe(null);
  });

  test('works only for the execution that holds the model', async () => {
    const { selection, merged } = await extend();

    const attempt = call(extendPredictions, { run: other(), selection, merged });

    await expect(attempt).rejects.toThrow(ClaimLost);
  });
});

describe('PublishPredictions and RecordPredictions', () => {
  test('replace the files, twice with one effect, and leave the day of training alone', async () => {
    const original = await published();
    const { selection, extended } = await extend();
    const files = async () => [
      await published(),
      await readText(inModelBucket(run.keys.version.predictions)),
    ];
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    const once = await files();

    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    expect(await files()).toEqual(once);
    expect(once[0]?.split('\n')[2]).toMatch(/,2026-04-02T12:00:00-04:00,"imagesets.*,-0.25$/);
    expect(once[0]?.trimEnd().split('\n')).toHaveLength(3);
    expect(once[1]?.trimEnd().split('\n')).toHaveLength(4);
    expect(await readText(inModelBucket(run.keys.fixed.predictions))).toBe(once[1]);
    // The kept copy is the original without the photo that had to go.
    const kept = await readText(inPublic(run.keys.published.predictions_train));
    const lines = original.split('\n').filter((line) => !line.includes('gone'));
    expect(kept).toBe(lines.join('\n'));
    expect(await publicHeaders(buckets.storage, `models/${run.model_uuid}/predictions`)).toEqual({
      '.csv': TABLE,
      '-train.csv': TABLE,
    });
    expect((await updatedAt()).getUTCFullYear()).toBe(2026);
    expect((await updatedAt()).getUTCMonth()).toBe(0);
    const { record } = await readPeopleRecord(run);
    expect(record.imagesets).toContain(imageset.uuid);
  });

  test('keep the new scores of a model that the website never drew, and publish none', async () => {
    await database.query('UPDATE models SET predictions_url = NULL WHERE id = $1', [run.model_id]);
    await deleteObject(inPublic(run.keys.published.predictions));
    const { selection, extended } = await extend();

    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    expect(await findSize(inPublic(run.keys.published.predictions))).toBe(null);
    expect(await readText(inModelBucket(run.keys.version.predictions))).toContain(imageset.keys[1]);
    expect(await call(selectPhotos, { run: other() })).toMatchObject({ transform_photos: 0 });
  });

  test('tell up to when photos were looked at: the instant of the selection, not the end', async () => {
    const { selection, extended } = await extend();
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    const { snapshot_at } = await readJson(inModelBucket(run.keys.version.scored), scoredUntil);
    expect(snapshot_at).toBe(selection.snapshot_at);
  });

  test.each([
    ['has another uuid', "UPDATE models SET uuid = 'newer' WHERE id = $1", 'uuid newer'],
    ['is gone', 'DELETE FROM models WHERE id = $1', 'no such row'],
  ])('publish nothing when the model %s by now', async (_, sql, found) => {
    const { extended } = await extend();
    const before = await published();
    await database.query(sql, [run.model_id]);

    const attempt = call(publishPredictions, { run, extended });

    await expect(attempt).rejects.toThrow(ModelReplaced);
    await expect(attempt).rejects.toThrow(found);
    expect(await published()).toBe(before);
  });

  test('publish nothing of an execution that was stopped', async () => {
    const { extended } = await extend();
    const before = await published();
    executions.ended.add(run.execution_arn);

    const attempt = call(publishPredictions, { run, extended });

    await expect(attempt).rejects.toThrow(ExecutionEnded);
    await expect(attempt).rejects.toThrow(run.execution_arn);
    expect(await published()).toBe(before);
  });

  test('publish no photo in which people were found since it was selected', async () => {
    const { extended } = await extend();
    const [first, second] = imageset.image_ids;
    await database.query('UPDATE images SET pii_on = true WHERE id IN ($1, $2)', [first, second]);

    await call(publishPredictions, { run, extended });

    const files = [await published(), await readText(inPublic(run.keys.published.predictions_train))];
    for (const text of files) {
      expect(text).not.toContain(imageset.keys[0]);
      expect(text).not.toContain(imageset.keys[1]);
    }
    expect(extended.images).toBe(2);
  });

  test('publish nothing over scores that another execution has published since', async () => {
    const { extended } = await extend();
    await writeCsv(inPublic(run.keys.published.predictions), 'those of another execution');

    const attempt = call(publishPredictions, { run, extended });

    await expect(attempt).rejects.toThrow(ObjectChanged);
    await expect(attempt).rejects.toThrow(run.keys.published.predictions);
    expect(await published()).toBe('those of another execution');
  });

  test('tell the manifests what the predictions are now', async () => {
    const { selection, extended } = await extend();
    const { fixed, version } = run.keys;
    const times = { started_at: run.started_at, snapshot_at: run.started_at };
    const manifestOf = (key: string): ModelManifest => ({
      ...{ model_uuid: run.model_uuid, model_code: run.model_code, dataset_code: 'd', run_id: 'r' },
      ...{ execution_arn: 'e', ...times, outcome: 'published', images: 1 },
      files: [key, 'another'].map((each) => ({ bucket: buckets.model, key: each, etag: 'old' })),
    });
    await writeJson(inModelBucket(version.manifest), manifestOf(version.predictions));
    await writeJson(inModelBucket(run.keys.manifest), manifestOf(fixed.predictions));
    await call(publishPredictions, { run, extended });

    await call(recordPredictions, { run, selection });

    for (const [manifest, key] of [
      [version.manifest, version.predictions],
      [run.keys.manifest, fixed.predictions],
    ] as const)
      expect((await readJson(inModelBucket(manifest), modelManifest)).files.map(({ etag }) => etag)).toEqual([
        await findVersion(inModelBucket(key)),
        'old',
      ]);
  });

  test('leave the fixed places alone where another model has taken them over', async () => {
    const { selection, extended } = await extend();
    const manifest = { model_code: run.model_code, dataset_code: 'd', run_id: 'r', execution_arn: 'e' };
    const times = { started_at: run.started_at, snapshot_at: run.started_at };
    const ofOther = { model_uuid: 'newer', outcome: 'published', images: 1, files: [] };
    await writeJson(inModelBucket(run.keys.manifest), { ...manifest, ...times, ...ofOther });
    await writeCsv(inModelBucket(run.keys.fixed.predictions), 'those of the newer model');
    await call(publishPredictions, { run, extended });

    await call(recordPredictions, { run, selection });

    expect(await readText(inModelBucket(run.keys.fixed.predictions))).toBe('those of the newer model');
  });
});

describe('the withdrawal of photos', () => {
  const FOLDERS = ['mine', 'another model of the station', 'one that was replaced'] as const;
  /** Names the first photo in every public file of three models of the station. */
  async function publishEverywhere(): Promise<string[]> {
    const id = run.station.id;
    const [first] = imageset.image_ids;
    const [key] = imageset.keys as [string];
    const uuids = [run.model_uuid, `other-${id}`, `replaced-${id}`];
    await insertRow(database, 'models', {
      station_id: id,
      model_type_id: 'RANK',
      code: 'OTHER',
      uuid: uuids[1],
    });
    await writeJson(inModelBucket(versionKeys(RANK, id, run.model_code, uuids[2] as string).replaced), {});
    for (const uuid of uuids) {
      const file = (name: string) => inPublic(`models/${uuid}/${name}`);
      await writeCsv(
        file('predictions.csv'),
        formatCsv(PREDICTION_COLUMNS, [
          prediction(first, '2026-04-02T15:00:00Z', key),
          prediction(5, '2026-04-02T16:00:00Z', 'stays.jpg'),
        ]),
      );
      await writeCsv(file('images.csv'), `split,image_id,filename\ntrain,${first},NA\ntrain,5,stays.jpg\n`);
      await writeCsv(
        file('annotations.csv'),
        formatCsv(
          ['pair_id', 'left.imageId', 'right.imageId', 'right.filename'],
          [
            {
              pair_id: 1,
              'left.imageId': first as number,
              'right.imageId': 5,
              'right.filename': 'stays.jpg',
            },
            { pair_id: 2, 'left.imageId': 5, 'right.imageId': null, 'right.filename': key },
            { pair_id: 3, 'left.imageId': 5, 'right.imageId': 6, 'right.filename': 'stays.jpg' },
          ],
        ),
      );
      await writeObject(file('report.html'), reportNaming(first as number, key), 'text/html');
    }
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [
        prediction(first, '2026-04-02T15:00:00Z', key),
        prediction(imageset.image_ids[1], '2026-04-02T16:00:00Z', imageset.keys[1] as string),
      ]),
    );
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [first]);
    return uuids;
  }

  test('takes a photo that shows people out of every public file of the station’s models', async () => {
    const uuids = await publishEverywhere();
    run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
    const selection = await call(selectPhotos, { run });

    const done = await call(withdrawPhotos, { run, selection });

    expect(selection).toMatchObject({ work: 'score', removed: 1 });
    expect(done).toEqual({ photos: 1, files: 4 * FOLDERS.length });
    for (const uuid of uuids)
      expect(await publicHeaders(buckets.storage, `models/${uuid}/`)).toMatchObject({
        'predictions.csv': TABLE,
        'images.csv': TABLE,
        'annotations.csv': TABLE,
        'report.html': PAGE,
      });
    for (const uuid of uuids)
      for await (const { key } of listObjects(buckets.storage, `models/${uuid}/`)) {
        const text = await readText(inPublic(key));
        const shown = key.endsWith('.html') ? photosOfReport(text) : text;
        expect([key, shown]).not.toContainEqual(expect.stringContaining(imageset.keys[0] as string));
        expect([key, shown]).not.toContainEqual(expect.stringContaining(`,${imageset.image_ids[0]},`));
        expect(shown).toContain(key.endsWith('images.csv') ? 'train,5,stays.jpg' : 'stays.jpg');
      }
    expect(await findSize(inModelBucket(run.keys.withdrawal))).toBe(null);
  });

  test('goes on in the next execution where one ended half way', async () => {
    await publishEverywhere();
    await call(selectPhotos, { run });
    // What a state that ended half way leaves: the predictions lack the photo, other files name it still.
    for (const location of [
      inModelBucket(run.keys.version.predictions),
      inPublic(run.keys.published.predictions),
    ])
      await writeCsv(
        location,
        formatCsv(PREDICTION_COLUMNS, [
          prediction(imageset.image_ids[1], '2026-04-02T16:00:00Z', imageset.keys[1] as string),
        ]),
      );
    executions.ended.add(run.execution_arn);
    const next = { ...other(), id: 'next' };

    const selection = await call(selectPhotos, { run: next });
    await call(withdrawPhotos, { run: next, selection });

    expect(selection).toMatchObject({ to_withdraw: 1 });
    expect(await readText(inPublic(`models/${run.model_uuid}/annotations.csv`))).not.toContain(
      imageset.keys[0],
    );
  });

  test('takes a photo off the list that had vanished and is back', async () => {
    const back = { image_ids: [imageset.image_ids[0] as number], filenames: [imageset.keys[0] as string] };
    await recordWithdrawal(run, back);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [
        prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
      ]),
    );

    const selection = await call(selectPhotos, { run });

    expect(selection).toMatchObject({ work: 'score', to_withdraw: 0, removed: 0 });
    expect(await findSize(inModelBucket(run.keys.withdrawal))).toBe(null);
  });

  test('keeps a photo on the list that is back and shows people', async () => {
    const [first, second] = imageset.image_ids as [number, number];
    await recordWithdrawal(run, { image_ids: [first, second], filenames: [] });
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [second]);

    const selection = await call(selectPhotos, { run });

    const list = await readJson(inModelBucket(run.keys.withdrawal), withdrawal);
    expect(list.image_ids).toEqual([second, 900_001]);
    expect(selection.to_withdraw).toBe(2);
  });

  test('takes a photo out again that was found to show nobody, was scored once more, and shows people all the same', async () => {
    const id = imageset.image_ids[1] as number;
    const flag = (on: boolean) => database.query('UPDATE images SET pii_on = $2 WHERE id = $1', [id, on]);
    const score = async (name: string) => {
      const of = { ...run, id: name };
      const selection = await call(selectPhotos, { run: of });
      if (selection.to_withdraw > 0) await call(withdrawPhotos, { run: of, selection });
      return { of, selection };
    };
    await flag(true);
    await score('one');
    await flag(false);
    const { selection, extended } = await extend();
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    expect(await published()).toContain(imageset.keys[1]);
    await flag(true);

    const again = await score('two');

    expect(again.selection.to_withdraw).toBe(1);
    expect(await published()).not.toContain(imageset.keys[1]);
    expect((await score('three')).selection.to_withdraw).toBe(0);
  });

  test('refuses that more than a tenth of the photos vanish, unless it is allowed', async () => {
    run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
    const before = await published();

    const attempt = call(selectPhotos, { run });

    await expect(attempt).rejects.toThrow(TooManyRemovals);
    await expect(attempt).rejects.toThrow('1 of 2 scored photos are no longer in the database');
    expect(await published()).toBe(before);
  });

  test('withdraws photos that show people however many they are, and refuses the vanished ones after that', async () => {
    run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
    await database.query('UPDATE images SET pii_on = true WHERE imageset_id = $1', [imageset.id]);
    const selection = await call(selectPhotos, { run });

    const attempt = call(withdrawPhotos, { run, selection });

    await expect(attempt).rejects.toThrow(TooManyRemovals);
    await expect(attempt).rejects.toThrow('1 of 2 scored photos are no longer in the database');
    const text = await published();
    expect(text).not.toContain(imageset.uuid);
    expect(text).toContain('imagesets/gone/images/a.jpg');
  });

  test.each(['with ids', 'without ids'])(
    'withdraws a photo that shows people when its imageset is another station’s by now, however many vanish with it, from a file %s',
    async (form) => {
      run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
      const other = await insertStation(database);
      await database.query('UPDATE imagesets SET station_id = $2 WHERE id = $1', [imageset.id, other.id]);
      await database.query('UPDATE images SET pii_on = true WHERE id = $1', [imageset.image_ids[0]]);
      const [shown, gone] = imageset.keys as [string, string];
      const rows = [shown, gone].map((key, at) =>
        prediction(
          form === 'with ids' ? imageset.image_ids[at] : undefined,
          `2026-04-02T1${at + 5}:00:00Z`,
          key,
        ),
      );
      const text = formatCsv(PREDICTION_COLUMNS, rows);
      for (const location of [
        inModelBucket(run.keys.version.predictions),
        inPublic(run.keys.published.predictions),
      ])
        await writeCsv(location, text);
      const selection = await call(selectPhotos, { run });

      const attempt = call(withdrawPhotos, { run, selection });

      await expect(attempt).rejects.toThrow(TooManyRemovals);
      expect(await published()).not.toContain(shown);
      expect(await published()).toContain(gone);
    },
  );

  test('withdraws a photo that moved to another station and shows people since, where no predictions name it', async () => {
    const uuids = await publishEverywhere();
    await database.query('UPDATE images SET pii_on = false WHERE id = $1', [imageset.image_ids[0]]);
    await changePeopleRecord(run, (record) => withImagesets(record, [imageset.uuid]));
    const [shown] = imageset.image_ids as [number];
    for (const location of [
      inModelBucket(run.keys.version.predictions),
      inPublic(run.keys.published.predictions),
    ])
      await writeCsv(
        location,
        formatCsv(PREDICTION_COLUMNS, [prediction(900_777, '2026-04-02T16:00:00Z', 'a.jpg')]),
      );
    const other = await insertStation(database);
    await database.query('UPDATE imagesets SET station_id = $2 WHERE id = $1', [imageset.id, other.id]);
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [shown]);

    const [plan] = await stationPeople(
      database as unknown as Database,
      [run.station.id],
      formerImagesets(await readPeopleRecords([run.station.id])),
    );
    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });

    expect(plan?.people).toEqual([shown]);
    for (const uuid of uuids) {
      const text = await readText(inPublic(`models/${uuid}/annotations.csv`));
      expect(text).not.toContain(imageset.keys[0]);
      expect(await readText(inPublic(`models/${uuid}/images.csv`))).toContain('train,5,stays.jpg');
    }
  });

  test('finds photos that show people also where the predictions do not name them', async () => {
    await publishEverywhere();
    const other = inPublic(`models/other-${run.station.id}/annotations.csv`);
    const [stays] = imageset.image_ids.slice(1);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [prediction(stays, '2026-04-02T16:00:00Z', imageset.keys[1] as string)]),
    );

    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });

    expect(selection).toMatchObject({ removed: 0, to_withdraw: 1 });
    expect(await readText(other)).not.toContain(imageset.keys[0]);
    expect(await call(selectPhotos, { run })).toMatchObject({ to_withdraw: 0 });
  });

  test('comes before a new photo that is missing in S3 is complained of', async () => {
    await publishEverywhere();
    await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-02T15:00:00Z', filename: 'lost.JPG', inStorage: false },
    ]);

    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });

    expect(selection).toMatchObject({ work: 'remove', to_withdraw: 1, transform_photos: 0 });
    expect(await readText(inPublic(`models/${run.model_uuid}/annotations.csv`))).not.toContain(
      imageset.keys[0],
    );
    await expect(call(selectPhotos, { run })).rejects.toThrow(PhotosMissing);
  });
});

const reportNaming = (imageId: number, key: string): string => {
  const photos = {
    timestamps: Float64Array.of(0, 1000),
    values: Float64Array.of(1, 2),
    scores: Float64Array.of(1, 2),
    splits: ['train' as const, 'val' as const],
    imageIds: Uint32Array.of(imageId, 5),
    keys: [key, 'stays.jpg'],
  };
  const pairs = {
    left: Uint32Array.of(0, 1),
    right: Uint32Array.of(1, 1),
    choices: Int8Array.of(1, 0),
    splits: Uint8Array.of(0, 1),
    annotators: Uint16Array.of(1, 1),
  };
  const page = {
    kind: 'report',
    timezone: 'UTC',
    seed: 1,
    resamples: 1,
    photoBase: '',
    epochs: [],
    previous: null,
  };
  const data = {
    ...page,
    variable: {},
    observed: null,
    photos,
    pairs,
    noted: NO_PHOTOS,
  } as unknown as PageData;
  const packed = gzipSync(packPage(data)).toString('base64');
  return `<html><script type="application/octet-stream" id="data">${packed}</script></html>`;
};
const photosOfReport = (html: string): string => {
  const [, packed] = /id="data">([^<]*)</.exec(html) as RegExpExecArray;
  const { photos, pairs } = unpackPage(new Uint8Array(gunzipSync(Buffer.from(packed as string, 'base64'))));
  return JSON.stringify([photos.keys, [...photos.imageIds], [...pairs.left], [...pairs.right]]);
};

describe('SupplyCode', () => {
  const WEIGHTS = Buffer.alloc(3_000_000, 'weights ');
  const publish = async (files: Record<string, Uint8Array>) =>
    writeObject(
      inPublic(run.keys.published.model),
      await packSource(new Map(Object.entries(files))),
      'application/gzip',
    );
  async function served(): Promise<Map<string, string>> {
    const files = new Map<string, string>();
    const archive = await readStream(inModelBucket(run.keys.model));
    await readArchive(archive, { where: 'served', limits: MODEL_LIMITS }, ({ name, body }) =>
      text(body).then((content) => void files.set(name, content)),
    );
    return files;
  }

  test('serves the weights that upstream published with our code', async () => {
    await publish({ 'model.pth': WEIGHTS });

    const { artifact } = await call(supplyCode, { run });

    expect(artifact).toBe(`s3://${buckets.model}/${run.keys.model}`);
    const files = await served();
    expect(files.get('model.pth')).toBe(WEIGHTS.toString());
    expect([...files.keys()][0]).toBe('model.pth');
    for (const name of ['inference.py', 'serve', 'network.py', 'checkpoint_file.py', 'errors.py'])
      expect(files.get(`code/${name}`)).toBe(readFileSync(join(MODEL_FOLDER, name), 'utf8'));
  });

  test('never serves code that lies in the published archive', async () => {
    await publish({
      'code/inference.py': Buffer.from('import os; os.system("planted")'),
      'code/requirements.txt': Buffer.from('planted'),
      'model.pth': WEIGHTS,
      'sitecustomize.py': Buffer.from('planted'),
    });

    await call(supplyCode, { run });

    const files = await served();
    expect([...files.values()].filter((content) => content.includes('planted'))).toEqual([]);
    expect([...files.keys()].filter((name) => !name.startsWith('code/'))).toEqual(['model.pth']);
    expect(files.has('code/requirements.txt')).toBe(false);
  });

  test('serves nothing without weights, naming the archive', async () => {
    await publish({ 'weights/model.pth': WEIGHTS });

    const attempt = call(supplyCode, { run });

    await expect(attempt).rejects.toThrow(ArchiveInvalid);
    await expect(attempt).rejects.toThrow(
      `The published model cannot be served (s3://${buckets.storage}/${run.keys.published.model}). Found: no model.pth`,
    );
    expect(await findSize(inModelBucket(run.keys.model))).toBe(null);
  });

  test('leaves no half archive behind when the published one is broken', async () => {
    const whole = await packSource(new Map([['model.pth', WEIGHTS]]));
    await writeObject(inPublic(run.keys.published.model), whole.slice(0, 3000), 'application/gzip');

    const attempt = call(supplyCode, { run });

    await expect(attempt).rejects.toThrow(ArchiveInvalid);
    await expect(attempt).rejects.toThrow('unexpected end of file');
    expect(await findSize(inModelBucket(run.keys.model))).toBe(null);
  });
});
