import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as decidePromotion } from '../../functions/decide-promotion.ts';
import { handler as splitPairs } from '../../functions/split-pairs.ts';
import { handler as writeManifests } from '../../functions/write-manifests.ts';
import { writeCsv } from '../../shared/aws/object-store.ts';
import { publishedKeys } from '../../shared/execution/keys.ts';
import type { Promotion } from '../../shared/execution/train-station-state.ts';
import { hourlyPhotos, separatePairs, writeTestDataset } from '../fixtures/dataset.ts';
import { call, testRun } from '../fixtures/run.ts';
import { createTestBuckets, createTestDatabase, insertRow, insertStation } from '../fixtures/station.ts';

const PHOTOS = hourlyPhotos(400);

let database: pg.Client;
let buckets: { storage: string; model: string };
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
});
afterAll(() => database.end());

/** A run whose model is to become the default if it is not worse than the one that this public file is of. */
async function decideAgainst(publicFile: string): Promise<Promotion> {
  const station = await insertStation(database, { timezone: 'America/Los_Angeles' });
  const run = testRun(station, buckets, { min_hour: 0, max_hour: 23, promote: 'if_better' });
  await writeTestDataset(run, PHOTOS, separatePairs(150));
  await call(splitPairs, { run });
  await call(writeManifests, { run });
  await writeCsv(
    { bucket: buckets.model, key: run.keys.transform.predictions },
    table('split,image_id,timestamp,filename,url,value,score', (id, name, score) =>
      ['test-in', id, '2026-03-01T15:00:00Z', name, '', '', score].join(','),
    ),
  );
  const uuid = `0aa1e9c4-0000-4000-8000-${String(station.id).padStart(12, '0')}`;
  await insertRow(database, 'models', {
    station_id: station.id,
    model_type_id: 'RANK',
    variable_id: 'FLOW_CFS',
    code: 'OLD',
    uuid,
    status: 'DONE',
    default: true,
    predictions_url: 'https://x/predictions.csv',
  });
  await writeCsv({ bucket: buckets.storage, key: publishedKeys(uuid, 'OLD').predictions }, publicFile);
  return call(decidePromotion, { run });
}

const table = (header: string, lineOf: (id: number, filename: string, score: string) => string): string =>
  `${[header, ...PHOTOS.map((photo, n) => lineOf(Number(photo.image_id), String(photo.filename), String(n / 100)))].join('\n')}\n`;
const trained = (split: string, scoreOf: (score: string) => string = (score) => score): string =>
  table('split,image_id,timestamp,filename,url,value,score', (id, name, score) =>
    [split, id, '2026-03-01T15:00:00Z', name, '', '', scoreOf(score)].join(','),
  );
/** Of one photo that is in a held-out pair or not. */
const oneIs = (cell: string) => (score: string) => (score === '0.03' ? cell : score);

describe('The present default is compared by its public file, whoever wrote it', () => {
  const extended = table('image_id,timestamp,filename,url,score', (id, name, score) =>
    [id, '2026-03-01 10:00:00-05:00', name, '', score].join(','),
  );
  test.each([
    ['of a training', trained('train')],
    ['without splits, as FPE’s scripts extend it', extended],
    ['with splits of older files', trained('test')],
    ['with splits that are missing', trained('NA')],
    ['with a score that is no number', trained('train', oneIs('NaN'))],
    ['with an infinite score', trained('train', oneIs('Inf'))],
    ['with a missing score', trained('train', oneIs('NA'))],
    ['with a score that is a word', trained('train', oneIs('unreadable'))],
    ['with lines as Windows ends them', trained('train').replaceAll('\n', '\r\n')],
  ])('%s', async (_, publicFile) => {
    const decision = await decideAgainst(publicFile);

    expect(decision).toMatchObject({ current_model_code: 'OLD', make_default: true });
    expect(decision.pairs).toBeGreaterThan(20);
  });

  test.each([
    ['of a training', trained('train'), { pairs: 0, photos: 0 }],
    ['with splits of older files', trained('test'), { pairs: 0, photos: 0 }],
    ['without splits, as FPE’s scripts extend it', extended, { pairs: expect.any(Number) }],
    ['with splits that are missing', trained('NA'), { pairs: expect.any(Number) }],
    ['with splits that are empty', trained(''), { pairs: expect.any(Number) }],
    ['with splits that nobody knows', trained('Training'), { pairs: expect.any(Number) }],
  ])('and whether it says what the model learned from is told: %s', async (_, publicFile, expected) => {
    const { untold, pairs, reason } = await decideAgainst(publicFile);

    expect(untold).toMatchObject(expected);
    const isTold = expected.pairs === 0;
    expect(untold.pairs).toBe(isTold ? 0 : pairs);
    expect(reason.includes('Whether OLD has learned from these pairs is not known')).toBe(!isTold);
  });

  test.each([
    ['that has no scores', 'image_id,timestamp\n1,2026-03-01T15:00:00Z\n'],
    ['that is cut off within a line', extended.slice(0, extended.lastIndexOf(',', extended.length - 20))],
  ])('one %s costs the promotion, not the run', async (_, publicFile) => {
    expect(await decideAgainst(publicFile)).toMatchObject({
      current_model_code: 'OLD',
      make_default: false,
      pairs: 0,
      reason: expect.stringContaining('only 0 held-out pairs'),
    });
  });
});
