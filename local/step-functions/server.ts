/**
 * Stands in for Step Functions: runs compiled definitions behind its JSON API, for the AWS CLI, the SDK and `fpe`.
 *
 * Answers StartExecution, DescribeExecution, ListExecutions, GetExecutionHistory, StopExecution, RedriveExecution,
 * ListStateMachines, DescribeStateMachine and DescribeStateMachineForExecution, of standard workflows. Every other
 * operation is refused by name, as are states and fields that `states-language.ts` lists, before anything starts. A state may
 * start an execution of another machine here and wait for its end (`nested-executions.ts`).
 * Differs: names stay taken for ever (90 days in AWS), a redriven Map iteration begins at its first state, TaskSubmitted
 * is missing from histories, and roles are not checked.
 */
import { randomUUID } from 'node:crypto';
import { ApiError, type ApiOptions, type JsonApi, startJsonApi, takePage } from '../json-api.ts';
import type { RunTask, Task } from '../task.ts';
import { withoutData } from './execution-history.ts';
import { type Execution, type ExecutionRecord, Executions } from './executions.ts';
import { isNestedExecution, runNestedExecution } from './nested-executions.ts';
import { MAX_DATA_BYTES } from './state-interpreter.ts';
import { readDefinition } from './states-language.ts';

export type Machine = { name: string; arn: string; definition: string; roleArn?: string };

/** StartExecution in the API reference: no space, bracket, wildcard, other special or control character. */
const EXECUTION_NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;
const REDRIVABLE = new Set(['FAILED', 'TIMED_OUT', 'ABORTED']);
const PAGE_SIZE = 100;

/**
 * @param options.folder where executions are kept
 * @param options.waitFactor waits and delays between retries are multiplied by this
 * @param options.onChange told of each start, end and redrive
 * @param options.aroundTask runs each task, also one that is an execution, or lets what tests put in its place happen
 * @throws Error naming what a definition asks for that is not run here
 */
