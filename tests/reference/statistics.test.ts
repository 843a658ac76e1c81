import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { datasetImage, datasetValue } from '../../shared/dataset/columns.ts';
import { interpolate, observedSeries } from '../../shared/dataset/observations.ts';
import { parseCsv } from '../../shared/formats/csv.ts';
import { rankIntervals, scoreError } from '../../shared/predictions/score-intervals.ts';
import { EXTREME_SHARES, measures } from '../../shared/report/data/measures.ts';
import { averagePrecision } from '../../shared/statistics/average-precision.ts';
import { kendallTauB } from '../../shared/statistics/kendall-tau.ts';
import { fitLine } from '../../shared/statistics/line-fit.ts';
import { quantile } from '../../shared/statistics/quantile.ts';
import { denseRanks, percentileRanks } from '../../shared/statistics/ranks.ts';
import { spearmanRho } from '../../shared/statistics/spearman-rho.ts';
import { bootstrapTau, resampleCounts } from '../../shared/statistics/tau-bootstrap.ts';
import { wilsonInterval } from '../../shared/statistics/wilson-interval.ts';
import { print, runR, vector } from './run-r.ts';

/** R is started once for all samples of a test, as it takes a third of a second. */
const SAMPLES = 40;
const sampleOf = <Value>(arbitrary: fc.Arbitrary<Value>): Value[] =>
  fc.sample(arbitrary, { numRuns: SAMPLES, seed: 1691 });

/** Few different numbers, so that many are tied, and some missing. */
const tied = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }) },
  {
    weight: 3,
    arbitrary: fc.double({ min: -5, max: 5, noNaN: true }).map((number) => Number(number.toPrecision(6))),
  },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const pairs = fc.array(fc.tuple(tied, tied), { minLength: 4, maxLength: 60 }).map((rows) => ({
  x: Float64Array.from(rows, ([x]) => x),
  y: Float64Array.from(rows, ([, y]) => y),
}));

const expectClose = (ours: (number | null)[], theirs: number[]) => {
  expect(ours).toHaveLength(theirs.length);
  for (const [index, number] of ours.entries()) {
    if (number === null || Number.isNaN(number)) expect(theirs[index]).toBeNaN();
    else expect(number).toBeCloseTo(theirs[index] as number, 10);
  }
};

const TAU = 'tau <- function(x, y) suppressWarnings(cor(x, y, method = "kendall", use = "na.or.complete"))';

const AVERAGE_PRECISION = `ap <- function(relevant, scores) {
  by_score <- tapply(relevant, -scores, sum); seen <- tapply(relevant, -scores, length)
  found <- cumsum(by_score)
  sum(by_score * found / cumsum(seen)) / sum(relevant)
}`;

