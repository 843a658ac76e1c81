import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { scoringNotification } from '../../shared/notifications/execution-notifications.ts';
import {
  type Answer,
  batchesOf,
  DELETE,
  fail,
  failing,
  JOB_ANSWERS,
  type JobMachine,
  MODEL,
  NOTIFY,
  SCORE,
  startJobMachine,
} from '../fixtures/machines.ts';
import { PACKAGING_MS } from '../fixtures/packages.ts';
import type { TestSageMaker } from '../fixtures/sagemaker.ts';
import { testScoringRun } from '../fixtures/scoring-run.ts';

const BUCKETS = { storage: 'storage', model: 'model' };
const run = testScoringRun({ id: 29 }, BUCKETS);
const NEW_PHOTOS = 2_000;

const selected = (work: string, transform_photos: number, removed: number) => ({
  work,
  transform_photos,
  removed,
  to_withdraw: removed,
  vanished: 0,
  known: 100_000,
  corrected: 0,
  elsewhere: 0,
  outside: 0,
  left_out: { too_large: 1 },
  images: 100_000,
  predictions: { bucket: 'model', key: run.keys.version.predictions },
  snapshot_at: '2026-05-01T12:00:01.000Z',
  is_sorted: true,
  scoring_seconds: 9000,
});
const ANSWERS: Record<string, Answer> = {
  ...JOB_ANSWERS,
  prepareScoring: () => run,
  selectPhotos: () => selected('score', NEW_PHOTOS, 1),
  supplyCode: () => ({ artifact: 's3://model/rank/passing/model.tar.gz' }),
  planMerge: () => ({ images: NEW_PHOTOS, batches: batchesOf(2) }),
  mergePredictions: ({ batch }: { batch: { skip: number } }) => ({
    skip: batch.skip,
    n: 5000,
    size: 5000,
    scored: 5000,
    unreadable: 0,
    missing: 0,
  }),
  extendPredictions: () => ({
    images: 101_997,
    scored: NEW_PHOTOS - 2,
    unreadable: 2,
    faults: { truncated: 2 },
    remarks: '\nPhotos without a score: 2 truncated or broken.',
    imagesets: 1,
    published_etag: '"a"',
  }),
  withdrawPhotos: () => ({ photos: 1, files: 5 }),
  publishPredictions: () => ({ predictions_url: run.predictions_url }),
  recordPredictions: () => null,
};

let machine: JobMachine;
let sageMaker: TestSageMaker;
beforeAll(async () => {
  machine = await startJobMachine('score-station', ANSWERS);
  ({ sageMaker } = machine);
}, PACKAGING_MS);
afterAll(() => machine.stop());
beforeEach(() => machine.reset());

const outputOf = ({ output }: { output?: string | undefined }) => JSON.parse(output as string);

