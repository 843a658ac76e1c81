/**
 * Writes docs/errors.md from the docstrings of the errors, statemachines/service-errors.yml, and what the machines retry and catch
 * (`npm run errors`).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { NOT_FOR_REDRIVE } from '../shared/errors.ts';
import { detoursOf, repetitionOf } from '../statemachines/error-handling.ts';

const ROOT = join(import.meta.dirname, '..');
export const ERRORS_FILE = join(import.meta.dirname, 'errors.md');
const readSource = (name: string) => readFileSync(join(ROOT, name), 'utf8');

/** Who can mend an error; a docstring begins with one of them what this person does. */
const WHO = {
  Hydrologist: 'who trains models and knows the station: can change its data on FPE’s website and the input',
  Operator: 'who deployed the pipeline: can change the stage’s file, roles, secrets, files and rows',
  Developer: 'who changes this program: needs a report with the message and the log',
  AWS: 'a service of theirs has a fault',
  USGS: 'the water data API has a fault',
  Nobody: 'it mends itself',
};

export type DescribedError = {
  names: string[];
  meaning: string;
  /** Each begins with one of WHO and a colon. */
  fix: string[];
  /** False for what a redrive cannot help, besides NOT_FOR_REDRIVE. */
  redrive?: boolean;
};
type Section = { title: string; introduction?: string; isOfExecution: boolean; errors: DescribedError[] };

const BEGINS_WITH_WHO = new RegExp(`^(?:${Object.keys(WHO).join('|')}): `);

/** @throws Error for a text without a meaning, or of which nobody is told what to do */
function describe(name: string, text: string): DescribedError {
  const [meaning = '', ...rest] = text.split(/\n\s*\n/).map((part) => part.trim());
  const fix: string[] = [];
  for (const line of rest
    .join('\n')
    .split('\n')
    .map((part) => part.trim())) {
    if (BEGINS_WITH_WHO.test(line)) fix.push(line);
    else if (fix.length > 0) fix.push(`${fix.pop()} ${line}`);
  }
  if (meaning === '' || fix.length === 0)
    throw new Error(
      `${name} needs a docstring: what it means, an empty line, and “${Object.keys(WHO)[0]}: …” what to do`,
    );
  return { names: [name], meaning: meaning.replaceAll(/\s+/g, ' '), fix };
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

const helpsToRedrive = (name: string): string =>
  NOT_FOR_REDRIVE.some((other) => other === name) ? 'no' : 'yes';

function table({ errors, isOfExecution }: Section): string {
  const header = ['error', 'what it means', 'who mends it, and how'];
  const rows = errors.map(({ names, meaning, fix, redrive = true }) => [
    names.map((name) => `\`${name}\``).join(', '),
    meaning,
    fix.map((line) => line.replace(/^(\w+):/, '**$1**:')).join('<br>'),
    ...(isOfExecution
      ? [unique(names.map(machineCell)), redrive ? unique(names.map(helpsToRedrive)) : 'no']
      : []),
  ]);
  const all = isOfExecution ? [...header, 'the machine', 'redrive'] : header;
  return [all, all.map(() => '---'), ...rows]
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

What had been published stays as it was. The columns say what the machine does by itself before it gives up, and whether a redrive
(\`./fpe redrive NAME\`) can help once the cause is mended: where it says no, it would use the same input and files, so start a new
execution.

| who | is |
|---|---|
${Object.entries(WHO)
  .map(([who, words]) => `| **${who}** | ${words} |`)
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

if (import.meta.main) writeFileSync(ERRORS_FILE, errorsPage());
