import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Creates a folder with those above it that are missing, and leaves one that is there.
 *
 * Node.js can do so itself (`recursive`), but never returns where a system says ENOENT for a folder whose parent is there, as Linux
 * does below /proc.
 *
 * @param mode of folders that are made
 * @throws the system's error, which names the folder that cannot be made
 */
export function makeFolder(path: string, { mode = 0o777 }: { mode?: number } = {}): void {
  const missing: string[] = [];
  let folder = resolve(path);
  while (!isFolder(folder) && folder !== dirname(folder)) {
    missing.push(folder);
    folder = dirname(folder);
  }
  for (const name of missing.reverse()) makeOne(name, mode);
}

function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(folder)) throw error;
  }
}

/** Through links; false also for what cannot be looked at, whose making then says why. */
const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};
