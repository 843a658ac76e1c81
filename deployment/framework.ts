import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from '../host/folder.ts';
import { lock } from '../host/lock.ts';
import { endWithThisProcess } from '../host/watchdog.ts';

/** Where the framework's plugin puts bundles and files before it packs them. */
const BUILD_FOLDER = '.esbuild';

/**
 * Compiles serverless.yml for a stage with the Serverless Framework; needs no credentials. The framework works in folders
 * of the project, so one process at a time; the others wait, and say for whom.
 *
 * @param root folder of serverless.yml
 * @param output folder that receives the compiled template and an archive for each function
 * @param inputs folder that receives a list of the sources of each function's bundle
 * @throws Error with the framework's message
 */
export async function runFramework(
  root: string,
  stage: string,
  output: string,
  inputs: string,
): Promise<void> {
  const lockFile = join(root, '.local', 'packaging.lock');
  const unlock = await lock(lockFile, (holder) =>
    console.error(`Waiting: the project is being packaged by ${holder}.`),
  );
  const program = join(root, 'node_modules/serverless/bin/serverless.js');
  const temporary = `${output}.temporary`;
  makeFolder(temporary);
  // What an earlier run has left there would be packaged again: files that are gone since, or of another stage.
  rmSync(join(root, BUILD_FOLDER), { recursive: true, force: true });
  try {
    const running = promisify(execFile)(
      process.execPath,
      [program, 'package', '--stage', stage, '--package', output],
      {
        cwd: root,
        env: {
          ...process.env,
          // The framework leaves a folder for each function among the temporary ones.
          TMPDIR: temporary,
          // Whatever credentials the environment has: packaging calls no service.
          AWS_ACCESS_KEY_ID: 'none',
          AWS_SECRET_ACCESS_KEY: 'none',
          AWS_EC2_METADATA_DISABLED: 'true',
          BUNDLE_INPUTS: inputs,
        },
      },
    );
    // Otherwise it would continue to write into the folders that the next process uses.
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
