import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  noneOf,
  PAIR_EXCLUSIONS,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  VALUE_EXCLUSIONS,
} from '../../shared/dataset/reasons.ts';
import {
  modelRequest,
  trainingRequest,
  transformRequest,
} from '../../shared/execution/sagemaker-requests.ts';
import type { Run } from '../../shared/execution/train-station-state.ts';
import { IMAGE_FILTERS } from '../../shared/filters/image-filters.ts';
import { PAIR_FILTERS } from '../../shared/filters/pair-filters.ts';
import { RANK } from '../../shared/model-types/rank.ts';
import { trainingNotification } from '../../shared/notifications/execution-notifications.ts';
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
  TRAIN,
} from '../fixtures/machines.ts';
import { PACKAGING_MS } from '../fixtures/packages.ts';
import { promotionTo } from '../fixtures/promotion.ts';
import { testRun } from '../fixtures/run.ts';
import type { TestSageMaker } from '../fixtures/sagemaker.ts';

let machine: JobMachine;
let sageMaker: TestSageMaker;
beforeAll(async () => {
  machine = await startJobMachine('train-station', ANSWERS);
  ({ sageMaker } = machine);
}, PACKAGING_MS);
afterAll(() => machine.stop());
beforeEach(() => machine.reset());

function prepared(parameters: Record<string, unknown> = {}, more: Partial<Run> = {}): Run {
  const run = testRun({ id: 29 }, { storage: 'storage', model: 'model' }, parameters);
  const settings = { buckets: run.buckets, keys: run.keys, parameters: run.parameters };
  return {
    ...run,
    training_request: trainingRequest(settings, 'training-image', 'weights/resnet18.pth'),
    model_request: modelRequest('serving-image', RANK),
    transform_request: transformRequest(settings),
    limits: { training_hours: 24, training_seconds: 93_600, scoring_seconds: 9000 },
    ...more,
  };
}

const MILLION = 1_000_000;
const planOf = (batches: number) => ({ images: MILLION, batches: batchesOf(batches) });
const taus = { train: 0.9, val: 0.8, 'test-in': 0.7, 'test-out': null, 'test-all': 0.7, overall: 0.75 };
const ANSWERS: Record<string, Answer> = {
  ...JOB_ANSWERS,
  prepareRun: () => prepared(),
  exportStation: () => ({
    images_found: MILLION,
    images_excluded: { ...noneOf(PHOTO_EXCLUSIONS), pii: 1 },
    images: MILLION - 1,
    images_start: '2018-01-01T12:00:00Z',
    images_end: '2026-01-01T12:00:00Z',
    annotation_sessions: 2000,
    annotation_pairs: 200_000,
    pairs_excluded: noneOf(PAIR_EXCLUSIONS),
    fpe_values: 0,
    values_excluded: noneOf(VALUE_EXCLUSIONS),
    snapshot_at: '2026-04-01T12:00:20.000Z',
  }),
  fetchObservations: () => ({ count: 5, time_series_id: 'a', note: null }),
  buildDataset: () => ({
    images: MILLION,
    images_with_value: 1,
    values: 5,
    value_source: 'NWIS',
    pairs: 200_000,
  }),
  splitPairs: () => ({
    images: MILLION,
    images_filtered: noneOf(IMAGE_FILTERS),
    image_splits: { train: 1, val: 1, 'test-in': 1, 'test-out': 1 },
    pairs: 200_000,
    pairs_filtered: noneOf(PAIR_FILTERS),
    pair_splits: { train: 160_000, val: 40_000 },
    method: 'graph',
    leaked_images: 0,
  }),
  writeManifests: () => ({ training_photos: 1000, transform_photos: MILLION }),
  planMerge: () => planOf(3),
  mergePredictions: ({ batch }: { batch: { skip: number } }) => ({
    skip: batch.skip,
    n: 5000,
    size: 5000,
    scored: 5000,
    unreadable: 0,
    faults: {},
    missing: 0,
  }),
  combinePredictions: () => ({
    images: MILLION,
    scored: MILLION - 2,
    unreadable: 2,
    faults: { ...noneOf(PHOTO_FAULTS), truncated: 2 },
    missing: 0,
  }),
  decidePromotion: () => promotionTo(true),
  buildReport: () => ({
    note: 'Kendall tau is 0.75.',
    remarks: '\nPhotos without a score: 2 truncated or broken.',
    warnings: ['Warning: hours wrap.'],
    data_findings: { clock: 2, duplicates: 1, gaps: 0, values: 0, darkness: 0, annotators: 0 },
    learnt: { train: 159_000, val: 39_000, photos_unreadable: 12 },
    kendall_tau: taus,
    kendall_tau_daily: taus,
  }),
  publishModel: () => ({
    outcome: 'published',
    model_id: 7,
    diagnostics_url: 'https://x/report.html',
    predictions_url: 'https://x/predictions.csv',
    images: MILLION - 2,
    note: 'Its report is at https://x/report.html.',
  }),
};

