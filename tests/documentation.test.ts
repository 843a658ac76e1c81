import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { stageParameters } from '../config/stage.ts';
import { parseRefreshInput, refreshInput } from '../shared/inputs/refresh-stations.ts';
import { runInput } from '../shared/inputs/train-station.ts';
import { DRAWN_MACHINES, diagramFile, drawDiagram } from '../statemachines/diagram.ts';
import { projectFiles } from './support/project-files.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
/** CHANGELOG.md tells of what was, under the names of its time. */
const PAGES = projectFiles().filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md');
const matches = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, found]) => found as string);

test.each(DRAWN_MACHINES)('the picture of %s is that of the machine (npm run diagram)', (machine) => {
  expect(readFileSync(diagramFile(machine), 'utf8')).toBe(drawDiagram(machine));
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
      /\b((?:events|shared|local|cli|benchmarks|tests|statemachines|dependencies|deployment|functions|model)\/[\w./-]+\.\w+)/g,
    );

    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  });
});

/** What a command of fpe says of itself. */
const helpOf = (...command: string[]): string =>
  execFileSync(process.execPath, ['--no-warnings', join(ROOT, 'cli/fpe.ts'), ...command, '--help'], {
    encoding: 'utf8',
  });

describe('pages', () => {
  const commands = matches(helpOf(), /^ {2}([a-z]+)(?: |$)/gm);

  test.each(PAGES)('%s names commands that fpe has', (page) => {
    const named = matches(read(page), /npx fpe (?:--aws )?([a-z]+)/g);

    expect(commands.length).toBeGreaterThan(10);
    expect(named.filter((name) => !commands.includes(name))).toEqual([]);
  });

  test.each([
    ['deploy', '--dry-run'],
    ['remove', '--yes'],
    ['doctor', '--stage'],
    ['package', '--stage'],
    ['environment create', '--developer-cidr'],
    ['environment remove', '--yes'],
  ])('docs/deploy.md names options that fpe %s has', (command, option) => {
    expect(read('docs/deploy.md')).toContain(option);
    expect(helpOf(...command.split(' '))).toContain(option);
  });
});

describe('docs/deploy.md', () => {
  const page = read('docs/deploy.md');

  test.each(['train-station', 'score-station'])(
    'tells of every state of %s that does work, and what it adds',
    (machine) => {
      const { States } = parse(read(`statemachines/${machine}.asl.yml`)) as {
        States: Record<string, { Type: string; ResultPath?: string | null }>;
      };
      const working = Object.entries(States).filter(([, { Type }]) => Type === 'Task' || Type === 'Map');

      expect(working.length).toBeGreaterThan(8);
      expect(working.filter(([name]) => !page.includes(name)).map(([name]) => name)).toEqual([]);
      const added = working.flatMap(([, { ResultPath }]) => (ResultPath ? [ResultPath.slice(2)] : []));
      expect(added.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
    },
  );

  test('names parameters that a stage has', () => {
    const table = page.slice(page.indexOf('| parameter |'), page.indexOf('2. **Look'));
    const named = matches(table, /^ *\| `(\w+)`/gm);

    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((name) => !(name in stageParameters.shape))).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  const page = read('docs/operations.md');

  test('names every parameter of a refresh, and its default', () => {
    const table = page.slice(page.indexOf('| name | default'), page.indexOf('A refresh **succeeds'));
    const named = Array.from(table.matchAll(/^\| `(\w+)` \| ?([^|]*?) ?\|/gm), ([, name, value]) => [
      name,
      value,
    ]);
    const defaults = parseRefreshInput({}) as Record<string, unknown>;

    // What a schedule says of itself is for no person to write.
    const ofPeople = Object.keys(refreshInput.shape).filter((name) => !name.startsWith('schedule'));
    expect(named.map(([name]) => name)).toEqual(ofPeople);
    for (const [name, value] of named)
      if (/^(\d+|auto|false)$/.test(value as string))
        expect([name, String(defaults[name as string])]).toEqual([name, value]);
  });

  test('shows the schedules of config/example.yml, turned on', () => {
    const shown = matches(page, /^ {4}(\w+): /gm);

    expect(shown.length).toBe(5);
    expect(shown.filter((name) => !(name in stageParameters.shape))).toEqual([]);
  });

  test('tells of every alarm that is about refreshes, and of every option that it names', () => {
    const help = helpOf('refresh');

    for (const alarm of ['refresh-errors', 'schedule-dead-letters']) {
      expect(read('resources/alarms.yml')).toContain(`-rank-${alarm}`);
      expect(page).toContain(`…-${alarm}`);
    }
    for (const option of matches(page, /npx fpe refresh.* (--[a-z-]+)/g)) expect(help).toContain(option);
  });
});

describe('README.md', () => {
  const readme = read('README.md');

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
