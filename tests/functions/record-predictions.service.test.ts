import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as publishPredictions } from '../../functions/publish-predictions.ts';
import { handler as recordPredictions } from '../../functions/record-predictions.ts';
import { handler as selectPhotos } from '../../functions/select-photos.ts';
import { findVersion, readJson, writeCsv, writeJson, writeObject } from '../../shared/aws/object-store.ts';
import { type ScoringRun, scoredUntil } from '../../shared/execution/score-station-state.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import type { ObjectLocation } from '../../shared/formats/object-location.ts';
import { readPeopleRecord } from '../../shared/model-bucket/people-record.ts';
import { readClaim } from '../../shared/model-bucket/run-claim.ts';
import { PREDICTION_COLUMNS } from '../../shared/predictions/columns.ts';
import { type ModelManifest, modelManifest } from '../../shared/publication/model-manifest.ts';
import { call } from '../fixtures/run.ts';
import {
  extend,
  insertScoredStation,
  prediction,
  published,
  readUnquoted,
} from '../fixtures/scored-station.ts';
import { startTestServices, type TestServices } from '../fixtures/services.ts';
import { inModelBucket, type TestImageset } from '../fixtures/station.ts';

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

describe('RecordPredictions', () => {
  test('replaces the model’s own predictions and those at the fixed places, with PublishPredictions twice to one effect', async () => {
    const { selection, extended } = await extend({ run, imageset });
    const files = async () => [
      await published(run),
      await readUnquoted(inModelBucket(run.keys.version.predictions)),
    ];
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    const once = await files();

    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    expect(await files()).toEqual(once);
    expect(once[1]?.trimEnd().split('\n')).toHaveLength(4);
    expect(await readUnquoted(inModelBucket(run.keys.fixed.predictions))).toBe(once[1]);
    const { record } = await readPeopleRecord(run);
    expect(record.imagesets).toContain(imageset.uuid);
  });

  test('tells up to when photos were looked at: the instant of the selection, not the end', async () => {
    const { selection, extended } = await extend({ run, imageset });
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    const { snapshot_at } = await readJson(inModelBucket(run.keys.version.scored), scoredUntil);
    expect(snapshot_at).toBe(selection.snapshot_at);
  });

  test('tells the manifests what the predictions are now', async () => {
    const { selection, extended } = await extend({ run, imageset });
    const { fixed, version } = run.keys;
    const times = { started_at: run.started_at, snapshot_at: run.started_at };
    const manifestOf = (key: string): ModelManifest => ({
      ...{ model_uuid: run.model_uuid, model_code: run.model_code, dataset_code: 'd', run_id: 'r' },
      ...{
        execution_arn: 'e',
        ...times,
        outcome: 'published',
        images: 1,
        smoothing_hours: 24,
        start_model: null,
      },
      files: [key, 'another'].map((each) => ({ bucket: services.buckets.model, key: each, etag: 'old' })),
    });
    await writeJson(inModelBucket(version.manifest), manifestOf(version.predictions));
    await writeJson(inModelBucket(run.keys.manifest), manifestOf(fixed.predictions));
    await call(publishPredictions, { run, extended });

    await call(recordPredictions, { run, selection });

    for (const [manifest, key] of [
      [version.manifest, version.predictions],
      [run.keys.manifest, fixed.predictions],
    ] as const)
      expect((await readJson(inModelBucket(manifest), modelManifest)).files.map(({ etag }) => etag)).toEqual([
        await findVersion(inModelBucket(key)),
        'old',
      ]);
  });

  test('leaves the fixed places alone where another model has taken them over', async () => {
    const { selection, extended } = await extend({ run, imageset });
    const manifest = { model_code: run.model_code, dataset_code: 'd', run_id: 'r', execution_arn: 'e' };
    const times = { started_at: run.started_at, snapshot_at: run.started_at };
    const ofOther = { model_uuid: 'newer', outcome: 'published', images: 1, files: [] };
    await writeJson(inModelBucket(run.keys.manifest), { ...manifest, ...times, ...ofOther });
    await writeCsv(inModelBucket(run.keys.fixed.predictions), 'those of the newer model');
    await call(publishPredictions, { run, extended });

    await call(recordPredictions, { run, selection });

    expect(await readUnquoted(inModelBucket(run.keys.fixed.predictions))).toBe('those of the newer model');
  });

  test('leaves no claim behind where only photos are new that cannot be scored', async () => {
    const [, huge, empty] = imageset.keys.map((key) => ({ bucket: services.buckets.storage, key }));
    await writeObject(huge as ObjectLocation, Buffer.alloc(21 * 2 ** 20), 'image/jpeg');
    await writeObject(empty as ObjectLocation, Buffer.alloc(0), 'image/jpeg');
    const rows = [prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string)];
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, rows));

    const selection = await call(selectPhotos, { run });
    await call(recordPredictions, { run, selection });

    expect(selection).toMatchObject({ work: 'nothing', left_out: { too_large: 1, empty_object: 1 } });
    const claim = await readClaim(inModelBucket(run.keys.claim));
    expect(claim?.claim).toMatchObject({ execution_arn: run.execution_arn, status: 'finished' });
    expect(await readJson(inModelBucket(run.keys.version.scored), scoredUntil)).toMatchObject({
      snapshot_at: selection.snapshot_at,
    });
  });

  test('tells up to when photos were looked at also where nothing was to do', async () => {
    const rows = imageset.keys.map((key, n) =>
      prediction(imageset.image_ids[n], `2026-04-02T${15 + n}:00:00Z`, key),
    );
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, rows));

    const selection = await call(selectPhotos, { run });
    await call(recordPredictions, { run, selection });

    expect(selection.work).toBe('nothing');
    const scored = await readJson(inModelBucket(run.keys.version.scored), scoredUntil);
    expect(scored.snapshot_at).toBe(selection.snapshot_at);
  });
});
