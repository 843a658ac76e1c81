import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createDurably, parseJson, readJson, removeStale } from '../host/durable-file.ts';
import { identify, isAlive, isSameProcess } from '../host/process.ts';
import { endWithThisProcess } from '../host/watchdog.ts';

const LOCK_TIMEOUT_MS = 120_000;

/**
 * Compiles serverless.yml for a stage with the Serverless Framework; needs no credentials. The framework works in folders
 * of the project, so one process at a time.
 *
 * @param root folder of serverless.yml
 * @param output folder that gets the compiled template and an archive for each function
 * @param inputs folder that gets a list of what each function is bundled from
 * @throws Error with what the framework says
 */
export async function runFramework(
  root: string,
  stage: string,
  output: string,
  inputs: string,
): Promise<void> {
  const unlock = await lock(join(root, '.local', 'packages', 'lock'));
  const program = join(root, 'node_modules/serverless/bin/serverless.js');
  const temporary = `${output}.temporary`;
  mkdirSync(temporary, { recursive: true });
  try {
    const running = promisify(execFile)(
      process.execPath,
      [program, 'package', '--stage', stage, '--package', output],
      {
        cwd: root,
        env: {
          ...process.env,
          // The framework leaves a folder for each function in the place for temporary ones.
          TMPDIR: temporary,
          // Whatever the environment is logged in to: packaging asks nobody.
          AWS_ACCESS_KEY_ID: 'none',
          AWS_SECRET_ACCESS_KEY: 'none',
          AWS_EC2_METADATA_DISABLED: 'true',
          BUNDLE_INPUTS: inputs,
        },
      },
    );
    // It would go on to write into the folders that the next one works in.
    endWithThisProcess(running.child, { signal: 'SIGKILL', isGroup: false, graceMs: 0 });
    await running;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(
      `The project cannot be packaged. To see all of it, run: npx serverless package --stage ${stage}\n${`${stderr}${stdout}`.trim()}`,
      { cause },
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    unlock();
  }
}

/** @returns the function that gives the lock back; a file is made by one process alone */
async function lock(path: string): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  const self = { pid: process.pid, ...identify(process.pid) };
  for (const deadline = performance.now() + LOCK_TIMEOUT_MS; ; await sleep(100)) {
    if (createDurably(path, JSON.stringify(self))) return () => rmSync(path, { force: true });
    removeStale(path, (text) => !isHeld(text));
    if (performance.now() > deadline)
      throw new Error(
        `Process ${readJson<{ pid: number }>(path)?.pid} has been packaging for two minutes. If it is not, remove ${path}.`,
      );
  }
}

/** Whether the process that wrote a lock still runs; version 0.1 wrote its id alone. */
function isHeld(lock: string): boolean {
  const holder = parseJson<number | { pid: number; startedAt?: string }>(lock);
  if (typeof holder === 'number') return isAlive(holder);
  if (!holder) return false;
  const { pid, startedAt } = holder;
  return startedAt ? isSameProcess({ pid, startedAt }) : isAlive(pid);
}
