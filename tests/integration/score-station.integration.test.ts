import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { executionHistory } from '../../shared/aws/executions.ts';
import { findVersion, listObjects, readBytes, readText, writeObject } from '../../shared/aws/object-store.ts';
import { parseCsv } from '../../shared/formats/csv.ts';
import { predictedPhoto } from '../../shared/predictions/columns.ts';
import { unpackPage } from '../../shared/report/page/page-data.ts';
import { insertImageset, insertRow } from '../fixtures/station.ts';
import {
  drawPhoto,
  importGoldenStation,
  STACK_TIMEOUT_MS,
  startTestStack,
  type TestStack,
} from './test-stack.ts';
import { publishUpstreamModel, UPSTREAM_CODE, UPSTREAM_UUID, weightsOf } from './upstream-model.ts';

/** A station trained by train-station gets new photos, which score-station adds; each test goes on where the last ended. */
const CODE = 'RANK-FLOW-20260401';
const SCORE = 'score-station';
/** A transform job starts Python and PyTorch. */
const SCORING_MS = 120_000;

let local: TestStack;
let stationId: number;
let uuid: string;
let trained: string;
/** The imageset with new photos, and what its keys begin with. */
let imageset: Awaited<ReturnType<typeof insertImageset>>;

beforeAll(async () => {
  local = await startTestStack();
  stationId = await importGoldenStation(local);
  const input = {
    station_id: stationId,
    model_code: CODE,
    max_hour: 17,
    n_epochs: 1,
    unfreeze_after: 1,
    input_size: 40,
    batch_size: 32,
    pretrained: false,
  };
  const execution = await local.run(input);
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  uuid = JSON.parse(execution.output as string).model_uuid;
  trained = await readText(published('predictions.csv'));

  process.env.STORAGE_BUCKET = local.stack.env.STORAGE_BUCKET;
  const photos = [
    { timestamp: '2026-02-05T16:07:30Z', filename: 'between others.JPG' },
    { timestamp: '2026-04-02T15:00:00Z', filename: 'new (1).JPG' },
    { timestamp: '2026-04-02T16:00:00Z', filename: 'broken.JPG' },
    { timestamp: '2026-04-02T17:00:00Z', filename: 'people.JPG', pii_person: 0.9 },
    { timestamp: '2026-04-02T22:30:00Z', filename: 'after hours.JPG' },
    { timestamp: '2026-04-03T15:00:00Z', filename: 'not processed.JPG', status: 'QUEUED' },
    { timestamp: null, filename: 'without time.JPG' },
    { timestamp: '2026-04-03T16:00:00Z', filename: 'new (2).JPG' },
  ];
  imageset = await insertImageset(local.database, stationId, photos);
  for (const [index, key] of imageset.keys.entries())
    await writeObject(
      { bucket: storage(), key },
      photos[index]?.filename === 'broken.JPG' ? 'not a photo' : drawPhoto(9000 + index, 20 + index),
      'image/jpeg',
    );
  await insertImageset(
    local.database,
    stationId,
    [{ timestamp: '2026-04-04T15:00:00Z', filename: 'later.JPG' }],
    { status: 'PROCESSING' },
  );
}, STACK_TIMEOUT_MS);
afterAll(() => local.stop());

const storage = () => local.stack.env.STORAGE_BUCKET as string;
const published = (name: string) => ({ bucket: storage(), key: `models/${uuid}/${name}` });
const ofModel = (name: string) => ({
  bucket: local.stack.env.MODEL_BUCKET as string,
  key: `rank/${stationId}/models/${CODE}/${name}`,
});
const rowsOf = async (location: { bucket: string; key: string }) =>
  parseCsv(await readText(location), predictedPhoto, location.key);
const names = (rows: { filename: string }[]) => rows.map(({ filename }) => filename.split('/').at(-1));
const modelRow = async () =>
  (await local.database.query('SELECT * FROM models WHERE station_id = $1 ORDER BY id LIMIT 1', [stationId]))
    .rows[0];
async function score(input: object = {}) {
  const execution = await local.run({ station_id: stationId, ...input }, SCORE);
  if (execution.status !== 'SUCCEEDED') throw new Error(`${execution.error}: ${execution.cause}`);
  const events = await executionHistory(execution.executionArn as string);
  const states = events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
  return { output: JSON.parse(execution.output as string), states };
}
/** Every object with its version, so that nothing can change unseen. */
async function versions(): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {};
  for (const bucket of [storage(), local.stack.env.MODEL_BUCKET as string])
    for await (const { key } of listObjects(bucket, ''))
      found[`${bucket}/${key}`] = await findVersion({ bucket, key });
  return found;
}

