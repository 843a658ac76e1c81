import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { deleteObject, writeObject } from '../../shared/aws/object-store.ts';
import { insertAnnotations, insertImageset, insertStation } from '../fixtures/station.ts';
import { STACK_TIMEOUT_MS, startTestStack, type TestStack } from './test-stack.ts';

/** Each of these ends the execution FAILED, with a name that stays, a message that helps, and the website untouched. */
let local: TestStack;
beforeAll(async () => {
  local = await startTestStack();
}, STACK_TIMEOUT_MS);
afterAll(() => local.stop());

let station: { id: number; user_id: string };
let imageset: Awaited<ReturnType<typeof insertImageset>>;
beforeEach(async () => {
  station = await insertStation(local.database);
  imageset = await insertImageset(local.database, station.id, [
    { timestamp: '2026-01-01T15:00:00Z', filename: 'Mill Brook (1).JPG' },
    { timestamp: '2026-01-01T16:00:00Z', filename: 'Mill Brook (2).JPG' },
  ]);
});

const pair = (rank: string) => {
  const [left, right] = imageset.image_ids as [number, number];
  return { left, right, rank };
};
const annotate = (pairs: Parameters<typeof insertAnnotations>[2]) =>
  insertAnnotations(local.database, station, pairs);
const withoutWeights = (input: object = {}) => ({ station_id: station.id, pretrained: false, ...input });

async function expectFailure(input: unknown, error: string, ...said: string[]): Promise<void> {
  const before = await local.websiteData();

  const execution = await local.run(input);

  const { errorType, errorMessage } = JSON.parse(execution.cause as string);
  expect({ status: execution.status, error: execution.error, errorType }).toEqual({
    status: 'FAILED',
    error,
    errorType: error,
  });
  for (const text of [...said, 'Found: ', 'Expected: ', 'To fix: ']) expect(errorMessage).toContain(text);
  expect(await local.websiteData()).toEqual(before);
}