const run = (input: object = { station_id: 29 }) => machine.run(input);
const trainingTold = (
  state: Parameters<typeof trainingNotification>[1] & { run: Run; published: { note: string } },
) => trainingNotification(state.run, state, state.published.note);

describe('the machine', () => {
  test('goes from PrepareRun to NotifySuccess in the order of its states', async () => {
    const execution = await run();

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.works().filter((work) => work !== 'mergePredictions')).toEqual([
      'prepareRun',
      'exportStation',
      'buildDataset',
      'splitPairs',
      'writeManifests',
      TRAIN,
      MODEL,
      SCORE,
      DELETE,
      'planMerge',
      'combinePredictions',
      'decidePromotion',
      'buildReport',
      'publishModel',
      NOTIFY,
    ]);
    expect(machine.parametersOf('mergePredictions')).toHaveLength(3);
  });

  test('ends with counts of images and pairs, taus and where the model is', async () => {
    const { output } = await run();

    expect(JSON.parse(output as string)).toEqual({
      station_id: 29,
      station: { id: 29, name: 'Mill Brook', timezone: 'America/New_York', nwis_id: null, synthetic: false },
      model_code: 'RANK-FLOW-20260401',
      model_uuid: '6f2c1b1e-0000-4000-8000-000000000001',
      model_id: 7,
      diagnostics_url: 'https://x/report.html',
      predictions_url: 'https://x/predictions.csv',
      images: {
        found: MILLION,
        excluded: { ...noneOf(PHOTO_EXCLUSIONS), pii: 1 },
        in_dataset: MILLION,
        filtered: noneOf(IMAGE_FILTERS),
        in_run: MILLION,
        scored: MILLION - 2,
        unreadable: 2,
        faults: { ...noneOf(PHOTO_FAULTS), truncated: 2 },
        missing: 0,
        published: MILLION - 2,
      },
      pairs: {
        found: 200_000,
        excluded: noneOf(PAIR_EXCLUSIONS),
        in_dataset: 200_000,
        filtered: noneOf(PAIR_FILTERS),
        in_run: 200_000,
        train: 160_000,
        val: 40_000,
        leaked_images: 0,
        learnt: { train: 159_000, val: 39_000, photos_unreadable: 12 },
      },
      values: { usable: 0, excluded: noneOf(VALUE_EXCLUSIONS) },
      warnings: ['Warning: hours wrap.'],
      data_findings: { clock: 2, duplicates: 1, gaps: 0, values: 0, darkness: 0, annotators: 0 },
      agreement: 'Kendall tau is 0.75.',
      kendall_tau: taus,
      promotion: promotionTo(true),
    });
  });

  test('gives PrepareRun the whole input and what it needs to know of the execution', async () => {
    const { executionArn, name } = await run({ station_id: 29, seed: 5 });

    expect(machine.parametersOf('prepareRun')).toEqual([
      {
        input: { station_id: 29, seed: 5 },
        execution: { arn: executionArn, name, started_at: expect.stringMatching(/^\d{4}-.*Z$/) },
      },
    ]);
  });

  test('keeps every state below 32 KiB for a million photos', async () => {
    machine.answers.planMerge = () => planOf(100);
    const { executionArn } = await run();
    const sizes = await machine.stateSizes(executionArn as string);

    expect(sizes.length).toBeGreaterThan(100);
    expect(Math.max(...sizes)).toBeLessThan(32 * 1024);
  });

  test('asks USGS only where PrepareRun says so', async () => {
    machine.answers.prepareRun = () => prepared({}, { uses_nwis: true });

    await run();

    expect(machine.works().slice(0, 4)).toEqual([
      'prepareRun',
      'exportStation',
      'fetchObservations',
      'buildDataset',
    ]);
    expect(machine.parametersOf('buildDataset')[0]).toHaveProperty('observations.count', 5);
  });

  test('tells why a model is not published', async () => {
    machine.answers.publishModel = () => ({
      outcome: 'unpublished',
      model_id: null,
      diagnostics_url: null,
      predictions_url: null,
      images: 0,
      note: 'It was not published, because the input says publish: false.',
    });

    const { status, output } = await run();

    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output as string)).toMatchObject({
      model_id: null,
      predictions_url: null,
      images: { published: 0 },
    });
    expect(machine.parametersOf(NOTIFY)[0]).toMatchObject({ published: { outcome: 'unpublished' } });
  });

  test('decides again when another model became the default meanwhile', async () => {
    machine.answers.publishModel = failing(1, 'DefaultChanged', ANSWERS.publishModel as Answer);

    const execution = await run();

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.works().slice(-5)).toEqual([
      'publishModel',
      'decidePromotion',
      'buildReport',
      'publishModel',
      NOTIFY,
    ]);
  });

  test('gives NotifySuccess all that it tells people', async () => {
    await run();

    expect(trainingTold(machine.parametersOf(NOTIFY)[0] as never)).toEqual({
      subject: 'FPE: a model of station 29 is finished',
      message:
        'Station 29 (Mill Brook): model RANK-FLOW-20260401 scored 999,998 of 1,000,000 photos. Kendall tau is 0.75. It becomes the default, as the station has no other default model of this variable. Its report is at https://x/report.html.\nPhotos without a score: 2 truncated or broken.',
    });
  });
});

