import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as combinePredictions } from '../../functions/combine-predictions.ts';
import { handler as mergePredictions } from '../../functions/merge-predictions.ts';
import { handler as planMerge } from '../../functions/plan-merge.ts';
import { deleteObject, findSize, readText, writeCsv, writeObject } from '../../shared/aws/object-store.ts';
import { noneOf, PHOTO_FAULTS, sumOf } from '../../shared/dataset/reasons.ts';
import { FileInvalid, InvalidState, PredictionsIncomplete } from '../../shared/errors.ts';
import { modelKeys } from '../../shared/execution/keys.ts';
import { type MergedBatch, mergedBatch, type Run } from '../../shared/execution/train-station-state.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import { INPUT_IMAGE_COLUMNS } from '../../shared/model-input/rank-input.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { call, testRun } from '../fixtures/run.ts';
import { createTestBuckets } from '../fixtures/station.ts';

const PHOTOS = 23;
let buckets: { storage: string; model: string };
let run: Run;
let stationId = 0;
beforeAll(async () => {
  buckets = await createTestBuckets();
});
beforeEach(async () => {
  stationId += 1;
  run = testRun({ id: stationId }, buckets, { merge_batch_size: 10 });
  const rows = Array.from({ length: PHOTOS }, (_, index) => ({
    split: 'test-in',
    image_id: index + 1,
    timestamp: `2026-03-01T12:${String(index).padStart(2, '0')}:00Z`,
    filename: photo(index),
    url: null,
    value: index === 4 ? null : index / 10,
  }));
  await writeCsv(at(run.keys.transform.images), formatCsv(INPUT_IMAGE_COLUMNS, rows, 'NA'));
  for (let index = 0; index < PHOTOS; index++) await answer(index, `{"score": ${index / 8}}`);
});

const at = (key: string) => ({ bucket: buckets.model, key });
const photo = (index: number) => `imagesets/6f2c/images/A "${index}", (1).JPG`;
const outOf = (index: number) => at(`${run.keys.transform.run_prefix}/${photo(index)}.out`);
const answer = (index: number, body: string) => writeObject(outOf(index), body, 'application/json');
const manifests = { training_photos: 2, transform_photos: PHOTOS };

async function merge(): Promise<MergedBatch[]> {
  const { batches } = await call(planMerge, { run, manifests });
  return Promise.all(
    batches.map(async (batch) => mergedBatch.parse(await call(mergePredictions, { run, batch }))),
  );
}