describe('score-station', () => {
  test(
    'adds the new photos of the model’s hours, and no others',
    async () => {
      const before = await modelRow();

      const { output } = await score();

      const rows = await rowsOf(published('predictions.csv'));
      const trainedRows = trained.trimEnd().split('\n').length - 1;
      expect(output).toMatchObject({
        station_id: stationId,
        model_code: CODE,
        model_uuid: uuid,
        scored: 3,
        removed: 0,
        unreadable: 1,
        images: trainedRows + 3,
        predictions_url: before.predictions_url,
      });
      expect(rows).toHaveLength(trainedRows + 3);
      expect(names(rows.filter(({ filename }) => imageset.keys.includes(filename)))).toEqual([
        'between others.JPG',
        'new (1).JPG',
        'new (2).JPG',
      ]);
      const times = rows.map(({ timestamp }) => timestamp);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(rows.every(({ score }) => score !== null)).toBe(true);
      // The website shows it as the day of training.
      expect(await modelRow()).toEqual(before);
    },
    SCORING_MS,
  );

  test('publishes them as train-station publishes, and leaves the rows that were there as they were', async () => {
    const text = await readText(published('predictions.csv'));

    const kept = text.split('\n').filter((line) => !line.includes(imageset.uuid));
    expect(kept.join('\n')).toBe(trained);
    expect(text).toMatch(
      /\ntest-out,\d+,2026-04-02T11:00:00-04:00,imagesets\/[\w-]+\/images\/new \(1\).JPG,https:[^,]+,,-?[\d.e-]+\n/,
    );
    expect(text).toMatch(/\ntest-in,\d+,2026-02-05T11:07:30-05:00,[^,]*between others.JPG,/);
  });

  test('keeps the predictions of the training beside them', async () => {
    expect(await readText(published('predictions-train.csv'))).toBe(trained);
  });

  test('knows the unreadable photo in the model’s own predictions', async () => {
    const rows = await rowsOf(ofModel('transform/predictions.csv'));

    expect(rows.find(({ filename }) => filename.endsWith('broken.JPG'))).toMatchObject({ score: null });
    expect((await readText(ofModel('transform/predictions.csv'))).split('\n')[0]).toBe(
      'split,image_id,timestamp,filename,url,value,score',
    );
  });

  test('writes the predictions of the imageset in their own format', async () => {
    const text = await readText(ofModel(`transform/imagesets/${imageset.uuid}/predictions.csv`));

    const lines = text.trimEnd().split('\n');
    expect(lines[0]).toBe('image_id,timestamp,filename,url,score');
    expect(lines).toHaveLength(5);
    expect(lines[2]).toMatch(
      new RegExp(
        `^${imageset.image_ids[1]},2026-04-02 11:00:00-04:00,imagesets/[^,]+new \\(1\\).JPG,https:[^,]+,-?[\\d.e-]+$`,
      ),
    );
    expect(lines[3]).toMatch(/broken.JPG,$/);
  });

  test(
    'does nothing the second time, and writes nothing but up to when it looked',
    async () => {
      const before = await versions();
      const row = await modelRow();

      const { output, states } = await score();

      expect(output).toMatchObject({ scored: 0, removed: 0, unreadable: 0 });
      expect(states).toEqual([
        'PrepareScoring',
        'SelectPhotos',
        'NewPhotos?',
        'RecordPredictions',
        'AnythingToTell?',
        'NothingToDo',
      ]);
      const after = await versions();
      const changed = Object.keys(after).filter((key) => after[key] !== before[key]);
      expect(changed.map((key) => key.split('/').at(-1))).toEqual(['scored.json']);
      expect(Object.keys(after)).toEqual(Object.keys(before));
      expect(await modelRow()).toEqual(row);
    },
    SCORING_MS,
  );

  test(
    'takes a photo that shows people since out of every public list, without a job',
    async () => {
      const [first] = await rowsOf(published('predictions-train.csv'));
      await local.database.query('UPDATE images SET pii_on = true WHERE id = $1', [first?.image_id]);
      await local.database.query('DELETE FROM images WHERE id = $1', [imageset.image_ids[7]]);

      const { output, states } = await score({ model_code: CODE });

      expect(output).toMatchObject({ scored: 0, removed: 2 });
      expect(states).not.toContain('ScoreImages');
      for (const name of ['predictions.csv', 'predictions-train.csv', 'images.csv', 'annotations.csv'])
        expect(await readText(published(name))).not.toContain(first?.filename);
      expect(photosOf(await readText(published(`${CODE}.html`)))).not.toContain(first?.filename);
      expect(await readText(published('predictions.csv'))).not.toContain('new (2).JPG');
      expect((await score()).output).toMatchObject({ scored: 0, removed: 0, images: output.images });
    },
    SCORING_MS,
  );
});

