import { quantile } from './quantile.ts';
import { countPlaces, denseRanks } from './ranks.ts';
import { seededRandom } from './seeded-random.ts';

/** Where a number lies with 95 % confidence. */
export type Interval = { low: number; high: number };

export type BootstrapOptions = { resamples: number; seed: number };

const TAILS = [0.025, 0.975] as const;

/**
 * 95 % percentile interval of Kendall's tau-b by a cluster bootstrap (Efron and Tibshirani 1993, chapters 8 and 13): whole
 * clusters are drawn with replacement, as rows of one cluster (photos of one day) repeat each other and would make the
 * interval far too narrow if they were drawn one by one.
 *
 * @param x, y same length; a row with NaN in either is left out
 * @param clusters number of the cluster of each row
 * @returns null with fewer than three clusters, or when tau cannot be computed
 */
export function bootstrapTau(
  x: Float64Array,
  y: Float64Array,
  clusters: ArrayLike<number>,
  options: BootstrapOptions,
): Interval | null {
  const sample = sortedSample(x, y, clusters);
  if (sample.clusterCount < 3) return null;
  const taus: number[] = [];
  for (const counts of resampleCounts(sample.clusterCount, options)) {
    const tau = weightedTau(sample, counts);
    if (tau !== null) taus.push(tau);
  }
  if (taus.length === 0) return null;
  const ascending = Float64Array.from(taus).sort();
  const [low, high] = TAILS.map((tail) => quantile(ascending, tail)) as [number, number];
  return { low, high };
}

/** For each resample, how often each of `n` clusters was drawn. */
export function* resampleCounts(n: number, { resamples, seed }: BootstrapOptions): Generator<Uint16Array> {
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

/** Complete rows in the order of x: places of x and of y, and the cluster, numbered in the order of appearance. */
type Sample = {
  inX: Uint32Array;
  inY: Uint32Array;
  clusters: Uint32Array;
  clusterCount: number;
  placesY: number;
};

function sortedSample(x: Float64Array, y: Float64Array, clusters: ArrayLike<number>): Sample {
  const rows = new Uint32Array(x.length);
  let n = 0;
  for (let row = 0; row < x.length; row++)
    if (!Number.isNaN((x[row] as number) + (y[row] as number))) rows[n++] = row;
  const complete = rows.subarray(0, n);
  const column = (numbers: Float64Array) =>
    denseRanks(Float64Array.from(complete, (row) => numbers[row] as number));
  const [inX, inY] = [column(x), column(y)];
  const numbers = new Map<number, number>();
  const clusterOf = Uint32Array.from(complete, (row) => {
    const cluster = clusters[row] as number;
    const number = numbers.get(cluster) ?? numbers.size;
    numbers.set(cluster, number);
    return number;
  });
  // A counting sort by x.
  const next = countPlaces(inX.ranks, inX.distinct.length);
  let start = 0;
  for (let place = 0; place < next.length; place++) {
    const size = next[place] as number;
    next[place] = start;
    start += size;
  }
  const sorted = { inX: new Uint32Array(n), inY: new Uint32Array(n), clusters: new Uint32Array(n) };
  for (let row = 0; row < n; row++) {
    const place = inX.ranks[row] as number;
    const at = next[place] as number;
    next[place] = at + 1;
    sorted.inX[at] = place;
    sorted.inY[at] = inY.ranks[row] as number;
    sorted.clusters[at] = clusterOf[row] as number;
  }
  return { ...sorted, clusterCount: numbers.size, placesY: inY.distinct.length };
}

/**
 * Tau-b of the sample in which each row stands as often as its cluster was drawn, without writing that sample out: sums of
 * weights below a place of y are kept in a Fenwick tree (1994, doi:10.1002/spe.4380240306).
 */
function weightedTau({ inX, inY, clusters, placesY }: Sample, counts: Uint16Array): number | null {
  const n = inX.length;
  const tree = new Int32Array(placesY + 1);
  const weightsY = new Int32Array(placesY);
  let total = 0;
  let surplus = 0;
  let tiesX = 0;
  let start = 0;
  while (start < n) {
    const placeX = inX[start];
    let weightX = 0;
    let end = start;
    for (; end < n && inX[end] === placeX; end++) {
      const weight = counts[clusters[end] as number] as number;
      if (weight === 0) continue;
      weightX += weight;
      const place = inY[end] as number;
      let below = 0;
      for (let node = place; node > 0; node &= node - 1) below += tree[node] as number;
      // Rows above less rows below would be total − weightsY − 2 · below.
      surplus += weight * (2 * below + (weightsY[place] as number) - total);
    }
    for (; start < end; start++) {
      const weight = counts[clusters[start] as number] as number;
      if (weight === 0) continue;
      const place = inY[start] as number;
      weightsY[place] = (weightsY[place] as number) + weight;
      for (let node = place + 1; node <= placesY; node += node & -node)
        tree[node] = (tree[node] as number) + weight;
    }
    total += weightX;
    tiesX += countPairs(weightX);
  }
  let tiesY = 0;
  for (let place = 0; place < placesY; place++) tiesY += countPairs(weightsY[place] as number);
  const untied = (countPairs(total) - tiesX) * (countPairs(total) - tiesY);
  return untied > 0 ? surplus / Math.sqrt(untied) : null;
}

const countPairs = (n: number): number => (n * (n - 1)) / 2;
