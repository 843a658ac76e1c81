/**
 * Stands in for Step Functions: runs compiled definitions behind its JSON API, for the AWS CLI, the SDK and `fpe`.
 *
 * Supports StartExecution, DescribeExecution, ListExecutions, GetExecutionHistory, StopExecution, RedriveExecution,
 * ListStateMachines, DescribeStateMachine and DescribeStateMachineForExecution, for standard workflows. Every other operation is
 * refused by name, as are states and fields that `states-language.ts` lists, before anything starts. A state may start an
 * execution of another machine here and wait for its end (`nested-executions.ts`). Differs: names stay taken forever (90 days in
 * AWS), a redriven Map iteration begins at its first state, TaskSubmitted is missing from histories, and roles are not checked.
 */
import {
  ApiError,
  type ApiOptions,
  type JsonApi,
  type Operation,
  startJsonApi,
  takePage,
} from '../json-api.ts';
import type { RunTask, Task } from '../task.ts';
import { withoutData } from './execution-history.ts';
import type { ExecutionRecord } from './executions.ts';
import { Machines } from './machines.ts';
import { isNestedExecution, runNestedExecution } from './nested-executions.ts';

export type Machine = { name: string; arn: string; definition: string; roleArn?: string };

type Options = ApiOptions & {
  machines: Machine[];
  runTask: RunTask;
  folder: string;
  waitFactor?: number;
  onChange?: (record: Readonly<ExecutionRecord>) => void;
  aroundTask?: (task: Task, run: () => Promise<unknown>) => Promise<unknown>;
};

const REDRIVABLE = new Set(['FAILED', 'TIMED_OUT', 'ABORTED']);
const PAGE_SIZE = 100;

/**
 * @param options.folder folder of the executions
 * @param options.waitFactor waits and delays between retries are multiplied by this
 * @param options.onChange called at each start, end and redrive
 * @param options.aroundTask runs each task, including nested executions; tests may do something else instead
 * @throws Error naming a feature of a definition that is not supported here
 */
export async function startStepFunctions(options: Options): Promise<JsonApi> {
  const machines = new Machines();
  const { folder, waitFactor = 1, onChange = () => undefined } = options;
  const runTask = taskRunner(options, machines);
  for (const { name, arn, definition, roleArn = '' } of options.machines)
    machines.add(folder, { name, arn, roleArn, definition, runTask, waitFactor, onChange });
  const api = await startJsonApi(
    { target: 'AWSStepFunctions', version: '1.0' },
    { ...executionOperations(machines), ...machineOperations(machines) },
    options,
  );
  return {
    ...api,
    async stop() {
      for (const execution of machines.all().flatMap((machine) => machine.all()))
        execution.stop(
          'LocalStackStopped',
          'The local stack was stopped while the execution ran. Redrive it to go on.',
        );
      await api.stop();
    },
  };
}

/** Runs nested executions here and passes every other task to its service's stand-in. */
function taskRunner({ runTask, aroundTask = (_, run) => run() }: Options, machines: Machines): RunTask {
  return (resource, parameters, signal) =>
    aroundTask({ resource, parameters, signal }, () =>
      isNestedExecution(resource)
        ? runNestedExecution(parameters, signal, (request) => machines.start(request))
        : runTask(resource, parameters, signal),
    );
}

const executionOperations = (machines: Machines): Record<string, Operation> => ({
  StartExecution(request) {
    const { executionArn, startDate } = machines.start(request).record;
    return { executionArn, startDate: startDate / 1000 };
  },

  DescribeExecution: ({ executionArn }) => describeExecution(machines.findExecution(executionArn).record),

  ListExecutions({ stateMachineArn, statusFilter, redriveFilter, ...paging }) {
    const newestFirst = machines.find(stateMachineArn).all().reverse();
    const found = newestFirst.filter(
      ({ record }) =>
        (statusFilter === undefined || record.status === statusFilter) &&
        (redriveFilter === undefined || (redriveFilter === 'REDRIVEN') === record.redriveCount > 0),
    );
    const { page, nextToken } = takePage(found, paging, { defaultSize: PAGE_SIZE });
    return { executions: page.map(({ record }) => summarize(record)), nextToken };
  },

  GetExecutionHistory({ executionArn, reverseOrder, includeExecutionData = true, ...paging }) {
    const { events } = machines.findExecution(executionArn).history;
    const ordered = reverseOrder ? [...events].reverse() : events;
    const { page, nextToken } = takePage(ordered, paging, { defaultSize: PAGE_SIZE });
    return { events: includeExecutionData ? page : page.map(withoutData), nextToken };
  },

  StopExecution({ executionArn, error, cause }) {
    const execution = machines.findExecution(executionArn);
    execution.stop(error as string | undefined, cause as string | undefined);
    return { stopDate: (execution.record.stopDate as number) / 1000 };
  },

  RedriveExecution({ executionArn }) {
    const execution = machines.findExecution(executionArn);
    const { status } = execution.record;
    if (!REDRIVABLE.has(status))
      throw new ApiError(
        'ExecutionNotRedrivable',
        `Execution is ${status} and cannot be redriven: '${executionArn}'`,
      );
    execution.redrive();
    return { redriveDate: (execution.record.redriveDate as number) / 1000 };
  },
});

const machineOperations = (machines: Machines): Record<string, Operation> => ({
  ListStateMachines(paging) {
    const { page, nextToken } = takePage(machines.all(), paging, { defaultSize: PAGE_SIZE });
    const stateMachines = page.map(({ settings: { name, arn } }) => ({
      stateMachineArn: arn,
      name,
      type: 'STANDARD',
      creationDate: machines.createdAt / 1000,
    }));
    return { stateMachines, nextToken };
  },

  DescribeStateMachine({ stateMachineArn }) {
    const { name, arn, definition, roleArn } = machines.find(stateMachineArn).settings;
    return {
      stateMachineArn: arn,
      name,
      definition,
      roleArn,
      status: 'ACTIVE',
      type: 'STANDARD',
      creationDate: machines.createdAt / 1000,
    };
  },

  DescribeStateMachineForExecution({ executionArn }) {
    const { record, definitionText } = machines.findExecution(executionArn);
    const { name, arn, roleArn } = machines.find(record.stateMachineArn).settings;
    return {
      stateMachineArn: arn,
      name,
      definition: definitionText,
      roleArn,
      updateDate: record.startDate / 1000,
    };
  },
});

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
