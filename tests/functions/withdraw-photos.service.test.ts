import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as publishPredictions } from '../../functions/publish-predictions.ts';
import { handler as recordPredictions } from '../../functions/record-predictions.ts';
import { handler as selectPhotos } from '../../functions/select-photos.ts';
import { handler as withdrawPhotos } from '../../functions/withdraw-photos.ts';
import { findSize, listObjects, writeCsv, writeJson, writeObject } from '../../shared/aws/object-store.ts';
import { PhotosMissing, TooManyRemovals } from '../../shared/errors.ts';
import { versionKeys } from '../../shared/execution/keys.ts';
import type { ScoringRun } from '../../shared/execution/score-station-state.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import type { Database } from '../../shared/fpe-database/connection.ts';
import { stationPeople } from '../../shared/fpe-database/station-histories.ts';
import { formerImagesets, readPeopleRecords } from '../../shared/model-bucket/people-left.ts';
import { changePeopleRecord } from '../../shared/model-bucket/people-record.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { PREDICTION_COLUMNS } from '../../shared/predictions/columns.ts';
import { withImagesets } from '../../shared/predictions/people-record.ts';
import { NO_PHOTOS } from '../../shared/report/data/noted-photos.ts';
import { type PageData, packPage, unpackPage } from '../../shared/report/page/page-data.ts';
import { call } from '../fixtures/run.ts';
import {
  extend,
  insertScoredStation,
  otherExecution,
  prediction,
  published,
  readUnquoted,
  writePredictions,
} from '../fixtures/scored-station.ts';
import { startTestServices, type TestServices } from '../fixtures/services.ts';
import {
  inModelBucket,
  inPublic,
  insertImageset,
  insertRow,
  insertStation,
  type TestImageset,
} from '../fixtures/station.ts';
import { PAGE, publicHeaders, TABLE } from '../support/public-headers.ts';

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

const reportNaming = (imageId: number, key: string): string => {
  const photos = {
    timestamps: Float64Array.of(0, 1000),
    values: Float64Array.of(1, 2),
    scores: Float64Array.of(1, 2),
    splits: ['train' as const, 'val' as const],
    imageIds: Uint32Array.of(imageId, 5),
    keys: [key, 'stays.jpg'],
  };
  const pairs = {
    left: Uint32Array.of(0, 1),
    right: Uint32Array.of(1, 1),
    choices: Int8Array.of(1, 0),
    splits: Uint8Array.of(0, 1),
    annotators: Uint16Array.of(1, 1),
  };
  const page = {
    kind: 'report',
    station: { id: 29, name: 'West Brook' },
    code: 'RANK-FLOW-20260401',
    timezone: 'UTC',
    seed: 1,
    resamples: 1,
    photoBase: '',
    epochs: [],
    previous: null,
  };
  const data = {
    ...page,
    variable: {},
    observed: null,
    photos,
    pairs,
    noted: NO_PHOTOS,
  } as unknown as PageData;
  const packed = gzipSync(packPage(data)).toString('base64');
  return `<html><script type="application/octet-stream" id="data">${packed}</script></html>`;
};
const photosOfReport = (html: string): string => {
  const [, packed] = /id="data">([^<]*)</.exec(html) as RegExpExecArray;
  const { photos, pairs } = unpackPage(new Uint8Array(gunzipSync(Buffer.from(packed as string, 'base64'))));
  return JSON.stringify([photos.keys, [...photos.imageIds], [...pairs.left], [...pairs.right]]);
};

