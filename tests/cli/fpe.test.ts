import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { projectFiles } from '../support/project-files.ts';

const ROOT = join(import.meta.dirname, '..', '..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-command-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('./fpe', () => {
  test.each([
    ['the root of the project', './fpe', () => ROOT],
    ['another folder, by its address', join(ROOT, 'fpe'), () => folder],
    ['another folder, by a link', './link', () => folder],
  ])('runs the command on Node.js 24 from %s', (_, command, cwd) => {
    symlinkSync(join(ROOT, 'fpe'), join(folder, 'link'));

    const help = execFileSync(command, ['--help'], { cwd: cwd(), encoding: 'utf8' });

    expect(help).toContain('Usage: fpe');
  });

  test('hands on arguments with spaces, and the exit code', () => {
    const { status, stderr } = spawnSync('./fpe', ['start', 'no such file'], { cwd: ROOT, encoding: 'utf8' });

    expect(status).toBe(1);
    expect(stderr).toContain('There is no file no such file.');
  });

  test('breaks what it refuses into lines that fit the terminal', () => {
    const terminal = 'data:text/javascript,process.stderr.columns=60';

    const { stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', '--import', terminal, 'cli/fpe.ts', 'start', 'no such file'],
      { cwd: ROOT, encoding: 'utf8' },
    );

    expect(stderr).toMatch(/^There is no file no such file\. Give a station id, a JSON\n {2}file such as /);
  });

  test('says on a fresh clone what to do', () => {
    cpSync(join(ROOT, 'fpe'), join(folder, 'fpe'));

    const { status, stderr, stdout } = spawnSync('./fpe', ['list'], { cwd: folder, encoding: 'utf8' });

    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      `fpe is not set up yet: its packages are not installed in ${folder}. Install them there with: npm run setup\n`,
    );
  });
});

test('nothing names the command in a way that asks the public registry for a package of this name', () => {
  const elsewhere = new RegExp(['npx', 'fpe\\b'].join('\\s+'));
  const files = projectFiles();
  const found = files.filter((file) => elsewhere.test(readFileSync(join(ROOT, file), 'utf8')));

  expect(files.length).toBeGreaterThan(500);
  expect(found).toEqual([]);
});
