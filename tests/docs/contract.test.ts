import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { projectFiles } from '../support/project-files.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs/contract.md'), 'utf8');
const [PARTS] = PAGE.split("FPE's numbering also has") as [string];

const sources = projectFiles()
  .filter((name) => /\.(?:ts|js|cjs|py|md|ya?ml|sql|json)$/.test(name) && !name.startsWith('package'))
  .filter((name) => name !== 'docs/contract.md' && name !== 'tests/docs/contract.test.ts');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** Ids as they are written in the page; names of Python functions have them as q_t3. */
const idsIn = (text: string): string[] =>
  Array.from(
    text.matchAll(/q[-_]([a-z])(\d+)(?!\d)/gi),
    ([, letter, number]) => `Q-${letter?.toUpperCase()}${number}`,
  );

/** Sections that a text cites: "contract 5.2, 8.2", "Contract 7.4:", "(contract section 5, …)". */
function sectionsIn(text: string): string[] {
  const joined = text.replace(/\n\s*(?:\*|#|\/\/|--)?\s*/g, ' ');
  return Array.from(
    joined.matchAll(/\bcontract (?:section )?(\d+(?:\.\d+)?(?:, (?=\d)\d+(?:\.\d+)?)*)/gi),
    ([, list]) => (list as string).split(', '),
  ).flat();
}

const sections = new Set(
  Array.from(PAGE.matchAll(/^#{2,3} (\d+(?:\.\d+)?)/gm), ([, number]) => number as string),
);

describe('docs/contract.md', () => {
  test('has every section that the code, its tests and the pages cite', () => {
    const cited = sources.flatMap((name) => sectionsIn(read(name)).map((section) => ({ name, section })));

    expect(cited.length).toBeGreaterThan(50);
    expect(cited.filter(({ section }) => !sections.has(section))).toEqual([]);
  });

  test('has a row for every id that the code, its tests and the pages cite', () => {
    const rows = new Set(Array.from(PAGE.matchAll(/^\| (Q-[A-Z]\d+) \|/gm), ([, id]) => id as string));
    const cited = sources.flatMap((name) => idsIn(read(name)).map((id) => ({ name, id })));

    expect(cited.length).toBeGreaterThan(200);
    expect(cited.filter(({ id }) => !rows.has(id))).toEqual([]);
  });

  test('has no id without a test that cites it', () => {
    const tests = sources.filter((name) => /^(?:model\/)?tests\//.test(name));
    const tested = new Set(tests.flatMap((name) => idsIn(read(name))));

    const ids = new Set(idsIn(PARTS));
    expect(ids.size).toBeGreaterThan(80);
    expect([...ids].filter((id) => !tested.has(id))).toEqual([]);
  });

  test('has sections in order, each once', () => {
    const numbers = Array.from(
      PAGE.matchAll(/^#{2,3} (\d+)(?:\.(\d+))?/gm),
      ([, a, b]) => Number(a) * 100 + Number(b ?? 0),
    );

    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  test('is the only numbered document that is cited', () => {
    const cited = sources.filter((name) =>
      /\((?:design|layout|style|performance)(?:\.md)?,? (?:section )?\d|\b(?:aws-facts|fpe-contract)\b|shared\/(?:design|layout|style|performance)\.md/.test(
        read(name),
      ),
    );

    expect(cited).toEqual([]);
  });
});
