import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as extendPredictions } from '../../functions/extend-predictions.ts';
import { handler as publishPredictions } from '../../functions/publish-predictions.ts';
import { handler as selectPhotos } from '../../functions/select-photos.ts';
import { requireFilesOf } from '../../shared/aws/model-files.ts';
import { findSize, readText, writeCsv, writeJson } from '../../shared/aws/object-store.ts';
import { formatCsv } from '../../shared/csv.ts';
import {
  ClaimLost,
  FileInvalid,
  ModelCodeInUse,
  ModelReplaced,
  PhotosMissing,
  PredictionsIncomplete,
} from '../../shared/errors.ts';
import type { MergedBatch } from '../../shared/execution-state.ts';
import { addToArchive, archiveNames } from '../../shared/model-archive.ts';
import { PREDICTION_COLUMNS } from '../../shared/predictions.ts';
import type { ScoringRun, Selection } from '../../shared/scoring-state.ts';
import { packSource } from '../../shared/source-archive.ts';
import { call } from '../test-run.ts';
import { testScoringRun } from '../test-scoring-run.ts';
import {
  createTestBuckets,
  createTestDatabase,
  insertImageset,
  insertRow,
  insertStation,
} from '../test-station.ts';

let database: pg.Client;
let buckets: { storage: string; model: string };
let run: ScoringRun;
let imageset: Awaited<ReturnType<typeof insertImageset>>;
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
});
afterAll(() => database.end());
beforeEach(async () => {
  const { id } = await insertStation(database);
  imageset = await insertImageset(
    database,
    id,
    [15, 16, 17].map((hour) => ({ timestamp: `2026-04-02T${hour}:00:00Z`, filename: `${hour}, "new".JPG` })),
  );
  run = testScoringRun({ id }, buckets);
  const row = { station_id: id, model_type_id: 'RANK', variable_id: 'FLOW_CFS', code: run.model_code };
  run.model_id = await insertRow(database, 'models', {
    ...row,
    uuid: run.model_uuid,
    updated_at: '2026-01-01',
  });
  const predicted = [
    prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
    // Vanished from the database.
    prediction(900_001, '2026-04-02T15:30:00Z', 'imagesets/gone/images/a.jpg'),
  ];
  await writeCsv(inModelBucket(run.keys.predictions), formatCsv(PREDICTION_COLUMNS, predicted));
  await writeCsv(inPublic(run.keys.published.predictions), formatCsv(PREDICTION_COLUMNS, predicted));
});

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
  return [{ skip: 0, n: transform_photos, size: 5000, scored: 1, unreadable: 1, missing: 0 }];
}
async function extend() {
  const selection = await call(selectPhotos, { run });
  const merged = await merge(selection);
  return { selection, merged, extended: await call(extendPredictions, { run, selection, merged }) };
}
const published = () => readText(inPublic(run.keys.published.predictions));
const updatedAt = async () =>
  (await database.query('SELECT updated_at FROM models WHERE id = $1', [run.model_id])).rows[0].updated_at;
const other = () => ({ ...run, execution_arn: `${run.execution_arn}-other` });

describe('SelectPhotos', () => {
  test('writes a manifest and a list of the new photos, and names those that have to go', async () => {
    const selection = await call(selectPhotos, { run });

    expect(selection).toEqual({
      work: 'score',
      transform_photos: 2,
      removed: 1,
      images: 2,
      predictions: inModelBucket(run.keys.predictions),
      is_sorted: true,
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
      inModelBucket(run.keys.predictions),
      formatCsv(PREDICTION_COLUMNS, [
        prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
      ]),
    );

    expect(await call(selectPhotos, { run })).toMatchObject({ work: 'nothing' });
    expect(await findSize(inModelBucket(run.keys.claim))).toBe(null);
  });

  test('refuses new photos that are missing in S3 before a job fails of them', async () => {
    await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-02T15:00:00Z', filename: 'lost.JPG', inStorage: false },
    ]);

    await expect(call(selectPhotos, { run })).rejects.toThrow(PhotosMissing);
  });
});

