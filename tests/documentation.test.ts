import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { COMMANDS } from '../cli/commands.ts';
import { fpeProgram } from '../cli/program.ts';
import { stageParameters } from '../config/stage.ts';
import { parseRefreshInput, refreshInput } from '../shared/inputs/refresh-stations.ts';
import { scoringInput } from '../shared/inputs/score-station.ts';
import { runInput } from '../shared/inputs/train-station.ts';
import { DRAWN_MACHINES, diagramFile, drawDiagram } from '../statemachines/diagram.ts';
import { projectFiles } from './support/project-files.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
/** CHANGELOG.md tells of what was, under the names of its time. */
const PAGES = projectFiles().filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md');
const FOLDERS = [...new Set(projectFiles().map((name) => name.split('/')[0] as string))].filter(
  (name) => !name.includes('.'),
);
/** Every word of the sources but for the tests: what a page names has to be among them. */
const WORDS = new Set(
  projectFiles()
    .filter(
      (name) =>
        /\.(?:ts|cjs|js|py|sql|ya?ml|json)$/.test(name) && !/^(?:tests|package-lock)|\/tests\//.test(name),
    )
    .flatMap((name) => read(name).match(/\w+/g) ?? []),
);
const TESTS = new Set(projectFiles().map((name) => basename(name)));
/** Names that FPE and its tools have, and this project does not. */
const UPSTREAM = new Set(['storageBucketName', 'modelBucketName', 'dbSecretName', 'permissionsBoundaryName']);
/** Files that a user writes, or a command for them. */
const OF_USERS = /^config\/(?:prod|dev)\.yml$/;
/** Keys that samples of files have, and what `npm run costs` takes. */
const OF_FILES = new Set([
  'photos',
  'pairs',
  'prices',
  'left',
  'right',
  'attributes',
  'rank',
  'comment',
  'score',
]);
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
    const named = matches(text, new RegExp(`(?<![\\w/.-])((?:${FOLDERS.join('|')})/[\\w./-]+\\.\\w+)`, 'g'));

    expect(named.filter((name) => !OF_USERS.test(name) && !existsSync(join(ROOT, name)))).toEqual([]);
  });

  test('names tests of the project, by their paths or their names alone', () => {
    const named = matches(text, /`([\w.-]+\.test\.ts|test_\w+\.py)`/g);

    expect(named.filter((name) => !TESTS.has(name))).toEqual([]);
  });

  test('names folders of the project', () => {
    const named = matches(text, new RegExp(`\`((?:${FOLDERS.join('|')})/(?:[\\w-]+/)*)\``, 'g'));

    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  });

  test('names parameters, keys and columns that the code has', () => {
    const named = matches(text, /`([a-z]+(?:_[a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+)`/g).filter(
      (name) => !UPSTREAM.has(name),
    );

    expect(named.filter((name) => !WORDS.has(name))).toEqual([]);
  });

  test('gives parameters that an input or a stage has', () => {
    // What commands print is compared with what they print (tests/cli), and rows of a station are imported (tests/docs).
    const rows = { 'docs/commands.md': /^[\s\S]*$/, 'docs/stations.md': /```json[\s\S]*?```/g }[page];
    const written = rows ? text.replace(rows, '') : text;
    const given = matches(written, /"([a-z]+(?:_[a-z]+)*)": /g).filter((name) => !OF_FILES.has(name));

    expect(
      given.filter(
        (name) => !(name in runInput.shape) && !(name in scoringInput.shape) && !(name in refreshInput.shape),
      ),
    ).toEqual([]);
  });

  test('names states that a machine has, and functions', () => {
    const named = matches(text, /`?\b((?:[A-Z][a-z]+){2,})\b/g).filter((name) =>
      /^(?:Prepare|Build|Split|Publish|Select|Withdraw|Extend|Combine|Merge|Decide|Notify|Plan|Summarize|Record|Supply|Fetch|Export|Write|Train|Score|Resume|Create)/.test(
        name,
      ),
    );

    expect(named.filter((name) => !WORDS.has(name))).toEqual([]);
  });
});

const program = await fpeProgram(Object.keys(COMMANDS));

/** What a command of fpe says of itself, with everything around it. */
function helpOf(...names: string[]): string {
  let command: Command | undefined = program;
  for (const name of names) command = command?.commands.find((one) => one.name() === name);
  let help = '';
  command
    ?.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    })
    .outputHelp();
  return help;
}

describe('pages', () => {
  const commands = matches(helpOf(), /^ {2}([a-z]+)(?: |$)/gm);

  test.each(PAGES)('%s names commands that fpe has', (page) => {
    const named = matches(read(page), /(?<!\.)\.\/fpe (?:--aws |--machine \S+ )*([a-z]+)/g);

    expect(commands.length).toBeGreaterThan(10);
    expect(named.filter((name) => !commands.includes(name))).toEqual([]);
  });

  /** Each command line that a page shows, up to its remark. */
  const lines = PAGES.flatMap((page) =>
    matches(read(page), /((?:(?<!\.)\.\/fpe|npm run (?:deploy|package|remove)|npm start) [^`#\n]*)/g).map(
      (line) => ({
        page,
        line: line.replace(/^npm run (\w+) --/, './fpe $1').replace(/^npm start --/, './fpe demo'),
      }),
    ),
  );
  const helps = new Map<string, string>();
  const options = lines.flatMap(({ page, line }) => {
    const [, command = '', rest = ''] =
      /^\.\/fpe (?:--aws |--machine \S+ )*((?:environment )?[a-z]+)(.*)/.exec(line) ?? [];
    return matches(rest, /(?<=\s)(--[a-z-]+)/g).map((option) => ({ page, command, option }));
  });

  test('show options that their commands have', () => {
    const missing = options.filter(({ command, option }) => {
      const help = helps.get(command) ?? `${helpOf(...command.split(' '))}${helpOf()}`;
      helps.set(command, help);
      return !help.includes(option);
    });

    expect(options.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
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
    for (const option of matches(page, /\.\/fpe refresh.* (--[a-z-]+)/g)) expect(help).toContain(option);
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

describe('docs/README.md', () => {
  test('leads to every page of the documentation', () => {
    const linked = new Set(
      matches(read('docs/README.md'), /\]\(([^)#]+)(?:#[^)]*)?\)/g).map((link) => join('docs', link)),
    );

    expect(PAGES.filter((page) => page !== 'docs/README.md' && !linked.has(page))).toEqual([]);
  });
});

describe.each(PAGES)('links of %s', (page) => {
  /** As GitHub makes them of headings. */
  const anchorsOf = (text: string) =>
    matches(text, /^#+ (.+)$/gm).map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );

  test('lead to headings that are there', () => {
    const links = Array.from(
      read(page).matchAll(/\]\(([^)#:]*)#([^)]+)\)/g),
      ([, file = '', anchor = '']) => ({
        target: file === '' ? page : join(dirname(page), file),
        anchor,
      }),
    );

    expect(links.filter(({ target, anchor }) => !anchorsOf(read(target)).includes(anchor))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  const page = read('CONTRIBUTING.md');
  const table = (heading: string) => {
    const [, part = ''] = page.split(`## ${heading}\n`);
    return matches(part.slice(0, part.indexOf('\n## ')), /^\| (?!change|room|word|---)(.*) \|$/gm);
  };

  test.each(table('Ten changes and where they go'))(
    'says where a change goes, by files that have the names: %s',
    (row) => {
      const places = Array.from(
        row.matchAll(/`([\w./-]+\.\w+)` \(((?:`\w[\w.]*`(?:, )?)+)\)/g),
        ([, file = '', names = '']) => ({
          file,
          names: matches(names, /`([^`]+)`/g),
        }),
      );

      expect(places.length).toBeGreaterThan(0);
      for (const { file, names } of places)
        expect(names.filter((name) => !read(file).includes(name))).toEqual([]);
    },
  );

  test('has a row for each of the ten changes', () => {
    expect(table('Ten changes and where they go')).toHaveLength(10);
  });

  test('has a row for each room of the project and of shared/', () => {
    const rooms = table('Where things are').flatMap((row) =>
      matches(row.slice(0, row.indexOf(' | ')), /`([\w/-]+)\/`/g),
    );
    const folders = projectFiles().flatMap((name) => {
      const [first, second, third] = name.split('/') as [string, ...string[]];
      return second === undefined
        ? []
        : first === 'shared' && third !== undefined
          ? [`shared/${second}`]
          : [first];
    });

    expect(rooms.toSorted()).toEqual(
      [...new Set(folders)].filter((name) => !name.startsWith('.')).toSorted(),
    );
  });

  test('names types and functions that exist, each in one way', () => {
    const names = table('Words').flatMap((row) =>
      matches(row.slice(0, row.indexOf(' | ')), /\b((?:[a-z]+[A-Z]|[A-Z][a-z]+[A-Z])\w*|Metric)\b/g),
    );

    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !WORDS.has(name))).toEqual([]);
  });
});
