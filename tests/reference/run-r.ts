import { spawnSync } from 'node:child_process';

/** Numbers that an R script prints with 17 digits, one a line; `NA` and `NaN` are NaN. */
export function runR(script: string): number[] {
  const { status, stdout, stderr } = spawnSync('Rscript', ['--vanilla', '-'], {
    input: `${script}\n`,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`R ended with exit code ${status}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => (/^(NA|NaN)$/.test(line.trim()) ? Number.NaN : Number(line)));
}

/** A vector as R reads it; NaN and null are missing. */
export const vector = (numbers: Iterable<number | null>): string =>
  `c(${Array.from(numbers, (number) => (number === null || Number.isNaN(number) ? 'NA' : String(number)))})`;

/** An R expression whose numbers are printed one a line. */
export const print = (expression: string): string =>
  `cat(formatC(as.numeric(${expression}), digits = 17, format = "g"), "", sep = "\\n")`;
