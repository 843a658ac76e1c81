import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type JudgedDifference,
  LEAST_DECIDED,
  medianRankWidth,
  rankIntervals,
  scoreError,
  scoreErrorOf,
} from '../../../shared/predictions/score-intervals.ts';
import { percentileRanks } from '../../../shared/statistics/ranks.ts';
import { seededRandom } from '../../../shared/statistics/seeded-random.ts';
import { judgedPairs } from '../../fixtures/report.ts';

const choice = fc.constantFrom(1 as const, -1 as const, 0 as const);
const judgments: fc.Arbitrary<JudgedDifference[]> = fc.array(
  fc.record({
    choice,
    difference: fc.double({ min: -8, max: 8, noNaN: true }).map((number) => Number(number.toFixed(4))),
  }),
  { minLength: LEAST_DECIDED, maxLength: 80 },
);

/** Photos whose scores are off by errors of a known scale, and the choices of annotators who see the truth. */
function simulate(n: number, temperature: number): JudgedDifference[] {
  const random = seededRandom(7);
  const uniform = () => (random.below(1_000_000) + 0.5) / 1_000_000;
  return Array.from({ length: n }, () => {
    const difference = 6 * uniform() - 3;
    const probability = 1 / (1 + Math.exp(-difference / temperature));
    return { difference, choice: uniform() < probability ? 1 : -1 };
  });
}

describe('The error of scores', () => {
  test.each([0.5, 1, 2])('is found from the choices of annotators: temperature %d', (temperature) => {
    const error = scoreError(simulate(20_000, temperature));

    expect(error?.n).toBe(20_000);
    expect((error?.temperature ?? 0) / temperature).toBeGreaterThan(0.93);
    expect((error?.temperature ?? 0) / temperature).toBeLessThan(1.07);
    // 1.645 standard deviations of an error, the difference of two of which is logistic with that scale.
    expect(error?.halfWidth).toBeCloseTo(2.1096 * (error?.temperature ?? 0), 3);
  });

  test('is least where the log-loss is, for any judgments', () => {
    fc.assert(
      fc.property(judgments, (all) => {
        const error = scoreError(all);
        fc.pre(error !== null);
        const { n, temperature } = error as NonNullable<typeof error>;
        const chosen = (n + 1) / (n + 2);
        const logLoss = (steepness: number) =>
          all.reduce((sum, { choice: made, difference }) => {
            const share = made === 0 ? 0.5 : made > 0 ? chosen : 1 - chosen;
            const more = Math.log1p(Math.exp(-steepness * difference));
            return sum + share * more + (1 - share) * (more + steepness * difference);
          }, 0);
        const least = logLoss(1 / temperature);
        expect(least).toBeLessThanOrEqual(logLoss(0.98 / temperature) + 1e-9);
        expect(least).toBeLessThanOrEqual(logLoss(1.02 / temperature) + 1e-9);
      }),
    );
  });

  test('has the unit of the scores: of scores that are twice as far apart it is twice as large', () => {
    fc.assert(
      fc.property(judgments, fc.constantFrom(1e-6, 0.5, 2, 1e6), (all, factor) => {
        const scaled = all.map(({ choice: made, difference }) => ({
          choice: made,
          difference: factor * difference,
        }));
        const [error, ofScaled] = [scoreError(all), scoreError(scaled)];
        expect(ofScaled === null).toBe(error === null);
        if (error && ofScaled) expect(ofScaled.halfWidth / (factor * error.halfWidth)).toBeCloseTo(1, 6);
      }),
    );
  });

  test('does not depend on which photo of a pair stands first', () => {
    fc.assert(
      fc.property(judgments, (all) => {
        const turned = all.map(({ choice: made, difference }) => ({
          choice: -made as 1 | -1 | 0,
          difference: -difference,
        }));
        expect(scoreError(turned)?.temperature ?? null).toEqual(scoreError(all)?.temperature ?? null);
      }),
    );
  });

  test('is never nothing, however well scores and annotators agree, and smaller the more pairs say so', () => {
    const agreeing = (n: number) => Array.from({ length: n }, () => ({ choice: 1 as const, difference: 3 }));

    const widths = [LEAST_DECIDED, 100, 1000].map((n) => scoreError(agreeing(n))?.halfWidth ?? 0);

    // The difference is log(n + 1) log-odds.
    for (const [index, n] of [LEAST_DECIDED, 100, 1000].entries())
      expect(widths[index]).toBeCloseTo((2.1096 * 3) / Math.log(n + 1), 3);
  });

  test('grows with pairs of different scores that annotators call the same', () => {
    const decided = simulate(200, 1);
    const same = Array.from({ length: 40 }, () => ({ choice: 0 as const, difference: 2 }));

    const [without, having] = [scoreError(decided), scoreError([...decided, ...same])];

    expect(having?.n).toBe(without?.n);
    expect(having?.halfWidth).toBeGreaterThan(1.2 * (without?.halfWidth ?? 0));
  });

  test.each([
    ['of too few decisions', simulate(LEAST_DECIDED - 1, 0.1)],
    [
      'of pairs that are all the same',
      Array.from({ length: 50 }, () => ({ choice: 0 as const, difference: 1 })),
    ],
    [
      'of scores that contradict annotators',
      Array.from({ length: 50 }, () => ({ choice: -1 as const, difference: 1 })),
    ],
    [
      'of scores that are all equal',
      Array.from({ length: 50 }, () => ({ choice: 1 as const, difference: 0 })),
    ],
  ])('is not known %s', (_, all) => {
    expect(scoreError(all)).toBeNull();
  });

  test('comes from the pairs of one split that have two scores', () => {
    const scores = Float64Array.of(0, 2, Number.NaN);
    const pair = { left: 1, right: 0, choice: 1 as const };
    const held = Array.from({ length: 12 }, () => ({ ...pair, split: 'val' as const }));
    const pairs = judgedPairs([
      ...held,
      { ...pair, choice: -1, split: 'train' },
      { left: 2, right: 0, choice: -1, split: 'val' },
    ]);

    expect(scoreErrorOf(pairs, scores, 'val')).toEqual(
      scoreError(held.map(() => ({ choice: 1, difference: 2 }))),
    );
  });
});

