import { describe, expect, test } from '@jest/globals';
import { deployCommand } from '../../cli/deploy.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { readStage } from '../../config/stage.ts';
import type { Check } from '../../deployment/check.ts';
import type { Manifest } from '../../deployment/package.ts';

const STAGE = readStage('example');
const CONNECTION = { kind: 'aws', description: 'AWS, us-west-2' } as const;
const MANIFEST = {
  stack: 'fpe-example-rank',
  template: { bucket: 'models' },
  archives: [{}, {}],
} as unknown as Manifest;
const CHANGES = [
  { ResourceChange: { Action: 'Add', LogicalResourceId: 'Topic', ResourceType: 'AWS::SNS::Topic' } },
] as never;

type Situation = { failed?: boolean; changeSet?: string | null; refusal?: Error };

/** Runs the command. @returns what it did and printed, and why it failed */
async function run(args: string[], { failed = false, changeSet = 'change-1', refusal }: Situation = {}) {
  const did: unknown[][] = [];
  const printed: string[] = [];
  const check: Check = {
    name: 'secret',
    status: 'failed',
    needs: 'a secret',
    found: 'none',
    isForRuns: false,
  };
  const command = deployCommand({
    connect: async () => ({ stage: STAGE, connection: CONNECTION }),
    preflight: async () => (failed ? [check] : []),
    package: async () => MANIFEST,
    uploadPackage: async () => 1,
    planDeployment: async () => ({ changeSet, isNew: true, changes: CHANGES }),
    confirm: async (_, yes, expense) => {
      did.push(['confirm', yes, await expense()]);
      if (refusal) throw refusal;
    },
    deleteChangeSet: async (...given) => void did.push(['delete', ...given]),
    makeChanges: async (stack, made) => {
      did.push(['make', stack, made]);
      return { StackStatus: 'CREATE_COMPLETE', Outputs: [] } as never;
    },
    print: (text) => printed.push(text),
  });
  const failure = await command.parseAsync(['--stage', 'example', ...args], { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { did, printed: printed.join('\n'), failure };
}

describe('fpe deploy', () => {
  test('shows the changes, asks, makes them, and says what comes next', async () => {
    const { did, printed } = await run([]);

    expect(did).toEqual([
      [
        'confirm',
        undefined,
        { what: 'This creates fpe-example-rank', cost: expect.stringMatching(/USD a month/) },
      ],
      ['make', 'fpe-example-rank', 'change-1'],
    ]);
    expect(printed).toContain('Uploaded 1 of 3 files to models; the rest were already there');
    expect(printed).toContain('fpe-example-rank will be created:\n  + Topic  AWS::SNS::Topic');
    expect(printed).toContain('./fpe smoke --stage example --station ID');
  });

  test('takes its plan back if the answer is no', async () => {
    const refusal = new UsageError('Nothing was done.');

    const { did, failure } = await run([], { refusal });

    expect(failure).toBe(refusal);
    expect(did.slice(1)).toEqual([['delete', 'fpe-example-rank', 'change-1']]);
  });

  test('with --dry-run only shows the changes, and asks nobody', async () => {
    const { did, printed } = await run(['--dry-run']);

    expect(did).toEqual([['delete', 'fpe-example-rank', 'change-1']]);
    expect(printed).toMatch(/Nothing was changed\.$/);
  });

  test('does nothing where nothing has changed', async () => {
    const { did, printed } = await run([], { changeSet: null });

    expect(did).toEqual([]);
    expect(printed).toMatch(/No changes: fpe-example-rank is up to date\.$/);
  });

  test('stops where a prerequisite is missing, unless it is told not to check', async () => {
    const { did, failure } = await run(['--yes'], { failed: true });
    const unchecked = await run(['--no-checks', '--yes'], { failed: true });

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain('./fpe doctor --stage example shows all checks');
    expect(did).toEqual([]);
    expect(unchecked.did.map(([what]) => what)).toEqual(['confirm', 'make']);
  });
});
