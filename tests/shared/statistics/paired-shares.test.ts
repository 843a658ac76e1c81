import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pairedShareInterval } from '../../../shared/statistics/paired-shares.ts';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';

const table = fc
  .tuple(fc.nat(40), fc.nat(40), fc.nat(200))
  .map(([gained, lost, same]) => [gained, lost, gained + lost + same] as const)
  .filter(([, , cases]) => cases > 0);

describe('The interval of a difference of shares of the same cases', () => {
  test('is that of Agresti and Min: Wald’s with half a case more in each cell', () => {
    // Agresti's example, the approval of a prime minister: 150 lost and 86 gained of 1,600.
    const { low, high } = pairedShareInterval(86, 150, 1600) as { low: number; high: number };

    expect(low).toBeCloseTo(-0.0587, 3);
    expect(high).toBeCloseTo(-0.0212, 3);
  });

  test('holds 0 where as many are gained as lost, and lies within −1 … 1', () => {
    fc.assert(
      fc.property(table, ([gained, lost, cases]) => {
        const interval = pairedShareInterval(gained, lost, cases) as { low: number; high: number };

        expect(-1 <= interval.low && interval.low < interval.high && interval.high <= 1).toBe(true);
        if (gained === lost) expect(interval.low < 0 && 0 < interval.high).toBe(true);
      }),
    );
  });

  test('is mirrored where gains and losses change places', () => {
    fc.assert(
      fc.property(table, ([gained, lost, cases]) => {
        const interval = pairedShareInterval(gained, lost, cases) as { low: number; high: number };
        const turned = pairedShareInterval(lost, gained, cases) as { low: number; high: number };

        expect(turned.low).toBeCloseTo(-interval.high, 12);
        expect(turned.high).toBeCloseTo(-interval.low, 12);
      }),
    );
  });

  test('is clear of 0 from five changes to the same side, as McNemar’s test with the mid-p', () => {
    const isClear = (lost: number) => (pairedShareInterval(0, lost, 39) as { high: number }).high < 0;

    expect([1, 2, 3, 4, 5, 6].map(isClear)).toEqual([false, false, false, false, true, true]);
  });

  /** Share of 2,000 drawn comparisons in which the first model is told to be worse, where these shares of the pairs change. */
  function shareTold(cases: number, lose: number, gain: number): number {
    const random = seededRandom(1691);
    const isTold = () => {
      const drawn = Array.from({ length: cases }, () => random.below(1000) / 1000);
      const lost = drawn.filter((number) => number < lose).length;
      const gained = drawn.filter((number) => number >= lose && number < lose + gain).length;
      return (pairedShareInterval(gained, lost, cases) as { high: number }).high < 0;
    };
    return Array.from({ length: 2000 }, isTold).filter(Boolean).length / 2000;
  }

  test('takes one of two equal models for the worse in a fortieth of the cases at most, as docs/model.md says', () => {
    for (const cases of [30, 111, 500]) expect(shareTold(cases, 0.1, 0.1)).toBeLessThan(0.03);
  });

  test('tells a model that is worse by a tenth of the pairs, the more often the more pairs there are', () => {
    const told = [30, 111, 500].map((cases) => shareTold(cases, 0.2, 0.1));

    expect(told).toEqual([expect.closeTo(0.15, 1), expect.closeTo(0.5, 1), expect.closeTo(0.99, 1)]);
  });

  test('is none of no cases', () => {
    expect(pairedShareInterval(0, 0, 0)).toBeNull();
  });
});
