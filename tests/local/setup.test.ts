import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

/** The set-up in a folder of its own, with programs in the place of npm and pip. */
const SETUP = join(import.meta.dirname, '../../local/setup.js');
const WHEEL = 'ncnn-1.0-cp312-cp312-manylinux_2_28_x86_64.whl';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fpe-set-up-'));
  for (const folder of ['local', 'model/wheels', 'bin', 'node_modules'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(SETUP, join(root, 'local/setup.js'));
  writeFileSync(join(root, 'package.json'), '{"type": "module"}');
  writeFileSync(join(root, 'package-lock.json'), '{}');
  writeFileSync(join(root, 'model/wheels/requirements.txt'), 'ncnn==1.0 --hash=sha256:00\n');
});
afterEach(() => rmSync(root, { recursive: true }));

const replace = (name: string, script: string) =>
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

function setUp(...options: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['local/setup.js', ...options], {
    cwd: root,
    encoding: 'utf8',
    // The system's own pip may be tried, too.
    env: { PATH: `${join(root, 'bin')}:/usr/bin:/bin`, PIP_NO_INDEX: '1' },
  });
  return { status, stdout, stderr };
}

test('installs the npm packages and fetches the library that scores, once', () => {
  replace('npm', 'echo "$@" >> npm.log');
  replace('python3', `echo "$@" >> pip.log; touch model/wheels/${WHEEL}`);

  const [first, second] = [setUp('--without-python'), setUp('--without-python')];

  expect([first.status, second.status]).toEqual([0, 0]);
  expect(first.stdout).toMatch(/^Set-up: npm packages.*: done in \d+ s$/m);
  expect(first.stdout).toMatch(/^Set-up: ncnn for Python 3\.12, into model\/wheels: done in \d+ s$/m);
  expect(second.stdout).toBe('');
  expect(readdirSync(root)).toEqual(expect.arrayContaining(['npm.log', 'pip.log']));
});

test('goes on without the library that scores where there is none, and says what that means', () => {
  replace('npm', 'exit 0');
  replace('python3', 'exit 1');

  const { status, stdout } = setUp('--without-python');

  expect(status).toBe(0);
  expect(stdout).toContain('Set-up: there is no ncnn for Python 3.12 on x86_64');
  expect(stdout).toContain('takes about half as long again. To try again: npm run setup');
});

test('ends at once with the command and its first lines when a part fails, and ends the other parts', () => {
  replace('npm', 'echo "the registry is down" >&2; exit 7');
  replace('python3', 'exec sleep 600');

  const { status, stderr } = setUp('--without-python');

  expect(status).toBe(1);
  expect(stderr).toMatch(/^Set-up failed: `npm ci .*` ended with exit code 7\n {2}the registry is down\n/);
});
