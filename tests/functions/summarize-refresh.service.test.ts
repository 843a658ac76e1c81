import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { handler as summarize } from '../../functions/summarize-refresh.ts';
import { readText, writeObject } from '../../shared/aws/object-store.ts';
import type { Refresh } from '../../shared/refresh/state.ts';
import { call } from '../fixtures/run.ts';
import { createTestBuckets } from '../fixtures/station.ts';
import { startTestStepFunctions, type TestStepFunctions } from '../services/step-functions.ts';

const PREFIX = 'arn:aws:states:us-west-2:000000000000:execution:fpe-test';
const HOUR_MS = 3_600_000;
const NOW = Date.now();

let buckets: { storage: string; model: string };
let stepFunctions: TestStepFunctions;
beforeAll(async () => {
  stepFunctions = await startTestStepFunctions();
  process.env.MAX_RUN_HOURS = '12';
});
beforeEach(async () => {
  stepFunctions.executions = {};
  stepFunctions.running = [];
  buckets = await createTestBuckets();
});
afterAll(() => stepFunctions.stop());

describe('SummarizeRefresh', () => {
  const arnOf = (machine: string, station: number) => `${PREFIX}-${machine}:r-${station}-0`;

  async function refreshOf(change: Partial<Refresh> = {}): Promise<Refresh> {
    const plan_key = 'rank/refreshes/r/plan.json';
    const decisions = [
      { station_id: 1, station_name: 'Mill Brook', action: 'train', reason: 'It has pairs.' },
      { station_id: 2, station_name: 'West, Brook', action: 'score', reason: 'It has photos.' },
      { station_id: 3, station_name: 'Jimmy Brook', action: 'train', reason: 'It has pairs.' },
      { station_id: 4, station_name: 'Dry Brook', action: 'score', reason: 'It has photos.' },
      { station_id: 5, station_name: 'Sanderson', action: 'nothing', reason: 'It has nothing.' },
      {
        station_id: 6,
        station_name: null,
        action: 'nothing',
        reason: 'There is no station 6 in the database.',
      },
    ];
    const body = JSON.stringify({ refresh_id: 'r', created_at: '2026-11-24T08:00:00Z', decisions });
    await writeObject({ bucket: buckets.model, key: plan_key }, body, 'application/json');
    const common = {
      execution_arn: `${PREFIX}-refresh-stations:nightly-1`,
      concurrency: 5,
      executions: PREFIX,
      bucket: buckets.model,
      plan_key,
      train: {},
      score: {},
      tasks: [],
    };
    return { id: 'r', status: 'refreshed', note: 'Started by hand.', ...common, ...change };
  }

  test('tells of each station what was done and what came of it, in the output, as CSV and to people', async () => {
    stepFunctions.executions = {
      [arnOf('train-station', 1)]: {
        status: 'SUCCEEDED',
        output: JSON.stringify({
          model_code: 'RANK-FLOW-B',
          images: { scored: 30_000 },
          promotion: {
            make_default: false,
            reason: 'It is not better.',
            pairs: 84,
            accuracy: 0.7,
            current_model_code: 'RANK-FLOW-A',
            current_accuracy: 0.8,
          },
        }),
      },
      [arnOf('score-station', 2)]: {
        status: 'SUCCEEDED',
        output: '{"scored":12,"removed":1,"unreadable":0}',
      },
      [arnOf('train-station', 3)]: {
        status: 'FAILED',
        error: 'NotEnoughPairs',
        cause: JSON.stringify({ errorMessage: `There are too few. ${'x'.repeat(900)}` }),
      },
    };
    const outcomes = [
      { station_id: 1, execution_arn: arnOf('train-station', 1), error: '' },
      { station_id: 3, execution_arn: arnOf('train-station', 3), error: 'States.TaskFailed' },
      { station_id: 2, execution_arn: arnOf('score-station', 2), error: '' },
      {
        station_id: 4,
        execution_arn: arnOf('score-station', 4),
        error: 'StepFunctions.ExecutionLimitExceededException',
      },
    ];

    const { output, is_worth_telling, subject, message } = await call(summarize, {
      refresh: await refreshOf(),
      outcomes,
    });

    expect(output.counts).toEqual({ stations: 6, train: 2, score: 2, nothing: 1, succeeded: 2, failed: 3 });
    expect(output.stations.map(({ station_id, outcome, detail }) => [station_id, outcome, detail])).toEqual([
      [1, 'succeeded', 'RANK-FLOW-B, 30,000 photos scored. It is not better.'],
      [2, 'succeeded', '12 photos scored, 1 removed'],
      [3, 'failed', expect.stringMatching(/^NotEnoughPairs: There are too few\. x+…$/)],
      [4, 'failed', 'StepFunctions.ExecutionLimitExceededException: It could not be started.'],
      [5, 'none', ''],
      [
        6,
        'failed',
        'StationNotFound: the database has no station of this id; correct the file of --stations, or station_ids or stations of the input, which names it',
      ],
    ]);
    expect(is_worth_telling).toBe(true);
    expect(subject).toBe('FPE refresh: 1 trained, 1 scored, 3 failed');
    expect(message).toContain('6 stations: 1 trained, 1 scored, 3 failed, 1 left as they are.');
    expect(message).toMatch(/\nAll of them: \.\/fpe open table nightly-1$/);
    expect(message.indexOf('Station 3 (Jimmy Brook): train failed')).toBeLessThan(
      message.indexOf('Station 1 (Mill Brook)'),
    );
    const csv = await readText({ bucket: buckets.model, key: 'rank/refreshes/r/result.csv' });
    expect(csv.split('\n').slice(0, 3)).toEqual([
      'station_id,station_name,action,reason,outcome,detail,execution_arn',
      `1,Mill Brook,train,It has pairs.,succeeded,"RANK-FLOW-B, 30,000 photos scored. It is not better.",${arnOf('train-station', 1)}`,
      `2,"West, Brook",score,It has photos.,succeeded,"12 photos scored, 1 removed",${arnOf('score-station', 2)}`,
    ]);
  });

  test('believes what Step Functions says of an execution rather than the error of its start', async () => {
    stepFunctions.executions = {
      [arnOf('score-station', 2)]: { status: 'SUCCEEDED', output: '{"scored":1}' },
    };
    const outcomes = [
      {
        station_id: 2,
        execution_arn: arnOf('score-station', 2),
        error: 'StepFunctions.ExecutionAlreadyExistsException',
      },
    ];

    const { output } = await call(summarize, { refresh: await refreshOf(), outcomes });

    expect(output.stations[1]).toMatchObject({ outcome: 'succeeded', detail: '1 photo scored' });
  });

  const runs = (machine: string, name: string, hours: number, redrivenHoursAgo?: number) => {
    const stateMachineArn = `${PREFIX.replace(':execution:', ':stateMachine:')}-${machine}`;
    const seconds = (hoursBefore: number) => (NOW - hoursBefore * HOUR_MS) / 1000;
    stepFunctions.running.push({
      stateMachineArn,
      executionArn: `${PREFIX}-${machine}:${name}`,
      startDate: seconds(hours),
      ...(redrivenHoursAgo !== undefined && { redriveDate: seconds(redrivenHoursAgo) }),
    });
  };

  test('tells of executions that run for longer than expected, also when it did nothing itself', async () => {
    runs('train-station', 'hangs', 30);
    runs('score-station', 'hangs-more', 50);
    runs('train-station', 'redriven', 40, 2);
    runs('score-station', 'new', 1);
    const refresh = await refreshOf({ status: 'already_running', note: 'Another refresh has been running.' });

    const { output, is_worth_telling, subject, message } = await call(summarize, { refresh, outcomes: [] });

    expect(output.late).toEqual([
      { execution_arn: `${PREFIX}-score-station:hangs-more`, hours: expect.closeTo(50, 0) },
      { execution_arn: `${PREFIX}-train-station:hangs`, hours: expect.closeTo(30, 0) },
    ]);
    expect(is_worth_telling).toBe(true);
    expect(subject).toMatch(/2 late$/);
    expect(message).toContain(`./fpe stop ${PREFIX}-train-station:hangs\n`);
  });

  test('is no worse where Step Functions does not say what runs', async () => {
    delete process.env.MAX_RUN_HOURS;

    const { output, is_worth_telling } = await call(summarize, { refresh: await refreshOf(), outcomes: [] });

    process.env.MAX_RUN_HOURS = '12';
    expect(output.late).toEqual([]);
    expect(is_worth_telling).toBe(true);
  });

  test('a plan alone is no reason to write to people', async () => {
    const { output, is_worth_telling } = await call(summarize, {
      refresh: await refreshOf({ status: 'dry_run' }),
      outcomes: [],
    });

    expect(is_worth_telling).toBe(false);
    expect(output.stations[0]).toMatchObject({ action: 'train', outcome: 'planned' });
  });
});
