import { expect, test } from '@jest/globals';
import { isStillRunning } from '../../../shared/execution/status.ts';
import { sourcesWith } from '../../support/product-sources.ts';

test.each([
  ['RUNNING', true],
  ['PENDING_REDRIVE', true],
  ['SUCCEEDED', false],
  ['FAILED', false],
  ['TIMED_OUT', false],
  ['ABORTED', false],
  [undefined, false],
])('an execution that is %s is still running: %s', (status, expected) => {
  expect(isStillRunning(status)).toBe(expected);
});

test('nothing else decides it by the two statuses', () => {
  expect(sourcesWith(/'RUNNING' *(?:&&|\|\|)[^\n]*'PENDING_REDRIVE'/)).toEqual([
    'shared/execution/status.ts',
  ]);
});
