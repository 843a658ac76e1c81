/**
 * One process at a time, held by the operating system: SQLite's lock of an empty database. It ends with the process, however that
 * ends, so no lock is ever considered stale and removed. Libraries that lock by a file or a folder, such as proper-lockfile,
 * judge by age and then remove it: if two processes do so at once, the second removes the lock that the first has just taken, and
 * a process that was busy or asleep for too long loses its own.
 *
 * The file stays, because removing it would let another process lock a new one with the same name. Nothing else may open it:
 * POSIX releases a process's locks on a file as soon as the process closes that file anywhere in the program.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { readJsonFile } from './durable-file.ts';
import { makeFolder } from './folder.ts';
import { identify, isSameProcess } from './process.ts';

const POLL_MS = 100;
const SILENT_MS = 2_000;
/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Releases a lock; calling it again does nothing. */
export type Unlock = () => void;

/** @returns null while the lock is held elsewhere, in this process or in another one */
export function tryLock(file: string): Unlock | null {
  makeFolder(dirname(file));
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

/**
 * Waits for the lock as long as another process holds it: however slow this computer is, it ends with that process.
 *
 * @param tellHolder called once, if the lock is not free within two seconds, with who holds it
 */
export async function lock(file: string, tellHolder: (holder: string) => void): Promise<Unlock> {
  const began = performance.now();
  for (let told = false; ; await sleep(POLL_MS)) {
    const unlock = tryLock(file);
    if (unlock) {
      writeFileSync(holderFile(file), JSON.stringify({ ...identify(process.pid), since: new Date() }));
      return unlock;
    }
    if (told || performance.now() - began < SILENT_MS) continue;
    tellHolder(holderOf(file));
    told = true;
  }
}

/** Beside the lock, as nothing else may open that one. It may be of a former holder, or half written. */
const holderFile = (file: string): string => `${file}.holder`;

const holderNote = z.object({ pid: z.int(), startedAt: z.string(), since: z.iso.datetime() });

function holderOf(file: string): string {
  const { data: holder } = holderNote.safeParse(readJsonFile(holderFile(file)));
  return holder && isSameProcess(holder)
    ? `process ${holder.pid}, since ${holder.since.slice(11, 19)} UTC`
    : 'another process';
}