describe('merging predictions', () => {
  test('gives every photo its score, in the order of images.csv, LF and empty for missing (Q-M5, Q-M6)', async () => {
    await answer(2, '{"score": null, "error": "OSError: image file is truncated (4 bytes not processed)"}');
    await answer(3, '{"score": null, "error": "x", "fault": "not_an_image"}');
    await answer(12, '{"score": null, "error": "UnidentifiedImageError: neither JPEG nor PNG"}');
    await answer(13, '{"score": null, "error": 7, "fault": "__proto__"}');

    const merged = await merge();
    const predictions = await call(combinePredictions, { run, manifests, merged });

    const text = await readText(at(run.keys.transform.predictions));
    const lines = text.trimEnd().split('\n');
    expect(predictions).toEqual({
      images: PHOTOS,
      scored: PHOTOS - 4,
      unreadable: 4,
      faults: { ...noneOf(PHOTO_FAULTS), truncated: 1, not_an_image: 2, other: 1 },
      missing: 0,
      unclear: 0,
      unmeasured: PHOTOS - 4,
    });
    expect(merged.map(({ faults }) => sumOf(faults))).toEqual([2, 2, 0]);
    expect(text).not.toContain('\r');
    expect(lines[0]).toBe('split,image_id,timestamp,filename,url,value,score');
    expect(lines.slice(1).map((line) => line.split(',').at(-1))).toEqual(
      Array.from({ length: PHOTOS }, (_, index) => ([2, 3, 12, 13].includes(index) ? '' : String(index / 8))),
    );
    expect(lines[5]).toBe('test-in,5,2026-03-01T12:04:00Z,"imagesets/6f2c/images/A ""4"", (1).JPG",,,0.5');
    expect(modelKeys(RANK, run.station.id, run.model_code).transform.predictions).toBe(
      `rank/${run.station.id}/models/${run.model_code}/transform/predictions.csv`,
    );
  });

  test('leaves the score of a photo without an answer blank and counts it (Q-M1)', async () => {
    await deleteObject(outOf(13));

    const merged = await merge();
    const predictions = await call(combinePredictions, { run, manifests, merged });

    expect(merged.map(({ n, scored, missing }) => [n, scored, missing])).toEqual([
      [10, 10, 0],
      [10, 9, 1],
      [3, 3, 0],
    ]);
    expect(predictions).toMatchObject({ scored: PHOTOS - 1, missing: 1 });
  });

  test('names scored photos on which nothing can be seen, in their order, and counts those whose light is not told', async () => {
    await answer(1, '{"score": 0.5, "luma": [2, 31]}');
    await answer(2, '{"score": 0.5, "luma": [2, 32]}');
    await answer(9, '{"score": null, "error": "x", "luma": [0, 0]}');
    await answer(21, '{"score": 0.5, "luma": [200, 203.5]}');
    await answer(22, '{"score": 0.5, "luma": "dark"}');

    const merged = await merge();
    const predictions = await call(combinePredictions, { run, manifests, merged });

    expect(merged.map(({ unclear, unmeasured }) => [unclear, unmeasured])).toEqual([
      [1, 7],
      [0, 10],
      [1, 2],
    ]);
    expect(predictions).toMatchObject({ unclear: 2, unmeasured: 19, scored: PHOTOS - 1 });
    expect(await readText(at(`${run.keys.transform.run_prefix}/unclear.csv`))).toBe(
      [
        'image_id,timestamp,filename,low,high',
        '2,2026-03-01T12:01:00Z,"imagesets/6f2c/images/A ""1"", (1).JPG",2,31',
        '22,2026-03-01T12:21:00Z,"imagesets/6f2c/images/A ""21"", (1).JPG",200,203.5',
        '',
      ].join('\n'),
    );
  });

  test('merges a batch twice to the same chunk, below the folder of its run (Q-X5)', async () => {
    const [batch] = (await call(planMerge, { run, manifests })).batches;
    const chunk = at(`${run.keys.transform.run_prefix}/predictions-00000-00009.csv`);

    const one = await call(mergePredictions, { run, batch });
    const text = await readText(chunk);
    const other = await call(mergePredictions, { run, batch });

    expect(other).toEqual(one);
    expect(one.faults).toEqual({});
    expect(await readText(chunk)).toBe(text);
  });

  test('refuses a batch that is none before it reads anything (Q-M3)', async () => {
    const attempt = call(mergePredictions, { run, batch: { skip: null, n: 10 } });

    await expect(attempt).rejects.toThrow(InvalidState);
    await expect(attempt).rejects.toThrow('batch.skip');
  });

  test.each(['{"score": NaN}', ' { "score" : -Infinity, "luma": [1, 2] }'])(
    'gives a photo no score where the answer is %s, and counts it',
    async (body) => {
      await answer(5, body);

      const merged = await merge();
      const predictions = await call(combinePredictions, { run, manifests, merged });

      expect(predictions).toMatchObject({
        scored: PHOTOS - 1,
        unreadable: 1,
        faults: { no_finite_score: 1 },
      });
    },
  );

  test('refuses an answer that is no score', async () => {
    await answer(0, '[0.5]');

    const attempt = merge();

    await expect(attempt).rejects.toThrow(FileInvalid);
    await expect(attempt).rejects.toThrow('Found: Invalid input: expected object, received array');
  });

  test.each([
    ['a batch that was not merged', (merged: MergedBatch[]) => merged.slice(1), '13 rows in 2 chunks'],
    [
      'a chunk that is shorter than its batch',
      (merged: MergedBatch[]) => merged.map((batch) => ({ ...batch, n: batch.n + (batch.skip ? -1 : 2) })),
      '10 rows in s3://',
    ],
    [
      'no score at all',
      (merged: MergedBatch[]) => merged.map((batch) => ({ ...batch, scored: 0 })),
      `no score for any of ${PHOTOS} photos`,
    ],
  ])('fails the run for %s, and writes nothing (Q-M2)', async (_, change, found) => {
    const merged = change(await merge());

    const attempt = call(combinePredictions, { run, manifests, merged });

    await expect(attempt).rejects.toThrow(PredictionsIncomplete);
    await expect(attempt).rejects.toThrow(found);
    expect(await findSize(at(run.keys.transform.predictions))).toBe(null);
  });
});