describe('score-station', () => {
  test('goes from PrepareScoring to NotifySuccess in the order of its states', async () => {
    const execution = await machine.run({ station_id: 29 });

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.works()).toEqual([
      'prepareScoring',
      'selectPhotos',
      'withdrawPhotos',
      'supplyCode',
      MODEL,
      SCORE,
      DELETE,
      'planMerge',
      'mergePredictions',
      'mergePredictions',
      'extendPredictions',
      'publishPredictions',
      'recordPredictions',
      NOTIFY,
    ]);
    expect(outputOf(execution)).toEqual({
      station_id: 29,
      station: { id: 29, name: 'Mill Brook', timezone: 'America/New_York', synthetic: false },
      model_code: run.model_code,
      model_uuid: run.model_uuid,
      scored: NEW_PHOTOS - 2,
      removed: 1,
      unreadable: 2,
      faults: { truncated: 2 },
      left_out: { too_large: 1 },
      corrected: 0,
      elsewhere: 0,
      outside: 0,
      images: 101_997,
      predictions_url: run.predictions_url,
    });
  });

  test('starts no job and tells nobody where there is nothing to do, but writes down up to when it looked', async () => {
    machine.answers.selectPhotos = () => selected('nothing', 0, 0);

    const execution = await machine.run({ station_id: 29 });

    expect(machine.works()).toEqual(['prepareScoring', 'selectPhotos', 'recordPredictions']);
    expect(outputOf(execution)).toEqual({
      station_id: 29,
      station: { id: 29, name: 'Mill Brook', timezone: 'America/New_York', synthetic: false },
      model_code: run.model_code,
      model_uuid: run.model_uuid,
      scored: 0,
      removed: 0,
      unreadable: 0,
      left_out: { too_large: 1 },
      images: 100_000,
      predictions_url: run.predictions_url,
    });
  });

  test.each([
    [0, []],
    [3, ['withdrawPhotos']],
  ])(
    'makes the predictions anew without a job where only times were corrected, %d to withdraw',
    async (n, first) => {
      machine.answers.selectPhotos = () => ({ ...selected('correct', 0, n), corrected: 40, outside: 2 });

      const execution = await machine.run({ station_id: 29 });

      expect(machine.works().slice(2)).toEqual([
        ...first,
        'extendPredictions',
        'publishPredictions',
        'recordPredictions',
        NOTIFY,
      ]);
      expect(machine.parametersOf('extendPredictions')[0]).toMatchObject({ merged: [] });
      expect(outputOf(execution)).toMatchObject({ corrected: 40, outside: 2 });
    },
  );

  test('starts no job where photos only have to go', async () => {
    machine.answers.selectPhotos = () => selected('remove', 0, 3);

    const execution = await machine.run({ station_id: 29 });

    expect(machine.works()).toEqual([
      'prepareScoring',
      'selectPhotos',
      'withdrawPhotos',
      'recordPredictions',
      NOTIFY,
    ]);
    expect(outputOf(execution)).toMatchObject({ scored: 0, removed: 3, images: 100_000 });
  });

  test('gives NotifySuccess all that it tells people', async () => {
    await machine.run({ station_id: 29 });

    const [state] = machine.parametersOf(NOTIFY) as { run: never; selection: never; extended: never }[];
    expect(
      scoringNotification(...([state?.run, state?.selection, state?.extended] as [never, never, never])),
    ).toEqual({
      subject: 'FPE: station 29 has new scores',
      message: `Station 29 (Mill Brook), model RANK-FLOW-20260401. New photos scored 1,998, unreadable 2, photos removed 1. Its 101,997 predictions are at ${run.predictions_url}\nPhotos without a score: 2 truncated or broken.`,
    });
  });

  test('stops a job that it does not see the end of, and a redrive goes on with a new one', async () => {
    const whole = ANSWERS[SCORE] as Answer;
    machine.answers[SCORE] = (({ TransformJobName }: { TransformJobName: string }) => {
      sageMaker.running.push(TransformJobName);
      return fail('States.Timeout')({} as never);
    }) as Answer;

    const late = await machine.run({ station_id: 29 });
    machine.answers[SCORE] = whole;
    const redriven = await machine.redrive(late.executionArn as string);

    expect(late).toMatchObject({ status: 'FAILED', error: 'ScoringTimedOut' });
    expect(sageMaker.stopped).toEqual([expect.stringMatching(/-score-0-0$/)]);
    expect(redriven.status).toBe('SUCCEEDED');
  });

  test('serves the archive that SupplyCode names, isolated from the network', async () => {
    machine.answers.supplyCode = () => ({
      artifact: 's3://model/rank/passing/model.tar.gz',
    });

    await machine.run({ station_id: 29 });

    expect(machine.parametersOf(MODEL)[0]).toMatchObject({
      EnableNetworkIsolation: true,
      ExecutionRoleArn: 'arn:aws:iam::000000000000:role/SageMakerRole',
      PrimaryContainer: { ModelDataUrl: 's3://model/rank/passing/model.tar.gz' },
    });
  });

  test('gives its jobs a new name for each attempt and each redrive', async () => {
    machine.answers[SCORE] = failing(1, 'SageMaker.ThrottlingException', fail('States.TaskFailed'));
    const failed = await machine.run({ station_id: 29 });
    machine.answers[SCORE] = ANSWERS[SCORE] as Answer;

    const execution = await machine.redrive(failed.executionArn as string);

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.parametersOf(SCORE).map(({ TransformJobName }) => TransformJobName)).toEqual([
      'fpe-rank-29-20260501-0a1b2c3d-score-0-0',
      'fpe-rank-29-20260501-0a1b2c3d-score-0-1',
      'fpe-rank-29-20260501-0a1b2c3d-score-1-0',
    ]);
  });

  test('publishes nothing of a job that was stopped', async () => {
    machine.answers[SCORE] = ({ TransformJobName }: { TransformJobName: string }) => ({
      TransformJobName,
      TransformJobStatus: 'Stopped',
    });

    const execution = await machine.run({ station_id: 29 });

    expect(execution).toMatchObject({ status: 'FAILED', error: 'ScoringStopped' });
    expect(machine.works()).not.toContain('extendPredictions');

    machine.answers[SCORE] = ANSWERS[SCORE] as Answer;
    const redriven = await machine.redrive(execution.executionArn as string);

    expect(redriven.status).toBe('SUCCEEDED');
    expect(machine.parametersOf(SCORE)).toHaveLength(2);
  });

  test('tries again what can pass, and ends at once with its own name what cannot', async () => {
    machine.answers.selectPhotos = failing(2, 'DatabaseUnavailable', ANSWERS.selectPhotos as Answer);
    machine.answers.publishPredictions = fail('ModelReplaced', 'uuid b');

    const execution = await machine.run({ station_id: 29 });

    expect(machine.parametersOf('selectPhotos')).toHaveLength(3);
    expect(machine.parametersOf('publishPredictions')).toHaveLength(1);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'ModelReplaced', cause: 'uuid b' });
  });

  test('withdraws photos before it scores, so that a failing job keeps none of them public', async () => {
    machine.answers[SCORE] = fail('SageMaker.ResourceNotFound');

    const execution = await machine.run({ station_id: 29 });

    expect(execution.status).toBe('FAILED');
    expect(machine.works()).toContain('withdrawPhotos');
  });

  test('extends once more when the public file was changed meanwhile', async () => {
    machine.answers.publishPredictions = failing(1, 'ObjectChanged', ANSWERS.publishPredictions as Answer);

    const execution = await machine.run({ station_id: 29 });

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.works().filter((work) => work === 'extendPredictions')).toHaveLength(2);
  });

  test('does not fail of anything that comes after the scores are public', async () => {
    machine.answers.recordPredictions = fail('States.Timeout');

    const execution = await machine.run({ station_id: 29 });

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.works()).toContain(NOTIFY);
  });

  test('keeps every state below 32 KiB for a first run over a million photos', async () => {
    machine.answers.selectPhotos = () => selected('score', 1_000_000, 5);
    machine.answers.planMerge = () => ({ images: 1_000_000, batches: batchesOf(100) });

    const { executionArn } = await machine.run({ station_id: 29 });

    const sizes = await machine.stateSizes(executionArn as string);
    expect(sizes.length).toBeGreaterThan(100);
    expect(Math.max(...sizes)).toBeLessThan(32 * 1024);
  });
});
