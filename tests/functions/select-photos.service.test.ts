import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as extendPredictions } from '../../functions/extend-predictions.ts';
import { handler as publishPredictions } from '../../functions/publish-predictions.ts';
import { handler as recordPredictions } from '../../functions/record-predictions.ts';
import { handler as selectPhotos } from '../../functions/select-photos.ts';
import { handler as withdrawPhotos } from '../../functions/withdraw-photos.ts';
import { findSize, readJson, writeCsv, writeJson, writeObject } from '../../shared/aws/object-store.ts';
import { noneOf, PHOTO_EXCLUSIONS } from '../../shared/dataset/reasons.ts';
import { PhotosMissing, TooManyRemovals } from '../../shared/errors.ts';
import { scoringLimit, USUAL_MARGIN } from '../../shared/execution/job-limits.ts';
import { imagesetPredictionsKey } from '../../shared/execution/keys.ts';
import type { ScoringRun } from '../../shared/execution/score-station-state.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import { recordWithdrawal } from '../../shared/model-bucket/withdrawal-record.ts';
import { PREDICTION_COLUMNS } from '../../shared/predictions/columns.ts';
import { withdrawal } from '../../shared/predictions/withdrawal.ts';
import { call } from '../fixtures/run.ts';
import {
  extend,
  insertScoredStation,
  prediction,
  published,
  readUnquoted,
  writePredictions,
} from '../fixtures/scored-station.ts';
import { startTestServices, type TestServices } from '../fixtures/services.ts';
import { inModelBucket, inPublic, insertImageset, type TestImageset } from '../fixtures/station.ts';

let services: TestServices;
let database: pg.Client;
let run: ScoringRun;
let imageset: TestImageset;
beforeAll(async () => {
  services = await startTestServices();
  ({ database } = services);
});
afterAll(() => services.stop());
beforeEach(async () => {
  ({ run, imageset } = await insertScoredStation(services));
});

describe('SelectPhotos', () => {
  test('writes a manifest and a list of the new photos, and names those that have to go', async () => {
    const selection = await call(selectPhotos, { run });

    expect(selection).toEqual({
      work: 'score',
      transform_photos: 2,
      removed: 1,
      to_withdraw: 1,
      vanished: 1,
      known: 2,
      corrected: 0,
      outside: 0,
      elsewhere: 0,
      left_out: noneOf(PHOTO_EXCLUSIONS),
      images: 1,
      snapshot_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      predictions: inModelBucket(run.keys.version.predictions),
      is_sorted: true,
      scoring_seconds: scoringLimit(run.parameters, 2, USUAL_MARGIN),
    });
    expect(JSON.parse(await readUnquoted(inModelBucket(run.keys.transform.manifest)))).toEqual([
      { prefix: `s3://${services.buckets.storage}/` },
      ...imageset.keys.slice(1),
    ]);
    expect(await readUnquoted(inModelBucket(run.keys.transform.images))).toMatch(
      /^split,image_id,timestamp,filename,url,value\ntest-out,\d+,2026-04-02T16:00:00Z,"imagesets/,
    );
  });

  test('claims nothing where nothing is new', async () => {
    await database.query('DELETE FROM images WHERE id = ANY($1)', [imageset.image_ids.slice(1)]);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [
        prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
      ]),
    );

    expect(await call(selectPhotos, { run })).toMatchObject({ work: 'nothing' });
    expect(await findSize(inModelBucket(run.keys.claim))).toBe(null);
  });

  test('refuses new photos that are missing in S3 before a job fails of them', async () => {
    const known = prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string);
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, [known]));
    await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-02T15:00:00Z', filename: 'lost.JPG', inStorage: false },
    ]);

    await expect(call(selectPhotos, { run })).rejects.toThrow(PhotosMissing);
  });

  test('leaves out and counts photos that cannot be scored', async () => {
    await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-03T15:00:00Z', filename: 'nameless.JPG', full_s3: null, full_url: null },
      { timestamp: '2026-04-03T16:00:00Z', filename: 'a.JPG' },
      { timestamp: '2026-04-03T17:00:00Z', filename: 'a.JPG' },
      { timestamp: 'infinity', filename: 'b.JPG' },
    ]);
    const huge = { bucket: services.buckets.storage, key: imageset.keys[1] as string };
    await writeObject(huge, Buffer.alloc(21 * 2 ** 20), 'image/jpeg');

    const selection = await call(selectPhotos, { run });

    expect(selection).toMatchObject({ work: 'score', transform_photos: 2 });
    expect(selection.left_out).toEqual({ ...noneOf(PHOTO_EXCLUSIONS), too_large: 1, unusable_key: 1 });
    const manifest = JSON.parse(await readUnquoted(inModelBucket(run.keys.transform.manifest)));
    expect(new Set(manifest).size).toBe(manifest.length);
    expect(manifest).not.toContain(huge.key);
  });
});

