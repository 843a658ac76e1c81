import { countPlaces, denseRanks } from './ranks.ts';

/**
 * Kendall's tau-b of two paired samples: 1 when both put all pairs in the same order, −1 when in opposite orders; ties
 * in either sample are corrected for.
 *
 *     tau-b = (concordant − discordant) / √((pairs − ties in x) · (pairs − ties in y))
 *
 * Counted in n log n after Knight (1966), doi:10.1080/01621459.1966.10480879: in the order of x, the discordant pairs
 * are the inversions of y.
 *
 * @param x, y same length; a row with NaN in either is left out. Counts of pairs are exact up to 10⁸ rows.
 * @returns −1 … 1, or null when not computable: fewer than two rows, or all of them tied in x or in y
 */
export function kendallTauB(x: Float64Array, y: Float64Array): number | null {
  if (x.length !== y.length)
    throw new RangeError(`Kendall's tau needs pairs: x has ${x.length} values, y has ${y.length}`);
  const isComplete = (_: number, row: number) =>
    !Number.isNaN(x[row] as number) && !Number.isNaN(y[row] as number);
  const inX = denseRanks(x.filter(isComplete));
  const inY = denseRanks(y.filter(isComplete));
  const n = inX.ranks.length;

  const tiesX = countTies(countPlaces(inX.ranks, inX.distinct.length));
  const tiesY = countTies(countPlaces(inY.ranks, inY.distinct.length));
  const untiedX = countPairs(n) - tiesX;
  const untiedY = countPairs(n) - tiesY;
  if (n < 2 || untiedX === 0 || untiedY === 0) return null;

  // One number per row that sorts by x, then by y.
  const width = inY.distinct.length;
  const byXThenY = Float64Array.from(
    inX.ranks,
    (rank, row) => rank * width + (inY.ranks[row] as number),
  ).sort();
  const tiesXY = countTies(runLengths(byXThenY));
  const discordant = countInversions(Uint32Array.from(byXThenY, (key) => key % width));
  const concordant = countPairs(n) - tiesX - tiesY + tiesXY - discordant;
  // The root of the product, not the product of roots: perfect agreement is then exactly 1, and nothing exceeds it.
  return (concordant - discordant) / Math.sqrt(untiedX * untiedY);
}

const countPairs = (n: number): number => (n * (n - 1)) / 2;

/** Pairs within groups of these sizes. */
function countTies(groupSizes: Iterable<number>): number {
  let ties = 0;
  for (const size of groupSizes) ties += countPairs(size);
  return ties;
}

function* runLengths(sorted: Float64Array): Generator<number> {
  for (let start = 0, end = 1; start < sorted.length; end++) {
    if (sorted[end] === sorted[start]) continue;
    yield end - start;
    start = end;
  }
}

/** Pairs of places whose earlier number is the larger one, by merge sort from the bottom up; `numbers` is used up. */
function countInversions(numbers: Uint32Array): number {
  const n = numbers.length;
  let from = numbers;
  let to: Uint32Array = new Uint32Array(n);
  let inversions = 0;
  for (let width = 1; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(middle + width, n);
      let left = start;
      let right = middle;
      for (let place = start; place < end; place++) {
        const takesLeft =
          right === end || (left < middle && (from[left] as number) <= (from[right] as number));
        if (!takesLeft) inversions += middle - left;
        to[place] = from[takesLeft ? left++ : right++] as number;
      }
    }
    [from, to] = [to, from];
  }
  return inversions;
}
