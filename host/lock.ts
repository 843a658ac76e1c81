/**
 * One process at a time, held by the operating system: SQLite's lock of an empty database. It ends with the process, however that
 * ends, so no lock is ever considered stale and removed. Libraries that lock by a file or a folder, such as proper-lockfile,
 * judge by age and then remove it: if two processes do so at once, the second removes the lock that the first has just taken, and
 * a process that was busy or asleep for too long loses its own.
 *
 * The file stays, because removing it would let another process lock a new one with the same name. Nothing else may open it:
 * POSIX releases a process's locks on a file as soon as the process closes that file anywhere in the program.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Releases a lock; calling it again does nothing. */
export type Unlock = () => void;

/** @returns null while the lock is held elsewhere, in this process or in another one */
export function tryLock(file: string): Unlock | null {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // No journal: a killed process would leave it behind, and nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    // Any user who may read it could lock it.
    chmodSync(file, 0o600);
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
  return () => {
    if (database.isOpen) database.close();
  };
}

/** Waits for the lock. @throws the given error if the lock is not released in time */
export async function lock(file: string, timeoutMs: number, tooLate: () => Error): Promise<Unlock> {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(POLL_MS)) {
    const unlock = tryLock(file);
    if (unlock) return unlock;
    if (performance.now() > deadline) throw tooLate();
  }
}
