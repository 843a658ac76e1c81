import { spawnSync } from 'node:child_process';
import process from 'node:process';

const canRun = (/** @type {string} */ program, versionOption = '--version') =>
  spawnSync(program, [versionOption], { stdio: 'ignore' }).status === 0;

/**
 * Whether a program of the system is there: where this is Debian and we are root, its package is installed if it is not.
 *
 * @param {string} program name or path
 * @param {string} debianPackage
 * @param {string} [versionOption] with which it tells its version and ends well
 */
export function hasProgram(program, debianPackage, versionOption) {
  if (canRun(program, versionOption)) return true;
  const isDebianRoot = process.getuid?.() === 0 && canRun('apt-get');
  if (!isDebianRoot) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const command of [
    ['-qq', 'update'],
    ['-qq', '-y', '--no-install-recommends', 'install', debianPackage],
  ])
    spawnSync('apt-get', command, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return canRun(program, versionOption);
}

/** Like `hasProgram`, for what nothing else can do in its place. @type {(...program: Parameters<typeof hasProgram>) => void} */
export function requireProgram(program, debianPackage, versionOption) {
  if (hasProgram(program, debianPackage, versionOption)) return;
  throw new Error(
    `These tests need ${program}, which cannot be run. On Debian or Ubuntu, as root: apt-get install ${debianPackage}`,
  );
}
