import { beforeAll, describe, expect, test } from '@jest/globals';
import { runStates, type Scope } from '../../local/step-functions/state-interpreter.ts';
import type { Definition, Retrier, State } from '../../local/step-functions/states-language.ts';
import { TaskFailure } from '../../local/task.ts';
import * as errors from '../../shared/errors.ts';
import {
  readsAtOnce,
  S3_GETS_PER_SECOND,
  S3_SOONEST_ANSWER_SECONDS,
} from '../../shared/limits/merge-batches.ts';
import { compiledMachines } from '../fixtures/machines.ts';
import { PACKAGING_MS } from '../fixtures/packages.ts';

/** Errors of Lambda's Invoke (API reference) that say nothing of the call itself. */
const PASSING_OF_LAMBDA = [
  'Lambda.AWSLambdaException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ENILimitReachedException',
  'Lambda.ResourceConflictException',
  'Lambda.ResourceNotReadyException',
  'Lambda.SdkClientException',
  'Lambda.ServiceException',
  'Lambda.SubnetIPAddressLimitReachedException',
  'Lambda.TooManyRequestsException',
];
/** All others: a repeat finds the same. */
const LASTING_OF_LAMBDA = [
  'EC2AccessDeniedException',
  'EFSIOException',
  'EFSMountConnectivityException',
  'EFSMountFailureException',
  'EFSMountTimeoutException',
  'InvalidParameterValueException',
  'InvalidRequestContentException',
  'InvalidRuntimeException',
  'InvalidSecurityGroupIDException',
  'InvalidSubnetIDException',
  'InvalidZipFileException',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'RecursiveInvocationException',
  'RequestTooLargeException',
  'ResourceNotFoundException',
  'SnapStartException',
  'SnapStartNotReadyException',
  'SnapStartTimeoutException',
  'UnsupportedMediaTypeException',
].map((name) => `Lambda.${name}`);
/** A function that was cut off, and names that nobody of ours has given. */
const MAY_PASS = [
  'Error',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.Unknown',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'Sandbox.Timedout',
  'SlowDown',
  'States.Timeout',
  'TimeoutError',
];
const PASSING: Record<string, string[]> = {
  lambda: [...errors.PASSING_ERRORS, ...PASSING_OF_LAMBDA],
  sagemaker: [
    'SageMaker.InternalFailure',
    'SageMaker.SdkClientException',
    'SageMaker.ServiceUnavailable',
    'SageMaker.ThrottlingException',
  ],
  states: [
    'StepFunctions.AWSStepFunctionsException',
    'StepFunctions.ExecutionLimitExceededException',
    'StepFunctions.SdkClientException',
    'StepFunctions.ThrottlingException',
  ],
};
/** States that have more to wait for than all: tried again by retriers of their own. */
const OF_THEIR_OWN: Record<string, string[]> = {
  FetchObservations: ['ObservationsUnavailable'],
  WithdrawPhotos: ['ObjectChanged'],
};

type Task = { machine: string; name: string; service: string; state: State };
let tasks: Task[];
let mergeConcurrency: number[];
beforeAll(async () => {
  const definitions = (await compiledMachines()).map(
    ({ name, definition }) => [name, JSON.parse(definition) as Definition] as const,
  );
  tasks = definitions.flatMap(([machine, definition]) => tasksOf(machine, definition));
  mergeConcurrency = definitions.flatMap(([, { States }]) => States.MergeBatches?.MaxConcurrency ?? []);
}, PACKAGING_MS);

function tasksOf(machine: string, { States }: Definition): Task[] {
  return Object.entries(States).flatMap(([name, state]) => {
    if (state.ItemProcessor) return tasksOf(machine, state.ItemProcessor);
    if (state.Type !== 'Task') return [];
    const [, service = ''] = /:::(?:aws-sdk:)?(\w+):|:(lambda):/.exec(state.Resource as string) ?? [];
    return [{ machine, name, service: service || 'lambda', state }];
  });
}

const ofService = (service: string) => tasks.filter((task) => task.service === service);

/** How often a state of its own works when each of its first attempts fails; what it makes of it all is not looked at. */
async function attempts({ state }: Task, error: string, failures: number): Promise<number> {
  const { Retry } = state;
  let calls = 0;
  const scope: Scope = {
    runTask: async () => {
      calls += 1;
      if (calls <= failures) throw new TaskFailure(error, 'because');
      return {};
    },
    thread: { add: () => undefined, lastId: 0 } as unknown as Scope['thread'],
    signal: new AbortController().signal,
    context: { Execution: {}, StateMachine: {} },
    waitFactor: 0,
    region: 'us-west-2',
    onPosition: () => undefined,
  };
  const alone: State = {
    Type: 'Task',
    Resource: state.Resource as string,
    End: true,
    ...(Retry && { Retry }),
  };
  const start = { state: 'Alone', input: {}, iterations: {} };
  await runStates({ StartAt: 'Alone', States: { Alone: alone } }, start, false, scope).catch(() => undefined);
  return calls;
}

