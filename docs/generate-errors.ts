/**
 * Writes docs/errors.md, and what e-mails advise, from the docstrings of the errors, statemachines/service-errors.yml, and what the
 * machines retry and catch (`npm run errors`).
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  ADVISED,
  FAILURE_KINDS,
  type FailureAdvice,
  type FailureKindName,
} from '../shared/notifications/failure-kinds.ts';
import { detoursOf, repetitionOf } from '../statemachines/error-handling.ts';

const ROOT = join(import.meta.dirname, '..');
export const ERRORS_FILE = join(import.meta.dirname, 'errors.md');
/** For programs: functions have no docstrings. */
export const ADVICE_FILE = join(ROOT, 'shared', 'notifications', 'failure-advice.ts');
const BIOME = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const readSource = (name: string) => readFileSync(join(ROOT, name), 'utf8');

export type DescribedError = FailureAdvice & { meaning: string };
type Section = {
  title: string;
  introduction?: string;
  isOfExecution: boolean;
  isOfJob?: boolean;
  errors: DescribedError[];
};

const BEGINS_WITH_WHO = new RegExp(`^(?:${Object.keys(ADVISED).join('|')}): `);

const isKind = (name: string): name is FailureKindName => Object.hasOwn(FAILURE_KINDS, name);

/** @throws Error for a text without a meaning or a kind, or of which nobody is told what to do */
function describe(name: string, text: string): DescribedError {
  const [meaning = '', ...rest] = text.split(/\n\s*\n/).map((part) => part.trim());
  const fix: string[] = [];
  const kind = /^ *Kind: (\S+)\.$/m.exec(text)?.[1] ?? '';
  for (const line of rest
    .join('\n')
    .split('\n')
    .map((part) => part.trim())) {
    if (BEGINS_WITH_WHO.test(line)) fix.push(line);
    else if (fix.length > 0) fix.push(`${fix.pop()} ${line}`);
  }
  if (meaning === '' || fix.length === 0 || !isKind(kind))
    throw new Error(
      `${name} needs a docstring: what it means, an empty line, “Kind: input.” or another of FAILURE_KINDS, and “${Object.keys(ADVISED)[0]}: …” what to do`,
    );
  return { names: [name], meaning: meaning.replaceAll(/\s+/g, ' '), kind, fix };
}

/** Each class with the docstring above it; a class without one gets an empty text. */
function typeScriptErrors(source: string): DescribedError[] {
  return Array.from(
    source.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export class (\w+) extends PipelineError\b/g),
    ([, docstring = '', name = '']) => describe(name, docstring.replaceAll(/^ \* ?/gm, '')),
  );
}

function pythonErrors(source: string): DescribedError[] {
  return Array.from(
    source.matchAll(/^class (\w+)\(PipelineError\):\n {4}(?:"""([\s\S]*?)""")?/gm),
    ([, name = '', docstring = '']) => describe(name, docstring),
  );
}

/** A comment of one line that stands alone in shared/errors.ts is the title of the errors below it. */
function declaredSections(): Section[] {
  const [, ...parts] = readSource('shared/errors.ts').split(/^\/\/ (.+)\.\n\n/m);
  const sections: Section[] = [];
  for (let index = 0; index < parts.length; index += 2)
    sections.push({
      title: parts[index] as string,
      isOfExecution: !parts[index]?.includes('commands'),
      errors: typeScriptErrors(parts[index + 1] as string),
    });
  const last = sections.at(-1) as Section;
  last.errors = last.errors.concat(typeScriptErrors(readSource('host/durable-file.ts')));
  return sections;
}

export function errorSections(): Section[] {
  return [
    ...declaredSections(),
    {
      title: 'What Step Functions, Lambda and SageMaker say',
      isOfExecution: true,
      errors: parse(readSource('statemachines/service-errors.yml')),
    },
    {
      title: 'What a job says',
      introduction:
        'The execution ends with `States.TaskFailed`, and its cause has the name within SageMaker’s FailureReason.',
      isOfExecution: false,
      isOfJob: true,
      errors: pythonErrors(readSource('model/errors.py')),
    },
  ];
}

/** What the machine does by itself. */
function machineCell(name: string): string {
  const repetition = repetitionOf(name);
  const repeats = repetition
    ? [`retries ${repetition.attempts} times in ${repetition.minutes} min${within(repetition.states)}`]
    : [];
  const goesOn = detoursOf(name).map(({ state, next }) => `after ${state}, goes on with ${next}`);
  return [...repeats, ...goesOn].join('; ') || 'ends';
}

