import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

type Entry = { version?: string; resolved?: string; link?: boolean };
type Manifest = { dependencies: Record<string, string>; devDependencies: Record<string, string> };

const readJson = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const lock: { packages: Record<string, Entry> } = readJson('package-lock.json');
const manifest: Manifest = readJson('package.json');

test('the lock file names a version for every package, on every platform', () => {
  const [, ...entries] = Object.entries(lock.packages);

  const withoutVersion = entries.filter(([, entry]) => !entry.version).map(([path]) => path);

  expect(entries.length).toBeGreaterThan(500);
  expect(withoutVersion).toEqual([]);
});

test('the lock file records no registry, so that it installs from whichever one is configured', () => {
  const withAddress = Object.entries(lock.packages).filter(([, entry]) => entry.resolved);

  expect(withAddress.map(([path]) => path)).toEqual([]);
});

test('every direct dependency is pinned to one exact version', () => {
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

  const inexact = ranges.filter(([, range]) => !/^(npm:[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(range));

  expect(inexact).toEqual([]);
});