describe('A camera’s clock that was corrected after the publication', () => {
  /** Photos of 10:00 and 14:00 in New York, which were really taken twelve hours later; and one of another camera. */
  async function publishWrongTimes() {
    const set = await insertImageset(
      database,
      run.station.id,
      [14, 18].map((hour) => ({ timestamp: `2026-04-02T${hour}:00:00Z`, filename: `${hour}.JPG` })),
    );
    const rows = [
      prediction(set.image_ids[0], '2026-04-02T14:00:00Z', set.keys[0] as string),
      prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
      prediction(imageset.image_ids[1], '2026-04-02T16:00:00Z', imageset.keys[1] as string),
      prediction(imageset.image_ids[2], '2026-04-02T17:00:00Z', imageset.keys[2] as string),
      prediction(set.image_ids[1], '2026-04-02T18:00:00Z', set.keys[1] as string),
    ];
    await writePredictions(run, rows);
    const ofImageset = inModelBucket(imagesetPredictionsKey(run.keys.fixed.imagesets, set.uuid));
    await writeCsv(ofImageset, formatCsv(PREDICTION_COLUMNS, [rows[0], rows[4]] as typeof rows));
    return set;
  }
  const move = (imagesetId: number, by: string) =>
    database.query('UPDATE images SET timestamp = timestamp + $2::interval WHERE imageset_id = $1', [
      imagesetId,
      by,
    ]);
  async function score() {
    const selection = await call(selectPhotos, { run });
    const extended =
      selection.work === 'nothing' ? null : await call(extendPredictions, { run, selection, merged: [] });
    if (extended) await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    return { selection, extended };
  }
  const publishedTimes = async () =>
    new Map(
      (await published(run))
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => [line.split(',')[1] as string, line.split(',')[2] as string]),
    );

  test('gives photos the time of the database and a new place in the order of time, and keeps their scores', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '90 minutes');

    const { selection, extended } = await score();

    expect(selection).toMatchObject({
      work: 'correct',
      corrected: 2,
      outside: 0,
      transform_photos: 0,
      images: 5,
    });
    expect(extended).toMatchObject({ images: 5, scored: 0, imagesets: 1 });
    expect(extended?.remarks).toContain('2 photos stay, 0 are outside');
    const times = await publishedTimes();
    expect([...times.values()]).toEqual([...times.values()].sort());
    expect(times.get(String(set.image_ids[0]))).toBe('2026-04-02T11:30:00-04:00');
    const own = await readUnquoted(inModelBucket(run.keys.version.predictions));
    expect(own).toContain(`train,${set.image_ids[1]},2026-04-02T19:30:00Z,${set.keys[1]},,,0.5`);
    const ofImageset = imagesetPredictionsKey(run.keys.fixed.imagesets, set.uuid);
    expect(await readUnquoted(inModelBucket(ofImageset))).toContain('2026-04-02 15:30:00-04:00');
  });

  test('takes photos out that by their new time are not the model’s, from every file of predictions', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '12 hours');

    const { selection } = await score();

    expect(selection).toMatchObject({ work: 'correct', corrected: 0, outside: 2, images: 3 });
    expect([...(await publishedTimes()).keys()]).toEqual(imageset.image_ids.map(String));
    const ofImageset = imagesetPredictionsKey(run.keys.fixed.imagesets, set.uuid);
    expect((await readUnquoted(inModelBucket(ofImageset))).trimEnd().split('\n')).toHaveLength(1);
  });

  test.each(['NULL', "'infinity'", "'1970-01-01'", "timestamp + interval '12 hours'"])(
    'takes no more than a tenth of the photos out without allow_removals when their times become %s',
    async (time) => {
      await publishWrongTimes();
      const before = await published(run);
      run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
      await database.query(
        `UPDATE images SET timestamp = ${time} WHERE imageset_id IN (SELECT id FROM imagesets WHERE station_id = $1)`,
        [run.station.id],
      );

      const attempt = call(selectPhotos, { run });

      await expect(attempt).rejects.toThrow(TooManyRemovals);
      await expect(attempt).rejects.toThrow('by their times are no longer the model’s');
      expect(await published(run)).toBe(before);
    },
  );

  test('leaves nothing to do for the next execution, and scores photos that come back into the hours', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '12 hours');
    await score();

    expect((await score()).selection.work).toBe('nothing');
    await move(set.id, '-12 hours');
    expect(await call(selectPhotos, { run })).toMatchObject({ work: 'score', transform_photos: 2 });
  });

  test('keeps photos that are being processed again as they are', async () => {
    const set = await publishWrongTimes();
    await move(set.id, '12 hours');
    await database.query(`UPDATE imagesets SET status = 'PROCESSING' WHERE id = $1`, [set.id]);

    expect((await call(selectPhotos, { run })).work).toBe('nothing');
  });
});

