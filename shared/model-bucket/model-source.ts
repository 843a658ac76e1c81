import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { optionalSetting } from '../aws/configuration.ts';

/** Folders of `model/` with files that a job needs: itself, and the library that scoring uses. */
const FOLDERS = ['', 'wheels/'];

/** Files of `model/` that a job needs, path in the folder → bytes; without tests and caches. */
export async function readModelSource(): Promise<Map<string, Uint8Array>> {
  const root = join(optionalSetting('LAMBDA_TASK_ROOT') ?? process.cwd(), 'model');
  const names = await Promise.all(FOLDERS.map((folder) => filesOf(root, folder)));
  const files = names.flat().map(async (name) => [name, await readFile(join(root, name))] as const);
  return new Map(await Promise.all(files));
}

/** Paths of the files of a folder, below the root. */
async function filesOf(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => `${folder}${entry.name}`)
    .sort();
}
