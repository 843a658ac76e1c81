import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as combinePredictions } from '../../functions/combine-predictions.ts';
import { handler as mergePredictions } from '../../functions/merge-predictions.ts';
import { handler as planMerge } from '../../functions/plan-merge.ts';
import { deleteObject, readText } from '../../shared/aws/object-store.ts';
import { FileInvalid, InvalidState } from '../../shared/errors.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { call } from '../fixtures/run.ts';
import { createTestBuckets, inModelBucket } from '../fixtures/station.ts';
import {
  answerOf,
  MANIFESTS,
  mergeAll,
  PHOTOS,
  transformedRun,
  writeAnswer,
} from '../fixtures/transformed-run.ts';

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

describe('MergePredictions', () => {
  test('leaves the score of a photo without an answer blank and counts it (Q-M1)', async () => {
    await deleteObject(answerOf(run, 13));

    const merged = await mergeAll(run);
    const predictions = await call(combinePredictions, { run, manifests: MANIFESTS, merged });

    expect(merged.map(({ n, scored, missing }) => [n, scored, missing])).toEqual([
      [10, 10, 0],
      [10, 9, 1],
      [3, 3, 0],
    ]);
    expect(predictions).toMatchObject({ scored: PHOTOS - 1, missing: 1 });
  });

  test('merges a batch twice to the same chunk, below the folder of its run (Q-X5)', async () => {
    const [batch] = (await call(planMerge, { run, manifests: MANIFESTS })).batches;
    const chunk = inModelBucket(`${run.keys.transform.run_prefix}/predictions-00000-00009.csv`);

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
      await writeAnswer(run, 5, body);

      const merged = await mergeAll(run);
      const predictions = await call(combinePredictions, { run, manifests: MANIFESTS, merged });

      expect(predictions).toMatchObject({
        scored: PHOTOS - 1,
        unreadable: 1,
        faults: { no_finite_score: 1 },
      });
    },
  );

  test('refuses an answer that is no score', async () => {
    await writeAnswer(run, 0, '[0.5]');

    const attempt = mergeAll(run);

    await expect(attempt).rejects.toThrow(FileInvalid);
    await expect(attempt).rejects.toThrow('Found: Invalid input: expected object, received array');
  });
});
