import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'commands.md'), 'utf8');

/** The examples of a command's output in docs/commands.md. */
export function documentedJson(command: string): unknown[] {
  const [, section = ''] = new RegExp(`\\n## ${command}\\n(.*?)(?=\\n## |$)`, 's').exec(PAGE) ?? [];
  return Array.from(section.matchAll(/```json\n(.*?)```/gs), ([, example]) => JSON.parse(example as string));
}

/** Expects that an output has the shape of an example of its command: the same names, with values of the same types. */
export function expectDocumented(command: string, output: unknown, { example = 0 } = {}): void {
  const [documented, printed] = [documentedJson(command)[example], JSON.parse(JSON.stringify(output))];
  expect(documented).toBeDefined();
  expect(differences(documented, printed, command)).toEqual([]);
}

/** Null may stand for anything, and all elements of a list are like the first one of the example. */
function differences(documented: unknown, printed: unknown, where: string): string[] {
  if (documented === null || printed === null) return [];
  if (Array.isArray(documented) && Array.isArray(printed))
    return printed.flatMap((each, index) => differences(documented[0], each, `${where}[${index}]`));
  if (typeof documented !== typeof printed || Array.isArray(documented) !== Array.isArray(printed))
    return [`${where} is documented as ${typeof documented}, printed as ${typeof printed}`];
  if (typeof documented !== 'object') return [];
  const [one, other] = [documented as Record<string, unknown>, printed as Record<string, unknown>];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((name) => {
    if (!(name in other)) return [`${where}.${name} is documented, and not printed`];
    if (!(name in one)) return [`${where}.${name} is printed, and not documented`];
    return differences(one[name], other[name], `${where}.${name}`);
  });
}
