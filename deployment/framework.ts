import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isAlive } from '../local/process.ts';

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
  try {
    await promisify(execFile)(process.execPath, [program, 'package', '--stage', stage, '--package', output], {
      cwd: root,
      env: {
        ...process.env,
        // Whatever the environment is logged in to: packaging asks nobody.
        AWS_ACCESS_KEY_ID: 'none',
        AWS_SECRET_ACCESS_KEY: 'none',
        AWS_EC2_METADATA_DISABLED: 'true',
        BUNDLE_INPUTS: inputs,
      },
    });
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(
      `The project cannot be packaged. To see all of it, run: npx serverless package --stage ${stage}\n${`${stderr}${stdout}`.trim()}`,
      { cause },
    );
  } finally {
    unlock();
  }
}

/** @returns the function that gives the lock back; a file is made by one process alone */
async function lock(path: string): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  for (const deadline = Date.now() + LOCK_TIMEOUT_MS; ; await sleep(100)) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    if (holder && !isAlive(holder)) rmSync(path, { force: true });
    if (Date.now() > deadline)
      throw new Error(`Process ${holder} has been packaging for two minutes. If it is not, remove ${path}.`);
  }
}