describe('Scores that FPE’s own tools have made with the model', () => {
  const IMAGESET_COLUMNS = ['image_id', 'timestamp', 'filename', 'url', 'score'] as const;
  /** As FPE's container writes an imageset: station time, here with a fraction as pandas has it. */
  const rowOf = (photo: number, score: number | null) => ({
    image_id: imageset.image_ids[photo],
    timestamp: `2026-04-02 ${11 + photo}:00:00.250000-04:00`,
    filename: imageset.keys[photo],
    url: `https://x/${photo}.jpg`,
    score,
  });
  const ofImageset = () => inModelBucket(imagesetPredictionsKey(run.keys.fixed.imagesets, imageset.uuid));
  const places = {
    'in the file of the imageset': ofImageset,
    'in transform/predictions.csv': () => inModelBucket(run.keys.fixed.predictions),
    'in the published file': () => inPublic(run.keys.published.predictions),
  };
  async function score() {
    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });
    const extended = await call(extendPredictions, { run, selection, merged: [] });
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    return { selection, extended };
  }

  test.each(Object.entries(places))('are taken over, not made again, where they lie %s', async (_, place) => {
    const rows = [rowOf(0, 0.500_003), rowOf(1, -0.25), rowOf(2, 0.75)];
    await writeCsv(place(), formatCsv(IMAGESET_COLUMNS, rows));

    const { selection, extended } = await score();

    expect(selection).toMatchObject({ work: 'correct', transform_photos: 0, elsewhere: 2, images: 3 });
    expect(extended).toMatchObject({ images: 3, imagesets: 1 });
    expect(extended.remarks).toContain('the scores of 2 photos');
    const lines = (await published(run)).trimEnd().split('\n').slice(1);
    expect(lines.map((line) => [line.split(',')[1], line.split(',').at(-1)])).toEqual([
      [String(imageset.image_ids[0]), '0.5'],
      [String(imageset.image_ids[1]), '-0.25'],
      [String(imageset.image_ids[2]), '0.75'],
    ]);
    const own = await readUnquoted(inModelBucket(run.keys.version.predictions));
    expect(own).toContain(`test-out,${imageset.image_ids[1]},2026-04-02T16:00:00Z,`);
    expect(await readUnquoted(ofImageset())).toContain(`${imageset.image_ids[2]},2026-04-02 13:00:00-04:00,`);
    expect((await call(selectPhotos, { run })).work).toBe('nothing');
  });

  test('are taken over for photos that we could not read, which keep one row', async () => {
    const own = [0, 1, 2].map((n) =>
      prediction(
        imageset.image_ids[n],
        `2026-04-02T${15 + n}:00:00Z`,
        imageset.keys[n] as string,
        n === 1 ? null : 0.5,
      ),
    );
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, own));
    await writeCsv(
      ofImageset(),
      formatCsv(IMAGESET_COLUMNS, [rowOf(0, 0.5), rowOf(1, -0.25), rowOf(2, 0.5)]),
    );

    const { selection } = await score();

    expect(selection).toMatchObject({ work: 'correct', transform_photos: 0, elsewhere: 1, images: 3 });
    for (const location of [
      ofImageset(),
      inPublic(run.keys.published.predictions),
      inModelBucket(run.keys.version.predictions),
    ]) {
      const lines = (await readUnquoted(location)).trimEnd().split('\n').slice(1);
      expect(lines.map((line) => line.split(',').at(-1))).toEqual(['0.5', '-0.25', '0.5']);
    }
    expect((await call(selectPhotos, { run })).work).toBe('nothing');
  });

  test('stay public where new photos are scored beside them', async () => {
    const own = [0, 1].map((n) =>
      prediction(
        imageset.image_ids[n],
        `2026-04-02T${15 + n}:00:00Z`,
        imageset.keys[n] as string,
        n === 1 ? null : 0.5,
      ),
    );
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, own));
    const rows = [rowOf(0, 0.5), rowOf(1, -0.25), rowOf(2, 0.75)];
    await writeCsv(ofImageset(), formatCsv(IMAGESET_COLUMNS, rows));
    await writeCsv(inPublic(run.keys.published.predictions), formatCsv(IMAGESET_COLUMNS, rows));

    await score();

    expect(await published(run)).toContain(',-0.25\n');
    expect(await readUnquoted(ofImageset())).toContain(',-0.25\n');
  });

  test('are another model’s where they are further off than the scores of this one lie apart', async () => {
    const own = [0, 1].map((n) =>
      prediction(
        imageset.image_ids[n],
        `2026-04-02T${15 + n}:00:00Z`,
        imageset.keys[n] as string,
        0.01 * (n + 1),
      ),
    );
    await writeCsv(inModelBucket(run.keys.version.predictions), formatCsv(PREDICTION_COLUMNS, own));
    await writeCsv(
      ofImageset(),
      formatCsv(IMAGESET_COLUMNS, [rowOf(0, 0.05), rowOf(1, -0.04), rowOf(2, 0.02)]),
    );

    expect(await call(selectPhotos, { run })).toMatchObject({
      work: 'score',
      transform_photos: 1,
      elsewhere: 0,
    });
  });

  test('have the split of a new photo where the file says none that there is', async () => {
    const rows = [rowOf(0, 0.5), rowOf(1, -0.25), rowOf(2, 0.75)];
    const splits = ['train', 'test', 'val'];
    const lines = rows.map((row, n) => ({ split: splits[n], ...row }));
    await writeCsv(ofImageset(), formatCsv(['split', ...IMAGESET_COLUMNS], lines));

    await score();

    const own = (await readUnquoted(inModelBucket(run.keys.version.predictions))).trimEnd().split('\n');
    expect(own.slice(2).map((line) => line.split(',')[0])).toEqual(['test-out', 'val']);
  });

  test('are not taken over for photos without a score, with people, or outside the hours of the model', async () => {
    const night = await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-02T06:00:00Z', filename: 'night.JPG' },
    ]);
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [imageset.image_ids[1]]);
    const [image_id, filename] = [night.image_ids[0], night.keys[0]];
    const rows = [rowOf(1, 1), rowOf(2, null), { ...rowOf(0, 1), image_id, filename }];
    await writeCsv(ofImageset(), formatCsv(IMAGESET_COLUMNS, rows));

    const selection = await call(selectPhotos, { run });

    expect(selection).toMatchObject({ work: 'score', transform_photos: 1, elsewhere: 0 });
  });

  test('stay public while their photos are processed again, and become public only when people were looked for', async () => {
    const photo = [{ timestamp: '2026-04-02T18:00:00Z', filename: 'a.JPG' }];
    const again = await insertImageset(database, run.station.id, photo, { status: 'PROCESSING' });
    const fresh = await insertImageset(database, run.station.id, photo, { status: 'PROCESSING' });
    const [shown, hidden] = [again, fresh].map(({ image_ids, keys }) => ({
      ...rowOf(0, 0.75),
      image_id: image_ids[0],
      filename: keys[0],
    })) as [ReturnType<typeof rowOf>, ReturnType<typeof rowOf>];
    await writeCsv(inPublic(run.keys.published.predictions), formatCsv(IMAGESET_COLUMNS, [shown]));
    const ofFresh = inModelBucket(imagesetPredictionsKey(run.keys.fixed.imagesets, fresh.uuid));
    await writeCsv(ofFresh, formatCsv(IMAGESET_COLUMNS, [hidden]));

    const { selection, extended } = await extend({ run, imageset });
    await call(publishPredictions, { run, extended });

    expect(selection).toMatchObject({ work: 'score', transform_photos: 2, elsewhere: 1 });
    expect(await published(run)).toContain(shown.filename);
    expect(await published(run)).not.toContain(hidden.filename);
  });

  test.each([
    ['are another model’s', () => formatCsv(IMAGESET_COLUMNS, [rowOf(0, 3), rowOf(1, 1), rowOf(2, 1)])],
    ['cannot be read', () => 'image_id,timestamp\n1,2,3\n'],
  ])('are made again where those in the file %s, and replaced there', async (_, content) => {
    await writeCsv(ofImageset(), content());

    const { selection, extended } = await extend({ run, imageset });
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });

    expect(selection).toMatchObject({ work: 'score', transform_photos: 2, elsewhere: 0 });
    const lines = (await readUnquoted(ofImageset())).trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.split(',').at(-1))).toEqual(['0.5', '-0.25', '']);
  });

  test('are not looked for at fixed places that are another model’s by now', async () => {
    const ofOther = { model_uuid: 'another', model_code: run.model_code, dataset_code: 'd', run_id: 'r' };
    const times = { execution_arn: 'e', started_at: 's', snapshot_at: 't' };
    const manifest = { ...ofOther, ...times, outcome: 'published', images: 1, files: [] };
    await writeJson(inModelBucket(run.keys.manifest), manifest);
    await writeCsv(ofImageset(), formatCsv(IMAGESET_COLUMNS, [rowOf(1, -0.25), rowOf(2, 0.75)]));

    expect(await call(selectPhotos, { run })).toMatchObject({ work: 'score', transform_photos: 2 });
  });
});

