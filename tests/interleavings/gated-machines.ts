import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { startStepFunctions } from '../../local/step-functions/server.ts';
import { TaskFailure } from '../../local/task.ts';
import { compileTemplate } from '../../local/template.ts';
import { runInstantJob } from './instant-jobs.ts';
import type { Objects } from './objects.ts';

/** What happens to a task when its turn comes: it works, or an error of a service is all that the machine hears of it. */
export type Fate = 'works' | 'fails before' | 'fails after';

/** Stands between a machine and the work of a task, and answers in its place. */
export type Interference = (work: () => Promise<unknown>) => Promise<unknown>;

type Waiting = { work: string; open: (interference: Interference) => void };

/** The compiled machines with the real handlers; before each task an execution waits until it is told to go on. */
export type GatedMachines = {
  start(machine: string, input: object): Promise<string>;
  /** The task that an execution waits before, null when it has ended. */
  waitsFor(executionArn: string): string | null;
  /** Lets the task that waits run, and resolves when the execution waits again or has ended. */
  step(executionArn: string, fate?: Fate | Interference): Promise<void>;
  /** Lets the task run and stops the execution while it does: somewhere, maybe after its last look at whether it runs. */
  stopDuring(executionArn: string): Promise<void>;
  /** Stops the execution when the task has been called, and before it does anything. */
  stopBefore(executionArn: string): Promise<void>;
  stop(executionArn: string): Promise<void>;
  redrive(executionArn: string): Promise<void>;
  /** What a state of the execution answered last. */
  resultOf(executionArn: string, work: string): unknown;
  describe(executionArn: string): Promise<DescribeExecutionOutput>;
  end(): Promise<void>;
};

/** Files of executions are written at each state and need not outlive the test; in containers it often has 64 MB. */
const MEMORY = '/dev/shm';
const ROOM_BYTES = 2 ** 30;
/** A fault that the machines do not try again, and which a redrive gets over. */
const FAULT = 'Runtime.ExitError';

const FATES: Record<Fate, Interference> = {
  works: (work) => work(),
  'fails before': async () => {
    throw new TaskFailure(FAULT, 'nothing was done');
  },
  'fails after': async (work) => {
    await work();
    throw new TaskFailure(FAULT, 'all was done');
  },
};

const isRoomy = (folder: string): boolean => {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= ROOM_BYTES;
};

