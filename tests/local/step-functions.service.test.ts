import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { executionProgress } from '../../cli/progress/execution-progress.ts';
import type { JsonApi } from '../../local/json-api.ts';
import { startStepFunctions } from '../../local/step-functions/server.ts';
import { type RunTask, TaskFailure } from '../../local/task.ts';

const MACHINE = 'arn:aws:states:us-west-2:000000000000:stateMachine:test';
const FUNCTION = 'arn:aws:lambda:us-west-2:000000000000:function:work';
const TRAIN = 'arn:aws:states:::sagemaker:createTrainingJob.sync';

let folder: string;
let service: JsonApi;
let client: SFNClient;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-executions-'));
});
afterEach(async () => {
  await service?.stop();
  client?.destroy();
  rmSync(folder, { recursive: true });
});

async function serve(definition: object, runTask: RunTask = echo): Promise<void> {
  service = await startStepFunctions({
    machines: [{ name: 'test', arn: MACHINE, definition: JSON.stringify(definition), roleArn: 'arn:role' }],
    runTask,
    folder,
    waitFactor: 0.001,
  });
  const { credentials } = service;
  client = new SFNClient({ endpoint: service.endpoint, region: 'us-west-2', credentials, maxAttempts: 1 });
}

const echo: RunTask = async (_resource, parameters) => parameters;
const untilAborted: RunTask = (_resource, _parameters, signal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

const one = (state: object, others: object = {}) => ({ StartAt: 'Work', States: { Work: state, ...others } });
const task = (members: object = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...members });

async function start(input: unknown = {}, name?: string): Promise<string> {
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: MACHINE, input: JSON.stringify(input), name }),
  );
  return executionArn as string;
}

async function ended(executionArn: string): Promise<DescribeExecutionOutput> {
  for (;;) {
    const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (execution.status !== 'RUNNING') return execution;
    await sleep(5);
  }
}

async function history(executionArn: string): Promise<HistoryEvent[]> {
  const { events } = await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
  return events as HistoryEvent[];
}

async function untilTaskRuns(executionArn: string): Promise<void> {
  while (!types(await history(executionArn)).includes('LambdaFunctionStarted')) await sleep(5);
}

const types = (events: HistoryEvent[]) => events.map(({ type }) => type);

async function run(definition: object, runTask?: RunTask, input?: unknown) {
  await serve(definition, runTask);
  const executionArn = await start(input);
  const execution = await ended(executionArn);
  return { execution, executionArn, output: execution.output && JSON.parse(execution.output) };
}

/** Fails as often as it is told, then gives the parameters back. */
function failing(times: number, error: string): RunTask & { calls: unknown[] } {
  const calls: unknown[] = [];
  const work: RunTask = async (_resource, parameters) => {
    calls.push(parameters);
    if (calls.length <= times) throw new TaskFailure(error, `attempt ${calls.length}`);
    return parameters;
  };
  return Object.assign(work, { calls });
}

test('a function runs with its parameters, and its result is selected and placed', async () => {
  const definition = one(
    task({
      Parameters: {
        'name.$': "States.Format('{}-{}', $.station, $$.Execution.Name)",
        'started.$': '$$.Execution.StartTime',
        fixed: 1,
      },
      ResultSelector: { 'took.$': '$.name', 'at.$': '$.started' },
      ResultPath: '$.made.here',
    }),
  );

  await serve(definition);
  const executionArn = await start({ station: 29, made: { before: true } }, 'first');
  const { output, startDate } = await ended(executionArn);

  expect(JSON.parse(output as string)).toEqual({
    station: 29,
    made: { before: true, here: { took: '29-first', at: startDate?.toISOString() } },
  });
});

test('the history tells of each event as Step Functions does', async () => {
  const definition = one(task({ End: undefined, Next: 'Train' }), {
    Train: task({ Resource: TRAIN, Parameters: { TrainingJobName: 'job' } }),
  });

  const { executionArn } = await run(definition, echo, { a: 1 });
  const events = await history(executionArn);

  expect(types(events)).toEqual([
    'ExecutionStarted',
    'TaskStateEntered',
    'LambdaFunctionScheduled',
    'LambdaFunctionStarted',
    'LambdaFunctionSucceeded',
    'TaskStateExited',
    'TaskStateEntered',
    'TaskScheduled',
    'TaskStarted',
    'TaskSucceeded',
    'TaskStateExited',
    'ExecutionSucceeded',
  ]);
  expect(events.map(({ id, previousEventId }) => [id, previousEventId])).toEqual(
    events.map((_, index) => [index + 1, index]),
  );
  expect(events[0]?.executionStartedEventDetails).toMatchObject({ input: '{"a":1}', roleArn: 'arn:role' });
  expect(events[1]?.stateEnteredEventDetails).toMatchObject({ name: 'Work', input: '{"a":1}' });
  expect(events[7]?.taskScheduledEventDetails).toMatchObject({
    resourceType: 'sagemaker',
    resource: 'createTrainingJob.sync',
    region: 'us-west-2',
    parameters: '{"TrainingJobName":"job"}',
  });
  expect(Date.now() - Number(events[0]?.timestamp)).toBeLessThan(60_000);
});

