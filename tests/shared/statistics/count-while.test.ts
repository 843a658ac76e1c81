import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countWhile } from '../../../shared/statistics/count-while.ts';

describe('a count of what comes first', () => {
  test('is what counting one by one gives', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), (count, first) => {
        const expected = Math.min(count, first);
        expect(countWhile(count, (index) => index < first)).toBe(expected);
      }),
    );
  });

  test('asks of a million things about twenty of them, each one at most once', () => {
    const asked: number[] = [];
    const count = countWhile(1_000_000, (index) => asked.push(index) > 0 && index < 123_456);
    expect(count).toBe(123_456);
    expect(asked.length).toBeLessThanOrEqual(20);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('of nothing is 0, without asking', () => {
    const count = countWhile(0, () => {
      throw new Error('there is nothing to ask about');
    });
    expect(count).toBe(0);
  });
});
