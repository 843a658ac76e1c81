import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kendallTauB } from '../../../shared/statistics/kendall-tau.ts';
import { fitLine } from '../../../shared/statistics/line-fit.ts';
import { quantile } from '../../../shared/statistics/quantile.ts';
import {
  bootstrapTau,
  bootstrapTauDifference,
  resampleCounts,
} from '../../../shared/statistics/tau-bootstrap.ts';

const OPTIONS = { resamples: 30, seed: 1691, leastClusters: 3 };
const number = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(Number.NaN));
const rows = fc
  .array(fc.record({ x: number, y: number, cluster: fc.nat(8) }), { maxLength: 40 })
  .map((all) => ({
    x: Float64Array.from(all, ({ x }) => x),
    y: Float64Array.from(all, ({ y }) => y),
    clusters: all.map(({ cluster }) => cluster),
  }));

/** The sample written out, and its tau computed as of any other. */
const writtenOut = (given: { x: Float64Array; y: Float64Array; clusters: number[] }): number[] =>
  tausWrittenOut(given).filter((tau) => tau !== null);

/** Null in a resample that has none. */
function tausWrittenOut({
  x,
  y,
  clusters,
}: {
  x: Float64Array;
  y: Float64Array;
  clusters: number[];
}): (number | null)[] {
  const complete = clusters
    .map((_, row) => row)
    .filter((row) => !Number.isNaN((x[row] as number) + (y[row] as number)));
  const numbers = [...new Set(complete.map((row) => clusters[row] as number))];
  return Array.from(resampleCounts(numbers.length, OPTIONS), (counts) => {
    const drawn = complete.flatMap((row) =>
      Array.from({ length: counts[numbers.indexOf(clusters[row] as number)] as number }, () => row),
    );
    const column = (of: Float64Array) => Float64Array.from(drawn, (row) => of[row] as number);
    return kendallTauB(column(x), column(y));
  });
}

describe('The bootstrap interval of tau', () => {
  test('is that of the resamples written out', () => {
    fc.assert(
      fc.property(rows, ({ x, y, clusters }) => {
        const interval = bootstrapTau(x, y, clusters, OPTIONS);

        if (interval === null) return;
        const taus = Float64Array.from(writtenOut({ x, y, clusters })).sort();
        expect(interval.low).toBeCloseTo(quantile(taus, 0.025), 12);
        expect(interval.high).toBeCloseTo(quantile(taus, 0.975), 12);
      }),
    );
  });

  test('is the same for the same seed, lies in −1 … 1 and is turned over with the order', () => {
    fc.assert(
      fc.property(rows, ({ x, y, clusters }) => {
        const interval = bootstrapTau(x, y, clusters, OPTIONS);
        const reversed = bootstrapTau(
          x,
          y.map((value) => -value),
          clusters,
          OPTIONS,
        );

        expect(bootstrapTau(x, y, clusters, OPTIONS)).toEqual(interval);
        if (interval === null) return;
        expect(-1 <= interval.low && interval.low <= interval.high && interval.high <= 1).toBe(true);
        expect(reversed?.low).toBeCloseTo(-interval.high, 12);
        expect(reversed?.high).toBeCloseTo(-interval.low, 12);
      }),
    );
  });

  test('is wider when rows of a cluster repeat each other than when each row stands for itself', () => {
    const x = Float64Array.from({ length: 400 }, (_, row) => Math.floor(row / 20) + (row % 20) / 1000);
    const y = x.map((value) => value + 6 * Math.sin(Math.floor(value) * 12.9898));
    const options = { resamples: 200, seed: 1, leastClusters: 3 };

    const byCluster = bootstrapTau(x, y, x.map(Math.floor), options);
    const byRow = bootstrapTau(x, y, [...x.keys()], options);

    const width = (interval: typeof byRow) => (interval?.high as number) - (interval?.low as number);
    expect(width(byCluster)).toBeGreaterThan(2 * width(byRow));
  });

  test.each([
    ['fewer clusters than were asked for', [1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 1, 1]],
    ['one value', [1, 1, 1, 1], [1, 2, 3, 4], [0, 1, 2, 3]],
    ['no complete row', [Number.NaN], [1], [0]],
    ['no row', [], [], []],
  ])('cannot be computed with %s', (_, x, y, clusters) => {
    expect(bootstrapTau(Float64Array.from(x), Float64Array.from(y), clusters, OPTIONS)).toBeNull();
  });
});

