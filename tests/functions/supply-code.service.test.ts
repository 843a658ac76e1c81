import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as supplyCode } from '../../functions/supply-code.ts';
import { findSize, readStream, writeObject } from '../../shared/aws/object-store.ts';
import { ArchiveInvalid } from '../../shared/errors.ts';
import type { ScoringRun } from '../../shared/execution/score-station-state.ts';
import { MODEL_LIMITS, readArchive } from '../../shared/formats/archive-entries.ts';
import { packSource } from '../../shared/formats/source-archive.ts';
import { call } from '../fixtures/run.ts';
import { testScoringRun } from '../fixtures/scoring-run.ts';
import { createTestBuckets, inModelBucket, inPublic } from '../fixtures/station.ts';
import { ROOT } from '../support/product-sources.ts';

const MODEL_FOLDER = join(ROOT, 'model');

let buckets: { storage: string; model: string };
let run: ScoringRun;
let stationId = 0;
beforeAll(async () => {
  buckets = await createTestBuckets();
});
beforeEach(() => {
  stationId += 1;
  run = testScoringRun({ id: stationId }, buckets);
});

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
