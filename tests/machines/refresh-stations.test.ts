import { setTimeout as sleep } from 'node:timers/promises';
import { ListExecutionsCommand, RedriveExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { TaskFailure } from '../../local/task.ts';
import { STARTED_BY } from '../../shared/inputs/parameters.ts';
import { MAX_STATIONS_AT_WORK } from '../../shared/refresh/plan.ts';
import type { Refresh, RefreshTask } from '../../shared/refresh/state.ts';
import { resultRows, summarizeRefresh } from '../../shared/refresh/summary.ts';
import { compiledMachine, startStates, type TestStates } from '../fixtures/machines.ts';
import { PACKAGING_MS } from '../fixtures/packages.ts';

/** The compiled machine; train-station and score-station are machines of one state, whose work is instant. */
const PREFIX = 'arn:aws:states:us-west-2:000000000000';
const MACHINE = `${PREFIX}:stateMachine:fpe-local-refresh-stations`;
/** Step Functions: quotas of a state's data and of the events of an execution. */
const MAX_STATE_BYTES = 256 * 1024;
const MAX_EVENTS = 25_000;

type Answer = (parameters: never, signal: AbortSignal) => unknown;

let states: TestStates;
let answers: Record<string, Answer>;
let calls: { work: string; parameters: unknown }[];
let atOnce: { now: number; most: number };

beforeAll(async () => {
  const refresh = await compiledMachine('refresh-stations');
  const child = (name: string) => ({
    name: `fpe-local-${name}`,
    arn: `${PREFIX}:stateMachine:fpe-local-${name}`,
    definition: JSON.stringify({
      StartAt: 'Work',
      States: {
        Work: { Type: 'Task', Resource: `arn:aws:lambda:us-west-2:000000000000:function:${name}`, End: true },
      },
    }),
  });
  const machines = [refresh, child('train-station'), child('score-station')];
  states = await startStates(machines, async (resource, parameters, signal) => {
    const work = (/[^:]+$/.exec(resource) as RegExpExecArray)[0].replace('fpe-local-', '');
    calls.push({ work, parameters });
    const answer = answers[work];
    if (!answer) throw new Error(`no answer for ${resource}`);
    const isStation = work.endsWith('-station');
    if (isStation) atOnce.most = Math.max(atOnce.most, ++atOnce.now);
    try {
      return await answer(parameters as never, signal);
    } finally {
      if (isStation) atOnce.now -= 1;
    }
  });
}, PACKAGING_MS);
afterAll(() => states.stop());
beforeEach(() => {
  calls = [];
  atOnce = { now: 0, most: 0 };
  answers = {
    'plan-refresh': () => planned([task(29, 'train'), task(41, 'score')]),
    'train-station': async () => ({ model_code: 'RANK-FLOW-A' }),
    'score-station': async () => ({ scored: 3 }),
    'summarize-refresh': () => ({
      output: { counts: {} },
      is_worth_telling: true,
      subject: 'FPE refresh',
      message: 'done',
    }),
    publish: () => ({ MessageId: '1' }),
  };
});

const task = (station_id: number, action: RefreshTask['action'], own: object = {}): RefreshTask => ({
  station_id,
  action,
  own: { station_id, ...own },
  timeout_seconds: 600_000,
});

/** A new id for each plan, as names of executions are taken for ever. */
let plans = 0;
const planned = (tasks: RefreshTask[], change: Partial<Refresh> = {}): Refresh => ({
  id: `20261124-080000-${String(plans++).padStart(8, '0')}`,
  execution_arn: `${PREFIX}:execution:fpe-local-refresh-stations:nightly-1`,
  status: 'refreshed',
  note: 'Started by hand.',
  concurrency: 5,
  executions: `${PREFIX}:execution:fpe-local`,
  bucket: 'models',
  plan_key: 'rank/refreshes/r/plan.json',
  train: { n_epochs: 5, [STARTED_BY]: 'arn:of-the-refresh' },
  score: { [STARTED_BY]: 'arn:of-the-refresh' },
  tasks,
  ...change,
});

const start = (input: object = {}) => states.start(MACHINE, input);
const run = async (input?: object) => states.ended(await start(input));
const parametersOf = (work: string) =>
  calls.filter((call) => call.work === work).map(({ parameters }) => parameters as Record<string, unknown>);
const outcomes = () => parametersOf('summarize-refresh')[0]?.outcomes as Record<string, unknown>[];
const statusesOf = async (machine: string) => {
  const stateMachineArn = `${PREFIX}:stateMachine:fpe-local-${machine}`;
  const { executions = [] } = await states.client.send(new ListExecutionsCommand({ stateMachineArn }));
  return executions;
};

test('plans with the input as it is given, and who is asked', async () => {
  await run({ mode: 'score', nonsense: 1 });

  expect(parametersOf('plan-refresh')).toEqual([
    {
      input: { mode: 'score', nonsense: 1 },
      execution: {
        arn: expect.stringMatching(/:execution:fpe-local-refresh-stations:/),
        name: expect.any(String),
        started_at: expect.any(String),
      },
    },
  ]);
});

test('starts the machine of each station with what all have in common and what is its own', async () => {
  answers['plan-refresh'] = () =>
    planned([
      task(29, 'train', { n_epochs: 9 }),
      task(30, 'train'),
      task(41, 'score', { variable_code: 'STAGE_FT' }),
    ]);

  await run();

  const link = { [STARTED_BY]: 'arn:of-the-refresh' };
  expect(parametersOf('train-station')).toEqual([
    { station_id: 29, n_epochs: 9, ...link },
    { station_id: 30, n_epochs: 5, ...link },
  ]);
  expect(parametersOf('score-station')).toEqual([{ station_id: 41, variable_code: 'STAGE_FT', ...link }]);
});

test('names the executions of the stations in the summary, tells people and ends with the table', async () => {
  const { status, output } = await run();

  expect(status).toBe('SUCCEEDED');
  expect(outcomes()).toEqual([
    {
      station_id: 29,
      execution_arn: expect.stringMatching(/:execution:fpe-local-train-station:20261124-080000-\d{8}-29-0$/),
      error: '',
    },
    {
      station_id: 41,
      execution_arn: expect.stringMatching(/:execution:fpe-local-score-station:20261124-080000-\d{8}-41-0$/),
      error: '',
    },
  ]);
  expect(parametersOf('publish')).toEqual([
    { TopicArn: expect.stringContaining(':fpe-local-rank'), Subject: 'FPE refresh', Message: 'done' },
  ]);
  expect(JSON.parse(output as string)).toEqual({ counts: {} });
});

test('a station that fails stops no other, and is in the summary with its execution', async () => {
  answers['plan-refresh'] = () => planned([1, 2, 3, 4].map((id) => task(id, id % 2 ? 'train' : 'score')));
  answers['train-station'] = async ({ station_id }: { station_id: number }) => {
    if (station_id === 1) throw new TaskFailure('NoImages', 'x'.repeat(30_000));
    return {};
  };
  answers['score-station'] = async ({ station_id }: { station_id: number }) => {
    if (station_id === 4) throw new TaskFailure('NoImages', 'because');
    return {};
  };

  const { status } = await run();

  expect(status).toBe('SUCCEEDED');
  expect(outcomes().map(({ station_id, error }) => [station_id, error])).toEqual([
    [1, 'States.TaskFailed'],
    [2, ''],
    [3, ''],
    [4, 'States.TaskFailed'],
  ]);
  expect(outcomes()[0]?.execution_arn).toMatch(/:fpe-local-train-station:.*-1-0$/);
  expect(outcomes()[3]?.execution_arn).toMatch(/:fpe-local-score-station:.*-4-0$/);
  expect(JSON.stringify(outcomes()).length).toBeLessThan(1000);
});

test('a station that is waited for in vain counts as failed, and the others go on', async () => {
  const tasks = [{ ...task(1, 'train'), timeout_seconds: 1 }, task(2, 'score')];
  answers['plan-refresh'] = () => planned(tasks);
  answers['train-station'] = (_, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });

  const { status } = await run();

  expect(status).toBe('SUCCEEDED');
  expect(outcomes().map(({ station_id, error }) => [station_id, error])).toEqual([
    [1, 'States.Timeout'],
    [2, ''],
  ]);
});

