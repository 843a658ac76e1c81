import { expect, test } from '@jest/globals';
import { verdict } from '../../cli/doctor.ts';
import type { Check } from '../../deployment/check.ts';

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