const FEW = 3;
const within = (states: readonly string[]): string => (states.length <= FEW ? ` (${states.join(', ')})` : '');

const AGAIN = { redrive: 'redrive', start: 'new execution', leave: 'leave it' };

function table({ errors, isOfExecution, isOfJob = false }: Section): string {
  const isRun = isOfExecution || isOfJob;
  const header = [
    ...['error', 'what it means', 'who mends it, and how'],
    ...(isOfExecution ? ['the machine'] : []),
    ...(isRun ? ['kind', 'then'] : []),
  ];
  const rows = errors.map(({ names, meaning, kind, fix }) => [
    names.map((name) => `\`${name}\``).join(', '),
    meaning,
    fix.map((line) => line.replace(/^(\w+):/, '**$1**:')).join('<br>'),
    ...(isOfExecution ? [unique(names.map(machineCell))] : []),
    ...(isRun ? [kind, AGAIN[FAILURE_KINDS[kind].again]] : []),
  ]);
  return [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(linked).join(' | ')} |`)
    .join('\n');
}

/** Pages are named from the project's root where the words stand. */
const linked = (cell: string): string =>
  cell
    .replaceAll('|', '\\|')
    .replaceAll(/docs\/([\w-]+\.md)/g, '[$1]($1)')
    .replaceAll(/README(?=, )/g, '[README](../README.md)');

const unique = (texts: readonly string[]): string => [...new Set(texts)].join('; or ');

/** The whole page. */
export function errorsPage(): string {
  const introduction = `# Errors

Generated (\`npm run errors\`) from the docstrings of [shared/errors.ts](../shared/errors.ts) and [model/errors.py](../model/errors.py), from
[service-errors.yml](../statemachines/service-errors.yml), and from what the [machines](../statemachines/) retry and catch.

An execution that fails has an error, which is one of these names, and a cause, which says what happened, where, what was found, what
was expected, and how to fix it. \`./fpe show NAME\`, the e-mail and the console show both. The names do not change.

What had been published stays as it was. The columns say what the machine does by itself before it gives up, what kind of failure it
is, and what to do then: a redrive (\`./fpe redrive NAME\`) goes on where it failed, with the same input and files; where these are at
fault, start a new execution. The e-mail says the same as this page.

| who | is |
|---|---|
${Object.entries(ADVISED)
  .map(([name, { who }]) => `| **${name}** | ${who} |`)
  .join('\n')}

| kind | what is wrong | then |
|---|---|---|
${Object.entries(FAILURE_KINDS)
  .map(([kind, { what, again }]) => `| ${kind} | ${what} | ${AGAIN[again]} |`)
  .join('\n')}
`;
  const sections = errorSections().map((section) =>
    [
      `## ${section.title}`,
      ...(section.introduction ? [section.introduction] : []),
      `${table(section)}\n`,
    ].join('\n\n'),
  );
  return [introduction, ...sections].join('\n');
}

/** The module of what e-mails advise. */
export function adviceModule(): string {
  const sections = errorSections();
  const adviceOf = (chosen: Section[]) =>
    JSON.stringify(chosen.flatMap(({ errors }) => errors.map(({ meaning: _, ...advice }) => advice)));
  const constant = (name: string, chosen: Section[]) =>
    `export const ${name}: readonly FailureAdvice[] = ${adviceOf(chosen)};`;
  const text = `import type { FailureAdvice } from './failure-kinds.ts';

/** Generated (\`npm run errors\`) of the same texts as docs/errors.md: errors of executions. */
${constant(
  'EXECUTION_ADVICE',
  sections.filter(({ isOfExecution }) => isOfExecution),
)}

/** What a job names within SageMaker’s FailureReason. */
${constant(
  'JOB_ADVICE',
  sections.filter(({ isOfJob }) => isOfJob),
)}
`;
  return execFileSync(process.execPath, [BIOME, 'format', `--stdin-file-path=${ADVICE_FILE}`], {
    cwd: ROOT,
    input: text,
    encoding: 'utf8',
  });
}

if (import.meta.main) {
  writeFileSync(ERRORS_FILE, errorsPage());
  writeFileSync(ADVICE_FILE, adviceModule());
}
