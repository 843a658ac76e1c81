import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { handler as extendPredictions } from '../../functions/extend-predictions.ts';
import { handler as selectPhotos } from '../../functions/select-photos.ts';
import { findSize, findVersion, readText, writeCsv } from '../../shared/aws/object-store.ts';
import { noneOf, PHOTO_FAULTS } from '../../shared/dataset/reasons.ts';
import { ClaimLost, FileInvalid, PredictionsIncomplete } from '../../shared/errors.ts';
import type { ScoringRun } from '../../shared/execution/score-station-state.ts';
import { parseCsv } from '../../shared/formats/csv.ts';
import { call } from '../fixtures/run.ts';
import { extend, insertScoredStation, merge, otherExecution, published } from '../fixtures/scored-station.ts';
import { startTestServices, type TestServices } from '../fixtures/services.ts';
import { inModelBucket, inPublic, type TestImageset } from '../fixtures/station.ts';

const anyRow = z.record(z.string(), z.string().nullable());

let services: TestServices;
let run: ScoringRun;
let imageset: TestImageset;
beforeAll(async () => {
  services = await startTestServices();
});
afterAll(() => services.stop());
beforeEach(async () => {
  ({ run, imageset } = await insertScoredStation(services));
});

describe('ExtendPredictions', () => {
  test('counts new scores and unreadable photos, and publishes none yet', async () => {
    const { extended } = await extend({ run, imageset });

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
    expect((await published(run)).trimEnd().split('\n')).toHaveLength(2);
  });

  test('smooths the scores of all photos anew where the model has smoothed ones', async () => {
    await extend({ run: { ...run, smoothing_hours: 48 }, imageset });

    const { predictions, published: website } = run.keys.extended;
    const rowsOf = async (key: string) => parseCsv(await readText(inModelBucket(key)), anyRow, key);
    const shown = await rowsOf(website);
    expect(shown).toHaveLength(2);
    for (const { smoothed_score } of shown) {
      const scores = shown.map(({ score }) => Number(score));
      expect(Number(smoothed_score)).toBeGreaterThanOrEqual(Math.min(...scores));
      expect(Number(smoothed_score)).toBeLessThanOrEqual(Math.max(...scores));
    }
    expect(Object.keys((await rowsOf(predictions))[0] ?? {})).not.toContain('smoothed_score');
  });

  test('refuses chunks that lack a photo (Q-M2)', async () => {
    const selection = await call(selectPhotos, { run });
    const merged = await merge({ run, imageset }, selection);

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
    const merged = await merge({ run, imageset }, selection);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      'image_id,timestamp,filename,score\n1,yesterday,a.jpg,0.5\n',
    );

    const attempt = call(extendPredictions, { run, selection, merged });

    await expect(attempt).rejects.toThrow(FileInvalid);
    expect(await findSize(inModelBucket(run.keys.extended.published))).toBe(null);
  });

  test('works only for the execution that holds the model', async () => {
    const { selection, merged } = await extend({ run, imageset });

    const attempt = call(extendPredictions, { run: otherExecution(run), selection, merged });

    await expect(attempt).rejects.toThrow(ClaimLost);
  });
});
