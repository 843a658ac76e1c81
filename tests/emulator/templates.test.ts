import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stageNames } from '../../config/stage.ts';
import { TEMPLATE_FILE } from '../../deployment/package.ts';
import { packageOnce } from '../fixtures/packages.ts';
import { EMULATOR_BIN } from './moto.ts';

/** CloudFormation's own linter on every template that is deployed. */
const ROOT = join(import.meta.dirname, '../..');
const LINT_MS = 600_000;
/** What it may say all the same, each with the reason. */
const IGNORED: Record<string, string> = {
  W3005:
    'the framework names in DependsOn the role that a function refers to anyway; harmless, and not ours to change',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-lint-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Finding = { Rule: { Id: string }; Message: string; Location: { Path?: { Path: unknown } } };

/** Every error and warning of the linter. */
function lint(template: string): Finding[] {
  try {
    const command = ['--format', 'json', '--regions', 'us-west-2', '--template', template];
    return JSON.parse(execFileSync(join(EMULATOR_BIN, 'cfn-lint'), command, { encoding: 'utf8' }) || '[]');
  } catch (error) {
    // Its exit code tells that there are findings.
    return JSON.parse((error as { stdout: string }).stdout);
  }
}

const told = ({ Rule, Message }: Finding): string => `${Rule.Id} ${Message}`;

test.each(stageNames())(
  'the linter has nothing to say of stage %s that is not known and explained',
  async (stage) => {
    const findings = lint(join((await packageOnce(stage)).folder, TEMPLATE_FILE));

    expect(findings.filter(({ Rule }) => !(Rule.Id in IGNORED)).map(told)).toEqual([]);
    expect(Object.keys(IGNORED).filter((id) => !findings.some(({ Rule }) => Rule.Id === id))).toEqual([]);
  },
  LINT_MS,
);

test(
  'the linter has nothing to say of the development environment',
  () => {
    expect(lint(join(ROOT, 'environment/template.yml')).map(told)).toEqual([]);
  },
  LINT_MS,
);

test(
  'the linter finds a mistake where there is one',
  () => {
    const broken = join(folder, 'broken.yml');
    const text = readFileSync(join(ROOT, 'environment/template.yml'), 'utf8');
    writeFileSync(broken, text.replace('StorageEncrypted: true', 'StorageEncrypted: perhaps'));

    expect(lint(broken).map(({ Rule }) => Rule.Id)).toContain('E3012');
  },
  LINT_MS,
);