describe('a model that upstream published', () => {
  const file = (name: string) => ({ bucket: storage(), key: `models/${UPSTREAM_UUID}/${name}` });

  test(
    'scores with our code and the very same weights, filters as the contract’s defaults, and sorts by instant',
    async () => {
      // In the order of the text, which is not that of the instants (Q-P3), without ids in one file and in UTC.
      const rows = (await rowsOf(published('predictions-train.csv'))).slice(0, 3);
      const [one, two, three] = rows.map(({ filename, timestamp }) => ({
        filename,
        at: new Date(timestamp).toISOString(),
      }));
      const text = `timestamp,filename,score\n${three?.at},${three?.filename},0.3\n${one?.at},${one?.filename},0.1\n${two?.at},${two?.filename},0.2\n`;
      const { weights } = await publishUpstreamModel(local, stationId, published('model.tar.gz'), text);

      const { output } = await score({ model_code: UPSTREAM_CODE });

      const extended = await rowsOf(file('predictions.csv'));
      const own = new Map(
        (await rowsOf(published('predictions.csv'))).map((row) => [row.image_id, row.score]),
      );
      const compared = extended.filter(({ image_id }) => image_id !== null && own.has(image_id));
      expect(output.images).toBe(extended.length);
      expect(extended.length).toBeGreaterThan(20);
      expect(new Set(extended.map(({ filename }) => filename)).size).toBe(extended.length);
      expect(extended.map(({ timestamp }) => timestamp)).toEqual(
        extended.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b),
      );
      expect(compared.length).toBeGreaterThan(20);
      for (const { image_id, score } of compared)
        expect(Math.abs((score as number) - (own.get(image_id) as number))).toBeLessThan(1e-5);
      expect(names(extended)).toContain('new (1).JPG');
      expect(names(extended)).toContain('after hours.JPG');
      expect(await readText(file('predictions-train.csv'))).toBe(text);
      // The copy with our code has the same weights.
      const copies: string[] = [];
      for await (const { key } of listObjects(
        ofModel('').bucket,
        `rank/passing/${stationId}/${UPSTREAM_CODE}/`,
      ))
        if (key.endsWith('model.tar.gz')) copies.push(key);
      expect(copies).toHaveLength(1);
      const copy = await readBytes({ bucket: ofModel('').bucket, key: copies[0] as string });
      expect(Buffer.from(await weightsOf(copy)).equals(weights)).toBe(true);
    },
    SCORING_MS,
  );

  test(
    'is the default of its station when it is the newest of several (Q-P5), and has nothing new then',
    async () => {
      const { output } = await score();

      expect(output).toMatchObject({ model_code: UPSTREAM_CODE, scored: 0, removed: 0 });
    },
    SCORING_MS,
  );
});

describe('score-station fails for', () => {
  async function expectFailure(input: unknown, error: string, ...said: string[]): Promise<void> {
    const before = await local.websiteData();

    const execution = await local.run(input, SCORE);

    expect({ status: execution.status, error: execution.error }).toEqual({ status: 'FAILED', error });
    const { errorMessage } = JSON.parse(execution.cause as string);
    for (const text of [...said, 'Found: ', 'Expected: ', 'To fix: ']) expect(errorMessage).toContain(text);
    expect(await local.websiteData()).toEqual(before);
  }

  test('an unknown station', () =>
    expectFailure({ station_id: 2_000_000 }, 'StationNotFound', 'no row with id 2000000'));

  test('an unknown model code, naming those that there are', () =>
    expectFailure({ station_id: stationId, model_code: 'RANK-FLOW-19990101' }, 'NoModel', CODE));

  test('a variable without a default model', () =>
    expectFailure({ station_id: stationId, variable_code: 'STAGE_FT' }, 'NoModel', 'STAGE_FT'));

  test('names and values that are wrong, all at once', () =>
    expectFailure(
      JSON.parse(readFileSync(join(import.meta.dirname, '../../events/score-station.invalid.json'), 'utf8')),
      'InvalidInput',
      '3 faults',
      'did you mean model_code or model_type?',
    ));

  test('two rows of one code (Q-P6)', async () => {
    const { id: _, ...row } = await modelRow();
    const repeated = await insertRow(local.database, 'models', { ...row, default: false });

    await expectFailure({ station_id: stationId, model_code: CODE }, 'ModelAmbiguous', String(repeated));

    await local.database.query('DELETE FROM models WHERE id = $1', [repeated]);
  });
});

test('score-station goes on with a model that is being trained anew', async () => {
  const claim = ofModel('claim.json');
  const text = await readText(claim);
  const other = { ...JSON.parse(text), model_uuid: 'other', status: 'running' };
  await writeObject(claim, JSON.stringify(other), 'application/json');

  const { output } = await score({ model_code: CODE });

  expect(output).toMatchObject({ model_uuid: uuid });
  await writeObject(claim, text, 'application/json');
});

const photosOf = (report: string): string[] => {
  const [, packed] = /id="data">([^<]*)</.exec(report) as RegExpExecArray;
  return unpackPage(new Uint8Array(gunzipSync(Buffer.from(packed as string, 'base64')))).photos.keys;
};
