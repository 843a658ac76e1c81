import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { handler as plan } from '../../functions/plan-refresh.ts';
import { readJson, writeJson } from '../../shared/aws/object-store.ts';
import { InvalidInput, VariableNotFound } from '../../shared/errors.ts';
import { executionLimit, USUAL_MARGIN } from '../../shared/execution/job-limits.ts';
import { stationKeys, trainedKey } from '../../shared/execution/keys.ts';
import { STARTED_BY } from '../../shared/inputs/parameters.ts';
import { parseRunInput } from '../../shared/inputs/train-station.ts';
import { changePeopleRecord } from '../../shared/model-bucket/people-record.ts';
import { withCleanFolders, withNewFolder } from '../../shared/predictions/people-record.ts';
import { type Refresh, refreshPlan } from '../../shared/refresh/state.ts';
import { call } from '../fixtures/run.ts';
import { createTestBuckets, createTestDatabase, insertRow, insertStation } from '../fixtures/station.ts';
import { startTestStepFunctions, type TestStepFunctions } from '../services/step-functions.ts';

const PREFIX = 'arn:aws:states:us-west-2:000000000000:execution:fpe-test';
const HOUR_MS = 3_600_000;
const NOW = Date.now();
const hoursAgo = (hours: number) => new Date(NOW - hours * HOUR_MS);

let database: pg.Client;
let buckets: { storage: string; model: string };
let stepFunctions: TestStepFunctions;
beforeAll(async () => {
  database = await createTestDatabase();
  stepFunctions = await startTestStepFunctions();
  process.env.MAX_RUN_HOURS = '12';
});
beforeEach(async () => {
  stepFunctions.executions = {};
  stepFunctions.running = [];
  buckets = await createTestBuckets();
  await database.query('DELETE FROM stations');
});
afterAll(async () => {
  await database.end();
  stepFunctions.stop();
});

const station = async (name: string) => (await insertStation(database, { name })).id;
const model = (station_id: number, trainedHoursAgo: number, row: object = {}) =>
  insertRow(database, 'models', {
    station_id,
    model_type_id: 'RANK',
    variable_id: 'FLOW_CFS',
    code: 'RANK-FLOW-A',
    uuid: 'a',
    default: true,
    status: 'DONE',
    created_at: hoursAgo(trainedHoursAgo),
    updated_at: hoursAgo(trainedHoursAgo),
    ...row,
  });
async function session(station_id: number, n: number, createdHoursAgo: number, row: object = {}) {
  const { rows } = await database.query('SELECT user_id FROM stations WHERE id = $1', [station_id]);
  await insertRow(database, 'annotations', {
    user_id: rows[0].user_id,
    station_id,
    n,
    status: 'DONE',
    url: 'https://x/a.json',
    created_at: hoursAgo(createdHoursAgo),
    ...row,
  });
}
async function photo(station_id: number, createdHoursAgo: number, row: object = {}, imageset: object = {}) {
  const at = { created_at: hoursAgo(createdHoursAgo), updated_at: hoursAgo(createdHoursAgo) };
  const imageset_id = await insertRow(database, 'imagesets', {
    station_id,
    status: 'DONE',
    ...at,
    ...imageset,
  });
  await insertRow(database, 'images', {
    imageset_id,
    status: 'DONE',
    timestamp: hoursAgo(500),
    ...at,
    ...row,
  });
}

const execution = (name: string) => ({
  arn: `${PREFIX}-refresh-stations:${name}`,
  name,
  started_at: '2026-11-24T08:00:00.123Z',
});
const planned = (input: object = {}, name = 'one') => call(plan, { input, execution: execution(name) });
const decisionsOf = async ({ bucket, plan_key }: Refresh) =>
  (await readJson({ bucket, key: plan_key }, refreshPlan)).decisions;
const reasonsOf = async (refresh: Refresh) =>
  (await decisionsOf(refresh)).map(
    ({ station_name, action, reason }) => `${station_name} ${action}: ${reason}`,
  );

