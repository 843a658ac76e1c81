import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as splitPairs } from '../../functions/split-pairs.ts';
import { handler as writeManifests } from '../../functions/write-manifests.ts';
import { findSize, readText, writeCsv } from '../../shared/aws/object-store.ts';
import { FileInvalid } from '../../shared/errors.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { hourlyPhotos, separatePairs, writeTestDataset } from '../fixtures/dataset.ts';
import { call, testRun } from '../fixtures/run.ts';
import { createTestBuckets, inModelBucket } from '../fixtures/station.ts';

let buckets: { storage: string; model: string };
let run: Run;
let stationId = 0;
beforeAll(async () => {
  buckets = await createTestBuckets();
});
beforeEach(async () => {
  stationId += 1;
  run = testRun({ id: stationId }, buckets);
  await writeTestDataset(run, hourlyPhotos(400), separatePairs(150));
  await call(splitPairs, { run });
});

const read = (key: string) => readText(inModelBucket(key));

describe('WriteManifests', () => {
  test('names the photos in pairs and all photos, below the storage bucket (Q-I7)', async () => {
    const manifests = await call(writeManifests, { run });

    const training = JSON.parse(await read(run.keys.input.manifest));
    const transform = JSON.parse(await read(run.keys.transform.manifest));
    const first = 'imagesets/6f2c/images/Mill Brook (1).JPG';
    expect(manifests).toEqual({ training_photos: 300, transform_photos: 400 });
    expect([training[0], transform[0]]).toEqual(new Array(2).fill({ prefix: `s3://${buckets.storage}/` }));
    expect([training.length, transform.length, transform[1]]).toEqual([301, 401, first]);
    expect(new Set(training).size).toBe(301);
    expect(await read(run.keys.transform.images)).toBe(await read(run.keys.input.images));
  });

  test('writes the same bytes when it is called again', async () => {
    const { input, transform } = run.keys;
    const files = () => Promise.all([input.manifest, transform.manifest, transform.images].map(read));
    await call(writeManifests, { run });
    const once = await files();

    await call(writeManifests, { run });

    expect(await files()).toEqual(once);
  });

  test('refuses pairs without the names of their photos, before a job is told of any', async () => {
    await writeCsv(inModelBucket(run.keys.input.pairs), 'split,filename_1\ntrain,a.jpg\n');

    const attempt = call(writeManifests, { run });

    await expect(attempt).rejects.toThrow(FileInvalid);
    await expect(attempt).rejects.toThrow(run.keys.input.pairs);
    expect(await findSize(inModelBucket(run.keys.input.manifest))).toBe(null);
  });
});
