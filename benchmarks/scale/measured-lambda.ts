import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskFailure } from '../../local/task.ts';
import type { LocalFunction } from '../../local/template.ts';
import type { Answer, Measure } from './measured-process.ts';

const PROCESS = join(import.meta.dirname, 'measured-process.ts');
/** On AWS the function would have been ended; here a busy computer may take longer, and the margin says so. */
const PATIENCE = 4;
/** Name of the error of a process that ended without an answer, as Lambda has it. */
const ENDED = 'Runtime.ExitError';

/** The largest of each measure over all calls of a function, and how many there were. */
export type Measured = Measure & { calls: number; requestsPerSecond: number };

/**
 * Functions as Lambda runs them, each call in a new process, measured. Node.js takes what memory it may before it collects, so that
 * what it takes says little of what it needs: each gets a heap with which it stays below half of its memory. What does not end
 * with that is called once more, with all.
 */
export class MeasuredLambda {
  readonly measured = new Map<string, Measured>();
  readonly #functions: Map<string, LocalFunction>;
  readonly #env: () => Record<string, string>;

  /** @param env variables that every function gets besides its own, as they are at the time of the call */
  constructor(functions: readonly LocalFunction[], env: () => Record<string, string>) {
    this.#functions = new Map(functions.map((each) => [keyOf(each.name), each]));
    this.#env = env;
  }

  /** What a function may use at most (resources/functions.yml). */
  limitsOf(key: string): { seconds: number; megabytes: number } {
    const { timeoutSeconds, memoryMb } = this.#find(key);
    return { seconds: timeoutSeconds, megabytes: memoryMb };
  }

  /**
   * @param key as in resources/functions.yml, with dashes
   * @param as name of the row of the table, where a function is measured more than once
   * @throws TaskFailure with the error of the function
   */
  async invoke<Result = unknown>(key: string, event: unknown, as = key): Promise<Result> {
    const definition = this.#find(key);
    const folder = mkdtempSync(join(tmpdir(), 'fpe-scale-tmp-'));
    try {
      const env = { ...this.#env(), TMPDIR: folder };
      const answer = await call(definition, event, env, NARROW).catch((error: TaskFailure) => {
        if (error.error !== ENDED) throw error;
        return call(definition, event, env, LAMBDA);
      });
      this.#note(as, answer);
      if (answer.error) throw new TaskFailure(answer.error.name, answer.error.message);
      return answer.result as Result;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  #find(key: string): LocalFunction {
    const definition = this.#functions.get(key);
    if (!definition) throw new Error(`no function ${key}`);
    return definition;
  }

  #note(name: string, { seconds, cpuSeconds, megabytes, s3Requests, tmpBytes, resultBytes }: Measure): void {
    const known = this.measured.get(name);
    const requestsPerSecond = s3Requests / seconds;
    const found = {
      seconds,
      cpuSeconds,
      megabytes,
      s3Requests,
      tmpBytes,
      resultBytes,
      requestsPerSecond,
      calls: 1,
    };
    const most = (one: Measured, other: Measured): Measured => ({
      seconds: Math.max(one.seconds, other.seconds),
      cpuSeconds: Math.max(one.cpuSeconds, other.cpuSeconds),
      megabytes: Math.max(one.megabytes, other.megabytes),
      s3Requests: Math.max(one.s3Requests, other.s3Requests),
      tmpBytes: Math.max(one.tmpBytes, other.tmpBytes),
      resultBytes: Math.max(one.resultBytes, other.resultBytes),
      requestsPerSecond: Math.max(one.requestsPerSecond, other.requestsPerSecond),
      calls: one.calls + other.calls,
    });
    this.measured.set(name, known ? most(known, found) : found);
  }
}

const keyOf = (name: string): string => name.replace('fpe-local-', '');
export const functionKeyOf = (arn: string): string => keyOf(arn.slice(arn.lastIndexOf(':') + 1));

/** Shares of a function's memory that objects may take, and one of the two halves of young ones. */
type Heap = { old: number; semiSpace: number };
/** As in the bootstrap of Lambda's runtime for Node.js. */
const LAMBDA: Heap = { old: 0.9, semiSpace: 0.05 };
/** At least so many times what is needed. */
export const MARGIN = 2;
/** Leaves of the wanted part of the memory what is not heap: code, buffers, the process itself. */
const NARROW: Heap = { old: 0.75 / MARGIN, semiSpace: 0.025 / MARGIN };

const memoryArguments = (memoryMb: number, { old, semiSpace }: Heap): string[] => [
  `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * semiSpace))}`,
  `--max-old-space-size=${Math.floor(memoryMb * old)}`,
];

async function call(
  { name, folder, handler, memoryMb, timeoutSeconds, environment }: LocalFunction,
  event: unknown,
  env: Record<string, string>,
  heap: Heap,
): Promise<Answer> {
  const child = fork(PROCESS, [folder, handler], {
    cwd: folder,
    env: {
      ...env,
      ...environment,
      PATH: process.env.PATH ?? '',
      TZ: ':UTC',
      LAMBDA_TASK_ROOT: folder,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
    },
    execArgv: ['--no-warnings', ...memoryArguments(memoryMb, heap)],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE * timeoutSeconds * 1000);
  child.send(event as object);
  const answered = once(child, 'message').then(([answer]) => answer as Answer);
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new TaskFailure(ENDED, `${name} ended with ${code ?? signal}: ${said}`);
  });
  try {
    return (await Promise.race([answered, ended])) as Answer;
  } finally {
    clearTimeout(timer);
    ended.catch(() => undefined);
  }
}
