import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as publishPredictions } from '../../functions/publish-predictions.ts';
import { handler as recordPredictions } from '../../functions/record-predictions.ts';
import { handler as selectPhotos } from '../../functions/select-photos.ts';
import { deleteObject, findSize, writeCsv } from '../../shared/aws/object-store.ts';
import { ExecutionEnded, ModelReplaced, ObjectChanged } from '../../shared/errors.ts';
import type { ScoringRun } from '../../shared/execution/score-station-state.ts';
import { readPeopleRecord } from '../../shared/model-bucket/people-record.ts';
import { call } from '../fixtures/run.ts';
import {
  extend,
  insertScoredStation,
  otherExecution,
  published,
  readUnquoted,
} from '../fixtures/scored-station.ts';
import { startTestServices, type TestServices } from '../fixtures/services.ts';
import { inModelBucket, inPublic, type TestImageset } from '../fixtures/station.ts';
import { publicHeaders, TABLE } from '../support/public-headers.ts';

let services: TestServices;
let database: pg.Client;
let run: ScoringRun;
let imageset: TestImageset;
beforeAll(async () => {
  services = await startTestServices();
  ({ database } = services);
});
afterAll(() => services.stop());
afterEach(() => services.executions.ended.clear());
beforeEach(async () => {
  ({ run, imageset } = await insertScoredStation(services));
});

describe('PublishPredictions', () => {
  test('replaces the published file, twice with one effect, and leaves the day of training alone', async () => {
    const original = await published(run);
    const { extended } = await extend({ run, imageset });
    await call(publishPredictions, { run, extended });
    const once = await published(run);

    const { predictions_url } = await call(publishPredictions, { run, extended });

    expect(predictions_url).toBe(run.predictions_url);
    expect(await published(run)).toBe(once);
    expect(once.split('\n')[2]).toMatch(/,2026-04-02T12:00:00-04:00,"imagesets.*,-0.25$/);
    expect(once.trimEnd().split('\n')).toHaveLength(3);
    // The kept copy is the original without the photo that had to go.
    const kept = await readUnquoted(inPublic(run.keys.published.predictions_train));
    const lines = original.split('\n').filter((line) => !line.includes('gone'));
    expect(kept).toBe(lines.join('\n'));
    expect(await publicHeaders(services.buckets.storage, `models/${run.model_uuid}/predictions`)).toEqual({
      '.csv': TABLE,
      '-train.csv': TABLE,
    });
    const { rows } = await database.query('SELECT updated_at FROM models WHERE id = $1', [run.model_id]);
    expect(rows).toEqual([{ updated_at: new Date('2026-01-01T00:00:00Z') }]);
    const { record } = await readPeopleRecord(run);
    expect(record.imagesets).toContain(imageset.uuid);
  });

  test('keeps the new scores of a model that the website never drew, and publishes none', async () => {
    await database.query('UPDATE models SET predictions_url = NULL WHERE id = $1', [run.model_id]);
    await deleteObject(inPublic(run.keys.published.predictions));
    const { selection, extended } = await extend({ run, imageset });

    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    expect(await findSize(inPublic(run.keys.published.predictions))).toBe(null);
    expect(await readUnquoted(inModelBucket(run.keys.version.predictions))).toContain(imageset.keys[1]);
    expect(await call(selectPhotos, { run: otherExecution(run) })).toMatchObject({ transform_photos: 0 });
  });

  test.each([
    ['has another uuid', "UPDATE models SET uuid = 'newer' WHERE id = $1", 'uuid newer'],
    ['is gone', 'DELETE FROM models WHERE id = $1', 'no such row'],
  ])('publishes nothing when the model %s by now', async (_, sql, found) => {
    const { extended } = await extend({ run, imageset });
    const before = await published(run);
    await database.query(sql, [run.model_id]);

    const attempt = call(publishPredictions, { run, extended });

    await expect(attempt).rejects.toThrow(ModelReplaced);
    await expect(attempt).rejects.toThrow(found);
    expect(await published(run)).toBe(before);
  });

  test('publishes nothing of an execution that was stopped', async () => {
    const { extended } = await extend({ run, imageset });
    const before = await published(run);
    services.executions.ended.add(run.execution_arn);

    const attempt = call(publishPredictions, { run, extended });

    await expect(attempt).rejects.toThrow(ExecutionEnded);
    await expect(attempt).rejects.toThrow(run.execution_arn);
    expect(await published(run)).toBe(before);
  });

  test('publishes no photo in which people were found since it was selected', async () => {
    const { extended } = await extend({ run, imageset });
    const [first, second] = imageset.image_ids;
    await database.query('UPDATE images SET pii_on = true WHERE id IN ($1, $2)', [first, second]);

    await call(publishPredictions, { run, extended });

    const files = [await published(run), await readUnquoted(inPublic(run.keys.published.predictions_train))];
    for (const text of files) {
      expect(text).not.toContain(imageset.keys[0]);
      expect(text).not.toContain(imageset.keys[1]);
    }
    expect(extended.images).toBe(2);
  });

  test('publishes nothing over scores that another execution has published since', async () => {
    const { extended } = await extend({ run, imageset });
    await writeCsv(inPublic(run.keys.published.predictions), 'those of another execution');

    const attempt = call(publishPredictions, { run, extended });

    await expect(attempt).rejects.toThrow(ObjectChanged);
    await expect(attempt).rejects.toThrow(run.keys.published.predictions);
    expect(await published(run)).toBe('those of another execution');
  });
});