describe('The list of photos to withdraw', () => {
  test('takes a photo off the list that had vanished and is back', async () => {
    const back = { image_ids: [imageset.image_ids[0] as number], filenames: [imageset.keys[0] as string] };
    await recordWithdrawal(run, back);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [
        prediction(imageset.image_ids[0], '2026-04-02T15:00:00Z', imageset.keys[0] as string),
      ]),
    );

    const selection = await call(selectPhotos, { run });

    expect(selection).toMatchObject({ work: 'score', to_withdraw: 0, removed: 0 });
    expect(await findSize(inModelBucket(run.keys.withdrawal))).toBe(null);
  });

  test('keeps a photo on the list that is back and shows people', async () => {
    const [first, second] = imageset.image_ids as [number, number];
    await recordWithdrawal(run, { image_ids: [first, second], filenames: [] });
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [second]);

    const selection = await call(selectPhotos, { run });

    const list = await readJson(inModelBucket(run.keys.withdrawal), withdrawal);
    expect(list.image_ids).toEqual([second, 900_001]);
    expect(selection.to_withdraw).toBe(2);
  });

  test('refuses that more than a tenth of the photos vanish, unless it is allowed', async () => {
    run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
    const before = await published(run);

    const attempt = call(selectPhotos, { run });

    await expect(attempt).rejects.toThrow(TooManyRemovals);
    await expect(attempt).rejects.toThrow('1 of 2 scored photos are no longer in the database');
    expect(await published(run)).toBe(before);
  });
});
