import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as planMerge } from '../../functions/plan-merge.ts';
import { deleteObject, readText } from '../../shared/aws/object-store.ts';
import { InvalidState, ObjectNotFound } from '../../shared/errors.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { call } from '../fixtures/run.ts';
import { createTestBuckets, inModelBucket } from '../fixtures/station.ts';
import { MANIFESTS, PHOTOS, transformedRun } from '../fixtures/transformed-run.ts';

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

describe('PlanMerge', () => {
  test('divides the photos into batches of merge_batch_size, with the bytes of their rows', async () => {
    const plan = await call(planMerge, { run, manifests: MANIFESTS });

    const text = await readText(inModelBucket(run.keys.transform.images));
    const lines = text.split('\n');
    expect(plan.images).toBe(PHOTOS);
    expect(plan.batches.map(({ skip, n, size }) => [skip, n, size])).toEqual([
      [0, 10, 10],
      [10, 10, 10],
      [20, 3, 10],
    ]);
    for (const { skip, n, first_byte, last_byte } of plan.batches)
      expect(text.slice(first_byte, last_byte + 1)).toBe(
        lines
          .slice(1 + skip, 1 + skip + n)
          .map((line) => `${line}\n`)
          .join(''),
      );
  });

  test('makes batches larger where there would be more than a map state can start', async () => {
    const { batches } = await call(planMerge, { run, manifests: { transform_photos: 2000 } });

    expect(batches.map(({ skip, n, size }) => [skip, n, size])).toEqual([
      [0, 20, 20],
      [20, 3, 20],
    ]);
  });

  test('refuses a number of photos that is none', async () => {
    const attempt = call(planMerge, { run, manifests: { transform_photos: -1 } });

    await expect(attempt).rejects.toThrow(InvalidState);
    await expect(attempt).rejects.toThrow('manifests.transform_photos');
  });

  test('names the list of photos where it is gone', async () => {
    await deleteObject(inModelBucket(run.keys.transform.images));

    const attempt = call(planMerge, { run, manifests: MANIFESTS });

    await expect(attempt).rejects.toThrow(ObjectNotFound);
    await expect(attempt).rejects.toThrow(run.keys.transform.images);
  });
});