export async function startStepFunctions(
  options: ApiOptions & {
    machines: Machine[];
    runTask: RunTask;
    folder: string;
    waitFactor?: number;
    onChange?: (record: Readonly<ExecutionRecord>) => void;
    aroundTask?: (task: Task, run: () => Promise<unknown>) => Promise<unknown>;
  },
): Promise<JsonApi> {
  const createdAt = Date.now();
  const machines = new Map<string, Executions>();
  const { aroundTask = (_, run) => run() } = options;
  const runTask: RunTask = (resource, parameters, signal) =>
    aroundTask({ resource, parameters, signal }, () =>
      isNestedExecution(resource)
        ? runNestedExecution(parameters, signal, startExecution)
        : options.runTask(resource, parameters, signal),
    );
  for (const { name, arn, definition, roleArn = '' } of options.machines) {
    readDefinition(definition);
    const { waitFactor = 1, onChange = () => undefined } = options;
    const settings = { name, arn, roleArn, definition, runTask, waitFactor, onChange };
    machines.set(arn, new Executions(options.folder, settings));
  }

  const findMachine = (arn: unknown): Executions => {
    const machine = machines.get(requireArn(arn, 'stateMachine'));
    if (machine) return machine;
    throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  };
  const findExecution = (arn: unknown): Execution => {
    const [, , , , , , machine, name] = requireArn(arn, 'execution').split(':');
    const found = [...machines.values()]
      .find(({ settings }) => settings.name === machine)
      ?.find(String(name));
    if (found && found.record.executionArn === arn) return found;
    throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  };

  /** The one that runs under this name with this very input, or a new one. */
  const startExecution = ({
    stateMachineArn,
    name = randomUUID(),
    input = '{}',
  }: Record<string, unknown>): Execution => {
    const machine = findMachine(stateMachineArn);
    if (typeof name !== 'string' || !EXECUTION_NAME.test(name))
      throw new ApiError('InvalidName', `Invalid Name: '${name}'`);
    requireInput(input);
    const known = machine.find(name);
    if (known && !(known.isRunning && known.record.input === input))
      throw new ApiError(
        'ExecutionAlreadyExists',
        `Execution Already Exists: '${known.record.executionArn}'`,
      );
    return known ?? machine.start(name, input);
  };

  const api = await startJsonApi(
    { target: 'AWSStepFunctions', version: '1.0' },
    {
      StartExecution(request) {
        const { executionArn, startDate } = startExecution(request).record;
        return { executionArn, startDate: startDate / 1000 };
      },

      DescribeExecution: ({ executionArn }) => describeExecution(findExecution(executionArn).record),

      ListExecutions({ stateMachineArn, statusFilter, redriveFilter, ...paging }) {
        const newestFirst = findMachine(stateMachineArn).all().reverse();
        const found = newestFirst.filter(
          ({ record }) =>
            (statusFilter === undefined || record.status === statusFilter) &&
            (redriveFilter === undefined || (redriveFilter === 'REDRIVEN') === record.redriveCount > 0),
        );
        const { page, nextToken } = takePage(found, paging, { defaultSize: PAGE_SIZE });
        return { executions: page.map(({ record }) => summarize(record)), nextToken };
      },

      GetExecutionHistory({ executionArn, reverseOrder, includeExecutionData = true, ...paging }) {
        const { events } = findExecution(executionArn).history;
        const ordered = reverseOrder ? [...events].reverse() : events;
        const { page, nextToken } = takePage(ordered, paging, { defaultSize: PAGE_SIZE });
        return { events: includeExecutionData ? page : page.map(withoutData), nextToken };
      },

      StopExecution({ executionArn, error, cause }) {
        const execution = findExecution(executionArn);
        execution.stop(error as string | undefined, cause as string | undefined);
        return { stopDate: (execution.record.stopDate as number) / 1000 };
      },

      RedriveExecution({ executionArn }) {
        const execution = findExecution(executionArn);
        const { status } = execution.record;
        if (!REDRIVABLE.has(status))
          throw new ApiError(
            'ExecutionNotRedrivable',
            `Execution is ${status} and cannot be redriven: '${executionArn}'`,
          );
        execution.redrive();
        return { redriveDate: (execution.record.redriveDate as number) / 1000 };
      },

      ListStateMachines(paging) {
        const { page, nextToken } = takePage([...machines.values()], paging, { defaultSize: PAGE_SIZE });
        const stateMachines = page.map(({ settings: { name, arn } }) => ({
          stateMachineArn: arn,
          name,
          type: 'STANDARD',
          creationDate: createdAt / 1000,
        }));
        return { stateMachines, nextToken };
      },

      DescribeStateMachine({ stateMachineArn }) {
        const { name, arn, definition, roleArn } = findMachine(stateMachineArn).settings;
        return {
          stateMachineArn: arn,
          name,
          definition,
          roleArn,
          status: 'ACTIVE',
          type: 'STANDARD',
          creationDate: createdAt / 1000,
        };
      },

      DescribeStateMachineForExecution({ executionArn }) {
        const { record, definitionText } = findExecution(executionArn);
        const { name, arn, roleArn } = findMachine(record.stateMachineArn).settings;
        return {
          stateMachineArn: arn,
          name,
          definition: definitionText,
          roleArn,
          updateDate: record.startDate / 1000,
        };
      },
    },
    options,
  );

  return {
    ...api,
    async stop() {
      const all = [...machines.values()].flatMap((machine) => machine.all());
      for (const execution of all)
        execution.stop(
          'LocalStackStopped',
          'The local stack was stopped while the execution ran. Redrive it to go on.',
        );
      await api.stop();
    },
  };
}

function requireArn(arn: unknown, kind: 'stateMachine' | 'execution'): string {
  if (typeof arn === 'string' && arn.startsWith('arn:') && arn.split(':')[5] === kind) return arn;
  throw new ApiError('InvalidArn', `Invalid Arn: '${arn}'`);
}

function requireInput(input: unknown): asserts input is string {
  try {
    if (Buffer.byteLength(input as string) > MAX_DATA_BYTES)
      throw new Error(`it has more than ${MAX_DATA_BYTES} bytes`);
    JSON.parse(input as string);
  } catch (error) {
    throw new ApiError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${(error as Error).message}'`,
    );
  }
}

function describeExecution(record: ExecutionRecord): object {
  const { input, output, error, cause, status } = record;
  return {
    ...summarize(record),
    input,
    inputDetails: { included: true },
    ...(output !== undefined && { output, outputDetails: { included: true } }),
    error,
    cause,
    redriveStatus: REDRIVABLE.has(status) ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
    ...(!REDRIVABLE.has(status) && { redriveStatusReason: `Execution is ${status} and cannot be redriven` }),
  };
}

function summarize({
  position: _,
  input: _input,
  output: _output,
  error: _error,
  cause: _cause,
  ...record
}: ExecutionRecord) {
  const { startDate, stopDate, redriveDate, ...rest } = record;
  return {
    ...rest,
    startDate: startDate / 1000,
    ...(stopDate !== undefined && { stopDate: stopDate / 1000 }),
    ...(redriveDate !== undefined && { redriveDate: redriveDate / 1000 }),
  };
}
