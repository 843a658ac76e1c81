import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { optionalSetting } from '../aws/configuration.ts';

/** Files of `model/` that a job needs, path in the folder → bytes; without tests and caches. */
export async function readModelSource(): Promise<Map<string, Uint8Array>> {
  const folder = join(optionalSetting('LAMBDA_TASK_ROOT') ?? process.cwd(), 'model');
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
  const files = names.sort().map(async (name) => [name, await readFile(join(folder, name))] as const);
  return new Map(await Promise.all(files));
}
