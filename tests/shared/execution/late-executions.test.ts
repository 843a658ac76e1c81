import { expect, test } from '@jest/globals';
import {
  lateExecutions,
  oldestHours,
  type RunningExecution,
} from '../../../shared/execution/late-executions.ts';

const NOW = Date.UTC(2026, 10, 26, 12);
const running = (name: string, hours: number): RunningExecution => ({
  execution_arn: name,
  running_since: NOW - hours * 3_600_000,
});

test('executions are late that run for longer than expected, the oldest first', () => {
  const some = [running('new', 0), running('just', 12), running('late', 12.26), running('oldest', 200)];

  expect(lateExecutions(some, 12, NOW)).toEqual([
    { execution_arn: 'oldest', hours: 200 },
    { execution_arn: 'late', hours: 12.3 },
  ]);
  expect(oldestHours(some, NOW)).toBe(200);
});

test('nothing that runs is not late', () => {
  expect(lateExecutions([], 12, NOW)).toEqual([]);
  expect(oldestHours([], NOW)).toBe(0);
});
