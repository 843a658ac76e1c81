import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as combinePredictions } from '../../functions/combine-predictions.ts';
import { findSize, readText } from '../../shared/aws/object-store.ts';
import { noneOf, PHOTO_FAULTS, sumOf } from '../../shared/dataset/reasons.ts';
import { PredictionsIncomplete } from '../../shared/errors.ts';
import { modelKeys } from '../../shared/execution/keys.ts';
import type { MergedBatch, Run } from '../../shared/execution/train-station-state.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { call } from '../fixtures/run.ts';
import { createTestBuckets, inModelBucket } from '../fixtures/station.ts';
import { MANIFESTS, mergeAll, PHOTOS, transformedRun, writeAnswer } from '../fixtures/transformed-run.ts';

let buckets: { storage: string; model: string };
let run: Run;
let stationId = 0;
beforeAll(async () => {
  buckets = await createTestBuckets();
});
beforeEach(async () => {
  stationId += 1;
  run = await transformedRun(stationId, buckets);
});

describe('CombinePredictions', () => {
  test('gives every photo its score, in the order of images.csv, LF and empty for missing (Q-M5, Q-M6)', async () => {
    await writeAnswer(
      run,
      2,
      '{"score": null, "error": "OSError: image file is truncated (4 bytes not processed)"}',
    );
    await writeAnswer(run, 3, '{"score": null, "error": "x", "fault": "not_an_image"}');
    await writeAnswer(run, 12, '{"score": null, "error": "UnidentifiedImageError: neither JPEG nor PNG"}');
    await writeAnswer(run, 13, '{"score": null, "error": 7, "fault": "__proto__"}');

    const merged = await mergeAll(run);
    const predictions = await call(combinePredictions, { run, manifests: MANIFESTS, merged });

    const text = await readText(inModelBucket(run.keys.transform.predictions));
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

  test('names scored photos on which nothing can be seen, in their order, and counts those whose light is not told', async () => {
    await writeAnswer(run, 1, '{"score": 0.5, "luma": [2, 31]}');
    await writeAnswer(run, 2, '{"score": 0.5, "luma": [2, 32]}');
    await writeAnswer(run, 9, '{"score": null, "error": "x", "luma": [0, 0]}');
    await writeAnswer(run, 21, '{"score": 0.5, "luma": [200, 203.5]}');
    await writeAnswer(run, 22, '{"score": 0.5, "luma": "dark"}');

    const merged = await mergeAll(run);
    const predictions = await call(combinePredictions, { run, manifests: MANIFESTS, merged });

    expect(merged.map(({ unclear, unmeasured }) => [unclear, unmeasured])).toEqual([
      [1, 7],
      [0, 10],
      [1, 2],
    ]);
    expect(predictions).toMatchObject({ unclear: 2, unmeasured: 19, scored: PHOTOS - 1 });
    expect(await readText(inModelBucket(`${run.keys.transform.run_prefix}/unclear.csv`))).toBe(
      [
        'image_id,timestamp,filename,low,high',
        '2,2026-03-01T12:01:00Z,"imagesets/6f2c/images/A ""1"", (1).JPG",2,31',
        '22,2026-03-01T12:21:00Z,"imagesets/6f2c/images/A ""21"", (1).JPG",200,203.5',
        '',
      ].join('\n'),
    );
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
    const merged = change(await mergeAll(run));

    const attempt = call(combinePredictions, { run, manifests: MANIFESTS, merged });

    await expect(attempt).rejects.toThrow(PredictionsIncomplete);
    await expect(attempt).rejects.toThrow(found);
    expect(await findSize(inModelBucket(run.keys.transform.predictions))).toBe(null);
  });
});