describe('WithdrawPhotos', () => {
  const FOLDERS = ['mine', 'another model of the station', 'one that was replaced'] as const;
  /** Names the first photo in every public file of three models of the station. */
  async function publishEverywhere(): Promise<string[]> {
    const id = run.station.id;
    const [first] = imageset.image_ids;
    const [key] = imageset.keys as [string];
    const uuids = [run.model_uuid, `other-${id}`, `replaced-${id}`];
    await insertRow(database, 'models', {
      station_id: id,
      model_type_id: 'RANK',
      code: 'OTHER',
      uuid: uuids[1],
    });
    await writeJson(inModelBucket(versionKeys(RANK, id, run.model_code, uuids[2] as string).replaced), {});
    for (const uuid of uuids) {
      const file = (name: string) => inPublic(`models/${uuid}/${name}`);
      await writeCsv(
        file('predictions.csv'),
        formatCsv(PREDICTION_COLUMNS, [
          prediction(first, '2026-04-02T15:00:00Z', key),
          prediction(5, '2026-04-02T16:00:00Z', 'stays.jpg'),
        ]),
      );
      await writeCsv(file('images.csv'), `split,image_id,filename\ntrain,${first},NA\ntrain,5,stays.jpg\n`);
      await writeCsv(
        file('annotations.csv'),
        formatCsv(
          ['pair_id', 'left.imageId', 'right.imageId', 'right.filename'],
          [
            {
              pair_id: 1,
              'left.imageId': first as number,
              'right.imageId': 5,
              'right.filename': 'stays.jpg',
            },
            { pair_id: 2, 'left.imageId': 5, 'right.imageId': null, 'right.filename': key },
            { pair_id: 3, 'left.imageId': 5, 'right.imageId': 6, 'right.filename': 'stays.jpg' },
          ],
        ),
      );
      await writeObject(file('report.html'), reportNaming(first as number, key), 'text/html');
    }
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [
        prediction(first, '2026-04-02T15:00:00Z', key),
        prediction(imageset.image_ids[1], '2026-04-02T16:00:00Z', imageset.keys[1] as string),
      ]),
    );
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [first]);
    return uuids;
  }

  test('takes a photo that shows people out of every public file of the station’s models', async () => {
    const uuids = await publishEverywhere();
    run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
    const selection = await call(selectPhotos, { run });

    const done = await call(withdrawPhotos, { run, selection });

    expect(selection).toMatchObject({ work: 'score', removed: 1 });
    expect(done).toEqual({ photos: 1, files: 4 * FOLDERS.length });
    for (const uuid of uuids)
      expect(await publicHeaders(services.buckets.storage, `models/${uuid}/`)).toMatchObject({
        'predictions.csv': TABLE,
        'images.csv': TABLE,
        'annotations.csv': TABLE,
        'report.html': PAGE,
      });
    for (const uuid of uuids)
      for await (const { key } of listObjects(services.buckets.storage, `models/${uuid}/`)) {
        const text = await readUnquoted(inPublic(key));
        const shown = key.endsWith('.html') ? photosOfReport(text) : text;
        expect([key, shown]).not.toContainEqual(expect.stringContaining(imageset.keys[0] as string));
        expect([key, shown]).not.toContainEqual(expect.stringContaining(`,${imageset.image_ids[0]},`));
        expect(shown).toContain(key.endsWith('images.csv') ? 'train,5,stays.jpg' : 'stays.jpg');
      }
    expect(await findSize(inModelBucket(run.keys.withdrawal))).toBe(null);
  });

  test('goes on in the next execution where one ended half way', async () => {
    await publishEverywhere();
    await call(selectPhotos, { run });
    // What a state that ended half way leaves: the predictions lack the photo, other files name it still.
    await writePredictions(run, [
      prediction(imageset.image_ids[1], '2026-04-02T16:00:00Z', imageset.keys[1] as string),
    ]);
    services.executions.ended.add(run.execution_arn);
    const next = { ...otherExecution(run), id: 'next' };

    const selection = await call(selectPhotos, { run: next });
    await call(withdrawPhotos, { run: next, selection });

    expect(selection).toMatchObject({ to_withdraw: 1 });
    expect(await readUnquoted(inPublic(`models/${run.model_uuid}/annotations.csv`))).not.toContain(
      imageset.keys[0],
    );
  });

  test('takes a photo out again that was found to show nobody, was scored once more, and shows people all the same', async () => {
    const id = imageset.image_ids[1] as number;
    const flag = (on: boolean) => database.query('UPDATE images SET pii_on = $2 WHERE id = $1', [id, on]);
    const score = async (name: string) => {
      const of = { ...run, id: name };
      const selection = await call(selectPhotos, { run: of });
      if (selection.to_withdraw > 0) await call(withdrawPhotos, { run: of, selection });
      return { of, selection };
    };
    await flag(true);
    await score('one');
    await flag(false);
    const { selection, extended } = await extend({ run, imageset });
    await call(publishPredictions, { run, extended });
    await call(recordPredictions, { run, selection });
    expect(await published(run)).toContain(imageset.keys[1]);
    await flag(true);

    const again = await score('two');

    expect(again.selection.to_withdraw).toBe(1);
    expect(await published(run)).not.toContain(imageset.keys[1]);
    expect((await score('three')).selection.to_withdraw).toBe(0);
  });

  test('withdraws photos that show people however many they are, and refuses the vanished ones after that', async () => {
    run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
    await database.query('UPDATE images SET pii_on = true WHERE imageset_id = $1', [imageset.id]);
    const selection = await call(selectPhotos, { run });

    const attempt = call(withdrawPhotos, { run, selection });

    await expect(attempt).rejects.toThrow(TooManyRemovals);
    await expect(attempt).rejects.toThrow('1 of 2 scored photos are no longer in the database');
    const text = await published(run);
    expect(text).not.toContain(imageset.uuid);
    expect(text).toContain('imagesets/gone/images/a.jpg');
  });

  test.each(['with ids', 'without ids'])(
    'withdraws a photo that shows people when its imageset is another station’s by now, however many vanish with it, from a file %s',
    async (form) => {
      run = { ...run, parameters: { ...run.parameters, allow_removals: false } };
      const other = await insertStation(database);
      await database.query('UPDATE imagesets SET station_id = $2 WHERE id = $1', [imageset.id, other.id]);
      await database.query('UPDATE images SET pii_on = true WHERE id = $1', [imageset.image_ids[0]]);
      const [shown, gone] = imageset.keys as [string, string];
      const rows = [shown, gone].map((key, at) =>
        prediction(
          form === 'with ids' ? imageset.image_ids[at] : undefined,
          `2026-04-02T1${at + 5}:00:00Z`,
          key,
        ),
      );
      await writePredictions(run, rows);
      const selection = await call(selectPhotos, { run });

      const attempt = call(withdrawPhotos, { run, selection });

      await expect(attempt).rejects.toThrow(TooManyRemovals);
      expect(await published(run)).not.toContain(shown);
      expect(await published(run)).toContain(gone);
    },
  );

  test('withdraws a photo that moved to another station and shows people since, where no predictions name it', async () => {
    const uuids = await publishEverywhere();
    await database.query('UPDATE images SET pii_on = false WHERE id = $1', [imageset.image_ids[0]]);
    await changePeopleRecord(run, (record) => withImagesets(record, [imageset.uuid]));
    const [shown] = imageset.image_ids as [number];
    await writePredictions(run, [prediction(900_777, '2026-04-02T16:00:00Z', 'a.jpg')]);
    const other = await insertStation(database);
    await database.query('UPDATE imagesets SET station_id = $2 WHERE id = $1', [imageset.id, other.id]);
    await database.query('UPDATE images SET pii_on = true WHERE id = $1', [shown]);

    const [plan] = await stationPeople(
      database as unknown as Database,
      [run.station.id],
      formerImagesets(await readPeopleRecords([run.station.id])),
    );
    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });

    expect(plan?.people).toEqual([shown]);
    for (const uuid of uuids) {
      const text = await readUnquoted(inPublic(`models/${uuid}/annotations.csv`));
      expect(text).not.toContain(imageset.keys[0]);
      expect(await readUnquoted(inPublic(`models/${uuid}/images.csv`))).toContain('train,5,stays.jpg');
    }
  });

  test('finds photos that show people also where the predictions do not name them', async () => {
    await publishEverywhere();
    const other = inPublic(`models/other-${run.station.id}/annotations.csv`);
    const [stays] = imageset.image_ids.slice(1);
    await writeCsv(
      inModelBucket(run.keys.version.predictions),
      formatCsv(PREDICTION_COLUMNS, [prediction(stays, '2026-04-02T16:00:00Z', imageset.keys[1] as string)]),
    );

    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });

    expect(selection).toMatchObject({ removed: 0, to_withdraw: 1 });
    expect(await readUnquoted(other)).not.toContain(imageset.keys[0]);
    expect(await call(selectPhotos, { run })).toMatchObject({ to_withdraw: 0 });
  });

  test('comes before a new photo that is missing in S3 is complained of', async () => {
    await publishEverywhere();
    await insertImageset(database, run.station.id, [
      { timestamp: '2026-04-02T15:00:00Z', filename: 'lost.JPG', inStorage: false },
    ]);

    const selection = await call(selectPhotos, { run });
    await call(withdrawPhotos, { run, selection });

    expect(selection).toMatchObject({ work: 'remove', to_withdraw: 1, transform_photos: 0 });
    expect(await readUnquoted(inPublic(`models/${run.model_uuid}/annotations.csv`))).not.toContain(
      imageset.keys[0],
    );
    await expect(call(selectPhotos, { run })).rejects.toThrow(PhotosMissing);
  });
});
