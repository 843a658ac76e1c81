import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** Where `node local/setup.js --containers` puts AWS's toolkits. */
const BIN = join(ROOT, '.local', 'containers', 'bin');
export const PYTHON = join(BIN, 'python');
/** More than any of them takes on a busy computer. */
export const CONTAINER_MS = 600_000;
const OUTPUT_BYTES = 64 * 2 ** 20;

/** A container's own folders: /opt/ml, /etc with its name, and where its process works. */
export type Container = { folder: string; ml: string };

export function makeContainer(): Container {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-container-'));
  for (const name of ['ml', 'work']) mkdirSync(join(folder, name));
  // Links of /etc that lead nowhere are left as they are.
  cpSync('/etc', join(folder, 'etc'), { recursive: true, verbatimSymlinks: true, filter: isReadable });
  writeFileSync(join(folder, 'etc', 'hosts'), '127.0.0.1 localhost algo-1\n');
  return { folder, ml: join(folder, 'ml') };
}

export const removeContainer = ({ folder }: Container): void => rmSync(folder, { recursive: true });

/** Keys of the host are nobody's business, and may not be read by everyone. */
const isReadable = (path: string): boolean => !/^\/etc\/(shadow|gshadow|ssl\/private|ssh|sudoers)/.test(path);

export type Exit = { exitCode: number; stdout: string; stderr: string };

/**
 * Runs a command in a container of AWS's toolkits, without a network.
 *
 * @param env all that the container's process finds in its environment, besides PATH and HOME
 */
export function runInContainer(
  { folder }: Container,
  command: readonly string[],
  env: Record<string, string>,
): Promise<Exit> {
  const options = {
    env: { PATH: `${BIN}${delimiter}${process.env.PATH}`, HOME: join(folder, 'work'), ...env },
    maxBuffer: OUTPUT_BYTES,
    timeout: CONTAINER_MS,
  };
  return new Promise((resolve) => {
    execFile(
      join(import.meta.dirname, 'enter.sh'),
      [folder, ...command],
      options,
      (error, stdout, stderr) => {
        const code = error?.code;
        resolve({ exitCode: error ? (typeof code === 'number' ? code : 1) : 0, stdout, stderr });
      },
    );
  });
}

/** What the tests need of the computer, said at once instead of in the middle. @throws Error */
export function requireContainers(): void {
  const missing = [
    existsSync(PYTHON) ? '' : 'AWS’s toolkits: node local/setup.js --containers',
    ...['unshare', 'ip', 'java'].map((name) =>
      (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))
        ? ''
        : `the program ${name} (Debian: apt install util-linux iproute2 default-jre-headless)`,
    ),
    process.platform === 'linux'
      ? ''
      : `Linux, as namespaces are what stands in for a container; this is ${process.platform}`,
  ].filter(Boolean);
  if (missing.length > 0)
    throw new Error(`The tests of the containers need:\n${missing.map((what) => `  - ${what}`).join('\n')}`);
}
