import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Room for the files of three trainings. */
const SIZE = '2g';
const FILLER = 'filler';

/** A small disk of its own. @returns false where this computer lets none be mounted */
export function mountDisk(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', folder], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

export const unmountDisk = (folder: string): void => void execFileSync('umount', [folder]);

/** Takes all that is left of the disk, to the last block. */
export function fillDisk(folder: string): void {
  const file = openSync(join(folder, FILLER), 'w');
  for (const bytes of [2 ** 24, 2 ** 12])
    try {
      for (const block = Buffer.alloc(bytes); ; ) if (writeSync(file, block) < bytes) break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  closeSync(file);
}

export const freeDisk = (folder: string): void => rmSync(join(folder, FILLER));
