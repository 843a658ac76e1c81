import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './product-sources.ts';

/** What people read, or what prints it: everything but tests and the history of changes. */
const READ = [
  '{browser,cli,config,deployment,functions,host,local,resources,shared,statemachines}/**/*.{ts,yml}',
  'docs/*.md',
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'package.json',
];
const COMMAND = /(?<![.\w])\.\/fpe ([a-z]+)((?: +[^ \n`']+)*)/g;
/** What belongs to a command, unlike the words of the sentence around it. */
const ARGUMENT =
  /^(--[a-z][a-z-]*|\$\{[^}]*\}|[A-Z_]{2,}|\d[\w.:/-]*|[\w./-]+\.(json|txt|pth)|RANK-[\w-]*|prod|dev|fire|nightly|env|table|stop|status|create|remove|fish|bash|train|true|false|try-1|gpu|score-station|postgresql:\S+|>)$/;

/**
 * Every command of fpe that the product prints or documents, by its form: what a program fills in is X, numbers are N.
 *
 * @returns form → files that have it
 */
export function suggestedCommands(): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const file of globSync(READ, { cwd: ROOT }))
    for (const [, name, rest = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(COMMAND)) {
      const form = formOf(name as string, rest);
      found.set(form, (found.get(form) ?? new Set()).add(file));
    }
  return new Map(Array.from(found, ([form, files]) => [form, [...files].sort()]));
}

function formOf(name: string, rest: string): string {
  const parts = [name];
  for (const word of rest.trim().split(' ')) {
    const argument = word.replace(/[.,;:)]+$/, '');
    if (!ARGUMENT.test(argument)) break;
    parts.push(argument);
    if (argument !== word) break;
  }
  return parts
    .join(' ')
    .replaceAll(/\$\{[^}]*\}/g, 'X')
    .replaceAll(/(?<=[ -])\d[\d./:-]*/g, 'N')
    .replaceAll(/RANK-\S+/g, 'CODE')
    .replaceAll(/postgresql:\S+/g, 'ADDRESS');
}
