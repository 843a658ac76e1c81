/**
 * Stands in for Lambda: runs the handlers from the deployed archives, each execution environment in a Node.js process of its own,
 * which stays warm for a while after each call.
 *
 * As in AWS: the function's environment and nothing of the host's, UTC, timeout, memory (of JavaScript objects), 6 MiB for event
 * and result, error names, a log per function; a call outlives an execution that is stopped in the meantime. Not supported: the
 * HTTP API, versions, layers, read-only disks, CPU in proportion to memory, networks.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../host/folder.ts';
import { LOCAL_REGION } from './account.ts';
import { type RunTask, TaskFailure } from './task.ts';
import type { LocalFunction } from './template.ts';

const RUNTIME = join(import.meta.dirname, 'lambda-runtime.ts');
const PAYLOAD_BYTES = 6 * 2 ** 20;
const IDLE_MS = 60_000;

export type Invocation = { requestId: string; event: string; timeoutMs: number };
/** The runtime's answer: a result or an error as JSON text. */
export type LambdaAnswer = { result?: string; error?: string };

export type Lambda = { invoke: RunTask; stop(): Promise<void> };

type Environment = {
  definition: LocalFunction;
  process: ChildProcess;
  log: string;
  idle: NodeJS.Timeout | null;
};

/**
 * @param options.env variables that every function gets besides its own, such as endpoints
 * @param options.folder where the logs go, `NAME.log`
 */
export function startLambda(options: {
  functions: LocalFunction[];
  env: Record<string, string>;
  folder: string;
}): Lambda {
  const functions = new Map(options.functions.map((definition) => [definition.arn, definition]));
  const warm = new Map<string, Environment[]>();
  const all = new Set<Environment>();
  makeFolder(options.folder);

  const invoke: RunTask = async (arn, parameters, signal) => {
    const definition = functions.get(arn);
    if (!definition) throw new TaskFailure('Lambda.ResourceNotFoundException', `Function not found: ${arn}`);
    const event = JSON.stringify(parameters ?? null);
    requireSize(event, 'Lambda.RequestTooLargeException', 'The event');
    const environment = warm.get(arn)?.pop() ?? startEnvironment(definition);
    if (environment.idle) clearTimeout(environment.idle);
    const answer = call(environment, event).finally(() => keepWarm(environment));
    const { result, error } = await unlessAborted(answer, signal);
    if (error !== undefined) throw new TaskFailure(JSON.parse(error).errorType ?? 'Lambda.Unknown', error);
    requireSize(result ?? 'null', 'Function.ResponseSizeTooLarge', 'The result');
    return JSON.parse(result ?? 'null');
  };

  function startEnvironment(definition: LocalFunction): Environment {
    const log = join(options.folder, `${definition.name}.log`);
    const output = openSync(log, 'a');
    const process = fork(RUNTIME, [definition.folder, definition.handler], {
      cwd: definition.folder,
      env: { ...options.env, ...definition.environment, ...reservedVariables(definition) },
      execArgv: [`--max-old-space-size=${definition.memoryMb}`],
      stdio: ['ignore', output, output, 'ipc'],
      // Detached from the terminal's Ctrl-C: calls in flight end in order, with the stack.
      detached: true,
    });
    closeSync(output);
    const environment = { definition, process, log, idle: null };
    all.add(environment);
    const forget = () => {
      all.delete(environment);
      takeOut(environment);
    };
    process.once('exit', forget).on('error', forget);
    return environment;
  }

  function keepWarm(environment: Environment): void {
    if (!all.has(environment) || environment.process.killed) return;
    const { arn } = environment.definition;
    warm.set(arn, [...(warm.get(arn) ?? []), environment]);
    environment.idle = setTimeout(() => {
      takeOut(environment);
      environment.process.kill('SIGKILL');
    }, IDLE_MS);
    environment.idle.unref();
  }

  function takeOut(environment: Environment): void {
    const { arn } = environment.definition;
    warm.set(arn, warm.get(arn)?.filter((other) => other !== environment) ?? []);
  }

  return {
    invoke,
    async stop() {
      await Promise.all([...all].map(end));
    },
  };
}

/** One call; if the process ends for any reason, the call ends with an error, as in AWS. */
async function call({ definition, process, log }: Environment, event: string): Promise<LambdaAnswer> {
  const requestId = randomUUID();
  const startedAtMs = performance.now();
  appendFileSync(log, `START RequestId: ${requestId}\n`);
  try {
    return await new Promise((resolve) => {
      const timeoutMs = definition.timeoutSeconds * 1000;
      const settle = (answer: LambdaAnswer) => {
        clearTimeout(timer);
        process.off('message', settle).off('exit', onExit).off('error', onExit);
        resolve(answer);
      };
      const onExit = () => settle(exited(requestId, process));
      const timer = setTimeout(() => {
        process.kill('SIGKILL');
        settle(timedOut(requestId, definition.timeoutSeconds));
      }, timeoutMs);
      process.once('message', settle).once('exit', onExit).once('error', onExit);
      process.send({ requestId, event, timeoutMs } satisfies Invocation);
    });
  } finally {
    const durationMs = Math.round(performance.now() - startedAtMs);
    appendFileSync(log, `REPORT RequestId: ${requestId}\tDuration: ${durationMs} ms\n`);
  }
}

const failure = (errorType: string, errorMessage: string): LambdaAnswer => ({
  error: JSON.stringify({ errorType, errorMessage }),
});

const timedOut = (requestId: string, seconds: number): LambdaAnswer =>
  failure(
    'Sandbox.Timedout',
    `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`,
  );

const exited = (requestId: string, { exitCode, signalCode }: ChildProcess): LambdaAnswer =>
  failure(
    'Runtime.ExitError',
    `RequestId: ${requestId} Error: Runtime exited with error: ${signalCode ? `signal: ${signalCode}` : `exit status ${exitCode}`}`,
  );

function requireSize(payload: string, error: string, what: string): void {
  const bytes = Buffer.byteLength(payload);
  if (bytes <= PAYLOAD_BYTES) return;
  throw new TaskFailure(
    error,
    `${what} of a function may have ${PAYLOAD_BYTES} bytes. Found: ${bytes}. Pass large data through S3.`,
  );
}

/** A stopped execution no longer waits for the call, which goes on. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function end({ process }: Environment): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const ended = once(process, 'exit');
  process.kill('SIGKILL');
  await ended;
}

const reservedVariables = (definition: LocalFunction): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  TZ: ':UTC',
  LAMBDA_TASK_ROOT: definition.folder,
  AWS_REGION: LOCAL_REGION,
  AWS_DEFAULT_REGION: LOCAL_REGION,
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_NAME: definition.name,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
});
