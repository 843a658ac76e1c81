import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = join(import.meta.dirname, '..', '.local', 'python.json');

/** Path of the interpreter that can import PyTorch, as found by the set-up. */
export function pythonCommand(): string {
  if (process.env.FPE_PYTHON) return process.env.FPE_PYTHON;
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8')).python;
  } catch (cause) {
    throw new Error(`No Python with PyTorch is set up (${STAMP} cannot be read). Run: npm run setup`, {
      cause,
    });
  }
}

// `node local/python.ts ARGS` runs that interpreter, e.g. with -m pytest.
if (import.meta.main) {
  const { status, error } = spawnSync(pythonCommand(), process.argv.slice(2), { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