test('a history comes in pages, newest first and without data, as asked for', async () => {
  const { executionArn } = await run(one(task()));
  const ask = (options: object) => client.send(new GetExecutionHistoryCommand({ executionArn, ...options }));

  const first = await ask({ maxResults: 2, reverseOrder: true });
  const second = await ask({ maxResults: 2, reverseOrder: true, nextToken: first.nextToken });
  const bare = await ask({ includeExecutionData: false });

  expect(types(first.events as HistoryEvent[])).toEqual(['ExecutionSucceeded', 'TaskStateExited']);
  expect(types(second.events as HistoryEvent[])).toEqual([
    'LambdaFunctionSucceeded',
    'LambdaFunctionStarted',
  ]);
  expect(bare.events?.[0]?.executionStartedEventDetails?.input).toBeUndefined();
});

test('an attempt that failed is tried again, with its number in the context', async () => {
  const work = failing(2, 'Lambda.ServiceException');
  const retry = {
    ErrorEquals: ['Lambda.ServiceException'],
    IntervalSeconds: 2,
    MaxAttempts: 2,
    JitterStrategy: 'FULL',
  };
  const definition = one(task({ Parameters: { 'n.$': '$$.State.RetryCount' }, Retry: [retry] }));

  const { output, executionArn } = await run(definition, work);

  expect(output).toEqual({ n: 2 });
  expect(work.calls).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  expect(executionProgress(['Work'], await history(executionArn))).toMatchObject([
    { status: 'done', retries: 2 },
  ]);
});

test.each([
  ['its name', ['StationNotFound'], 'StationNotFound', true],
  ['States.TaskFailed', ['States.TaskFailed'], 'StationNotFound', true],
  ['States.ALL', ['States.ALL'], 'States.Timeout', true],
  ['another name', ['Other'], 'StationNotFound', false],
  ['States.TaskFailed, for a time-out', ['States.TaskFailed'], 'States.Timeout', false],
  ['States.ALL, for what no wildcard takes', ['States.ALL'], 'States.Runtime', false],
])('an error is caught by %s', async (_by, ErrorEquals, error, isCaught) => {
  const definition = one(task({ Catch: [{ ErrorEquals, ResultPath: '$.failure', Next: 'Tidy' }] }), {
    Tidy: { Type: 'Pass', End: true },
  });

  const { execution, output } = await run(definition, failing(1, error), { kept: true });

  expect(execution.status).toBe(isCaught ? 'SUCCEEDED' : 'FAILED');
  if (isCaught) expect(output).toEqual({ kept: true, failure: { Error: error, Cause: 'attempt 1' } });
  else expect(execution).toMatchObject({ error });
});

test('an error that nobody catches ends the execution with its name and cause', async () => {
  const { execution, executionArn } = await run(
    one(task({ Resource: TRAIN })),
    failing(1, 'States.TaskFailed'),
  );

  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed', cause: 'attempt 1' });
  expect((await history(executionArn)).slice(-2)).toMatchObject([
    { type: 'TaskFailed', taskFailedEventDetails: { resourceType: 'sagemaker', cause: 'attempt 1' } },
    {
      type: 'ExecutionFailed',
      executionFailedEventDetails: { error: 'States.TaskFailed', cause: 'attempt 1' },
    },
  ]);
});

test('a job that the service refused was never submitted', async () => {
  const { executionArn } = await run(
    one(task({ Resource: TRAIN })),
    failing(1, 'SageMaker.ResourceInUseException'),
  );

  expect(types(await history(executionArn))).toContain('TaskSubmitFailed');
});

test('a task that runs longer than TimeoutSeconds is told to stop', async () => {
  const stopped: boolean[] = [];
  const hang: RunTask = (_resource, _parameters, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(stopped.push(true)));
    });

  const { execution, executionArn } = await run(one(task({ TimeoutSeconds: 1 })), hang);

  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  expect(types(await history(executionArn))).toContain('LambdaFunctionTimedOut');
  expect(stopped).toEqual([true]);
});

