import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { compileTemplate } from '../../local/template.ts';
import { endProcesses, PROCESSES, runProcess } from '../support/trial-processes.ts';
import type { Trials } from './trial-process.ts';

/**
 * Any interleaving of executions of the machines with stops, redrives, retries and what happens meanwhile keeps the promise of
 * docs/reliability.md. A run in CI tries as many as fit into a minute; `FPE_INTERLEAVINGS=5000` tries so many, `FPE_SECONDS=600` as
 * many as that gives, and `FPE_SEED=…` those of a run that failed, whose seed is printed. Each process has a seed of its own: the
 * first one this, the others those that follow.
 */
const { FPE_INTERLEAVINGS, FPE_SECONDS, FPE_SEED } = process.env;
const SEED = Number(FPE_SEED ?? Date.now() % 2 ** 31);
/** What CI gives it; a slow machine tries fewer. */
const LIMIT_MS = 1000 * Number(FPE_SECONDS ?? (FPE_INTERLEAVINGS ? 3600 : 55));
/** Without a wish, more than any machine can. */
const RUNS = Number(FPE_INTERLEAVINGS ?? LIMIT_MS / 50);
jest.setTimeout(LIMIT_MS + 240_000);

// Packaged once for all of them.
beforeAll(() => compileTemplate(join(import.meta.dirname, '..', '..')));
afterAll(endProcesses);

test('every interleaving of executions, stops, redrives and faults keeps the promise', async () => {
  const tasks = Array.from({ length: PROCESSES }, (_, index) => ({
    seed: SEED + index,
    runs: Math.ceil(RUNS / PROCESSES),
    limitMs: LIMIT_MS,
    shrinks: Boolean(process.env.FPE_SHRINK),
  }));

  const program = join(import.meta.dirname, 'trial-process.ts');
  const trials: Trials[] = [];
  await Promise.all(tasks.map((task) => runProcess<Trials>(program, task, (each) => trials.push(each))));

  const tried = trials.reduce((sum, each) => sum + each.tried, 0);
  process.stderr.write(`${tried} interleavings, seed ${SEED}\n`);
  expect(trials.filter(({ failure }) => failure !== null)).toEqual([]);
  expect(tried).toBeGreaterThan(0);
});
