import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { environmentCommand } from '../../cli/environment.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { ENVIRONMENT_OUTPUTS } from '../../environment/stage-file.ts';

let config: string;
beforeEach(() => {
  config = mkdtempSync(join(tmpdir(), 'fpe-environment-'));
});
afterEach(() => rmSync(config, { recursive: true }));

const STACK = {
  StackStatus: 'CREATE_COMPLETE',
  Outputs: ENVIRONMENT_OUTPUTS.map((OutputKey) => ({ OutputKey, OutputValue: `its-${OutputKey}` })),
} as never;

type Situation = { isThere?: boolean; changeSet?: string | null; refusal?: Error };

/** Runs the command. @returns what it did and printed, and why it failed */
async function run(args: string[], { isThere = true, changeSet = 'change-1', refusal }: Situation = {}) {
  const did: unknown[][] = [];
  const printed: string[] = [];
  const command = environmentCommand({
    connect: async (wanted) => {
      did.push(['connect', wanted]);
      return { kind: 'aws', description: 'AWS', region: wanted.region ?? 'us-east-1' };
    },
    planEnvironment: async (...given) => {
      did.push(['plan', ...given]);
      return { changeSet, isNew: true, changes: [] };
    },
    confirm: async (_, yes, expense) => {
      did.push(['confirm', yes, await expense()]);
      if (refusal) throw refusal;
    },
    deleteChangeSet: async (...given) => void did.push(['delete', ...given]),
    makeChanges: async (...given) => {
      did.push(['make', ...given.slice(0, 2)]);
      return STACK;
    },
    findStack: async () => (isThere ? STACK : null),
    removeEnvironment: async (environment) => {
      did.push(['remove', environment]);
      return 12;
    },
    config,
    print: (text) => printed.push(text),
  });
  const failure = await command.parseAsync(args, { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { did, printed: printed.join('\n'), failure };
}

describe('fpe environment create', () => {
  test('plans, asks, creates, and writes the file of the stage', async () => {
    const { did, printed } = await run([
      'create',
      '--region',
      'us-west-2',
      '--instance-class',
      'db.t4g.small',
    ]);

    expect(did).toEqual([
      ['connect', { aws: true, region: 'us-west-2' }],
      ['plan', { appName: 'fpe', stage: 'dev', instanceClass: 'db.t4g.small' }],
      [
        'confirm',
        undefined,
        { what: 'This creates fpe-dev-environment', cost: expect.stringMatching(/USD a month until/) },
      ],
      ['make', 'fpe-dev-environment', 'change-1'],
    ]);
    expect(readFileSync(join(config, 'dev.yml'), 'utf8')).toMatch(/region: us-west-2\n.*dbHost: its-DbHost/s);
    expect(printed).toContain('Wrote config/dev.yml.');
    expect(printed).toContain('./fpe schema --stage dev');
  });

  test('leaves a file of the stage as a person has written it', async () => {
    writeFileSync(join(config, 'dev.yml'), '# mine');

    const { printed } = await run(['create'], { changeSet: null });

    expect(readFileSync(join(config, 'dev.yml'), 'utf8')).toBe('# mine');
    expect(printed).toContain('config/dev.yml already exists and was not changed.');
  });

  test('takes its plan back if the answer is no', async () => {
    const refusal = new UsageError('Nothing was done.');

    const { did, failure } = await run(['create'], { refusal });

    expect(failure).toBe(refusal);
    expect(did.at(-1)).toEqual(['delete', 'fpe-dev-environment', 'change-1']);
    expect(existsSync(join(config, 'dev.yml'))).toBe(false);
  });

  test('with --dry-run asks nobody and creates nothing', async () => {
    const { did } = await run(['create', '--dry-run']);

    expect(did.map(([what]) => what)).toEqual(['connect', 'plan', 'delete']);
  });
});

describe('fpe environment remove', () => {
  test('needs --yes', async () => {
    const { did, failure } = await run(['remove']);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toMatch(/^This removes fpe-dev-environment: .*To do it, add --yes\.$/);
    expect(did.map(([what]) => what)).toEqual(['connect']);
  });

  test('removes it and says what is left', async () => {
    const { did, printed } = await run(['remove', '--yes']);

    expect(did.at(-1)).toEqual(['remove', { appName: 'fpe', stage: 'dev' }]);
    expect(printed).toContain(
      'Removed fpe-dev-environment and 12 objects. config/dev.yml still describes it',
    );
  });

  test('says if there is none', async () => {
    const { did, printed } = await run(['remove', '--yes'], { isThere: false });

    expect(did.map(([what]) => what)).toEqual(['connect']);
    expect(printed).toBe('There is no stack fpe-dev-environment in us-east-1.');
  });
});
