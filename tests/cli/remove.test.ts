import { describe, expect, test } from '@jest/globals';
import { removeCommand } from '../../cli/remove.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { readStage } from '../../config/stage.ts';

const STAGE = { ...readStage('example'), stage: 'prod', appName: 'fpe' };

/** Runs the command. @returns what it removed and printed, and why it failed */
async function run(args: string[], isThere = true) {
  const removed: unknown[] = [];
  const printed: string[] = [];
  const command = removeCommand({
    connect: async () => ({ stage: STAGE, connection: { kind: 'aws', description: 'AWS' } }),
    findStack: async () => (isThere ? ({ StackStatus: 'CREATE_COMPLETE' } as never) : null),
    removeStack: async (name) => void removed.push(name),
    removeArtifacts: async ({ modelBucket }) => {
      removed.push(modelBucket);
      return 3;
    },
    print: (text) => printed.push(text),
  });
  const failure = await command.parseAsync(['--stage', 'prod', ...args], { from: 'user' }).then(
    () => null,
    (error) => error,
  );
  return { removed, printed: printed.join('\n'), failure };
}

describe('fpe remove', () => {
  test('only says what it would remove', async () => {
    const { removed, failure } = await run([]);

    expect(removed).toEqual([]);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toMatch(/^This removes the stack fpe-prod-rank: .*To do it, add --yes\.$/);
  });

  test('with --yes removes the stack and its archives', async () => {
    const { removed, printed } = await run(['--yes']);

    expect(removed).toEqual(['fpe-prod-rank', STAGE.modelBucket]);
    expect(printed).toBe(`Removed fpe-prod-rank; deleted 3 of its archives from ${STAGE.modelBucket}.`);
  });

  test('removes archives of a stack that is no longer there', async () => {
    const { removed, printed } = await run(['--yes'], false);

    expect(removed).toContain(STAGE.modelBucket);
    expect(printed).toMatch(/^There is no stack fpe-prod-rank; deleted 3/);
  });
});
