/**
 * Kendall tau-b of n rows, against R's cor(method = "kendall") that compares every pair, on the same rows in the same run.
 *
 *     node_modules/.bin/node benchmarks/kendall-tau.ts [n, default 50000]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kendallTauB } from '../shared/statistics/kendall-tau.ts';
import { syntheticPhotos } from './synthetic-photos.ts';

/** The function's own figure is the median of this many calls; R is called once, as it takes half a minute. */
const REPETITIONS = 21;
const TARGET_RATIO = 1000;
const TOLERANCE = 1e-12;

const n = Number(process.argv[2] ?? 50_000);
const photos = syntheticPhotos(n * 1.2).filter(({ value, score }) => value !== null && score !== null);
const x = Float64Array.from(photos.slice(0, n), ({ value }) => value as number);
const y = Float64Array.from(photos.slice(0, n), ({ score }) => score as number);

const calls = Array.from({ length: REPETITIONS }, () => {
  const startedAt = performance.now();
  const tau = kendallTauB(x, y) as number;
  return { seconds: (performance.now() - startedAt) / 1000, tau };
}).sort((a, b) => a.seconds - b.seconds);
const ours = calls[(REPETITIONS - 1) / 2] as (typeof calls)[number];
const reference = runReference();
const ratio = reference.seconds / ours.seconds;
const difference = Math.abs(reference.tau - ours.tau);

console.table([
  { what: 'R, cor(method = "kendall")', n, seconds: reference.seconds, tau: reference.tau },
  { what: 'kendallTauB, median', n, seconds: Number(ours.seconds.toFixed(4)), tau: ours.tau },
]);
console.log(
  `${Math.round(ratio)} × as fast (target ${TARGET_RATIO}), difference ${difference} (at most ${TOLERANCE})`,
);
process.exitCode = ratio >= TARGET_RATIO && difference <= TOLERANCE ? 0 : 1;

function runReference(): { seconds: number; tau: number } {
  const folder = mkdtempSync(join(tmpdir(), 'kendall-tau-'));
  try {
    const file = join(folder, 'rows.bin');
    writeFileSync(file, Buffer.concat([Buffer.from(x.buffer), Buffer.from(y.buffer)]));
    const script = join(import.meta.dirname, 'reference', 'kendall-tau.R');
    const { status, stdout, stderr, error } = spawnSync('Rscript', [script, file, String(n)], {
      encoding: 'utf8',
    });
    if (error)
      throw new Error('Rscript cannot be run. On Debian: apt-get install r-base-core', { cause: error });
    if (status !== 0) throw new Error(`${script} ended with exit code ${status}: ${stderr}`);
    const [seconds, tau] = stdout.trim().split(/\s+/).map(Number) as [number, number];
    return { seconds, tau };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