describe('Intervals of ranks', () => {
  test('end at the ranks that the lowest and the highest score would have', () => {
    const { ranks, low, high } = rankIntervals(Float64Array.of(0, 1, Number.NaN, 2, 3, 10), 1);

    expect([...ranks]).toEqual([0, 0.25, Number.NaN, 0.5, 0.75, 1]);
    expect([...low]).toEqual([0, 0, Number.NaN, 0.25, 0.5, 1]);
    expect([...high]).toEqual([0.25, 0.5, Number.NaN, 0.75, 0.75, 1]);
  });

  test('hold the rank and lie within 0 … 1, and wider intervals of scores give no narrower ones', () => {
    const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -3, max: 3, noNaN: true }));
    const score = fc.oneof(
      { weight: 9, arbitrary: number },
      { weight: 1, arbitrary: fc.constant(Number.NaN) },
    );
    fc.assert(
      fc.property(
        fc.array(score, { minLength: 2, maxLength: 60 }),
        fc.double({ min: 0, max: 4, noNaN: true }),
        (rows, halfWidth) => {
          const scores = Float64Array.from(rows);
          fc.pre(scores.filter((each) => !Number.isNaN(each)).length > 1);
          const [{ ranks, low, high }, wider] = [
            rankIntervals(scores, halfWidth),
            rankIntervals(scores, halfWidth + 0.5),
          ];
          expect(ranks).toEqual(percentileRanks(scores));
          for (const [photo, each] of scores.entries()) {
            if (Number.isNaN(each)) continue;
            expect(low[photo]).toBeGreaterThanOrEqual(0);
            expect(low[photo]).toBeLessThanOrEqual(ranks[photo] as number);
            expect(high[photo]).toBeGreaterThanOrEqual(ranks[photo] as number);
            expect(high[photo]).toBeLessThanOrEqual(1);
            expect(wider.low[photo]).toBeLessThanOrEqual(low[photo] as number);
            expect(wider.high[photo]).toBeGreaterThanOrEqual(high[photo] as number);
          }
        },
      ),
    );
  });

  test('have a median width, unless there are no scores', () => {
    expect(medianRankWidth(Float64Array.of(0, 1, 2, 3, 10), 1)).toBe(0.25);
    expect(medianRankWidth(Float64Array.of(Number.NaN), 1)).toBeNull();
    expect(medianRankWidth(Float64Array.of(5), 1)).toBeNull();
  });

  test('hold the true rank of nine tenths of the photos whose scores are off as the annotators tell', () => {
    const random = seededRandom(11);
    const uniform = () => (random.below(1_000_000) + 0.5) / 1_000_000;
    // Gumbel-distributed errors, the differences of which are logistic.
    const truth = Float64Array.from({ length: 4000 }, () => 12 * uniform());
    const scores = truth.map((each) => each - Math.log(-Math.log(uniform())));
    const seen = Array.from({ length: 600 }, () => [random.below(4000), random.below(4000)] as const);
    const error = scoreError(
      seen.map(([one, other]) => ({
        choice: Math.sign((truth[one] as number) - (truth[other] as number)) as 1 | -1,
        difference: (scores[one] as number) - (scores[other] as number),
      })),
    );

    const { low, high } = rankIntervals(scores, error?.halfWidth ?? 0);

    const held = [...percentileRanks(truth)].filter(
      (rank, photo) => rank >= (low[photo] as number) && rank <= (high[photo] as number),
    );
    expect(held.length / 4000).toBeGreaterThan(0.87);
    expect(held.length / 4000).toBeLessThan(0.96);
  });
});
