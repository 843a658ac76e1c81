import { execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { productSources, ROOT, sourcesWith } from './support/product-sources.ts';

/** A file that a statement, a call or CommonJS imports, be it for its effects or its types alone. */
const IMPORTED = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"`](\.[^'"`]+)['"`]/g;

/** What each room of the product stands on: an arrow that is not here is a decision, and one that is gone goes from here. */
const ROOMS: Record<string, readonly string[]> = {
  shared: [],
  browser: ['shared'],
  'demo-station': ['host', 'shared'],
  events: ['shared'],
  host: ['shared'],
  functions: ['browser', 'shared'],
  config: ['host', 'shared'],
  environment: ['config'],
  deployment: ['config', 'environment', 'host', 'shared'],
  local: ['config', 'deployment', 'host', 'shared'],
  dependencies: ['local', 'shared'],
  docs: ['deployment', 'functions', 'local', 'shared', 'statemachines'],
  cli: ['config', 'demo-station', 'deployment', 'docs', 'host', 'local', 'shared'],
};

/** The rooms of shared/ from the ground up: each stands on those before it alone. */
const FLOORS_OF_SHARED = [
  ...['errors.ts', 'variables.ts', 'statistics', 'formats', 'limits', 'dataset', 'usgs', 'quality', 'cost'],
  ...['filters', 'model-types', 'inputs', 'execution', 'model-input', 'predictions', 'publication'],
  ...['notifications', 'verification', 'report', 'refresh'],
  ...['aws', 'fpe-database', 'model-bucket', 'station-models'],
];

const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');

describe('the picture of imports', () => {
  const files = productSources();
  const imports = files.flatMap((file) =>
    Array.from(
      readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORTED),
      ([, path]) => [file, normalize(join(dirname(file), path as string))] as const,
    ),
  );
  const folders = new Set(
    files.flatMap((file) => file.split('/').map((_, end, parts) => parts.slice(0, end).join('/'))),
  );

  /** What lies in a folder imports what: a file or a folder in it is a room, whose own rooms are not looked at. */
  function arrowsIn(folder: string): Map<string, Set<string>> {
    const roomOf = (file: string) =>
      folder === ''
        ? file.split('/')[0]
        : file.startsWith(`${folder}/`)
          ? file.slice(folder.length + 1).split('/')[0]
          : undefined;
    const arrows = new Map<string, Set<string>>();
    for (const [from, to] of imports) {
      const [room, other] = [roomOf(from), roomOf(to)];
      if (room === undefined || other === undefined || room === other) continue;
      arrows.set(room, (arrows.get(room) ?? new Set()).add(other));
    }
    return arrows;
  }

  /** Rooms that are left when, again and again, those are taken away that import no other that is left. */
  function circleIn(arrows: Map<string, Set<string>>): string[] {
    const left = new Map(arrows);
    for (;;) {
      const free = [...left].filter(([, others]) => ![...others].some((other) => left.has(other)));
      if (free.length === 0) return [...left.keys()].toSorted();
      for (const [room] of free) left.delete(room);
    }
  }

  test('finds a circle', () => {
    const arrows = { a: 'b', b: 'c', c: 'b', d: 'a' };
    expect(circleIn(new Map(Object.entries(arrows).map(([from, to]) => [from, new Set([to])])))).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });

  test('sees what there is', () => {
    expect(imports.length).toBeGreaterThan(1000);
    expect(arrowsIn('shared').get('station-models')).toContain('fpe-database');
  });

  test('sees every way to import', () => {
    const text = [
      "import type { One } from './one.ts';",
      "import './two.ts';",
      "const load = () => import('./three.ts');",
      "type Four = import('./four.ts').Four;",
      'const five = require("./five.cjs");',
      "export * from './six.ts';",
    ].join('\n');

    expect(Array.from(text.matchAll(IMPORTED), ([, path]) => path)).toEqual(
      ['one.ts', 'two.ts', 'three.ts', 'four.ts', 'five.cjs', 'six.ts'].map((name) => `./${name}`),
    );
  });

  test('is that of the rooms', () => {
    const arrows = [...arrowsIn('')].map(([room, others]) => [
      room,
      [...others].filter((other) => folders.has(other)).toSorted(),
    ]);

    expect(Object.fromEntries(arrows)).toEqual(
      Object.fromEntries(Object.entries(ROOMS).filter(([, others]) => others.length > 0)),
    );
  });

  test('has no arrow upward in shared/', () => {
    const arrows = [...arrowsIn('shared')].flatMap(([room, others]) =>
      [...others].map((other) => [room, other] as const),
    );
    const isUpward = ([room, other]: readonly [string, string]) =>
      FLOORS_OF_SHARED.indexOf(other) >= FLOORS_OF_SHARED.indexOf(room);

    expect(FLOORS_OF_SHARED.toSorted()).toEqual(readdirSync(join(ROOT, 'shared')).toSorted());
    expect(arrows.filter(isUpward)).toEqual([]);
  });

  test.each([...folders].toSorted())('has no circle in the folder "%s"', (folder) => {
    expect(circleIn(arrowsIn(folder))).toEqual([]);
  });

  test('has no more than a screen of rooms in a folder of shared/', () => {
    for (const folder of [...folders].filter((name) => name.startsWith('shared')))
      expect([folder, readdirSync(join(ROOT, folder)).length <= 30]).toEqual([folder, true]);
  });
});

