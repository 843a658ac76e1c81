import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  ADVICE_FILE,
  adviceModule,
  ERRORS_FILE,
  errorSections,
  errorsPage,
} from '../../docs/generate-errors.ts';
import * as errors from '../../shared/errors.ts';
import { EXECUTION_ADVICE, JOB_ADVICE } from '../../shared/notifications/failure-advice.ts';
import { FAILURE_KINDS } from '../../shared/notifications/failure-kinds.ts';
import { errorsOfMachines } from '../../statemachines/error-handling.ts';
import { projectFiles } from '../support/project-files.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const DESCRIBED = errorSections().flatMap((section) => section.errors);
const NAMES = DESCRIBED.flatMap(({ names }) => names);

/** Names of the classes that the sources declare below PipelineError. */
function declaredErrors(): string[] {
  const sources = projectFiles().filter(
    (name) => /\.(?:ts|py)$/.test(name) && !/^tests\/|^model\/tests\//.test(name),
  );
  return sources.flatMap((name) =>
    Array.from(
      readFileSync(join(ROOT, name), 'utf8').matchAll(
        /^(?:export )?class (\w+)(?: extends PipelineError|\(PipelineError\))/gm,
      ),
      ([, found]) => found as string,
    ),
  );
}

describe('the page of errors', () => {
  test('is made of what the code says (npm run errors)', () => {
    expect(readFileSync(ERRORS_FILE, 'utf8')).toBe(errorsPage());
  });

  test('has every error that this program raises, in TypeScript and in Python', () => {
    const declared = declaredErrors();

    expect(declared).toEqual(expect.arrayContaining(['InvalidInput', 'DiskFailed', 'TrainingDiverged']));
    expect(declared.filter((name) => !NAMES.includes(name))).toEqual([]);
  });

  test('has every error that a machine retries or catches', () => {
    expect(errorsOfMachines().filter((name) => !NAMES.includes(name))).toEqual([]);
  });

  test('names an error of a service once', () => {
    const named = NAMES.filter((name) => name.includes('.') || !(name in errors));

    expect(named.filter((name, index) => named.indexOf(name) !== index)).toEqual([]);
  });

  test.each(DESCRIBED)('tells somebody what to do about $names.0', ({ meaning, fix }) => {
    expect(meaning).toMatch(/^\S.*\.$/);
    expect(fix).not.toEqual([]);
    for (const line of fix)
      expect(line).toMatch(/^(?:Hydrologist|Operator|Developer|AWS|USGS|Nobody): .*\.$/);
  });

  test.each(DESCRIBED)(
    '$names.0 has a kind, and its advice and the last word of this kind agree',
    ({ kind, fix }) => {
      expect(Object.keys(FAILURE_KINDS)).toContain(kind);
      if (FAILURE_KINDS[kind].again !== 'redrive') expect(fix.join()).not.toMatch(/redrive/);
    },
  );

  test('has every kind that there is, and no kind without an error', () => {
    const kinds = new Set(DESCRIBED.map(({ kind }) => kind));

    expect([...kinds].toSorted()).toEqual(Object.keys(FAILURE_KINDS).toSorted());
  });
});

describe('the advice of e-mails', () => {
  test('is made of the same texts (npm run errors)', () => {
    expect(readFileSync(ADVICE_FILE, 'utf8')).toBe(adviceModule());
  });

  test('is there for every public name of an error', () => {
    const advised = [...EXECUTION_ADVICE, ...JOB_ADVICE].flatMap(({ names }) => names);
    const ofCommands = ['ExportFolderInvalid', 'SchemaConflict', 'DiskFailed'];

    expect(NAMES.filter((name) => !advised.includes(name))).toEqual(ofCommands);
  });
});
