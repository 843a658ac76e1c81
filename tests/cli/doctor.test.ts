import { afterEach, describe, expect, test } from '@jest/globals';
import { doctorCommand, verdict } from '../../cli/doctor.ts';
import { readStage } from '../../config/stage.ts';
import type { Check } from '../../deployment/check.ts';
import { expectDocumented } from '../support/documented-json.ts';

const check = (status: Check['status'], isForRuns = false): Check => ({
  ...{ name: 'a', needs: 'b', found: 'c' },
  status,
  isForRuns,
});

test.each<[string, Check[], RegExp]>([
  ['all is in order', [check('ok')], /^It can be deployed and run\.$/],
  ['something deserves a look', [check('ok'), check('warning')], /run; see 1 check marked with !/],
  ['something is not known', [check('warning'), check('unknown')], /1 of 2 checks could not be made/],
  ['runs would fail', [check('failed', true)], /runs would fail/],
  ['it cannot be deployed', [check('failed'), check('failed', true)], /cannot be deployed/],
])('where %s, the last line says so', (_, checks, line) => {
  expect(verdict(checks)).toMatch(line);
});

describe('fpe doctor', () => {
  afterEach(() => {
    process.exitCode = undefined;
  });

  /** Runs the command. @returns the stage that it asked about, and what it printed */
  async function run(args: string[], checks: Check[]) {
    const stages: string[] = [];
    const printed: string[] = [];
    const facts: unknown[] = [];
    const command = doctorCommand({
      connect: async (name) => {
        stages.push(name);
        return { stage: readStage('example'), connection: { kind: 'aws', description: 'AWS' } };
      },
      preflight: async () => checks,
      print: (text) => printed.push(text),
      printJson: (found) => facts.push(found),
    });
    await command.parseAsync(args, { from: 'user' });
    return { stages, printed: printed.join('\n'), facts };
  }

  test('shows each check of the stage, and what to do where one failed', async () => {
    const { stages, printed } = await run(
      ['--stage', 'prod'],
      [check('ok'), { ...check('failed'), fix: 'do d' }],
    );

    expect(stages).toEqual(['prod']);
    expect(printed).toBe(
      'Stage prod\n✔ a: c\n✖ a: c\n    Needed: b.\n    To fix: do d.\n\nIt cannot be deployed yet.',
    );
    expect(process.exitCode).toBe(1);
  });

  test('ends well where nothing is missing', async () => {
    await run([], [check('ok'), check('warning')]);

    expect(process.exitCode).toBeUndefined();
  });

  test('prints with --json what docs/commands.md says', async () => {
    const { facts, printed } = await run(['--json'], [{ ...check('failed'), fix: 'do d' }]);

    expectDocumented('doctor', facts[0]);
    expect(printed).toBe('');
  });
});
