import { countPlaces, type DenseRanks, denseRanks } from './ranks.ts';

/**
 * Kendall's tau-b of two paired samples: 1 when both put all pairs in the same order, −1 when in opposite orders; ties
 * in either sample are corrected for.
 *
 *     tau-b = (concordant − discordant) / √((pairs − ties in x) · (pairs − ties in y))
 *
 * @param x, y same length; a row with NaN in either is left out. Counts of pairs are exact up to 9·10⁷ rows.
 * @returns −1 … 1, or null when not computable: fewer than two rows, or all of them tied in x or in y
 */
export function kendallTauB(x: Float64Array, y: Float64Array): number | null {
  const sample = rankedSample(x, y);
  return weightedTauB(sample, new Uint16Array(sample.rows.length).fill(1));
}

/**
 * The complete rows of two paired samples, in ascending order of the one with more distinct numbers, here x; tau does not tell
 * x and y apart, and the tree of `weightedTauB` is as small as y has distinct numbers.
 */
export type RankedSample = {
  /** Row numbers in the samples. */
  rows: Uint32Array;
  /** Places of these rows among the distinct numbers of x and of y. */
  inX: Uint32Array;
  inY: Uint32Array;
  /** How many distinct numbers y has. */
  placesY: number;
};

/** @param x, y same length; a row with NaN in either is left out */
export function rankedSample(x: Float64Array, y: Float64Array): RankedSample {
  if (x.length !== y.length)
    throw new RangeError(`Kendall's tau needs pairs: x has ${x.length} values, y has ${y.length}`);
  const complete = completeRows(x, y);
  const [rankedX, rankedY] = [x, y]
    .map((sample) => denseRanks(pick(sample, complete)))
    .sort((a, b) => b.distinct.length - a.distinct.length) as [DenseRanks, DenseRanks];
  const sample = {
    rows: new Uint32Array(complete.length),
    inX: new Uint32Array(complete.length),
    inY: new Uint32Array(complete.length),
    placesY: rankedY.distinct.length,
  };
  // A counting sort by x.
  const next = startsOf(countPlaces(rankedX.ranks, rankedX.distinct.length));
  for (let row = 0; row < complete.length; row++) {
    const place = rankedX.ranks[row] as number;
    const at = next[place] as number;
    next[place] = at + 1;
    sample.rows[at] = complete[row] as number;
    sample.inX[at] = place;
    sample.inY[at] = rankedY.ranks[row] as number;
  }
  return sample;
}

/**
 * Tau-b of the sample in which each row stands as often as its weight says, without writing that sample out.
 *
 * Counted in n log n: rows come in ascending order of x, and a Fenwick tree (1994, doi:10.1002/spe.4380240306) of the places of
 * y tells how many earlier ones lie below each.
 *
 * @param weights of each row of the sample, in its order
 */
export function weightedTauB({ inX, inY, placesY }: RankedSample, weights: Uint16Array): number | null {
  const tree = new Int32Array(placesY + 1);
  const weightsY = new Int32Array(placesY);
  let [total, surplus, tiesX] = [0, 0, 0];
  for (let start = 0, end = 0; start < inX.length; start = end) {
    // Rows tied in x: compared with the earlier ones first, then counted among them.
    end = endOfTie(inX, start);
    for (let row = start; row < end; row++) {
      const weight = weights[row] as number;
      if (weight === 0) continue;
      const place = inY[row] as number;
      // Concordant less discordant: earlier rows below less earlier rows above, which are total − weightsY − below.
      surplus += weight * (2 * sumBelow(tree, place) + (weightsY[place] as number) - total);
    }
    let weightX = 0;
    for (let row = start; row < end; row++) {
      const weight = weights[row] as number;
      if (weight === 0) continue;
      const place = inY[row] as number;
      weightX += weight;
      weightsY[place] = (weightsY[place] as number) + weight;
      add(tree, place, weight);
    }
    total += weightX;
    tiesX += countPairs(weightX);
  }
  const untied = (countPairs(total) - tiesX) * (countPairs(total) - countTies(weightsY));
  // The root of the product, not the product of roots: perfect agreement is then exactly 1, and nothing exceeds it.
  return untied > 0 ? surplus / Math.sqrt(untied) : null;
}

const countPairs = (n: number): number => (n * (n - 1)) / 2;

/** Pairs within groups of these weights. */
function countTies(weights: Int32Array): number {
  let ties = 0;
  for (let group = 0; group < weights.length; group++) ties += countPairs(weights[group] as number);
  return ties;
}

/** Where the rows end that share a place with the one at `start`. */
function endOfTie(places: Uint32Array, start: number): number {
  let end = start;
  while (end < places.length && places[end] === places[start]) end++;
  return end;
}

function sumBelow(tree: Int32Array, place: number): number {
  let sum = 0;
  for (let node = place; node > 0; node &= node - 1) sum += tree[node] as number;
  return sum;
}

function add(tree: Int32Array, place: number, weight: number): void {
  for (let node = place + 1; node < tree.length; node += node & -node)
    tree[node] = (tree[node] as number) + weight;
}

/** Numbers of the rows that have both. */
function completeRows(x: Float64Array, y: Float64Array): Uint32Array {
  const rows = new Uint32Array(x.length);
  let n = 0;
  for (let row = 0; row < x.length; row++)
    if (!Number.isNaN(x[row] as number) && !Number.isNaN(y[row] as number)) rows[n++] = row;
  return rows.subarray(0, n);
}

function pick(numbers: Float64Array, rows: Uint32Array): Float64Array {
  const picked = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) picked[i] = numbers[rows[i] as number] as number;
  return picked;
}

/** Where each group begins when groups of these sizes stand one after the other. */
function startsOf(sizes: Uint32Array): Uint32Array {
  const starts = new Uint32Array(sizes.length);
  for (let group = 1; group < sizes.length; group++)
    starts[group] = (starts[group - 1] as number) + (sizes[group - 1] as number);
  return starts;
}
