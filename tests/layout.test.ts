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
import { productSources, ROOT } from './support/product-sources.ts';

const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');

describe('the picture of imports', () => {
  const files = productSources();
  const imports = files.flatMap((file) =>
    Array.from(
      readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g),
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

  test.each([...folders].toSorted())('has no circle in the folder "%s"', (folder) => {
    expect(circleIn(arrowsIn(folder))).toEqual([]);
  });

  test('has no more than a screen of rooms in a folder of shared/', () => {
    for (const folder of [...folders].filter((name) => name.startsWith('shared')))
      expect([folder, readdirSync(join(ROOT, folder)).length <= 30]).toEqual([folder, true]);
  });
});

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

test('a name that two files export is found, overloads of one file are none', () => {
  const files = {
    'a.ts': 'export function tau(): void;\nexport async function tau(n = 0) {}\nexport const handler = 1;',
    'b.ts': 'export type Tau = 1;\nexport const handler = 2;',
    'c.ts': 'export abstract class Tau {}\nconst tau = 1;',
  };

  expect(exportedTwice(files)).toEqual([['Tau', 'b.ts', 'c.ts']]);
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
  ])('refuses the SQL %s in another room than that of the database', (sql) => {
    plant('shared/publication/planted.ts', `export const planted = ${sql};\n`);
    plant('shared/fpe-database/planted.ts', `export const planted = ${sql};\n`);

    expect(lint('shared/publication/planted.ts')).toContain('contain SQL');
    expect(lint('shared/fpe-database/planted.ts')).not.toContain('contain SQL');
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
