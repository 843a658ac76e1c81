import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { JsonApi } from '../../local/json-api.ts';
import { startStepFunctions } from '../../local/step-functions/server.ts';
import { type RunTask, TaskFailure } from '../../local/task.ts';

const PREFIX = 'arn:aws:states:us-west-2:000000000000';
const PARENT = `${PREFIX}:stateMachine:parent`;
const CHILD = `${PREFIX}:stateMachine:child`;
const FUNCTION = 'arn:aws:lambda:us-west-2:000000000000:function:work';
const NEST = 'arn:aws:states:::states:startExecution.sync:2';

let folder: string;
let service: JsonApi;
let client: SFNClient;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-nested-'));
});
afterEach(async () => {
  await service.stop();
  client.destroy();
  rmSync(folder, { recursive: true });
});

/** A parent whose one state starts the child, whose one state is a function. */
async function serve(runTask: RunTask, members: object = {}): Promise<void> {
  const nest = {
    Type: 'Task',
    Resource: NEST,
    Parameters: {
      StateMachineArn: CHILD,
      'Name.$': "States.Format('{}-{}', $$.Execution.Name, $$.Execution.RedriveCount)",
      Input: { 'a.$': '$.a' },
    },
    End: true,
    ...members,
  };
  const machine = (name: string, arn: string, States: object) => ({
    name,
    arn,
    definition: JSON.stringify({ StartAt: 'Work', States }),
  });
  const told = 'Catch' in members ? { Told: { Type: 'Pass', End: true } } : {};
  service = await startStepFunctions({
    machines: [
      machine('parent', PARENT, { Work: nest, ...told }),
      machine('child', CHILD, { Work: { Type: 'Task', Resource: FUNCTION, End: true } }),
    ],
    runTask,
    folder,
    waitFactor: 0.001,
  });
  const { credentials } = service;
  client = new SFNClient({ endpoint: service.endpoint, region: 'us-west-2', credentials, maxAttempts: 1 });
}

async function start(name = 'first'): Promise<string> {
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: PARENT, input: '{"a":1}', name }),
  );
  return executionArn as string;
}

const describe = (executionArn: string) => client.send(new DescribeExecutionCommand({ executionArn }));

async function ended(executionArn: string) {
  for (;;) {
    const execution = await describe(executionArn);
    if (execution.status !== 'RUNNING') return execution;
    await sleep(5);
  }
}

const children = async () =>
  (await client.send(new ListExecutionsCommand({ stateMachineArn: CHILD }))).executions ?? [];

test('the parent waits for the child and gets its input and output as JSON', async () => {
  await serve(async () => ({ scored: 3 }));

  const { status, output } = await ended(await start());

  expect(status).toBe('SUCCEEDED');
  expect(JSON.parse(output as string)).toMatchObject({
    ExecutionArn: `${PREFIX}:execution:child:first-0`,
    StateMachineArn: CHILD,
    Name: 'first-0',
    Status: 'SUCCEEDED',
    Input: { a: 1 },
    Output: { scored: 3 },
  });
});

test('a child that fails fails the state, with what is told of it as the cause', async () => {
  await serve(async () => {
    throw new TaskFailure('NoImages', 'there are none');
  });

  const { status, error, cause } = await ended(await start());

  expect([status, error]).toEqual(['FAILED', 'States.TaskFailed']);
  expect(JSON.parse(cause as string)).toMatchObject({
    Status: 'FAILED',
    Error: 'NoImages',
    Cause: 'there are none',
    Input: '{"a":1}',
  });
});

test('stopping the parent stops the child, whose work is told to stop', async () => {
  let wasTold = false;
  await serve(
    (_resource, _parameters, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          wasTold = true;
          reject(signal.reason);
        });
      }),
  );
  const parent = await start();
  while ((await children()).length === 0) await sleep(5);

  await client.send(new StopExecutionCommand({ executionArn: parent }));

  expect((await ended(parent)).status).toBe('ABORTED');
  expect((await ended(`${PREFIX}:execution:child:first-0`)).status).toBe('ABORTED');
  expect(wasTold).toBe(true);
});

test('a redriven parent starts a child of another name', async () => {
  let calls = 0;
  await serve(async () => {
    calls += 1;
    if (calls === 1) throw new TaskFailure('Once', 'only');
    return 'done';
  });
  const parent = await start();
  await ended(parent);

  await client.send(new RedriveExecutionCommand({ executionArn: parent }));

  expect((await ended(parent)).status).toBe('SUCCEEDED');
  expect((await children()).map(({ name }) => name)).toEqual(['first-1', 'first-0']);
});

test('a name that is taken is an error of its own, which a catcher can tell from a failed child', async () => {
  await serve(async () => 'done', {
    Parameters: { StateMachineArn: CHILD, Name: 'same', Input: {} },
    Catch: [{ ErrorEquals: ['StepFunctions.ExecutionAlreadyExistsException'], Next: 'Told' }],
  });
  await ended(await start('first'));

  const { output } = await ended(await start('second'));

  expect(JSON.parse(output as string)).toEqual({
    Error: 'StepFunctions.ExecutionAlreadyExistsException',
    Cause: `Execution Already Exists: '${PREFIX}:execution:child:same'`,
  });
});

test('the history names the service and the call with its version', async () => {
  await serve(async () => 'done');
  const executionArn = await start();
  await ended(executionArn);

  const { events = [] } = await client.send(new GetExecutionHistoryCommand({ executionArn }));

  expect(events.find(({ type }) => type === 'TaskScheduled')?.taskScheduledEventDetails).toMatchObject({
    resourceType: 'states',
    resource: 'startExecution.sync:2',
  });
});