describe('ExtendPredictions', () => {
  test('counts new scores and unreadable photos, and publishes nothing yet', async () => {
    const before = await published();

    const { extended } = await extend();

    expect(extended).toEqual({ images: 2, scored: 1, unreadable: 1, imagesets: 1 });
    expect(await published()).toBe(before);
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
      inModelBucket(run.keys.predictions),
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

describe('PublishPredictions', () => {
  test('replaces the files and touches the row, and does so twice with one effect', async () => {
    const original = await published();
    const { selection } = await extend();
    await call(publishPredictions, { run, selection });
    const once = [await published(), await readText(inModelBucket(run.keys.predictions))];

    await call(publishPredictions, { run, selection });

    expect([await published(), await readText(inModelBucket(run.keys.predictions))]).toEqual(once);
    expect(once[0]?.split('\n')[2]).toMatch(/,2026-04-02T12:00:00-04:00,"imagesets.*,-0.25$/);
    expect(once[0]?.trimEnd().split('\n')).toHaveLength(3);
    expect(once[1]?.trimEnd().split('\n')).toHaveLength(4);
    // The kept copy is the original without the photo that had to go.
    const kept = await readText(inPublic(run.keys.published.predictions_train));
    expect(kept).toBe(
      original
        .split('\n')
        .filter((line) => !line.includes('gone'))
        .join('\n'),
    );
    expect((await updatedAt()).getUTCFullYear()).toBe(new Date().getUTCFullYear());
  });

  test.each([
    ['has another uuid', "UPDATE models SET uuid = 'newer' WHERE id = $1", 'uuid newer'],
    ['is gone', 'DELETE FROM models WHERE id = $1', 'no such row'],
  ])('publishes nothing when the model %s by now', async (_, sql, found) => {
    const before = await published();
    const { selection } = await extend();
    await database.query(sql, [run.model_id]);

    const attempt = call(publishPredictions, { run, selection });

    await expect(attempt).rejects.toThrow(ModelReplaced);
    await expect(attempt).rejects.toThrow(found);
    expect(await published()).toBe(before);
  });

  test('publishes nothing when a training has begun to replace the model’s files', async () => {
    const before = await published();
    const { selection } = await extend();
    await writeJson(inModelBucket(run.keys.training_claim), trainingClaim('newer'));

    await expect(call(publishPredictions, { run, selection })).rejects.toThrow(ModelReplaced);
    expect(await published()).toBe(before);
  });
});

const trainingClaim = (model_uuid: string) => ({
  execution_arn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-test-train-station:again',
  started_at: '2026-05-01T11:00:00.000Z',
  model_uuid,
  job_suffix: 'b',
  status: 'running',
});

describe('the files of a model', () => {
  test('may not be scored with while its training runs', async () => {
    const claim = inModelBucket(run.keys.training_claim);
    await writeJson(claim, trainingClaim('newer'));

    await expect(requireFilesOf(run.model_uuid, claim, async () => true)).rejects.toThrow(ModelCodeInUse);
    await expect(requireFilesOf(run.model_uuid, claim, async () => false)).rejects.toThrow(ModelReplaced);
    await expect(requireFilesOf('newer', claim, async () => true)).resolves.toBe(undefined);
  });
});

describe('the archive of a model', () => {
  test('keeps what was in it when files are added', async () => {
    const weights = Buffer.alloc(3_000_000, 'weights ');
    const archive = await packSource(new Map([['model.pth', weights]]));

    const extended = await buffer(
      addToArchive(Readable.from([archive]), new Map([['code/inference.py', Buffer.from('import torch')]])),
    );

    expect(await archiveNames(Readable.from([extended]))).toEqual(['model.pth', 'code/inference.py']);
  });

  test('that is broken ends with an error, not with half an archive', async () => {
    const archive = await packSource(new Map([['model.pth', Buffer.alloc(100_000, 1)]]));

    const attempt = buffer(addToArchive(Readable.from([archive.slice(0, 150)]), new Map()));

    await expect(attempt).rejects.toThrow();
  });
});
