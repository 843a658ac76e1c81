import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
/** Its counterpart, stop-services.js, removes what it makes. */
const PAIRED = 'tests/services/start-services.js';
const files = globSync('{tests,benchmarks}/**/*.{ts,js}', { cwd: ROOT }).filter((file) => file !== PAIRED);

test.each(files.filter((file) => /\bmkdtemp(Sync)?\(/.test(readFileSync(join(ROOT, file), 'utf8'))))(
  '%s removes the temporary folders that it makes',
  (file) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(/\b(rm|rmSync|removeFolder)\(/);
  },
);
