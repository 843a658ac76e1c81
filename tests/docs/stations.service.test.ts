import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { importCommand } from '../../cli/import.ts';
import { handler as splitPairs } from '../../functions/split-pairs.ts';
import { withDatabase } from '../../shared/fpe-database/connection.ts';
import { importExport, planImport } from '../../shared/fpe-database/import/import-stations.ts';
import { findAnnotatedVariables } from '../../shared/fpe-database/stations.ts';
import { build } from '../fixtures/exported-station.ts';
import { call, testRun } from '../fixtures/run.ts';
import { createTestBuckets, createTestDatabase } from '../fixtures/station.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'stations.md'), 'utf8');
const FILES = Array.from(
  PAGE.matchAll(/^`(my-stations\/\S+\.json)`\n\n```json\n([\s\S]*?)^```$/gm),
  ([, path, content]) => ({ path: path as string, content: content as string }),
);
const PHOTOS = Array.from(PAGE.matchAll(/^ {4}(my-stations\/\S+\.jpg)$/gm), ([, path]) => path as string);

let database: pg.Client;
let buckets: { storage: string; model: string };
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  buckets = await createTestBuckets();
  folder = mkdtempSync(join(tmpdir(), 'fpe-stations-'));
  const files = [...FILES, ...PHOTOS.map((path) => ({ path, content: `bytes of ${path}` }))];
  for (const { path, content } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.end();
});

/** Runs a command of the page on the folder of its example. @returns what it prints */
async function runAsShown(line: string): Promise<string> {
  const [, given = '', ...options] = /^\.\/fpe import (\S+)(?: (\S+))?$/.exec(line) ?? [];
  const printed: string[] = [];
  const command = importCommand({
    connect: async () => undefined as never,
    planImport,
    importExport,
    isLocal: () => true,
    hasLocalWeights: async () => false,
    annotatedVariables: (id) => withDatabase((connected) => findAnnotatedVariables(connected, id)),
    terminal: process.stderr,
    print: (text: string) => printed.push(text),
    printJson: () => undefined,
  });
  await command.parseAsync([join(folder, given), ...options.filter(Boolean), '--bucket', buckets.storage], {
    from: 'user',
  });
  return printed.join('\n');
}

describe('the example of a station of one’s own', () => {
  test('is whole: rows of all kinds, and photos', () => {
    expect(FILES.map(({ path }) => path.split('/').at(-1))).toEqual([
      'station.json',
      'imageset.json',
      'images.json',
      'annotations.json',
      expect.stringMatching(/^[\w-]{36}\.json$/),
      'dataset.json',
      'FLOW_CFS.json',
    ]);
    expect(PHOTOS).toHaveLength(2);
  });

  test('is checked and imported by the commands of the page, which print what it shows', async () => {
    const commands = Array.from(PAGE.matchAll(/^ {4}(\.\/fpe import .+)$/gm), ([, line]) => line as string);
    const [, shown = ''] = /```text\n([\s\S]*?)\n```/.exec(PAGE) ?? [];

    const [checked, loaded] = [
      await runAsShown(commands[0] as string),
      await runAsShown(commands[1] as string),
    ];

    expect(commands).toHaveLength(2);
    expect(checked).toContain('New station “Otter Creek”: 2 photos, 1 annotation session, 2 observed values');
    expect(checked).toContain('Nothing was written.');
    const [, id = ''] = /^Station (\d+)/.exec(loaded) ?? [];
    expect(loaded.replaceAll(buckets.storage, 'fpe-local-storage').replaceAll(id, '1')).toBe(shown);
  });

  test('gives a training its photos with values and its pair, which is too few to learn from', async () => {
    const { rows } = await database.query("SELECT id FROM stations WHERE name = 'Otter Creek'");
    const run = testRun({ id: rows[0].id, name: 'Otter Creek' }, buckets);

    const { exported, dataset } = await build(run);

    expect(exported).toMatchObject({ images: 2, annotation_pairs: 1, fpe_values: 2 });
    expect(dataset).toMatchObject({ images: 2, pairs: 1 });
    await expect(call(splitPairs, { run, export: exported, dataset })).rejects.toMatchObject({
      name: 'NotEnoughPairs',
      message: expect.stringContaining('1 of 1 pairs'),
    });
  });
});
