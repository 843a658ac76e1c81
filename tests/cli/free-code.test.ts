import { describe, expect, test } from '@jest/globals';
import { newModelCode, requireFreeCode } from '../../cli/free-code.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { VariableNotFound } from '../../shared/errors.ts';
import { parseRunInput } from '../../shared/inputs/train-station.ts';
import { TRAIN_ARN } from '../fixtures/local-executions.ts';

const NOW = new Date('2026-11-27T07:05:09Z');
type Situation = { row?: boolean; claim?: 'running' | 'publishing' | 'finished'; runs?: boolean };

/** @returns what was looked for, and the failure */
async function check(
  input: Record<string, unknown>,
  { row = false, claim, runs = false }: Situation = {},
): Promise<{ asked: unknown[]; failure: Error | null }> {
  const asked: unknown[] = [];
  const failure = await requireFreeCode(input, (code) => `./fpe start 29 --model-code ${code}`, {
    hasRow: async (...given) => {
      asked.push(given);
      return row;
    },
    findClaim: async (key) => {
      asked.push(key);
      return claim && ({ status: claim, execution_arn: TRAIN_ARN } as never);
    },
    isRunning: async () => runs,
    now: () => NOW,
  }).then(
    () => null,
    (error) => error,
  );
  return { asked, failure };
}

describe('the code of a training', () => {
  test.each<[string, object, Situation]>([
    ['nobody has it', {}, {}],
    ['an execution that failed has left it', {}, { claim: 'running' }],
    ['the input says that it replaces', { overwrite: true }, { row: true, claim: 'finished' }],
  ])('is free where %s', async (_, input, situation) => {
    expect((await check({ station_id: 29, ...input }, situation)).failure).toBeNull();
  });

  test('is looked for where PrepareRun does', async () => {
    expect((await check({ station_id: 29 })).asked).toEqual([
      'rank/29/models/RANK-FLOW-20261127/claim.json',
      [29, 'RANK-FLOW-20261127'],
    ]);
  });

  test.each<[object, Situation, string]>([
    [
      {},
      { row: true },
      'Station 29 has a model RANK-FLOW-20261127, the code of a training of today that is given none. To train another model, give it a code of its own: ./fpe start 29 --model-code RANK-FLOW-20261127-070509. To replace that model, add "overwrite": true to the input.',
    ],
    [
      { model_code: 'MINE', variable_code: 'STAGE_FT' },
      { claim: 'finished' },
      'Station 29 has a model MINE. To train another model, give it a code of its own: ./fpe start 29 --model-code RANK-STAGE-20261127-070509. ',
    ],
    [
      { overwrite: true },
      { claim: 'publishing', runs: true },
      'An execution is training RANK-FLOW-20261127 of station 29, the code of a training of today that is given none. To watch it: ./fpe watch try-1. To train another',
    ],
  ])('that is taken is told of with one that is free: %j, %j', async (input, situation, message) => {
    const { failure } = await check({ station_id: 29, ...input }, situation);

    expect(failure).toBeInstanceOf(UsageError);
    expect(failure?.message).toContain(message);
  });

  test('of an unknown variable is refused as by PrepareRun', async () => {
    const { failure } = await check({ station_id: 29, variable_code: 'FROGS' });

    expect(failure).toBeInstanceOf(VariableNotFound);
    expect(failure?.message).toContain('FROGS');
  });

  test('that is proposed is one that the input may have', () => {
    const model_code = newModelCode({ station_id: 29, model_code: 'X'.repeat(64) }, NOW);

    expect(parseRunInput({ station_id: 29, model_code }).model_code).toBe('RANK-FLOW-20261127-070509');
  });
});