describe('jobs', () => {
  test('get the requests that PrepareRun built, and hand their names and artifacts on in the state (Q-M7)', async () => {
    await run();

    const [training] = machine.parametersOf(TRAIN);
    expect(training).toMatchObject({
      EnableNetworkIsolation: true,
      RoleArn: 'arn:aws:iam::000000000000:role/SageMakerRole',
      HyperParameters: { n_epochs: '20', sagemaker_program: 'train.py' },
      StoppingCondition: { MaxRuntimeInSeconds: 86_400 },
      EnableManagedSpotTraining: false,
    });
    expect(machine.parametersOf(MODEL)[0]).toMatchObject({
      PrimaryContainer: { Image: 'serving-image', ModelDataUrl: expect.stringMatching(/-train-0-0\/output/) },
    });
    expect(
      JSON.stringify(machine.calls.filter(({ work }) => [TRAIN, MODEL, SCORE].includes(work))),
    ).not.toContain('null');
  });

  test('have a new name for each attempt and each redrive', async () => {
    machine.answers[TRAIN] = failing(1, 'SageMaker.ThrottlingException', fail('States.TaskFailed') as Answer);
    const { executionArn } = await run();
    machine.answers[TRAIN] = ANSWERS[TRAIN] as Answer;

    const execution = await machine.redrive(executionArn as string);

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.parametersOf(TRAIN).map(({ TrainingJobName }) => TrainingJobName)).toEqual([
      'fpe-rank-29-20260401-0a1b2c3d-train-0-0',
      'fpe-rank-29-20260401-0a1b2c3d-train-0-1',
      'fpe-rank-29-20260401-0a1b2c3d-train-1-0',
    ]);
  });

  test('that fail end the execution with their reason, and are not started again', async () => {
    const cause = JSON.stringify({ FailureReason: 'AlgorithmError: no space left' });
    machine.answers[TRAIN] = fail('States.TaskFailed', cause);

    const execution = await run();

    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed', cause });
    expect(machine.parametersOf(TRAIN)).toHaveLength(1);
    expect(machine.works()).not.toContain(MODEL);
  });

  test.each([
    [TRAIN, 'TrainingJob', 'TrainingStopped', 'ran into its limit (24 h: training_max_hours'],
    [SCORE, 'TransformJob', 'ScoringStopped', 'before every photo was scored'],
  ])(
    'that %s reports as stopped end the execution as %sStopped, and a redrive goes on with a new job',
    async (work, kind, error, said) => {
      const whole = ANSWERS[work] as (parameters: unknown) => object;
      machine.answers[work] = ((parameters: Record<string, string>) => ({
        ...whole(parameters),
        [`${kind}Status`]: 'Stopped',
      })) as Answer;

      const stopped = await run();
      const again = await machine.redrive(stopped.executionArn as string);

      for (const execution of [stopped, again]) {
        expect(execution).toMatchObject({ status: 'FAILED', error });
        expect(execution.cause).toContain(said);
      }
      expect(machine.works()).not.toContain('publishModel');

      machine.answers[work] = whole as Answer;
      const redriven = await machine.redrive(stopped.executionArn as string);

      expect(redriven.status).toBe('SUCCEEDED');
      const names = machine.parametersOf(work).map((parameters) => parameters[`${kind}Name`]);
      expect(names.map((name) => String(name).slice(-3))).toEqual(['0-0', '1-0', '2-0']);
    },
  );

  test.each([
    [TRAIN, 'TrainingJob', 'TrainingTimedOut', 'no end after 26 h'],
    [SCORE, 'TransformJob', 'ScoringTimedOut', 'no end after 2.5 h'],
  ])(
    'that %s does not see the end of are stopped and end the execution, and a redrive goes on with a new job',
    async (work, kind, error, said) => {
      const whole = ANSWERS[work] as Answer;
      const tooLate = (parameters: Record<string, string>) => {
        // Step Functions has let go of it, and it goes on.
        sageMaker.running.push(parameters[`${kind}Name`] as string);
        return fail('States.Timeout')(parameters as never);
      };
      machine.answers[work] = failing(1, 'SageMaker.ThrottlingException', tooLate as Answer);

      const late = await run();

      expect(late).toMatchObject({ status: 'FAILED', error });
      expect(late.cause).toContain(said);
      expect(sageMaker.stopped).toEqual([expect.stringMatching(/-0-1$/)]);
      expect(machine.parametersOf(work)).toHaveLength(2);
      expect(machine.works()).not.toContain('publishModel');

      machine.answers[work] = whole;
      const redriven = await machine.redrive(late.executionArn as string);

      expect(redriven.status).toBe('SUCCEEDED');
      expect(machine.parametersOf(work).at(-1)?.[`${kind}Name`]).toMatch(/-1-0$/);
    },
  );

  test('wait for capacity, but not for ever', async () => {
    machine.answers[TRAIN] = fail('SageMaker.ResourceLimitExceededException');

    const execution = await run();

    expect(execution).toMatchObject({ status: 'FAILED', error: 'SageMaker.ResourceLimitExceededException' });
    expect(machine.parametersOf(TRAIN)).toHaveLength(7);
  });
});