test('nothing to do starts nothing and tells nobody', async () => {
  answers['plan-refresh'] = () => planned([], { status: 'already_running' });
  answers['summarize-refresh'] = () => ({
    output: { status: 'already_running' },
    is_worth_telling: false,
    subject: '',
    message: '',
  });

  const { status, output } = await run();

  expect(status).toBe('SUCCEEDED');
  expect(JSON.parse(output as string)).toEqual({ status: 'already_running' });
  expect(calls.map(({ work }) => work)).toEqual(['plan-refresh', 'summarize-refresh']);
});

test('a message that cannot be sent does not fail a refresh', async () => {
  answers.publish = () => {
    throw new TaskFailure('SNS.NotFoundException', 'no such topic');
  };

  expect((await run()).status).toBe('SUCCEEDED');
});

test('stations run side by side, as many at once as the input says', async () => {
  answers['plan-refresh'] = () =>
    planned(
      Array.from({ length: 12 }, (_, index) => task(index + 1, 'score')),
      { concurrency: 3 },
    );
  answers['score-station'] = async () => {
    await sleep(20);
    return {};
  };

  await run();

  expect(atOnce.most).toBe(3);
});

test('a stopped refresh stops the executions of its stations, and a redriven one starts them under other names', async () => {
  answers['train-station'] = (_: never, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  const executionArn = await start();
  while (parametersOf('train-station').length === 0) await sleep(5);
  await sleep(50); // until the scoring beside it has ended

  await states.client.send(new StopExecutionCommand({ executionArn }));
  const [stopped] = await statusesOf('train-station');
  answers['train-station'] = async () => ({});
  await states.client.send(new RedriveExecutionCommand({ executionArn }));
  const { status } = await states.ended(executionArn);

  expect([stopped?.status, status]).toEqual(['ABORTED', 'SUCCEEDED']);
  const [again] = await statusesOf('train-station');
  expect(again?.name).toBe(stopped?.name?.replace(/-0$/, '-1'));
  expect(outcomes()[0]?.execution_arn).toBe(again?.executionArn);
  expect(parametersOf('score-station')).toHaveLength(1);
});

test(`state and history of ${MAX_STATIONS_AT_WORK} stations, half of them failing, stay far below the limits`, async () => {
  const own = {
    training_instance_type: 'ml.g6.2xlarge',
    n_epochs: 30,
    max_hour: 20,
    variable_code: 'FLOW_CFS',
  };
  const tasks = Array.from({ length: MAX_STATIONS_AT_WORK }, (_, index) =>
    task(100_000 + index, index % 2 ? 'train' : 'score', own),
  );
  const long = { reason: 'x'.repeat(200), detail: 'y'.repeat(200) };
  answers['plan-refresh'] = () => planned(tasks, { concurrency: 40 });
  answers['train-station'] = async () => {
    throw new TaskFailure('NotEnoughPairs', 'z'.repeat(20_000));
  };
  // As the real one: its table of the longest rows.
  answers['summarize-refresh'] = ({ refresh }: { refresh: Refresh }) => {
    const decisions = tasks.map(({ station_id, action }) => ({
      station_id,
      station_name: 'n'.repeat(60),
      action,
      ...long,
    }));
    return {
      output: summarizeRefresh(refresh, resultRows(decisions, refresh, new Map()), 's3://models/result.csv'),
      is_worth_telling: true,
      subject: 's',
      message: 'm'.repeat(30_000),
    };
  };

  const executionArn = await start();
  const { status } = await states.ended(executionArn);
  const events = await states.historyOf(executionArn);

  expect(status).toBe('SUCCEEDED');
  expect(outcomes()).toHaveLength(MAX_STATIONS_AT_WORK);
  expect(events.length).toBeLessThan(MAX_EVENTS / 3);
  const sizes = events.map(({ stateEnteredEventDetails, stateExitedEventDetails }) =>
    Buffer.byteLength(stateEnteredEventDetails?.input ?? stateExitedEventDetails?.output ?? ''),
  );
  expect(Math.max(...sizes)).toBeLessThan(MAX_STATE_BYTES);
}, 60_000);