describe('PlanRefresh', () => {
  test.each(['infinity', '-infinity', '20226-01-01T00:00:00Z'])(
    'does not promise work for ever because of rows of %s',
    async (impossible) => {
      const odd = await station('Odd');
      await model(odd, 48);
      await session(odd, 900, 1, { created_at: impossible });
      await photo(odd, 100, { updated_at: impossible }, { created_at: impossible });
      await photo(odd, 1, { timestamp: impossible });

      expect((await reasonsOf(await planned())).map((reason) => reason.split(':')[0])).toEqual([
        'Odd nothing',
      ]);
    },
  );

  test.each(['infinity', '-infinity', '20226-01-01T00:00:00Z'])(
    'trains and scores a station whose model is of %s, after which it has a model of today',
    async (impossible) => {
      const odd = await station('Odd');
      await model(odd, 48, { created_at: impossible });
      await session(odd, 900, 100);
      await photo(odd, 100);

      expect((await reasonsOf(await planned()))[0]).toContain('Odd train');
      expect((await reasonsOf(await planned({ mode: 'score' }, 'two')))[0]).toContain('Odd score');
    },
  );

  test('tells stations of different histories apart, and keeps every reason in S3', async () => {
    const fresh = await station('Fresh');
    await session(fresh, 600, 100);
    const settled = await station('Settled');
    await model(settled, 48);
    await session(settled, 700, 100);
    await photo(settled, 100);
    const photographed = await station('Photographed');
    await model(photographed, 48);
    await photo(photographed, 1);
    const annotated = await station('Annotated');
    await model(annotated, 48);
    await session(annotated, 300, 100);
    await session(annotated, 499, 2);
    await session(annotated, 1, 1);
    await photo(annotated, 1);
    await station('Empty');

    const refresh = await planned();

    const trainedOn = hoursAgo(48).toISOString().slice(0, 10);
    expect(await reasonsOf(refresh)).toEqual([
      'Fresh train: It has no model yet and 600 annotation pairs.',
      `Settled nothing: It has 0 new annotation pairs of 500 since the training of ${trainedOn}. It has no new photos since RANK-FLOW-A last scored on ${trainedOn}.`,
      `Photographed score: It has 1 new photo since RANK-FLOW-A last scored on ${trainedOn}.`,
      `Annotated train: It has 500 new annotation pairs since the training of ${trainedOn}.`,
      'Empty nothing: It has no annotation pairs for FLOW_CFS.',
    ]);
    expect(refresh).toMatchObject({
      status: 'refreshed',
      concurrency: 5,
      executions: PREFIX,
      train: { [STARTED_BY]: execution('one').arn },
      score: { [STARTED_BY]: execution('one').arn },
      tasks: [
        { station_id: fresh, action: 'train', own: { station_id: fresh } },
        { station_id: annotated, action: 'train', own: { station_id: annotated } },
        {
          station_id: photographed,
          action: 'score',
          own: { station_id: photographed, variable_code: 'FLOW_CFS' },
        },
      ],
    });
    expect(refresh.id).toMatch(/^20261124-080000-[0-9a-f]{8}$/);
  });

  test.each<[string, (id: number) => Promise<unknown>]>([
    ['flagged', (id) => session(id, 600, 1, { flag: true })],
    ['not finished', (id) => session(id, 600, 1, { status: 'IN_PROGRESS' })],
    ['of another variable', (id) => session(id, 600, 1, { variable: 'SNOW' })],
    ['without a file', (id) => session(id, 600, 1, { url: null })],
    ['without a count', (id) => session(id, 600, 1, { n: null })],
  ])('does not count pairs of a session that is %s', async (_, insert) => {
    await insert(await station('Mill Brook'));

    expect(await reasonsOf(await planned())).toEqual([
      'Mill Brook nothing: It has no annotation pairs for FLOW_CFS.',
    ]);
  });

  test.each<[string, boolean, object, object]>([
    ['came after the last scoring', true, {}, {}],
    ['was processed after it', true, { created_at: hoursAgo(90) }, {}],
    [
      'lies in an imageset that was finished after it',
      true,
      { created_at: hoursAgo(90), updated_at: hoursAgo(90) },
      {},
    ],
    ['is not processed', false, { status: 'FAILED' }, {}],
    ['has no time', false, { timestamp: null }, {}],
    ['lies in an imageset that is not finished', false, {}, { status: 'PROCESSING' }],
  ])('a photo that %s is new: %s', async (_, isNew, row, imageset) => {
    const id = await station('Mill Brook');
    await model(id, 48);
    await photo(id, 1, row, imageset);

    const [decision] = await decisionsOf(await planned());

    expect(decision?.action).toBe(isNew ? 'score' : 'nothing');
  });

  describe('a photo that shows people', () => {
    const FLAGGED = { pii_person: 0.9 };
    /** A station with one such photo, and with the folder of a model for it to be in. */
    async function stationWithPeople(row: object = {}): Promise<{ id: number; uuid: string }> {
      const id = await station('Mill Brook');
      const uuid = `uuid-of-${id}`;
      await model(id, 48, { uuid, ...row });
      await photo(id, 90, { ...FLAGGED, updated_at: hoursAgo(90) });
      return { id, uuid };
    }
    const photoIds = async (id: number): Promise<number[]> => {
      const { rows } = await database.query(
        'SELECT i.id FROM images i JOIN imagesets s ON s.id = i.imageset_id WHERE s.station_id = $1',
        [id],
      );
      return rows.map((each) => each.id);
    };
    const ownerOf = (id: number) => ({ buckets, keys: stationKeys(id) });
    const actionOf = async (input: object = {}) => (await decisionsOf(await planned(input)))[0];

    test('starts a scoring as long as a public folder may name it, whenever it came', async () => {
      const { id, uuid } = await stationWithPeople();
      expect((await actionOf())?.reason).toMatch(/^People or vehicles are in 1 photo /);

      const people = await photoIds(id);
      await changePeopleRecord(ownerOf(id), (record) => withCleanFolders(record, [uuid], people));

      expect((await actionOf())?.action).toBe('nothing');
    });

    test('starts one again for a model that has come since, or has been replaced', async () => {
      const { id, uuid } = await stationWithPeople();
      const people = await photoIds(id);
      await changePeopleRecord(ownerOf(id), (record) => withCleanFolders(record, [uuid], people));
      await model(id, 2, { uuid: 'newer', code: 'RANK-FLOW-B', default: false });
      expect((await actionOf())?.action).toBe('score');

      await changePeopleRecord(ownerOf(id), (record) => withNewFolder(record, 'newer', people, ['former']));

      expect((await actionOf())?.action).toBe('score');
    });

    test('goes from a station without a default model, and where only training is asked for', async () => {
      const { id } = await stationWithPeople({ default: false });

      const refresh = await planned({ mode: 'train' });

      expect(refresh.tasks).toEqual([
        {
          station_id: id,
          action: 'score',
          own: expect.objectContaining({ model_code: 'RANK-FLOW-A' }),
          timeout_seconds: expect.any(Number),
        },
      ]);
    });

    test('starts nothing at a station that has published nothing', async () => {
      await photo(await station('Mill Brook'), 1, FLAGGED);

      expect((await actionOf())?.action).toBe('nothing');
    });
  });

  test('scores with the default model, and counts pairs from the newest, which need not be the default', async () => {
    const id = await station('Mill Brook');
    await model(id, 200);
    await session(id, 600, 100);
    await model(id, 48, { code: 'RANK-FLOW-B', default: false });
    await photo(id, 100);

    const [decision] = await decisionsOf(await planned());

    expect(decision).toMatchObject({
      action: 'score',
      reason: expect.stringMatching(/^It has 1 new photo since RANK-FLOW-A /),
    });
  });

  test('counts pairs from a training whose model was rejected, though no row tells of it', async () => {
    const id = await station('Mill Brook');
    await model(id, 200);
    await session(id, 600, 100);
    const snapshot_at = new Date(Date.now() - 48 * 3_600_000).toISOString();
    const key = trainedKey(id, 'RANK', 'FLOW_CFS');
    await writeJson({ bucket: buckets.model, key }, { snapshot_at, execution_arn: 'arn:of-a-training' });

    expect(await decisionsOf(await planned())).toMatchObject([{ action: 'nothing' }]);
  });

  test('gives parameters of all stations and of one to its training, and says which stations are not there', async () => {
    const id = await station('Mill Brook');
    await session(id, 150, 1, { variable: 'STAGE' });

    const settings = {
      station_ids: [id, 999_999],
      mode: 'train',
      min_new_pairs: 50,
      train: { n_epochs: 5, transform_instance_count: 4 },
      stations: { [id]: { variable_code: 'STAGE_FT' } },
    };
    const refresh = await planned(settings);

    expect(refresh.train).toMatchObject({ n_epochs: 5, transform_instance_count: 4 });
    expect(refresh.score).toEqual({ transform_instance_count: 4, [STARTED_BY]: execution('one').arn });
    expect(refresh.tasks).toEqual([
      {
        station_id: id,
        action: 'train',
        own: { station_id: id, variable_code: 'STAGE_FT' },
        timeout_seconds: executionLimit(
          parseRunInput({ station_id: id, ...settings.train }),
          'train',
          USUAL_MARGIN,
        ),
      },
    ]);
    expect((await reasonsOf(refresh))[1]).toBe('null nothing: There is no station 999999 in the database.');
  });

  test('says of all stations which are not there that only its rules name', async () => {
    const id = await station('Mill Brook');

    const refresh = await planned({
      stations: { 999999: { min_new_pairs: 1 }, [id]: { min_new_pairs: 1 } },
      dry_run: true,
    });

    expect((await reasonsOf(refresh)).filter((reason) => reason.startsWith('null'))).toEqual([
      'null nothing: There is no station 999999 in the database.',
    ]);
  });

  test('plans no training that would end at once for want of pairs, by the parameters of each station', async () => {
    const ids = [
      await station('Few'),
      await station('Halved'),
      await station('Sampled'),
      await station('Enough'),
    ];
    for (const [index, id] of ids.entries()) await session(id, index === 0 ? 1 : 150, 1);
    const [, halved, sampled] = ids.map(String) as [string, string, string];

    const reasons = await reasonsOf(
      await planned({
        min_new_pairs: 0,
        stations: { [halved]: { train_frac: 0.5 }, [sampled]: { annotations_max_n: 100 } },
      }),
    );

    expect(reasons).toEqual([
      'Few nothing: It has no model yet and 1 annotation pair. A training needs 119.',
      'Halved nothing: It has no model yet and 150 annotation pairs. A training needs 184.',
      'Sampled nothing: It has no model yet and 150 annotation pairs. annotations_max_n takes 100 of its pairs, and a training needs 119.',
      'Enough train: It has no model yet and 150 annotation pairs.',
    ]);
  });

  test('only makes the plan where the input asks for no more', async () => {
    await session(await station('Mill Brook'), 600, 1);
    await planned({}, 'running');
    stepFunctions.executions[execution('running').arn] = { status: 'RUNNING' };

    const refresh = await planned({ dry_run: true }, 'dry');

    expect(refresh).toMatchObject({
      status: 'dry_run',
      tasks: [],
      note: expect.stringContaining('plan only, as was asked for'),
    });
    expect((await decisionsOf(refresh))[0]?.action).toBe('train');
  });

  test('leaves the work to a refresh that is running, and takes over from one that has ended', async () => {
    await session(await station('Mill Brook'), 600, 1);
    await planned({}, 'first');
    stepFunctions.executions[execution('first').arn] = { status: 'RUNNING' };

    const second = await planned({}, 'second');
    stepFunctions.executions[execution('first').arn] = { status: 'FAILED' };
    const third = await planned({}, 'third');

    expect(second).toMatchObject({
      status: 'already_running',
      note: expect.stringContaining(execution('first').arn),
      tasks: [],
    });
    expect(third.status).toBe('refreshed');
  });

  test('of two that start at once, one has the work', async () => {
    for (const name of ['a', 'b', 'c']) stepFunctions.executions[execution(name).arn] = { status: 'RUNNING' };

    const statuses = await Promise.all(['a', 'b', 'c'].map(async (name) => (await planned({}, name)).status));

    expect(statuses.sort()).toEqual(['already_running', 'already_running', 'refreshed']);
  });

  test('does nothing for a start of the schedule that is delivered a second time, and works for the next', async () => {
    const nightly = { schedule: 'nightly', scheduled_at: '2026-11-24T08:00:00Z' };
    await planned(nightly, 'first');

    const repeated = await planned(nightly, 'second');
    const next = await planned({ ...nightly, scheduled_at: '2026-11-25T08:00:00Z' }, 'third');

    expect([repeated.status, next.status]).toEqual(['already_started', 'refreshed']);
  });

  test('does not take two starts for one where the schedule told no instant', async () => {
    const untold = { schedule: 'nightly', scheduled_at: '<aws.scheduler.scheduled-time>' };
    await planned(untold, 'first');

    expect((await planned(untold, 'second')).status).toBe('refreshed');
  });

  test('makes the same plan for the same execution when it is tried again', async () => {
    await session(await station('Mill Brook'), 600, 1);
    stepFunctions.executions[execution('one').arn] = { status: 'RUNNING' };

    expect(await planned()).toEqual(await planned());
  });

  test.each([
    [{ mod: 'score' }, InvalidInput, /mod is not a name of the input, did you mean mode\?/],
    [{ train: { variable_code: 'TASTE' } }, VariableNotFound, /TASTE/],
  ] as const)('refuses %j', async (input, type, message) => {
    await station('Mill Brook');

    await expect(planned(input)).rejects.toThrow(type);
    await expect(planned(input)).rejects.toThrow(message);
  });

  test('refuses overrides that would not fit into the state of the machine', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, index) => station(`Station ${index}`)));
    for (const id of ids) await session(id, 600, 1);
    const own = { training_instance_type: `ml.${'a'.repeat(6000)}.xlarge` };

    const refused = planned({ stations: Object.fromEntries(ids.map((id) => [id, own])) });

    await expect(refused).rejects.toThrow(/too many parameters.*station_ids/);
  });
});
