import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { compileTemplate } from '../../local/template.ts';
import { endProcesses, PROCESSES } from '../support/trial-processes.ts';
import { allTrials, runTrials } from './processes.ts';
import type { Result } from './trial-process.ts';

/**
 * A sample of the faults of docs/reliability.md, another one each time: `npm run test:faults` tries all of them. The seed is
 * printed; `FPE_SEED=…` tries the sample of a run that failed.
 */
const SEED = Number(process.env.FPE_SEED ?? Date.now() % 2 ** 31);
/** What CI gives it; a slow machine tries fewer. */
const LIMIT_MS = 50_000;
jest.setTimeout(LIMIT_MS + 300_000);

// Packaged once for all processes.
beforeAll(() => compileTemplate(join(import.meta.dirname, '..', '..')));
afterAll(endProcesses);

test('whatever goes wrong in a state, the website stays whole and a retry or redrive ends well', async () => {
  const numbers = fc.sample(fc.noBias(fc.tuple(fc.nat(9999), fc.nat())), { seed: SEED, numRuns: 1500 });
  let next = 0;
  const trials = allTrials(() => (numbers[next++ % numbers.length]?.[0] as number) / 10_000)
    .map((trial, index) => ({ trial, order: numbers[index]?.[1] as number }))
    .sort((one, other) => one.order - other.order)
    .map(({ trial }) => trial);
  const results: Result[] = [];
  const tasks = Array.from({ length: PROCESSES }, (_, index) => ({
    trials: trials.filter((_, at) => at % PROCESSES === index),
    commands: { states: [], first: 0, of: 1 },
    limitMs: LIMIT_MS,
  }));

  await Promise.all(tasks.map((task) => runTrials(task, (result) => results.push(result))));

  process.stderr.write(`${results.length} of ${trials.length} faults, seed ${SEED}\n`);
  const broken = results.filter(({ failure }) => failure !== null);
  expect({ seed: SEED, broken }).toEqual({ seed: SEED, broken: [] });
  expect(results.length).toBeGreaterThan(0);
});
