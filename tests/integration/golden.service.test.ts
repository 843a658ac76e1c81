import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as buildDataset } from '../../functions/build-dataset.ts';
import { handler as exportStation } from '../../functions/export-station.ts';
import { handler as splitPairs } from '../../functions/split-pairs.ts';
import { handler as writeManifests } from '../../functions/write-manifests.ts';
import { readText, s3, writeObject } from '../../shared/aws/object-store.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { importExport } from '../../shared/fpe-database/import/import-stations.ts';
import { call, testRun } from '../fixtures/run.ts';
import { createTestDatabase } from '../fixtures/station.ts';

/**
 * A small fixed station goes through the dataset and the input step; every file must be what lies in golden/, byte for
 * byte. After a change that is meant, `UPDATE_GOLDEN=1 npm run test:node -- golden` writes them anew: read the diff.
 */
const FOLDER = join(import.meta.dirname, 'golden');
const BUCKETS = { storage: 'golden-storage', model: 'golden-models' };

let database: pg.Client;
let run: Run;
let written: string[];
beforeAll(async () => {
  database = await createTestDatabase();
  for (const bucket of Object.values(BUCKETS)) await s3().send(new CreateBucketCommand({ Bucket: bucket }));
  const { stations } = await importExport(join(FOLDER, 'export'), { storageBucket: BUCKETS.storage });
  // Columns that the import sets to the present.
  await database.query("UPDATE stations SET created_at = '2026-03-01', updated_at = '2026-03-02 12:00:00'");
  const { rows } = await database.query("SELECT full_s3->>'Key' AS key FROM images");
  for (const { key } of rows) await writeObject({ bucket: BUCKETS.storage, key }, 'x', 'image/jpeg');

  const [station] = stations;
  run = testRun({ id: station?.id as number, name: station?.name as string }, BUCKETS, { max_hour: 17 });
  const exported = await call(exportStation, { run });
  await call(buildDataset, { run, export: exported });
  await call(splitPairs, { run });
  await call(writeManifests, { run });
  written = [
    ...Object.values(run.keys.dataset),
    ...Object.values(run.keys.input).filter((key) => !key.endsWith('/')),
    run.keys.transform.manifest,
    run.keys.transform.images,
    // The pages beside them change with the charts, and what is checked of the data with the checks.
  ].filter((key) => !key.endsWith('.html') && key !== run.keys.dataset.quality);
});
afterAll(() => database.end());

test('every file of the dataset and the input step is as it was, byte for byte', async () => {
  expect(written).toHaveLength(13);
  for (const ofRun of written) {
    const text = await readText({ bucket: BUCKETS.model, key: ofRun });
    const key = ofRun.slice(ofRun.indexOf(run.id) + run.id.length + 1);
    const file = join(FOLDER, 'expected', key);
    if (process.env.UPDATE_GOLDEN) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    expect({ key, exists: existsSync(file) }).toEqual({ key, exists: true });
    expect({ key, text }).toEqual({ key, text: readFileSync(file, 'utf8') });
  }
});