test('a task that runs longer than the seconds to which TimeoutSecondsPath leads is told to stop, and may be caught', async () => {
  const definition = one(
    task({
      InputPath: '$.state',
      TimeoutSecondsPath: '$.limits.seconds',
      Catch: [{ ErrorEquals: ['States.Timeout'], ResultPath: '$.failure', Next: 'Late' }],
    }),
    { Late: { Type: 'Pass', End: true } },
  );
  const input = { state: { limits: { seconds: 1 } } };

  const { executionArn, output } = await run(definition, untilAborted, input);

  expect(output).toMatchObject({ ...input, failure: { Error: 'States.Timeout' } });
  const scheduled = (await history(executionArn)).find(({ type }) => type === 'LambdaFunctionScheduled');
  expect(scheduled?.lambdaFunctionScheduledEventDetails?.timeoutInSeconds).toBe(1);
});

test.each([[0], [1.5], ['60'], [null], [100_000_000]])(
  'a TimeoutSecondsPath that leads to %j fails the execution',
  async (seconds) => {
    const { execution } = await run(one(task({ TimeoutSecondsPath: '$.seconds' })), echo, { seconds });

    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(execution.cause).toContain('TimeoutSecondsPath');
  },
);

test('a task has all of its time, though that is longer than a timer of Node.js takes', async () => {
  const { execution } = await run(
    { ...one(task({ TimeoutSeconds: 30 * 86_400 })), TimeoutSeconds: 99_999_999 },
    async () => sleep(20).then(() => 'done'),
  );

  expect(execution).toMatchObject({ status: 'SUCCEEDED', output: '"done"' });
});

test('an execution that runs longer than its TimeoutSeconds ends as TIMED_OUT', async () => {
  const { execution, executionArn } = await run({ ...one(task()), TimeoutSeconds: 1 }, untilAborted);

  expect(execution).toMatchObject({
    status: 'TIMED_OUT',
    error: 'States.Timeout',
    redriveStatus: 'REDRIVABLE',
  });
  expect(types(await history(executionArn)).at(-1)).toBe('ExecutionTimedOut');
});

test('states take and give the parts of the data that their paths name', async () => {
  const definition = one(
    { Type: 'Wait', SecondsPath: '$.seconds', InputPath: '$.times', Next: 'Task' },
    {
      Task: task({ InputPath: '$.seconds', ResultPath: null, End: undefined, Next: 'Pass' }),
      Pass: {
        Type: 'Pass',
        Parameters: { 'all.$': '$', none: null },
        ResultPath: '$.passed',
        OutputPath: '$.passed',
        Next: 'Null',
      },
      Null: { Type: 'Pass', Result: null, ResultPath: '$.result', End: true },
    },
  );
  const seen: unknown[] = [];

  const { output } = await run(definition, async (_, parameters) => seen.push(parameters), {
    times: { seconds: 2 },
  });

  expect(seen).toEqual([2]);
  expect(output).toEqual({ all: { seconds: 2 }, none: null, result: null });
});

test('a path that leads nowhere ends the execution with the state and the path', async () => {
  const { execution } = await run(one(task({ Parameters: { 'a.$': '$.missing' } })));

  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  expect(execution.cause).toContain("executing the state 'Work' (entered at the event id #2)");
  expect(execution.cause).toContain('$.missing');
});

test('more than 256 KiB of data end the execution', async () => {
  const { execution } = await run(one(task()), async () => 'x'.repeat(256 * 1024));

  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  expect(execution.cause).toContain("'Work'");
});

test.each([
  [{ status: 'Completed' }, { status: 'SUCCEEDED' }],
  [
    { status: 'Stopped' },
    { status: 'FAILED', error: 'TrainingStopped', cause: 'It ended as Stopped (for 2 h), not whole.' },
  ],
])('a choice on %j leads to %j', async (input, expected) => {
  const definition = {
    StartAt: 'Completed?',
    States: {
      'Completed?': {
        Type: 'Choice',
        Choices: [{ Variable: '$.status', StringEquals: 'Completed', Next: 'Done' }],
        Default: 'Stopped',
      },
      Done: { Type: 'Succeed' },
      Stopped: {
        Type: 'Fail',
        Error: 'TrainingStopped',
        CausePath: "States.Format('It ended as {} (for {} h), not whole.', $.status, 2)",
      },
    },
  };

  const { execution } = await run(definition, echo, input);

  expect(execution).toMatchObject(expected);
});