test('A resample draws as many clusters as there are, and there are as many resamples as were asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 9 }), (n, resamples) => {
      const drawn = Array.from(resampleCounts(n, { resamples, seed: 1 }), (counts) =>
        counts.reduce((sum, count) => sum + count, 0),
      );

      expect(drawn).toEqual(new Array(resamples).fill(n));
    }),
  );
});

test('As many clusters as were asked for are enough for an interval', () => {
  const x = Float64Array.of(1, 2, 3);

  expect(bootstrapTau(x, x, [0, 1, 2], OPTIONS)).toEqual({ low: 1, high: 1 });
});

describe('A quantile', () => {
  test('lies between its neighbors, from the least to the most', () => {
    const ascending = [1, 2, 4, 8];

    expect([0, 0.5, 0.75, 1].map((share) => quantile(ascending, share))).toEqual([1, 3, 5, 8]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('The least-squares line', () => {
  test('goes through points that lie on one', () => {
    const x = Float64Array.of(1, 2, Number.NaN, 5);

    const line = fitLine(
      x,
      x.map((value) => 3 - 2 * value),
    );

    expect(line?.slope).toBeCloseTo(-2, 12);
    expect(line?.intercept).toBeCloseTo(3, 12);
  });

  test('does not exist where all x are the same', () => {
    expect(fitLine(Float64Array.of(2, 2), Float64Array.of(1, 3))).toBeNull();
    expect(fitLine(Float64Array.of(), Float64Array.of())).toBeNull();
  });
});

describe('The bootstrap interval of a difference of taus', () => {
  const threes = fc
    .array(fc.record({ x: number, y: number, z: number, cluster: fc.nat(8) }), { maxLength: 40 })
    .map((all) => ({
      x: Float64Array.from(all, ({ x }) => x),
      y: Float64Array.from(all, ({ y }) => y),
      z: Float64Array.from(all, ({ z }) => z),
      clusters: all.map(({ cluster }) => cluster),
    }));

  test('is that of both taus in the same resamples, written out', () => {
    fc.assert(
      fc.property(threes, ({ x, y, z, clusters }) => {
        const interval = bootstrapTauDifference(x, [y, z], clusters, OPTIONS);

        if (interval === null) return;
        const complete = x.map((value, row) => value + (y[row] as number) + (z[row] as number));
        const whereAll = (sample: Float64Array) =>
          sample.map((value, row) => (Number.isNaN(complete[row] as number) ? Number.NaN : value));
        const taus = [y, z].map((other) => tausWrittenOut({ x: whereAll(x), y: other, clusters }));
        const differences = (taus[0] as (number | null)[]).flatMap((tau, resample) => {
          const other = taus[1]?.[resample] ?? null;
          return tau === null || other === null ? [] : [tau - other];
        });
        const ascending = Float64Array.from(differences).sort();
        expect(interval.low).toBeCloseTo(quantile(ascending, 0.025), 12);
        expect(interval.high).toBeCloseTo(quantile(ascending, 0.975), 12);
      }),
    );
  });

  test('is far narrower than that of either where both are alike, as they err in the same weeks', () => {
    const x = Float64Array.from({ length: 200 }, (_, row) => row);
    const y = x.map((value) => value + 60 * Math.sin(value / 9));
    const z = y.map((value, row) => value + (row % 7));
    const clusters = x.map((value) => Math.floor(value / 7));
    const options = { resamples: 200, seed: 1, leastClusters: 3 };

    const width = (interval: { low: number; high: number } | null) =>
      (interval?.high ?? Number.NaN) - (interval?.low ?? Number.NaN);

    expect(width(bootstrapTauDifference(x, [y, z], clusters, options))).toBeLessThan(
      width(bootstrapTau(x, y, clusters, options)) / 2,
    );
  });

  test.each([
    ['two clusters alone', [1, 2, 3, 4], [0, 0, 1, 1]],
    ['one number alone', [1, 1, 1, 1], [0, 1, 2, 3]],
  ])('is none of %s', (_, y, clusters) => {
    const x = Float64Array.of(1, 2, 3, 4);
    expect(bootstrapTauDifference(x, [Float64Array.from(y), x], clusters, OPTIONS)).toBeNull();
  });
});
