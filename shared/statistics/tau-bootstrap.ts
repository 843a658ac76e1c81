import { type RankedSample, rankedSample, weightedTauB } from './kendall-tau.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './seeded-random.ts';

/** Where a number lies with 95 % confidence. */
export type Interval = { low: number; high: number };

type ResampleOptions = { resamples: number; seed: number };
/** `leastClusters`: of fewer, there is no interval. */
export type BootstrapOptions = ResampleOptions & { leastClusters: number };

const TAILS = [0.025, 0.975] as const;

/**
 * 95 % percentile interval of Kendall's tau-b by a cluster bootstrap (Efron and Tibshirani 1993, chapters 8 and 13): whole
 * clusters are drawn with replacement, as rows of one cluster (photos of one week) repeat each other and would make the
 * interval far too narrow if they were drawn one by one.
 *
 * @param x, y same length; a row with NaN in either is left out
 * @param clusters number of the cluster of each row
 * @returns null with fewer than `leastClusters`, or when tau cannot be computed
 */
export function bootstrapTau(
  x: Float64Array,
  y: Float64Array,
  clusters: ArrayLike<number>,
  { leastClusters, ...options }: BootstrapOptions,
): Interval | null {
  const sample = rankedSample(x, y);
  const { clusterOf, clusterCount } = numberClusters(sample.rows, clusters);
  if (clusterCount < leastClusters) return null;
  const tauOf = resampledTau(sample, clusterOf);
  return percentileInterval(resampleCounts(clusterCount, options), tauOf);
}

/**
 * The same of the difference of two taus with one sample: tau of x and y less tau of x and z, in each resample of the same rows.
 *
 * @param x, y, z same length; a row with NaN in any of them is left out
 * @param clusters number of the cluster of each row
 * @returns null with fewer than `leastClusters`, or when either tau cannot be computed
 */
export function bootstrapTauDifference(
  x: Float64Array,
  [y, z]: readonly [Float64Array, Float64Array],
  clusters: ArrayLike<number>,
  { leastClusters, ...options }: BootstrapOptions,
): Interval | null {
  const complete = x.map((number, row) =>
    Number.isNaN(y[row] as number) || Number.isNaN(z[row] as number) ? Number.NaN : number,
  );
  const [ofY, ofZ] = [y, z].map((sample) => rankedSample(complete, sample)) as [RankedSample, RankedSample];
  // Both have the same rows, whose clusters are numbered by where they first appear.
  const { clusterOf, clusterCount } = numberClusters(ofY.rows, clusters);
  if (clusterCount < leastClusters) return null;
  const tauOfY = resampledTau(ofY, clusterOf);
  const tauOfZ = resampledTau(ofZ, numberClusters(ofZ.rows, clusters).clusterOf);
  return percentileInterval(resampleCounts(clusterCount, options), (counts) => {
    const [one, other] = [tauOfY(counts), tauOfZ(counts)];
    return one === null || other === null ? null : one - other;
  });
}

/** Tau of a sample whose clusters were drawn as often as they are counted. */
function resampledTau(sample: RankedSample, clusterOf: Uint32Array): (counts: Uint16Array) => number | null {
  const weights = new Uint16Array(sample.rows.length);
  return (counts) => {
    for (let row = 0; row < weights.length; row++) weights[row] = counts[clusterOf[row] as number] as number;
    return weightedTauB(sample, weights);
  };
}

/** Of a number of each resample, without those that have none; null if all have none. */
function percentileInterval(
  resamples: Iterable<Uint16Array>,
  numberOf: (counts: Uint16Array) => number | null,
): Interval | null {
  const found: number[] = [];
  for (const counts of resamples) {
    const number = numberOf(counts);
    if (number !== null) found.push(number);
  }
  if (found.length === 0) return null;
  const ascending = Float64Array.from(found).sort();
  const [low, high] = TAILS.map((tail) => quantile(ascending, tail)) as [number, number];
  return { low, high };
}

/** For each resample, how often each of `n` clusters was drawn. */
export function* resampleCounts(n: number, { resamples, seed }: ResampleOptions): Generator<Uint16Array> {
  const random = seededRandom(seed);
  const counts = new Uint16Array(n);
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (let draw = 0; draw < n; draw++) {
      const cluster = random.below(n);
      counts[cluster] = (counts[cluster] as number) + 1;
    }
    yield counts;
  }
}

/** Clusters of these rows, numbered without gaps in the order in which they first appear in the data. */
function numberClusters(rows: Uint32Array, clusters: ArrayLike<number>) {
  const numbers = new Map<number, number>();
  for (const row of rows.toSorted())
    if (!numbers.has(clusters[row] as number)) numbers.set(clusters[row] as number, numbers.size);
  const clusterOf = Uint32Array.from(rows, (row) => numbers.get(clusters[row] as number) as number);
  return { clusterOf, clusterCount: numbers.size };
}