const map = (members: object = {}) => ({
  Type: 'Map',
  ItemsPath: '$.batches',
  ItemSelector: { 'run.$': '$.run', 'batch.$': '$$.Map.Item.Value', 'index.$': '$$.Map.Item.Index' },
  MaxConcurrency: 2,
  ItemProcessor: {
    ProcessorConfig: { Mode: 'INLINE' },
    StartAt: 'One',
    States: { One: { Type: 'Task', Resource: FUNCTION, End: true } },
  },
  ResultPath: '$.merged',
  End: true,
  ...members,
});

test('a Map runs its items side by side and keeps their order', async () => {
  let [running, most] = [0, 0];
  const work: RunTask = async (_resource, parameters) => {
    running += 1;
    most = Math.max(most, running);
    const { batch } = parameters as { batch: number };
    await sleep(30 - 5 * batch);
    running -= 1;
    return parameters;
  };

  const { output, executionArn } = await run(one(map()), work, { run: 'r', batches: [1, 2, 3, 4, 5] });
  const events = await history(executionArn);

  expect(output.merged).toEqual([1, 2, 3, 4, 5].map((batch, index) => ({ run: 'r', batch, index })));
  expect(most).toBe(2);
  expect(types(events).filter((type) => type === 'MapIterationSucceeded')).toHaveLength(5);
  expect(executionProgress(['Work'], events)).toMatchObject([
    { status: 'done', items: { total: 5, done: 5 } },
  ]);
});

test('one failed item ends the others and the Map; a redrive runs only what has not succeeded', async () => {
  const calls: number[] = [];
  const work: RunTask = async (_resource, parameters, signal) => {
    const { batch } = parameters as { batch: number };
    calls.push(batch);
    if (batch === 1 || calls.length > 3) return batch;
    // The third begins when the first is done, and is in the middle when the second fails.
    while (batch === 2 && !calls.includes(3)) await sleep(1);
    if (batch === 3) await sleep(10_000, undefined, { signal });
    throw new TaskFailure('FileInvalid', 'broken');
  };

  const { execution, executionArn } = await run(one(map()), work, { run: 'r', batches: [1, 2, 3] });
  const failed = await history(executionArn);
  await client.send(new RedriveExecutionCommand({ executionArn }));
  const redriven = await ended(executionArn);

  expect(execution).toMatchObject({ status: 'FAILED', error: 'FileInvalid', cause: 'broken' });
  expect(types(failed).slice(-4)).toEqual(
    expect.arrayContaining([
      'MapIterationFailed',
      'MapIterationAborted',
      'MapStateFailed',
      'ExecutionFailed',
    ]),
  );
  expect(calls).toEqual([1, 2, 3, 2, 3]);
  expect(JSON.parse(redriven.output as string).merged).toEqual([1, 2, 3]);
});

test('a redrive goes on from the state that failed, with its count in the context', async () => {
  const work = failing(2, 'DatabaseUnavailable');
  const definition = one(
    { Type: 'Pass', Result: 'from Work', ResultPath: '$.first', Next: 'Insert' },
    {
      Insert: task({
        Parameters: { 'first.$': '$.first', 'job.$': "States.Format('job-{}', $$.Execution.RedriveCount)" },
      }),
    },
  );

  const { executionArn } = await run(definition, work);
  await client.send(new RedriveExecutionCommand({ executionArn }));
  await ended(executionArn);
  await client.send(new RedriveExecutionCommand({ executionArn }));
  const execution = await ended(executionArn);
  const events = await history(executionArn);

  expect(work.calls).toEqual([0, 1, 2].map((count) => ({ first: 'from Work', job: `job-${count}` })));
  expect(execution).toMatchObject({ status: 'SUCCEEDED', redriveCount: 2, redriveStatus: 'NOT_REDRIVABLE' });
  expect(types(events).filter((type) => type === 'PassStateEntered')).toHaveLength(1);
  expect(types(events).filter((type) => type === 'ExecutionRedriven')).toHaveLength(2);
  expect(executionProgress(['Insert'], events)).toMatchObject([{ status: 'done' }]);
  await expect(client.send(new RedriveExecutionCommand({ executionArn }))).rejects.toThrow(
    'cannot be redriven',
  );
});

test('a stop ends an execution at once, and the task that runs', async () => {
  let wasTold = false;
  await serve(one(task()), (resource, parameters, signal) => {
    signal.addEventListener('abort', () => {
      wasTold = true;
    });
    return untilAborted(resource, parameters, signal);
  });
  const executionArn = await start();
  await untilTaskRuns(executionArn);

  await client.send(new StopExecutionCommand({ executionArn, error: 'StoppedByUser', cause: 'enough' }));
  const execution = await ended(executionArn);
  await sleep(50);

  expect(execution).toMatchObject({ status: 'ABORTED', error: 'StoppedByUser', cause: 'enough' });
  expect(wasTold).toBe(true);
  expect(types(await history(executionArn)).slice(-2)).toEqual(['TaskStateAborted', 'ExecutionAborted']);
});