/** @param objects of the S3 that the functions use */
export async function startGatedMachines(objects: Objects): Promise<GatedMachines> {
  const folder = mkdtempSync(join(isRoomy(MEMORY) ? MEMORY : tmpdir(), 'fpe-interleavings-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const { machines } = await compileTemplate(join(import.meta.dirname, '..', '..'));
  const waiting = new Map<string, Waiting>();
  const ofSignal = new WeakMap<AbortSignal, string>();
  const ended = new Set<string>();
  const results = new Map<string, unknown>();
  /** Executions that wait before each task: those that were started here. */
  const held = new Set<string>();
  /** Tells by its ARN that an execution waits or has ended. */
  const changes = new EventEmitter();
  /** Tasks that run, also of executions that were stopped meanwhile. */
  const running = new Set<Promise<unknown>>();
  /** Only one execution moves at a time, so a task of an unknown one is that one's. */
  let moving = '';

  const service = await startStepFunctions({
    // The functions have one pair for all services.
    credentials: {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID as string,
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY as string,
    },
    machines,
    folder,
    waitFactor: 0,
    onChange: ({ executionArn, status }) => {
      if (status === 'RUNNING') ended.delete(executionArn);
      else ended.add(executionArn);
      changes.emit(executionArn);
    },
    runTask: (resource, parameters) => perform(resource, parameters, objects),
    async aroundTask({ resource, parameters, signal }, run) {
      const arn = ofSignal.get(signal) ?? ownerOf(parameters) ?? moving;
      ofSignal.set(signal, arn);
      // What another execution has started runs freely.
      if (!held.has(arn)) return run();
      const work = workOf(resource, parameters);
      const interference = await new Promise<Interference>((open, refuse) => {
        waiting.set(arn, { work, open });
        changes.emit(arn);
        signal.addEventListener('abort', () => refuse(new Error('The execution was stopped')));
      });
      const done = interference(run);
      running.add(done);
      const result = await done.finally(() => running.delete(done));
      results.set(`${arn} ${work}`, result);
      return result;
    },
  });
  process.env.AWS_ENDPOINT_URL_SFN = service.endpoint;
  const client = new SFNClient({
    endpoint: service.endpoint,
    region: 'us-west-2',
    credentials: service.credentials,
  });
  const settled = async (arn: string): Promise<void> => {
    while (!waiting.has(arn) && !ended.has(arn)) await once(changes, arn);
  };
  const open = (arn: string, interference: Interference): void => {
    const task = waiting.get(arn) as Waiting;
    waiting.delete(arn);
    moving = arn;
    task.open(interference);
  };
  const stopWhile = async (arn: string, interferenceOf: (stopped: Promise<void>) => Interference) => {
    const stopped = Promise.withResolvers<void>();
    open(arn, interferenceOf(stopped.promise));
    await client.send(new StopExecutionCommand({ executionArn: arn }));
    stopped.resolve();
    await Promise.allSettled([...running]);
  };
  return {
    async start(machine, input) {
      const { arn: stateMachineArn } = machines.find(({ name }) => name.endsWith(`-${machine}`)) as {
        arn: string;
      };
      const name = `run-${Math.random().toString(36).slice(2)}`;
      moving = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
      held.add(moving);
      await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      await settled(moving);
      return moving;
    },
    waitsFor: (arn) => waiting.get(arn)?.work ?? null,
    async step(arn, fate = 'works') {
      open(arn, typeof fate === 'function' ? fate : FATES[fate]);
      await settled(arn);
    },
    // The machine is not told, or an execution in its last state would end before it is stopped.
    stopDuring: (arn) =>
      stopWhile(arn, (stopped) => async (run) => {
        const [answer] = await Promise.allSettled([run(), stopped]);
        if (answer.status === 'rejected') throw answer.reason;
        return answer.value;
      }),
    stopBefore: (arn) => stopWhile(arn, (stopped) => (run) => stopped.then(run)),
    async stop(arn) {
      await client.send(new StopExecutionCommand({ executionArn: arn }));
      waiting.delete(arn);
    },
    async redrive(arn) {
      moving = arn;
      await client.send(new RedriveExecutionCommand({ executionArn: arn }));
      await settled(arn);
    },
    resultOf: (arn, work) => results.get(`${arn} ${work}`),
    describe: (executionArn) => client.send(new DescribeExecutionCommand({ executionArn })),
    async end() {
      await service.stop();
      client.destroy();
      removeFolder();
    },
  };
}

/** Key of a function, last word of an integration, or key of the machine that is started. */
export function workOf(resource: string, parameters: unknown): string {
  const { StateMachineArn } = parameters as { StateMachineArn?: string };
  return lastWord(StateMachineArn ?? resource)
    .replace('fpe-local-', '')
    .replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const lastWord = (arn: string): string => (/[^:]+$/.exec(arn) as RegExpExecArray)[0];

/** The first states are told their execution, most others have it in their run. */
function ownerOf(parameters: unknown): string | undefined {
  const { execution, run } = parameters as { execution?: { arn: string }; run?: { execution_arn: string } };
  return execution?.arn ?? run?.execution_arn;
}

async function perform(resource: string, parameters: unknown, objects: Objects): Promise<unknown> {
  const work = workOf(resource, parameters);
  if (!resource.includes(':function:')) return runInstantJob(work, parameters, objects);
  const file = work.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const { handler } = (await import(`../../functions/${file}.ts`)) as {
    handler: (event: unknown, context: unknown) => Promise<unknown>;
  };
  try {
    return (await handler(structuredClone(parameters), {})) ?? null;
  } catch (error) {
    const { name, message } = error as Error;
    throw new TaskFailure(name, message);
  }
}
