/**
 * Stands in for a container: a Python process with the container's environment, without the stack's credentials, and with its
 * output in a log. `/opt/ml` is a folder of the job's own, so paths that begin with it are rewritten.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { makeFolder } from '../../host/folder.ts';
import { endWithThisProcess } from '../../host/watchdog.ts';
import { JobFailure } from './job-data.ts';

/** SageMaker's wait between SIGTERM and SIGKILL. */
export const STOP_GRACE_MS = 120_000;
/** Time to wait for the last lines of a container that has ended. */
export const OUTPUT_GRACE_MS = 5_000;
const TAIL_LINES = 20;
/** Marks a container's process and all of its descendants, whatever their ids; its value is the working folder. */
const MARK = 'FPE_LOCAL_CONTAINER';
/** What Python needs from the host to start and to find its packages, and the user's settings for it. */
const HOST_VARIABLES =
  'PATH HOME LANG LC_ALL TMPDIR LD_LIBRARY_PATH CUDA_VISIBLE_DEVICES OMP_NUM_THREADS MKL_NUM_THREADS'.split(
    ' ',
  );

/** `exitCode` as reported by Docker: 128 + n for signal n. */
export type Exit = { exitCode: number };

export type Container = {
  exited: Promise<Exit>;
  /** The last lines it wrote to stderr. */
  errorTail(): string;
  /** SIGTERM now, SIGKILL after the grace period. */
  terminate(): void;
};

/** @param value text that may contain container paths */
export const inFolder = (value: string, folder: string): string =>
  value.replaceAll(/\/opt\/ml(?=\/|$|")/g, folder);

/** @param options.onLine called with every line of stdout and stderr */
export function startContainer(options: {
  command: string[];
  cwd: string;
  env: Record<string, string>;
  log: string;
  stopGraceMs?: number;
  onLine?: (line: string) => void;
}): Container {
  const [program = '', ...args] = options.command;
  makeFolder(dirname(options.log));
  const log = createWriteStream(options.log, { flags: 'a' });
  log.on('error', () => undefined); // a full disk must not end a job
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: {
      ...hostVariables(),
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      ...options.env,
      [MARK]: options.cwd,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: its workers end with it, and the terminal's Ctrl-C reaches only the stack.
    detached: true,
  });
  endWithThisProcess(child, { signal: 'SIGKILL', isGroup: true, graceMs: 0 });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      options.onLine?.(line);
      if (stream !== child.stderr) return;
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
    });

  let killTimer: NodeJS.Timeout | undefined;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new JobFailure(`ClientError: ${program} cannot be started: ${error.message}`)),
    );
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      clearTimeout(killTimer);
      log.end();
      resolve({ exitCode: code ?? (signal === 'SIGTERM' ? 143 : 137) });
    };
    child.once('exit', (code, signal) => {
      killGroup(child); // a container ends with its first process
      // A process that has left the group may hold the output open forever.
      const timer = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        end(code, signal);
      }, OUTPUT_GRACE_MS);
      child.once('close', () => clearTimeout(timer));
    });
    child.once('close', end);
  });
  exited.catch(() => log.end());
  return {
    exited,
    errorTail: () => tail.join('\n'),
    terminate() {
      child.kill('SIGTERM');
      killTimer ??= setTimeout(() => killGroup(child), options.stopGraceMs ?? STOP_GRACE_MS);
    },
  };
}

/**
 * Ends what a killed stack has left running in a folder; without /proc, nothing is found.
 *
 * @returns number of processes
 */
export function endLeftOvers(folder: string): number {
  const pids = existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return pids.filter((pid) => {
    try {
      // Identified by the mark that it was started with: an id may have been reused, and a shell may have the folder as its
      // working directory.
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (!environment.some((variable) => variable.startsWith(`${MARK}=${folder}/`))) return false;
      process.kill(Number(pid), 'SIGKILL');
      return true;
    } catch {
      return false; // it has already ended, or belongs to another user
    }
  }).length;
}

const GPU_TIMEOUT_MS = 120_000;
const GPUS_OF_TORCH = 'import torch; print(torch.cuda.device_count() if torch.cuda.is_available() else 0)';

/**
 * GPUs that jobs of this computer can use: a card does not count if its driver or PyTorch's build does not support it, as with
 * the PyTorch packages of many systems. On a SageMaker instance, that would be a fault of the image.
 */
export function countGpus(python: string, devices = '/dev'): number {
  if (!existsSync(devices) || !readdirSync(devices).some((name) => /^nvidia\d+$/.test(name))) return 0;
  try {
    const answer = execFileSync(python, ['-c', GPUS_OF_TORCH], {
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: GPU_TIMEOUT_MS, // some drivers hang
    });
    return Number(answer);
  } catch {
    return 0;
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No process is left in it.
  }
}

function hostVariables(): Record<string, string> {
  const found = HOST_VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}
