import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  paginateGetExecutionHistory,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { startStepFunctions } from '../../local/step-functions/server.ts';
import { TaskFailure } from '../../local/task.ts';
import { compileTemplate } from '../../local/template.ts';

/** Compiling the template, when no other test has. */
export const PACKAGING_MS = 600_000;

export type Answer = (parameters: never) => unknown;

/** A compiled machine with instant stand-ins for its functions and jobs: what is tested is the machine alone. */
export type TestMachine = {
  /** Answers by function key or last word of the integration; a test replaces some. */
  answers: Record<string, Answer>;
  calls: { work: string; parameters: unknown }[];
  works(): string[];
  parametersOf(work: string): Record<string, unknown>[];
  run(input: object): Promise<DescribeExecutionOutput>;
  redrive(executionArn: string): Promise<DescribeExecutionOutput>;
  /** Characters of each state that the execution left. */
  stateSizes(executionArn: string): Promise<number[]>;
  stop(): Promise<void>;
};

/** @param name end of the machine's name, such as score-station */
export async function startTestMachine(name: string): Promise<TestMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-machine-'));
  const { machines } = await compileTemplate(join(import.meta.dirname, '..', '..'));
  const stateMachineArn = machines.find((machine) => machine.name.endsWith(`-${name}`))?.arn as string;
  const service = await startStepFunctions({
    machines,
    folder,
    waitFactor: 0,
    async runTask(resource, parameters) {
      const work = (/[^:]+$/.exec(resource) as RegExpExecArray)[0]
        .replace('fpe-local-', '')
        .replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      machine.calls.push({ work, parameters });
      const answer = machine.answers[work];
      if (!answer) throw new Error(`no answer for ${resource}`);
      return answer(parameters as never);
    },
  });
  const client = new SFNClient({
    endpoint: service.endpoint,
    region: 'us-west-2',
    credentials: service.credentials,
  });
  async function ended(executionArn: string): Promise<DescribeExecutionOutput> {
    for (;;) {
      const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
      if (execution.status !== 'RUNNING') return execution;
      await sleep(5);
    }
  }
  const machine: TestMachine = {
    answers: {},
    calls: [],
    works: () => machine.calls.map(({ work }) => work),
    parametersOf: (work) =>
      machine.calls
        .filter((call) => call.work === work)
        .map(({ parameters }) => parameters as Record<string, unknown>),
    async run(input) {
      const { executionArn } = await client.send(
        new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
      );
      return ended(executionArn as string);
    },
    async redrive(executionArn) {
      await client.send(new RedriveExecutionCommand({ executionArn }));
      return ended(executionArn);
    },
    async stateSizes(executionArn) {
      const sizes: number[] = [];
      const pages = paginateGetExecutionHistory({ client, pageSize: 1000 }, { executionArn });
      for await (const { events = [] } of pages)
        for (const { stateExitedEventDetails } of events)
          if (stateExitedEventDetails) sizes.push(stateExitedEventDetails.output?.length ?? 0);
      return sizes;
    },
    async stop() {
      await service.stop();
      client.destroy();
      rmSync(folder, { recursive: true });
    },
  };
  return machine;
}

export const fail =
  (error: string, cause = 'because'): Answer =>
  () => {
    throw new TaskFailure(error, cause);
  };

/** The function itself instead of a stand-in: its errors are the task's. */
export const asTask =
  (handler: (event: never, context: never) => Promise<unknown>): Answer =>
  async (parameters) => {
    try {
      return await handler(parameters, {} as never);
    } catch (error) {
      throw new TaskFailure((error as Error).name, (error as Error).message);
    }
  };

/** Fails the first `times` calls. */
export function failing(times: number, error: string, then: Answer): Answer {
  let left = times;
  return (parameters) => {
    if (left-- > 0) throw new TaskFailure(error, 'because');
    return then(parameters);
  };
}
