import { describe, expect, test } from '@jest/globals';
import { hasGpu, subscriptionFinding } from '../../deployment/after-deployment.ts';

const subscription = (endpoint: string, isConfirmed: boolean) => ({
  protocol: 'email',
  endpoint,
  isConfirmed,
});

describe('the subscription of the notifications', () => {
  test.each([
    ['is confirmed', [subscription('a@example.org', true)], 'a@example.org', 'ok', 'a@example.org'],
    [
      'waits for its confirmation',
      [subscription('a@example.org', false)],
      'a@example.org',
      'failed',
      'a@example.org has not confirmed',
    ],
    [
      'of somebody else is confirmed',
      [subscription('b@example.org', true)],
      'a@example.org',
      'failed',
      'a@example.org is not subscribed',
    ],
    ['is made by hand', [subscription('b@example.org', true)], '', 'ok', 'b@example.org'],
    ['is wanted by nobody', [], '', 'warning', 'nobody is subscribed'],
  ])('that %s', (_, subscriptions, email, status, found) => {
    expect(subscriptionFinding(subscriptions, email)).toMatchObject({ status, found });
  });
});

test.each([
  ['ml.g6.2xlarge', true],
  ['ml.p4d.24xlarge', true],
  ['ml.m5.xlarge', false],
  ['ml.c5.xlarge', false],
])('%s has a GPU: %s', (instanceType, expected) => {
  expect(hasGpu(instanceType)).toBe(expected);
});
