/**
 * `npm run test:stack`: faults of the whole local stack, with the real trainer and scoring server; writes what came of them
 * into docs/reliability.md. `FPE_FAULTS='killed|disk'` makes some of them happen, and writes nothing; `FPE_SECONDS=600` ends before all
 * have happened. Needs Linux.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allStackTrials, type StackResult } from './faults.ts';
import { BEGIN, END, stackFaultTable } from './table.ts';
import { tryAll } from './try-all.ts';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'reliability.md');

const wanted = new RegExp(process.env.FPE_FAULTS ?? '');
const trials = allStackTrials(Math.random)
  .map((trial) => trial.filter(({ fault, phase }) => wanted.test(`${fault} ${phase}`)))
  .filter((trial) => trial.length > 0);
const results: StackResult[] = [];
const startedAt = Date.now();
const seconds = () => Math.round((Date.now() - startedAt) / 1000);

await tryAll(trials, 1000 * Number(process.env.FPE_SECONDS ?? 6 * 3600), (result) => {
  results.push(result);
  const { strike, outcome, failure } = result;
  console.log(
    `${seconds()} s: ${strike.fault}, ${strike.phase} ${strike.where.toFixed(2)}: ${outcome ?? failure}`,
  );
});
const broken = results.filter(({ failure }) => failure !== null).length;
console.log(`${results.length} faults in ${seconds()} s, ${broken} of them broke a promise`);
if (broken === 0 && results.length > 0 && !process.env.FPE_FAULTS) {
  const text = readFileSync(PAGE, 'utf8');
  const before = text.slice(0, text.indexOf(BEGIN));
  const after = text.slice(text.indexOf(END) + END.length);
  writeFileSync(PAGE, before + stackFaultTable(results) + after);
}
process.exit(broken === 0 ? 0 : 1);