describe('failures', () => {
  test('that pass are tried again', async () => {
    machine.answers.exportStation = failing(2, 'DatabaseUnavailable', ANSWERS.exportStation as Answer);
    machine.answers.mergePredictions = failing(
      3,
      'Lambda.TooManyRequestsException',
      ANSWERS.mergePredictions as Answer,
    );

    const execution = await run();

    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.parametersOf('exportStation')).toHaveLength(3);
  });

  test('that do not pass end the execution at once, with their own name', async () => {
    machine.answers.splitPairs = fail('NotEnoughPairs', '90 of 100 pairs');

    const execution = await run();

    expect(execution).toMatchObject({ status: 'FAILED', error: 'NotEnoughPairs', cause: '90 of 100 pairs' });
    expect(machine.parametersOf('splitPairs')).toHaveLength(1);
    expect(machine.works()).not.toContain(TRAIN);
  });

  test('of one batch end the execution, and a redrive goes on with the merge', async () => {
    machine.answers.mergePredictions = fail('FileInvalid');
    const { executionArn, status, error } = await run();
    machine.answers.mergePredictions = ANSWERS.mergePredictions as Answer;
    machine.calls = [];

    const execution = await machine.redrive(executionArn as string);

    expect([status, error, execution.status]).toEqual(['FAILED', 'FileInvalid', 'SUCCEEDED']);
    expect(machine.works()).not.toContain(TRAIN);
    expect(machine.works()).not.toContain(SCORE);
  });

  test('to tidy up or to tell people do not fail a finished run', async () => {
    machine.answers[DELETE] = fail('SageMaker.SageMakerException');
    machine.answers[NOTIFY] = fail('ServiceFailed');

    const execution = await run();

    expect(execution.status).toBe('SUCCEEDED');
    expect(JSON.parse(execution.output as string)).toHaveProperty('model_id', 7);
  });
});
