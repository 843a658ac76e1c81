import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lock } from '../host/lock.ts';
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
  const lockFile = join(root, '.local', 'packaging.lock');
  const unlock = await lock(lockFile, LOCK_TIMEOUT_MS, () => stillPackaging(lockFile));
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

const stillPackaging = (lockFile: string): Error =>
  new Error(
    `Another process has been packaging for two minutes. Wait for it, or end it: lsof ${lockFile} tells which it is.`,
  );
