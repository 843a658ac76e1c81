import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { RELIABILITY_FILE, WAITS, withWaits } from '../../docs/generate-waits.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('what is waited for', () => {
  test('is told with the limits of the code (npm run waits)', () => {
    const page = readFileSync(RELIABILITY_FILE, 'utf8');

    expect(page).toBe(withWaits(page));
  });

  test.each(WAITS)('$peer, $what: has the test that proves it', ({ test: [file, title] }) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(title);
  });

  test('has a limit, an error and somebody who tries again', () => {
    for (const { limit, error, again } of WAITS) expect([limit, error, again]).not.toContain('');
    expect(WAITS.map(({ limit }) => limit).join()).not.toMatch(/NaN|undefined|Infinity/);
  });
});