describe('the execution fails for', () => {
  test('an unknown station', () =>
    expectFailure({ station_id: 2_000_000, pretrained: false }, 'StationNotFound', 'no row with id 2000000'));

  test('an unknown variable', () =>
    expectFailure(withoutWeights({ variable_code: 'FLOW_CMS' }), 'VariableNotFound', 'FLOW_CMS', 'FLOW_CFS'));

  test('a variable without a row in the database', async () => {
    await local.database.query("DELETE FROM variables WHERE id = 'ANIMAL_COUNT'");

    await expectFailure(withoutWeights({ variable_code: 'ANIMAL_COUNT' }), 'VariableNotFound', 'add the row');
  });

  test('an unknown model type', () =>
    expectFailure(
      withoutWeights({ model_type: 'CLASS' }),
      'InvalidInput',
      'model_type is "CLASS": expected one of RANK',
    ));

  test('a station without photos', async () => {
    await local.database.query('DELETE FROM images WHERE imageset_id = $1', [imageset.id]);

    await expectFailure(withoutWeights(), 'NoImages', '0 photos');
  });

  test('a station whose photos are all left out', async () => {
    await local.database.query('UPDATE images SET pii_person = 0.9 WHERE imageset_id = $1', [imageset.id]);

    await expectFailure(withoutWeights(), 'NoImages', '2 photos, left out', '2 with people or vehicles');
  });

  test('a station without annotations', () =>
    expectFailure(withoutWeights(), 'NoAnnotations', '0 finished, unflagged sessions', 'variable FLOW'));

  test('pairs that are all filtered away, by filter', async () => {
    await annotate([pair('UNKNOWN'), pair('LEFT')]);

    await expectFailure(
      withoutWeights({ min_hour: 20, max_hour: 22 }),
      'NotEnoughPairs',
      '0 of 2 pairs',
      'not_ranked 1, photo_filtered 1',
      'at least 119 pairs',
    );
  });

  test('photos that are missing in S3', async () => {
    await annotate([pair('LEFT')]);
    await deleteObject({ bucket: process.env.STORAGE_BUCKET as string, key: imageset.keys[1] as string });

    await expectFailure(withoutWeights(), 'PhotosMissing', '1 of 2 missing', imageset.keys[1] as string);
  });

  test.each([
    ['is not JSON', '[{"left": {"imageId": 1', 'text that is not JSON'],
    ['is the object of an unfinished session (Q-D9)', '{"allPairs": []}', 'a JSON object'],
    ['has a pair with one photo', '[{"left": {"imageId": 1}, "rank": "LEFT"}]', 'element 1'],
  ])('an annotation file that %s', async (_, body, said) => {
    const { key } = await annotate(body);

    await expectFailure(withoutWeights(), 'AnnotationFileInvalid', said, key);
  });

  test('an annotation file that is gone', async () => {
    const { key } = await annotate([pair('LEFT')]);
    await deleteObject({ bucket: process.env.STORAGE_BUCKET as string, key });

    await expectFailure(withoutWeights(), 'ObjectNotFound', key);
  });

  test('a time zone that does not exist', async () => {
    await local.database.query("UPDATE stations SET timezone = 'America/Colrain' WHERE id = $1", [
      station.id,
    ]);

    await expectFailure(withoutWeights(), 'InvalidTimezone', '"America/Colrain"', 'America/New_York');
  });

  test('an unknown name in the input, with the nearest one', () =>
    expectFailure(withoutWeights({ epochs: 5 }), 'InvalidInput', 'did you mean n_epochs?'));

  test('three bad values at once', () =>
    expectFailure(
      withoutWeights({ train_frac: 80, min_month: 0, learning_rate: 'NaN' }),
      'InvalidInput',
      '3 faults',
      'train_frac is 80',
      'min_month is 0',
      'learning_rate is "NaN"',
    ));

  test.each([
    ['no input', {}, 'station_id'],
    ['a list', [29], '[29]'],
    ['a station in quotes', { station_id: '29' }, '"29"'],
    [
      'an end before its start',
      { station_id: 1, images_start: '2026-02-01', images_end: '2026-01-01' },
      'images_end',
    ],
    ['a date that does not exist', { station_id: 1, images_start: '2026-02-30' }, '2026-02-30'],
    ['a code that is a path', { station_id: 1, model_code: '../other' }, '../other'],
    ['an odd batch size (Q-T11)', { station_id: 1, batch_size: 15 }, 'batch_size is 15'],
    ['an instance that is none', { station_id: 1, training_instance_type: 'g6' }, 'ml.g6.2xlarge'],
  ])('%s', (_, input, said) => expectFailure(input, 'InvalidInput', said));

  test('ImageNet weights that were never uploaded', () =>
    expectFailure({ station_id: station.id }, 'PretrainedWeightsMissing', 'weights/'));

  test('a code that is published already', async () => {
    await local.database.query(
      "INSERT INTO models (station_id, model_type_id, code, uuid) VALUES ($1, 'RANK', 'RANK-FLOW-OLD', 'x')",
      [station.id],
    );

    await expectFailure(withoutWeights({ model_code: 'RANK-FLOW-OLD' }), 'ModelCodeExists', 'overwrite');
  });

  test('a gage that USGS does not know', async () => {
    await annotate([pair('LEFT')]);
    await local.database.query("UPDATE stations SET nwis_id = '99' WHERE id = $1", [station.id]);

    await expectFailure(withoutWeights(), 'ObservationsRefused', 'USGS-99', 'nwis_id');
  });
});

test('input that is not JSON is refused before an execution begins', async () => {
  const { SFNClient, StartExecutionCommand } = await import('@aws-sdk/client-sfn');
  const start = new SFNClient({}).send(
    new StartExecutionCommand({
      stateMachineArn: local.stack.machines[0]?.arn as string,
      input: '{"station_id": NaN}',
    }),
  );

  await expect(start).rejects.toThrow(expect.objectContaining({ name: 'InvalidExecutionInput' }));
});

test('a finished code is refused, and named with the execution that finished it', async () => {
  const claim = {
    execution_arn: 'arn:aws:states:us-west-2:000000000000:execution:fpe-local-train-station:first',
    started_at: '2026-01-01T12:00:00Z',
    model_uuid: 'x',
    job_suffix: 'y',
    status: 'finished',
  };
  const key = `rank/${station.id}/models/RANK-FLOW-DONE/claim.json`;
  const location = { bucket: process.env.MODEL_BUCKET as string, key };
  await writeObject(location, JSON.stringify(claim), 'application/json');

  await expectFailure(
    withoutWeights({ model_code: 'RANK-FLOW-DONE' }),
    'ModelCodeExists',
    claim.execution_arn,
  );
});
