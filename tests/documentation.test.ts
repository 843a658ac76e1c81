import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runInput } from '../shared/run-input.ts';
import { DIAGRAM_FILE, drawDiagram } from '../statemachines/diagram.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/differences-from-upstream.md',
  'docs/report.md',
  'benchmarks/README.md',
];
const matches = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, found]) => found as string);

test('the picture of the machine is that of the machine (npm run diagram)', () => {
  expect(readFileSync(DIAGRAM_FILE, 'utf8')).toBe(drawDiagram());
});

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('links to files that are there', () => {
    const links = matches(text, /\]\(([^)#:]+)\)/g);

    expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  });

  test('names scripts of package.json', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = matches(text, /npm run ([\w:]+)/g);

    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('names files of the project', () => {
    const named = matches(
      text,
      /\b((?:events|shared|local|cli|benchmarks|tests|statemachines)\/[\w./-]+\.\w+)/g,
    );

    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  });
});

describe('README.md', () => {
  const readme = read('README.md');

  test('names commands and options that fpe has', () => {
    const help = execFileSync(process.execPath, ['--no-warnings', join(ROOT, 'cli/fpe.ts'), '--help'], {
      encoding: 'utf8',
    });
    const commands = matches(help, /^ {2}([a-z]+)(?: |$)/gm);

    expect(commands.length).toBeGreaterThan(5);
    expect(matches(readme, /npx fpe ([a-z]+)/g).filter((name) => !commands.includes(name))).toEqual([]);
  });

  test('names parameters that the input has', () => {
    const table = readme.slice(readme.indexOf('| names |'), readme.indexOf('## Use it'));
    const named = matches(table, /`([a-z_]+)`/g);

    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !(name in runInput.shape))).toEqual([]);
  });

  test('says what comes before anything else: what it does, the picture, the two commands', () => {
    const [machine, start, tests] = ['docs/train-station.svg', 'npm start', 'npm test'].map(
      (text) => readme.slice(0, readme.indexOf(text)).split('\n').length,
    ) as [number, number, number];

    expect(machine < start && start < tests && tests < 35).toBe(true);
  });
});
