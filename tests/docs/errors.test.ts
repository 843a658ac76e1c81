import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ERRORS_FILE, errorSections, errorsPage } from '../../docs/generate-errors.ts';
import * as errors from '../../shared/errors.ts';
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

  test('suggests no redrive where none helps', () => {
    const suggesting = DESCRIBED.filter(({ fix }) => /redrive/.test(fix.join())).flatMap(
      ({ names }) => names,
    );

    expect(errors.NOT_FOR_REDRIVE.filter((name) => suggesting.includes(name))).toEqual([]);
  });
});
