import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pipelineVersion } from '../../host/version.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fpe-version-'));
  writeFileSync(join(root, 'package.json'), '{ "version": "1.2.3" }');
});
afterEach(() => rmSync(root, { recursive: true }));

const git = (...command: string[]) =>
  execFileSync('git', ['-C', root, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

test('a download without Git tells the version of package.json', () => {
  expect(pipelineVersion(root)).toBe('1.2.3');
});

test('a checkout tells its commit, and whether files differ from it', () => {
  git('init');
  git('add', '.');
  git('commit', '-m', 'Begin');
  const commit = git('rev-parse', 'HEAD').slice(0, 12);

  expect(pipelineVersion(root)).toBe(`1.2.3+${commit}`);
  writeFileSync(join(root, 'package.json'), '{ "version": "1.2.4" }');
  expect(pipelineVersion(root)).toBe(`1.2.4+${commit}.changed`);
});

test('the repository of another project that the folder lies in is not asked', () => {
  git('init');
  git('add', '.');
  git('commit', '-m', 'Begin');
  const folder = join(root, 'downloads');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "version": "1.0.0" }');

  expect(pipelineVersion(folder)).toBe('1.0.0');
});