test('executions outlive a restart; what ran is aborted and can be redriven', async () => {
  await serve(one(task()), untilAborted);
  const executionArn = await start({ a: 1 }, 'kept');
  await untilTaskRuns(executionArn);
  await service.stop();

  await serve(one(task()), echo);
  const aborted = await ended(executionArn);
  await client.send(new RedriveExecutionCommand({ executionArn }));
  const redriven = await ended(executionArn);

  expect(aborted).toMatchObject({ status: 'ABORTED', error: 'LocalStackStopped', input: '{"a":1}' });
  expect(redriven).toMatchObject({ status: 'SUCCEEDED', output: '{"a":1}' });
});

test('a name is taken for ever, except for the same input while it runs', async () => {
  let finish: (value: unknown) => void = () => undefined;
  await serve(one(task()), () => new Promise((resolve) => (finish = resolve)));

  const first = await start({ a: 1 }, 'name');
  const again = await start({ a: 1 }, 'name');
  const other = start({ a: 2 }, 'name');

  expect(again).toBe(first);
  await expect(other).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
  finish({});
  await ended(first);
  await expect(start({ a: 1 }, 'name')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
});

test('what is wrong with a request is named as AWS names it', async () => {
  await serve(one(task()));
  const begin = (request: object) =>
    client.send(new StartExecutionCommand({ stateMachineArn: MACHINE, ...request }));

  await expect(begin({ input: '{' })).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
  await expect(begin({ input: `"${'x'.repeat(262_144)}"` })).rejects.toMatchObject({
    name: 'InvalidExecutionInput',
  });
  await expect(begin({ name: 'two words' })).rejects.toMatchObject({ name: 'InvalidName' });
  await expect(begin({ stateMachineArn: `${MACHINE}2` })).rejects.toMatchObject({
    name: 'StateMachineDoesNotExist',
  });
  await expect(begin({ stateMachineArn: 'test' })).rejects.toMatchObject({ name: 'InvalidArn' });
  await expect(
    client.send(
      new DescribeExecutionCommand({
        executionArn: MACHINE.replace('stateMachine:test', 'execution:test:no'),
      }),
    ),
  ).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  await expect(client.send(new SendTaskSuccessCommand({ taskToken: 't', output: '{}' }))).rejects.toThrow(
    'The local stack does not answer SendTaskSuccess. It answers: DescribeExecution',
  );
});

test('machines and executions are listed, newest first', async () => {
  const definition = one(task());
  await serve(definition, failing(1, 'Broken'));
  const failed = await start({}, 'one');
  await ended(failed);
  await ended(await start({}, 'two'));

  const machines = await client.send(new ListStateMachinesCommand({}));
  const described = await client.send(new DescribeStateMachineCommand({ stateMachineArn: MACHINE }));
  const executed = await client.send(new DescribeStateMachineForExecutionCommand({ executionArn: failed }));
  const list = (options: object) =>
    client.send(new ListExecutionsCommand({ stateMachineArn: MACHINE, ...options }));

  expect(machines.stateMachines).toMatchObject([
    { name: 'test', stateMachineArn: MACHINE, type: 'STANDARD' },
  ]);
  expect(JSON.parse(described.definition as string)).toEqual(definition);
  expect(executed.definition).toBe(described.definition);
  expect((await list({})).executions?.map(({ name }) => name)).toEqual(['two', 'one']);
  expect((await list({ maxResults: 1 })).nextToken).toBe('1');
  expect((await list({ statusFilter: 'FAILED' })).executions).toMatchObject([
    { name: 'one', status: 'FAILED' },
  ]);
});

test.each([
  [
    'a Parallel state',
    { Type: 'Parallel', Branches: [{ StartAt: 'In', States: { In: { Type: 'Succeed' } } }], End: true },
    'states of type Parallel',
  ],
  [
    'a distributed Map',
    map({
      ItemProcessor: {
        ...map().ItemProcessor,
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      },
    }),
    'a distributed Map',
  ],
  ['a heartbeat', task({ HeartbeatSeconds: 3 }), 'the field HeartbeatSeconds of a Task state (state Work)'],
])('%s is refused by name before anything starts', async (_what, state, message) => {
  await expect(serve(one(state))).rejects.toThrow(message);
});
