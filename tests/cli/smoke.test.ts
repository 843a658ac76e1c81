import { describe, expect, test } from '@jest/globals';
import { awaitFinding, meaningOf, SmokeFailed } from '../../cli/smoke/execution.ts';
import { goOnCommand, smokeTable } from '../../cli/smoke.ts';
import * as errors from '../../shared/errors.ts';

describe('the meaning of an error in the first hour', () => {
  test.each([
    ['DatabaseUnavailable', 'security group'],
    ['DatabaseRefused', 'password'],
    ['DatabaseUntrusted', 'dbHost'],
    ['AccessDenied', 'docs/boundary.md'],
    ['SageMaker.AccessDeniedException', 'docs/boundary.md'],
    ['ServiceUnreachable', 'endpoints'],
    ['SageMaker.ResourceLimitExceededException', 'quota'],
    ['NotEnoughPairs', '--station'],
    ['Lambda.AWSLambdaException', 'permissions of the machine'],
    ['States.TaskFailed', 'SageMaker'],
  ])('%s names %s', (error, word) => {
    expect(meaningOf(error)).toContain(word);
  });

  test('is the error’s own where nothing else is known of it', () => {
    expect(meaningOf('ModelCodeExists')).toContain('says itself');
  });

  test('is told of errors that there are', () => {
    const ours = Object.keys(errors);
    const told = ours.filter((name) => !meaningOf(name).includes('says itself'));

    expect(told.length).toBeGreaterThan(10);
  });
});

describe('what is waited for', () => {
  const notYet = (turn: number) => new SmokeFailed(`not yet after turn ${turn}`, 'wait longer');

  test('is looked at again until it is there', async () => {
    let turns = 0;

    const found = await awaitFinding({ limitMs: 60_000, intervalMs: 1 }, async () =>
      ++turns < 3 ? notYet(turns) : `there in turn ${turns}`,
    );

    expect(found).toBe('there in turn 3');
  });

  test('fails as it last did once the time is over', async () => {
    let turns = 0;

    const attempt = awaitFinding({ limitMs: -1, intervalMs: 1 }, async () => notYet(++turns));

    await expect(attempt).rejects.toThrow(SmokeFailed);
    await expect(attempt).rejects.toThrow('not yet after turn 1');
  });

  test('fails at once where waiting does not help', async () => {
    const attempt = awaitFinding({ limitMs: 60_000, intervalMs: 1 }, async () => {
      throw new SmokeFailed('the job has failed', 'see its log');
    });

    await expect(attempt).rejects.toThrow(SmokeFailed);
    await expect(attempt).rejects.toThrow('the job has failed');
  });
});

test('the table has a line for each step, also for those that were not tried', () => {
  const rows = [
    { name: 'wrong-input', status: 'passed', ms: 1200, found: 'InvalidInput' },
    { name: 'failure-email', status: 'failed', ms: 61_000, found: 'nobody has confirmed' },
  ] as const;

  expect(smokeTable(rows)).toEqual([
    'STEP              RESULT     TOOK    FOUND',
    'wrong-input       passed     1.2s    InvalidInput',
    'failure-email     failed     1m 01s  nobody has confirmed',
    'unknown-station   not tried',
    'first-run         not tried',
    'gpu               not tried',
    'stop-and-redrive  not tried',
    'spot              not tried',
    'score-station     not tried',
    'refresh           not tried',
  ]);
});

test('the command that goes on has all that was given before', () => {
  expect(goOnCommand({}, 'gpu')).toBe('./fpe smoke --from gpu');
  const given = {
    stage: 'prod',
    station: 29,
    months: [11, 2] as [number, number],
    from: 'first-run',
    score: true,
  };
  expect(goOnCommand({ ...given, input: 'in.json', folder: "/tmp/it's here" }, 'gpu')).toBe(
    "./fpe smoke --stage prod --station 29 --months 11-2 --input in.json --folder '/tmp/it'\\''s here' --from gpu --score",
  );
});
