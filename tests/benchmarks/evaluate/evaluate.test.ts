import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** @returns exit code and what was printed */
function evaluate(...args: string[]): { code: number; printed: string } {
  try {
    const script = join(ROOT, 'benchmarks', 'evaluate', 'evaluate.ts');
    const options: ExecFileSyncOptionsWithStringEncoding = {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    };
    return { code: 0, printed: execFileSync(process.execPath, ['--no-warnings', script, ...args], options) };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    return { code: status, printed: stderr };
  }
}

describe('npm run evaluate', () => {
  test.each([
    [
      ['--seeds', '1,a'],
      /^error: option '--seeds <numbers>' argument '1,a' is invalid\. Expected a whole number from 0/,
    ],
    [['--pairs', '0'], /argument '0' is invalid\. Expected a whole number from 10 /],
    [['--size', '7'], /Expected a whole number from 32 to 1024\./],
    [['--epochs', '-1'], /Expected a whole number from 1 to 1000\./],
    [
      ['--recipes', 'fpe,nope'],
      /^error: no recipe is called nope\. Expected: any of .*\bupstream\b.*, all\n$/,
    ],
    [['--stations', 'nope'], /^error: no station is called nope\. Expected: any of moved, /],
    [['--weights', '/nope.pth'], /^error: \/nope\.pth is no file of weights\. /],
    [['--weights', 'package.json'], /^error: package\.json is no file of weights\. /],
    [
      ['--start', '/nope.pth'],
      /^error: \/nope\.pth is no file of weights\. Expected: the model\.pth of a station\n$/,
    ],
    [
      ['--recipes', '2026,2026-started'],
      /^error: 2026-started begins with another station’s model\. Name one: --start model\.pth; /,
    ],
    [
      ['--recipes', '2026', '--reference-pairs', '300'],
      /^error: --reference-pairs needs a recipe besides the reference: --recipes upstream,2026, /,
    ],
    [['--folder', '/proc/nope'], /^error: Cannot use \/proc\/nope /],
  ])('refuses %s in a line', (args, line) => {
    const { code, printed } = evaluate(...args);

    expect(code).toBe(1);
    expect(printed).toMatch(line);
    expect(printed.trim().split('\n')).toHaveLength(1);
  });
});
