import { describe, expect, test } from '@jest/globals';
import { meaningOf } from '../../cli/smoke/execution.ts';
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
  expect(goOnCommand({}, 'gpu')).toBe('npx fpe smoke --from gpu');
  const given = {
    stage: 'prod',
    station: 29,
    months: [11, 2] as [number, number],
    from: 'first-run',
    score: true,
  };
  expect(goOnCommand({ ...given, input: 'in.json', folder: "/tmp/it's here" }, 'gpu')).toBe(
    "npx fpe smoke --stage prod --station 29 --months 11-2 --input in.json --folder '/tmp/it'\\''s here' --from gpu --score",
  );
});
