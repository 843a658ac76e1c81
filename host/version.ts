import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { parseJsonAs } from '../shared/formats/json.ts';

const COMMIT_DIGITS = 12;
const packageFile = z.object({ version: z.string() });

/**
 * The version of package.json with the commit as its build metadata (semver.org, 10), e.g. 0.1.0+1f0c9a2e5b7d, and `.changed` if
 * files differ from that commit. A folder without Git, such as an unpacked download, has only its version.
 *
 * @param root folder of package.json
 */
export function pipelineVersion(root: string): string {
  const { version } = parseJsonAs(readFileSync(join(root, 'package.json'), 'utf8'), packageFile);
  const commit = git(root, 'rev-parse', `--short=${COMMIT_DIGITS}`, 'HEAD');
  // A repository in a parent folder is another project's.
  if (commit === null || git(root, 'rev-parse', '--show-prefix') !== '') return version;
  const changed = git(root, 'status', '--porcelain', '--untracked-files=no');
  return `${version}+${commit}${changed === '' ? '' : '.changed'}`;
}

/** @returns null if Git is missing or refuses */
function git(root: string, ...command: string[]): string | null {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', ['-C', root, ...command], { encoding: 'utf8', stdio }).trim();
  } catch {
    return null;
  }
}