/** Of each state, the errors that the machine does not try again. */
async function notTriedAgain(of: readonly Task[], names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const task of of)
    for (const error of names)
      if ((await attempts(task, error, 1)) === 1) found.push(`${task.machine} ${task.name} ${error}`);
  return found;
}

test('the machines have tasks of four services', () => {
  const counts = Object.groupBy(tasks, ({ service }) => service);

  expect(Object.keys(counts).sort()).toEqual(['lambda', 'sagemaker', 'sns', 'states']);
  expect(ofService('lambda').length).toBeGreaterThan(20);
});

describe('every state', () => {
  test.each([['lambda'], ['sagemaker'], ['states'], ['sns']])(
    'of %s tries again what passes',
    async (service) => {
      const names = PASSING[service] ?? ['SNS.InternalErrorException', 'SNS.ThrottledException'];

      expect(await notTriedAgain(ofService(service), names)).toEqual([]);
    },
  );

  test('that is a function tries again when it was cut off, three times at most', async () => {
    expect(await notTriedAgain(ofService('lambda'), MAY_PASS)).toEqual([]);
    for (const task of ofService('lambda'))
      expect(await attempts(task, 'Runtime.OutOfMemory', Number.POSITIVE_INFINITY)).toBe(4);
  });

  test('that is a function ends at once with what does not pass', async () => {
    const passing: readonly string[] = [...errors.PASSING_ERRORS, ...Object.values(OF_THEIR_OWN).flat()];
    const lasting = [...Object.keys(errors).filter((name) => /^[A-Z][a-z]/.test(name)), ...LASTING_OF_LAMBDA]
      .filter((name) => !passing.includes(name))
      .concat('TypeError', 'Function.ResponseSizeTooLarge');

    const found = await notTriedAgain(ofService('lambda'), lasting);

    expect(found).toHaveLength(ofService('lambda').length * lasting.length);
  });

  test.each(Object.entries(OF_THEIR_OWN))(
    'but %s ends with what only that one waits for',
    async (name, own) => {
      const [state] = tasks.filter((task) => task.name === name);
      const others = ofService('lambda').filter((task) => task.name !== name);

      expect(await notTriedAgain([state as Task], own)).toEqual([]);
      expect(await notTriedAgain(others, own)).toHaveLength(others.length);
    },
  );
});

/** Without luck: a draw of FULL jitter may be nothing. */
const leastSeconds = ({
  IntervalSeconds = 1,
  BackoffRate = 2,
  MaxAttempts = 3,
  ...retrier
}: Retrier): number =>
  retrier.JitterStrategy === 'FULL'
    ? 0
    : Array.from({ length: MaxAttempts }, (_, attempt) =>
        Math.min(
          IntervalSeconds * BackoffRate ** attempt,
          retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY,
        ),
      ).reduce((sum, seconds) => sum + seconds, 0);

/** RDS, “Failover process for Multi-AZ”: 60 to 120 s, typically. */
const FAILOVER_SECONDS = 120;
const TEN_MINUTES = 600;

test.each([
  ['lambda', 'DatabaseUnavailable'],
  ['lambda', 'ServiceUnreachable'],
  ['sagemaker', 'SageMaker.ThrottlingException'],
  ['states', 'StepFunctions.ThrottlingException'],
])('a fault of %s such as %s is waited out for ten minutes, whatever the draws', (service, error) => {
  const seconds = ofService(service).map(({ state }) =>
    leastSeconds(state.Retry?.find(({ ErrorEquals }) => ErrorEquals.includes(error)) as Retrier),
  );

  expect(Math.min(...seconds)).toBeGreaterThanOrEqual(TEN_MINUTES);
  expect(Math.min(...seconds)).toBeGreaterThan(4 * FAILOVER_SECONDS);
  // Nor does it wait for half an hour for what does not pass after all.
  expect(Math.max(...seconds)).toBeLessThan(2 * TEN_MINUTES);
});

test('all reads of the batches that are merged at once stay below what S3 takes of a prefix', () => {
  expect(mergeConcurrency).toEqual([10, 10]);
  for (const batches of [1, 4, ...mergeConcurrency, 40]) {
    const perSecond = (batches * readsAtOnce(batches)) / S3_SOONEST_ANSWER_SECONDS;

    expect(perSecond).toBeLessThanOrEqual(S3_GETS_PER_SECOND);
    expect(readsAtOnce(batches)).toBeGreaterThan(10);
  }
});