const folderOf = (file: string): string => file.split('/')[0] as string;

/** Of each name, the files that export it. A name of one file means one thing; `handler` is what Lambda calls. */
function exportedNames(files: Record<string, string>): Map<string, Set<string>> {
  const declared =
    /^export (?:default )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|type|interface|enum) (\w+)/gm;
  const names = new Map<string, Set<string>>();
  for (const [file, text] of Object.entries(files))
    for (const [, name] of text.matchAll(declared))
      if (name !== 'handler') names.set(name as string, (names.get(name as string) ?? new Set()).add(file));
  return names;
}
const exportedTwice = (files: Record<string, string>) =>
  [...exportedNames(files)].filter(([, of]) => of.size > 1).map(([name, of]) => [name, ...of]);

test('no two files of the product export the same name', () => {
  const typeScript = productSources().filter((file) => file.endsWith('.ts'));
  const sources = Object.fromEntries(
    typeScript.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]),
  );

  expect(exportedNames(sources).size).toBeGreaterThan(1000);
  expect(exportedTwice(sources)).toEqual([]);
});

test('no file passes on what another exports; shared/aws alone does with types of the SDK', () => {
  const passingOn = sourcesWith(/^export (?:\{|\*|type \{)/m);

  expect(passingOn.filter((file) => !file.startsWith('shared/aws/'))).toEqual([]);
  expect(sourcesWith(/^export (?:\{|\*|type [*{].* from )/m)).toEqual([]);
});

test('a name that two files export is found, overloads of one file are none', () => {
  const files = {
    'a.ts': 'export function tau(): void;\nexport async function tau(n = 0) {}\nexport const handler = 1;',
    'b.ts': 'export type Tau = 1;\nexport const handler = 2;',
    'c.ts': 'export abstract class Tau {}\nconst tau = 1;',
  };

  expect(exportedTwice(files)).toEqual([['Tau', 'b.ts', 'c.ts']]);
});

/** What is exported although no other file names it; a type may stand in what its own file exports. */
function exportedForNobody(files: Record<string, string>, others: Record<string, string> = {}): string[] {
  const namesOf = (text: string) => text.match(/\w+/g) ?? [];
  const places = new Map<string, number>();
  for (const text of Object.values({ ...files, ...others }))
    for (const name of new Set(namesOf(text))) places.set(name, (places.get(name) ?? 0) + 1);
  const isType = (name: string, text: string) =>
    new RegExp(`^export (?:type|interface) ${name}\\b`, 'm').test(text);
  const isUsed = (name: string, text: string) =>
    (places.get(name) ?? 0) > 1 ||
    (isType(name, text) && namesOf(text).filter((one) => one === name).length > 1);
  return [...exportedNames(files)].flatMap(([name, of]) =>
    [...of].filter((file) => !isUsed(name, files[file] as string)).map((file) => `${file}: ${name}`),
  );
}

test('no file of the product exports what no other file names', () => {
  const sources = (files: string[]) =>
    Object.fromEntries(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
  const typeScript = productSources().filter((file) => file.endsWith('.ts'));

  const unused = exportedForNobody(
    sources(typeScript),
    sources(
      productSources(...new Set(productSources().map(folderOf)), 'tests', 'benchmarks').filter(
        (file) => !typeScript.includes(file),
      ),
    ),
  );

  expect(unused).toEqual([]);
});

test('an export for nobody is found, be it a type that its own file does not name either', () => {
  const files = {
    'a.ts': 'export const tau = 1;\nexport const rho = tau;\nexport type Tau = 1;\nexport type Rho = 2;',
    'b.ts': 'import { rho } from "./a.ts";\nexport const handler = (_: Tau2) => rho;\nexport type Tau2 = 1;',
  };

  expect(exportedForNobody(files)).toEqual(['a.ts: tau', 'a.ts: Tau', 'a.ts: Rho']);
  expect(exportedForNobody(files, { 'c.ts': 'tau, Tau, Rho' })).toEqual([]);
});

test('the rooms without AWS and database know no clock, chance or environment', () => {
  const pure = productSources('shared').filter((file) => !/^shared\/(?:aws|fpe-database)\//.test(file));

  expect(pure.length).toBeGreaterThan(100);
  expect(
    sourcesWith(/process\.env|Date\.now\(|new Date\(\)|performance\.now|Math\.random|randomUUID/, pure),
  ).toEqual([]);
});

test.each(productSources('functions'))('%s has a test file named as it is', (file) => {
  const name = file.slice('functions/'.length, -'.ts'.length);

  expect(globSync(`tests/functions/${name}{.service,}.test.ts`, { cwd: ROOT })).toHaveLength(1);
});

describe('a rule of the layout', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'fpe-layout-'));
    cpSync(join(ROOT, 'biome.json'), join(root, 'biome.json'));
    cpSync(join(ROOT, 'config/lint'), join(root, 'config/lint'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    execFileSync('git', ['init', '-q', root]);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function plant(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  function lint(...files: string[]): string {
    try {
      return execFileSync(process.execPath, [BIOME, 'lint', '--colors=off', ...files], {
        cwd: root,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      return String((error as { stderr: string }).stderr);
    }
  }

  test.each([
    ['shared/statistics/planted.ts', '../formats/csv.ts', 'imports nothing but errors'],
    ['shared/statistics/planted.ts', '../../local/s3.ts', 'imports nothing but errors'],
    ['shared/formats/planted.ts', '../aws/object-store.ts', 'knows neither AWS nor the database'],
    ['shared/inputs/planted.ts', '../fpe-database/connection.ts', 'knows neither AWS nor the database'],
    ['shared/dataset/planted.ts', '../report/data/strata.ts', 'before the report'],
    ['shared/model-input/planted.ts', '../model-bucket/model-files.ts', 'knows neither AWS nor the database'],
    ['shared/predictions/planted.ts', '../aws/photos.ts', 'knows neither AWS nor the database'],
    ['shared/report/page/planted.ts', '../../aws/photos.ts', 'knows neither AWS nor the database'],
    ['shared/execution/planted.ts', '../../functions/prepare-run.ts', 'stands on nothing above it'],
    ['shared/aws/planted.ts', '../../cli/fpe.ts', 'stands on nothing above it'],
    ['shared/inputs/planted.ts', '../../config/stage.ts', 'stands on nothing above it'],
    ['shared/errors.ts', './aws/photos.ts', 'knows neither AWS nor the database'],
    ['shared/model-types/planted.ts', '../fpe-database/model-rows.ts', 'knows neither AWS nor the database'],
    ['shared/a-new-room/planted.ts', '../aws/photos.ts', 'knows neither AWS nor the database'],
    ['shared/a-new-room/planted.ts', '@aws-lambda-powertools/logger', 'talk to AWS'],
    ['shared/statistics/planted.ts', 'node:fs', 'reads no file'],
    ['shared/report/planted.ts', 'node:child_process', 'reads no file'],
    ['functions/planted.ts', '../local/s3.ts', 'stands on shared/'],
    ['functions/planted.ts', '../cli/table.ts', 'stands on shared/'],
    ['browser/planted.ts', '../cli/table.ts', 'stands on shared/ alone'],
    ['browser/planted.ts', '../functions/build-report.ts', 'stands on shared/ alone'],
    ['demo-station/planted.ts', '../cli/table.ts', 'never the reverse'],
    ['local/planted.ts', '../cli/table.ts', 'stands on cli/'],
    ['browser/planted.ts', '../shared/report/page/html.ts', 'never what renders HTML'],
    ['browser/figures/planted.ts', '../../shared/report/metrics/file.ts', 'never what renders HTML'],
    ['deployment/planted.ts', '../local/template.ts', 'never the reverse'],
    ['host/planted.ts', '../deployment/stack.ts', 'below deployment/'],
    ['functions/planted.ts', '../tests/fixtures/run.ts', 'rests on tests'],
    ['local/planted.ts', '../benchmarks/report.ts', 'rests on tests'],
    ['local/planted.ts', '../node_modules/fauxqs/dist/s3/s3Store.js', 'public interface'],
    ['cli/planted.ts', '../node_modules/fauxqs/dist/common/errors.js', 'public interface'],
    ['cli/planted.ts', '@aws-sdk/client-s3', 'talk to AWS'],
    ['functions/planted.ts', '@smithy/node-http-handler', 'talk to AWS'],
    ['shared/fpe-database/planted.ts', '@aws-sdk/client-s3', 'talk to AWS'],
    ['shared/aws/planted.ts', 'pg', 'talk to PostgreSQL'],
    ['deployment/planted.ts', 'pg', 'talk to PostgreSQL'],
  ])('refuses that %s imports %s', (file, imported, message) => {
    plant(file, `import { anything } from '${imported}';\nexport const planted = anything;\n`);

    expect(lint(file)).toContain(message);
  });

  test.each([
    ['shared/statistics/planted.ts', '../errors.ts'],
    ['shared/report/page/planted.ts', '../data/strata.ts'],
    ['shared/aws/planted.ts', '@aws-sdk/client-s3'],
    ['shared/fpe-database/planted.ts', 'pg'],
    ['browser/planted.ts', '../shared/report/page/columns.ts'],
    ['local/planted.ts', '../deployment/package.ts'],
  ])('allows that %s imports %s', (file, imported) => {
    plant(file, `import { anything } from '${imported}';\nexport const planted = anything;\n`);

    expect(lint(file)).not.toContain('noRestrictedImports');
  });

  test.each([
    "'SELECT id FROM stations'",
    '`\n  UPDATE models SET uuid = $1`',
    '"DELETE FROM models"',
    '`INSERT INTO models VALUES ($1)`',
    '`select id from stations`',
    '`-- of this station\n SELECT id FROM models`',
    "'SELECT\\n id FROM stations'",
    "'UPDATE public.models SET uuid = $1'",
    "'TRUNCATE models'",
    "'ALTER TABLE models ADD COLUMN tau real'",
    "'with newest as (select 1) select * from newest'",
  ])('refuses the SQL %s in another room than that of the database', (sql) => {
    plant('shared/publication/planted.ts', `export const planted = ${sql};\n`);
    plant('shared/fpe-database/planted.ts', `export const planted = ${sql};\n`);

    expect(lint('shared/publication/planted.ts')).toContain('contain SQL');
    expect(lint('shared/fpe-database/planted.ts')).not.toContain('contain SQL');
  });

  test.each([
    "'Select the photos of a station'",
    "'with the words as they are'",
    "'Update the station, then set a date'",
  ])('takes the words %s for no SQL', (words) => {
    plant('shared/publication/planted.ts', `export const planted = ${words};\n`);

    expect(lint('shared/publication/planted.ts')).not.toContain('contain SQL');
  });

  test.each([
    ['export const planted = (name: string) => import(name);', 'in quotes'],
    ['export const planted = () => import(`../aws/photos.ts`);', 'in quotes'],
    ["export type Planted = import('../aws/photos.ts').Photo;", 'Import the type by a statement'],
    [
      "import { createRequire } from 'node:module';\nexport const planted = createRequire('/')('pg');",
      'by its name',
    ],
  ])('refuses an import that the other rules cannot read: %s', (text, message) => {
    plant('shared/dataset/planted.ts', `${text}\n`);

    expect(lint('shared/dataset/planted.ts')).toContain(message);
  });

  test.each([
    "export { photo } from '../aws/photos.ts';",
    "export * from '../aws/photos.ts';",
    "export const planted = () => import('../aws/photos.ts');",
    "import type { Photo } from '../aws/photos.ts';\nexport type Planted = Photo;",
  ])('holds for every form of import: %s', (text) => {
    plant('shared/dataset/planted.ts', `${text}\n`);

    expect(lint('shared/dataset/planted.ts')).toContain('knows neither AWS nor the database');
  });

  test('refuses files that import each other, be it for their types alone', () => {
    plant('shared/dataset/one.ts', "import type { Two } from './two.ts';\nexport type One = Two | null;\n");
    plant('shared/dataset/two.ts', "import type { One } from './one.ts';\nexport type Two = { one: One };\n");

    expect(lint('shared/dataset')).toContain('noImportCycles');
  });

  const longFunction = `export function planted() {\n${'  console.log();\n'.repeat(61)}}\n`;
  const tangledFunction = `export function planted(n: number) {\n${'  if (n > 1) {\n'.repeat(6)}${'  }\n'.repeat(6)}}\n`;

  test.each([
    ['more than 60 lines', longFunction, 'noExcessiveLinesPerFunction'],
    ['more branches than one can follow', tangledFunction, 'noExcessiveCognitiveComplexity'],
  ])('refuses a function of %s, in tests alone it may be', (_, text, rule) => {
    plant('cli/planted.ts', text);
    plant('tests/planted.ts', text);

    expect(lint('cli/planted.ts')).toContain(rule);
    expect(lint('tests/planted.ts')).not.toContain(rule);
  });
});