describe('On random data with ties and missing values, R agrees on', () => {
  test('Kendall tau-b', () => {
    const samples = sampleOf(pairs);

    const theirs = runR(
      [TAU, ...samples.map(({ x, y }) => print(`tau(${vector(x)}, ${vector(y)})`))].join('\n'),
    );

    expectClose(
      samples.map(({ x, y }) => kendallTauB(x, y)),
      theirs,
    );
  });

  test('Spearman’s rho', () => {
    const samples = sampleOf(pairs);

    const theirs = runR(
      [
        'rho <- function(x, y) suppressWarnings(cor(x, y, method = "spearman", use = "na.or.complete"))',
        ...samples.map(({ x, y }) => print(`rho(${vector(x)}, ${vector(y)})`)),
      ].join('\n'),
    );

    expectClose(
      samples.map(({ x, y }) => spearmanRho(x, y)),
      theirs,
    );
  });

  test('average precision', () => {
    const samples = sampleOf(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.nat(1)), { minLength: 1, maxLength: 60 }),
    );

    // Rows of equal score are seen together: the precision is that at the last of them.
    const theirs = runR(
      [
        AVERAGE_PRECISION,
        ...samples.map((rows) =>
          print(`ap(${vector(rows.map(([, mark]) => mark))}, ${vector(rows.map(([score]) => score))})`),
        ),
      ].join('\n'),
    );

    expectClose(
      samples.map((rows) =>
        averagePrecision(
          denseRanks(Float64Array.from(rows, ([score]) => score)),
          rows.map(([, mark]) => mark),
        ),
      ),
      theirs,
    );
  });

  test('what FPE’s team compares models by', () => {
    const samples = sampleOf(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 90 }), fc.double({ noNaN: true, min: -4, max: 4 })), {
        minLength: 2,
        maxLength: 60,
      }),
    ).map((rows) => ({
      values: Float64Array.from(rows, ([value]) => value),
      scores: Float64Array.from(rows, ([, score]) => Number(score.toPrecision(6))),
    }));

    const theirs = runR(
      [
        AVERAGE_PRECISION,
        'ranks <- function(x) (rank(x) - 1) / (length(x) - 1)',
        `shares <- ${vector(EXTREME_SHARES)}`,
        ...samples.flatMap(({ values, scores }) => [
          `v <- as.numeric(${vector(values)}); s <- as.numeric(${vector(scores)})`,
          print('mean(abs(ranks(v) - ranks(s)))'),
          print('sapply(shares, function(share) ap(v >= quantile(v, 1 - share), s))'),
          print('sapply(shares, function(share) ap(v <= quantile(v, share), -s))'),
        ]),
      ].join('\n'),
    );

    expectClose(
      samples.flatMap(({ values, scores }) => {
        const splits = Array.from(values, () => 'test-out' as const);
        const { rankError, high, low } = measures({ values, scores, splits })['test-all'];
        return [rankError, ...(high?.byShare ?? []), ...(low?.byShare ?? [])];
      }),
      theirs,
    );
  });

  test('percentile ranks', () => {
    const samples = sampleOf(pairs);

    const theirs = runR(
      [
        'ranks <- function(x) (rank(x, na.last = "keep") - 1) / (sum(!is.na(x)) - 1)',
        ...samples.map(({ x }) => print(`ranks(${vector(x)})`)),
      ].join('\n'),
    );

    expectClose(
      samples.flatMap(({ x }) => [...percentileRanks(x)]),
      theirs,
    );
  });

  test('the temperature of scores, as a logistic regression', () => {
    const judgment = fc.record({
      difference: fc.noBias(fc.integer({ min: -4000, max: 4000 })).map((number) => number / 1000),
      agreement: fc.constantFrom(1, 1, 1, -1, 0),
    });
    const samples = sampleOf(fc.array(judgment, { minLength: 30, maxLength: 60 }))
      .map((rows) =>
        rows.map(({ difference, agreement }) => ({
          difference,
          choice: (Math.sign(difference) * agreement) as 1 | -1 | 0,
        })),
      )
      .filter((judgments) => scoreError(judgments) !== null);

    const theirs = runR(
      samples
        .map((judgments) => {
          const differences = vector(judgments.map(({ difference }) => difference));
          return [
            `d <- ${differences}; choice <- ${vector(judgments.map(({ choice }) => choice))}`,
            'share <- 0.5 + choice / 2 * sum(choice != 0) / (sum(choice != 0) + 2)',
            'fit <- glm(share ~ 0 + d, family = quasibinomial, control = list(epsilon = 1e-15, maxit = 200))',
            print('unname(coef(fit))'),
          ].join('\n');
        })
        .join('\n'),
    );

    expect(samples.length).toBeGreaterThan(10);
    for (const [index, judgments] of samples.entries())
      expect((scoreError(judgments)?.temperature ?? 0) * (theirs[index] as number)).toBeCloseTo(1, 6);
  });

  test('the intervals of ranks, as docs/model.md computes them', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'model.md'), 'utf8');
    const [, lines = ''] = /In R:\n\n((?: {4}.*\n)+)/.exec(page) ?? [];
    const samples = sampleOf(pairs).map(({ x }) => x.filter((score) => !Number.isNaN(score)));

    const theirs = runR(
      samples
        .map((scores) =>
          [
            `scores <- data.frame(score = as.numeric(${vector(scores)})); h <- 1.5`,
            lines,
            print('c(scores$rank_low, scores$rank_high)'),
          ].join('\n'),
        )
        .join('\n'),
    );

    expectClose(
      samples.flatMap((scores) => {
        const { low, high } = rankIntervals(scores, 1.5);
        return [...low, ...high];
      }),
      theirs,
    );
  });

  test('quantiles', () => {
    const samples = sampleOf(pairs).map(({ x }) => x.filter((number) => !Number.isNaN(number)).sort());
    const shares = [0, 0.025, 0.2, 0.5, 0.975, 1];

    const theirs = runR(
      samples
        .map((x) => print(`quantile(as.numeric(${vector(x)}), ${vector(shares)}, names = FALSE)`))
        .join('\n'),
    );

    expectClose(
      samples.flatMap((x) => shares.map((share) => quantile(x, share))),
      theirs,
    );
  });

  test('the bootstrap interval of tau, with the same resamples', () => {
    const options = { resamples: 50, seed: 7 };
    const samples = sampleOf(pairs).map(({ x, y }) => ({
      x,
      y,
      clusters: Array.from(x, (_, row) => Math.floor(row / 3)),
    }));

    const theirs = runR(
      [
        TAU,
        ...samples.flatMap(({ x, y, clusters }) => {
          const complete = clusters.filter(
            (_, row) => !Number.isNaN((x[row] as number) + (y[row] as number)),
          );
          const numbers = [...new Set(complete)];
          const resamples = Array.from(resampleCounts(numbers.length, options), (counts) => {
            const rows = clusters.flatMap((cluster, row) =>
              Array.from({ length: counts[numbers.indexOf(cluster)] ?? 0 }, () => row + 1),
            );
            return `tau(x[${vector(rows)}], y[${vector(rows)}])`;
          });
          return [
            `x <- as.numeric(${vector(x)}); y <- as.numeric(${vector(y)}); taus <- c(${resamples.join(', ')})`,
            print('quantile(taus, c(0.025, 0.975), na.rm = TRUE, names = FALSE)'),
          ];
        }),
      ].join('\n'),
    );

    const ours = samples.flatMap(({ x, y, clusters }) => {
      const interval = bootstrapTau(x, y, clusters, { ...options, leastClusters: 3 });
      return [interval?.low ?? Number.NaN, interval?.high ?? Number.NaN];
    });
    expect(ours.filter((end) => !Number.isNaN(end)).length).toBeGreaterThan(SAMPLES);
    for (const [index, end] of ours.entries())
      if (!Number.isNaN(end)) expect(end).toBeCloseTo(theirs[index] as number, 10);
  });

  test('the interval of a share', () => {
    const samples = sampleOf(fc.tuple(fc.nat(40), fc.integer({ min: 40, max: 90 })));

    const theirs = runR(
      samples
        .map(([successes, cases]) =>
          print(`suppressWarnings(prop.test(${successes}, ${cases}, correct = FALSE))$conf.int`),
        )
        .join('\n'),
    );

    expectClose(
      samples.flatMap(([successes, cases]) => Object.values(wilsonInterval(successes, cases) as object)),
      theirs,
    );
  });

  test('the least-squares line', () => {
    const samples = sampleOf(pairs).filter(({ x, y }) => fitLine(x, y) !== null);

    const theirs = runR(
      samples
        .map(({ x, y }) => print(`rev(coef(lm(as.numeric(${vector(y)}) ~ as.numeric(${vector(x)}))))`))
        .join('\n'),
    );

    expectClose(
      samples.flatMap(({ x, y }) => Object.values(fitLine(x, y) as object)),
      theirs,
    );
  });

  test('interpolation between observations', () => {
    const samples = sampleOf(
      fc.record({
        observations: fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 2, maxLength: 30 }),
        images: fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 30 }),
      }),
    ).map(({ observations, images }) => {
      const at = images.sort((a, b) => a - b);
      const series = observedSeries(
        observations.map((minute) => ({ timestamp: minute, value: Math.sin(minute) * 20 })),
        at,
      );
      return { series, at };
    });

    const theirs = runR(
      samples
        .map(({ series, at }) =>
          print(`approx(${vector(series.timestamps)}, ${vector(series.values)}, ${vector(at)})$y`),
        )
        .join('\n'),
    );

    expectClose(
      samples.flatMap(({ series, at }) => interpolate(series, at, Number.POSITIVE_INFINITY)),
      theirs,
    );
  });
});

