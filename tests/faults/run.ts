/**
 * `npm run test:faults`: every fault of every state, and a fault at each command of the states that publish; writes what came of them
 * into docs/reliability.md. `FPE_FAULTS='PublishModel|Withdraw'` tries some states only, and writes nothing; `FPE_SECONDS=600` ends
 * before every command has had its fault.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileTemplate } from '../../local/template.ts';
import startServices from '../services/start-services.js';
import stopServices from '../services/stop-services.js';
import { PROCESSES } from '../support/trial-processes.ts';
import { allTrials, publishingStates, runTrials } from './processes.ts';
import { BEGIN, END, faultTable } from './table.ts';
import type { Result } from './trial-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = join(ROOT, 'docs', 'reliability.md');
const LIMIT_MS = 1000 * Number(process.env.FPE_SECONDS ?? 6 * 3600);

const wanted = new RegExp(process.env.FPE_FAULTS ?? '');
const trials = allTrials(Math.random).filter(({ state }) => wanted.test(state.name));
const states = publishingStates().filter(({ name }) => wanted.test(name));
const results: Result[] = [];
const startedAt = Date.now();

function tell(result: Result): void {
  results.push(result);
  const { trial, failure, outcome } = result;
  const { state, fault, where, lasts, disturbance } = trial;
  if (failure)
    console.log(
      `${state.machine} ${state.name}: ${fault} ${JSON.stringify({ where, lasts, disturbance })}\n${failure}\n`,
    );
  else if (results.length % 50 === 0)
    console.log(
      `${results.length} faults, the last one: ${state.machine} ${state.name}, ${fault}: ${outcome}`,
    );
}

await startServices();
try {
  await compileTemplate(ROOT);
  await Promise.all(
    Array.from({ length: PROCESSES }, (_, index) =>
      runTrials(
        {
          trials: trials.filter((_, at) => at % PROCESSES === index),
          commands: { states, first: index, of: PROCESSES },
          limitMs: LIMIT_MS,
        },
        tell,
      ),
    ),
  );
} finally {
  await stopServices();
}
const broken = results.filter(({ failure }) => failure !== null).length;
console.log(
  `${results.length} faults in ${Math.round((Date.now() - startedAt) / 1000)} s, ${broken} of them broke a promise`,
);
const isWhole = results.filter(({ trial }) => !trial.disturbance).length === trials.length;
if (broken === 0 && isWhole && !process.env.FPE_FAULTS) {
  const text = readFileSync(PAGE, 'utf8');
  const before = text.slice(0, text.indexOf(BEGIN));
  const after = text.slice(text.indexOf(END) + END.length);
  writeFileSync(PAGE, before + faultTable(results) + after);
}
process.exit(broken === 0 ? 0 : 1);
