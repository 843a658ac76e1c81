import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres } from '../../../local/postgres.ts';
import { Bench } from './bench.ts';
import { mountDisk, unmountDisk } from './disk.ts';
import type { StackResult, StackStrike } from './faults.ts';
import { type Exports, writeExports } from './station.ts';

/** Of the stack; a disk may be mounted above it. */
const DATA = 'data';

type Trials = readonly (readonly StackStrike[])[];
/** What all trials have in common; `deadline` in milliseconds since 1970, and `onResult` told of each strike as it comes. */
type Session = { exports: Exports; deadline: number; onResult: (result: StackResult) => void };

/** Tries one fault after another, those of the disk on a small one of their own. @param onResult told each as it comes */
export async function tryAll(
  trials: Trials,
  limitMs: number,
  onResult: (result: StackResult) => void,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  const folder = mkdtempSync(join(tmpdir(), 'fpe-stack-faults-'));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  try {
    const session = { exports: await writeExports(folder), deadline, onResult };
    const usual = trials.filter((trial) => !isOfDisk(trial));
    await Promise.all([
      tryOn(join(folder, 'usual', DATA), usual, session),
      tryOnDisk(join(folder, 'disk'), trials.filter(isOfDisk), session),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function tryOnDisk(disk: string, trials: Trials, session: Session): Promise<void> {
  if (trials.length === 0) return;
  if (!mountDisk(disk)) {
    for (const strike of trials.flat()) session.onResult({ strike, outcome: 'not tried', failure: null });
    return;
  }
  try {
    await tryOn(join(disk, DATA), trials, session);
  } finally {
    unmountDisk(disk);
  }
}

async function tryOn(
  folder: string,
  trials: Trials,
  { exports, deadline, onResult }: Session,
): Promise<void> {
  let bench: Bench | null = null;
  for (const trial of trials) {
    if (Date.now() > deadline) break;
    let strike = trial[0] as StackStrike;
    try {
      bench ??= await opened(folder, exports);
      await bench.try(trial, (met, outcome) => {
        strike = trial[trial.indexOf(met) + 1] ?? met;
        onResult({ strike: met, outcome, failure: null });
      });
    } catch (error) {
      onResult({ strike, outcome: null, failure: String((error as Error).stack) });
      // The next one is to begin with a stack that is whole.
      await bench?.abandon();
      bench = null;
      remove(folder);
    }
  }
  await bench?.close();
  remove(folder);
}

const isOfDisk = (trial: readonly StackStrike[]): boolean => trial.some(({ fault }) => fault === 'disk full');

async function opened(folder: string, exports: Exports): Promise<Bench> {
  const bench = new Bench(folder, exports);
  try {
    await bench.open();
    return bench;
  } catch (error) {
    await bench.abandon();
    throw error;
  }
}

function remove(folder: string): void {
  removePostgres(join(folder, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}