describe('On the golden station, R agrees on', () => {
  const folder = join(import.meta.dirname, '..', 'integration', 'golden', 'expected', 'dataset');
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const images = parseCsv(read('images.csv'), datasetImage, 'images.csv');
  const values = parseCsv(read('values.csv'), datasetValue, 'values.csv');

  test('the value of every photo, interpolated from the raw observations', () => {
    const maxGap = 65 * 60_000;
    const script = `
      t <- ${vector(values.map(({ timestamp }) => timestamp))}; v <- ${vector(values.map(({ value }) => value))}
      means <- aggregate(v, list(t = t), mean)
      at <- ${vector(images.map(({ timestamp }) => timestamp))}
      y <- approx(means$t, means$x, at)$y
      before <- sapply(at, function(x) x - max(c(-Inf, means$t[means$t <= x])))
      after <- sapply(at, function(x) min(c(Inf, means$t[means$t >= x])) - x)
      y[before > ${maxGap} | after > ${maxGap}] <- NA`;

    const theirs = runR(`${script}\n${print('y')}`);

    expect(images.length).toBeGreaterThan(40);
    expectClose(
      images.map(({ value }) => value),
      theirs,
    );
  });

  test('tau and ranks of the values against scores that follow them with noise', () => {
    const x = Float64Array.from(images, ({ value }) => value ?? Number.NaN);
    const y = x.map((value, row) => Math.round(value * (1 + 0.3 * Math.sin(row * 12.9898))));

    const theirs = runR(
      `${TAU}\nx <- ${vector(x)}; y <- ${vector(y)}\n${print('tau(x, y)')}\n${print('(rank(x, na.last = "keep") - 1) / (sum(!is.na(x)) - 1)')}`,
    );

    expectClose([kendallTauB(x, y), ...percentileRanks(x)], theirs);
  });
});
