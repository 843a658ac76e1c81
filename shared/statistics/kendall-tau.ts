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
 * @param x, y same length; a row with NaN in either is left out. Counts of pairs are exact up to 9·10⁷ rows.
 * @returns −1 … 1, or null when not computable: fewer than two rows, or all of them tied in x or in y
 */
export function kendallTauB(x: Float64Array, y: Float64Array): number | null {
  if (x.length !== y.length)
    throw new RangeError(`Kendall's tau needs pairs: x has ${x.length} values, y has ${y.length}`);
  const complete = completeRows(x, y);
  const inX = denseRanks(complete.x);
  const inY = denseRanks(complete.y);
  const n = inX.ranks.length;

  const sizesX = countPlaces(inX.ranks, inX.distinct.length);
  const sizesY = countPlaces(inY.ranks, inY.distinct.length);
  const tiesX = countTies(sizesX);
  const tiesY = countTies(sizesY);
  const untiedX = countPairs(n) - tiesX;
  const untiedY = countPairs(n) - tiesY;
  if (n < 2 || untiedX === 0 || untiedY === 0) return null;

  // Rows in the order of x, those tied in x in the order of y.
  const byY = sortRows(rowNumbers(n), inY.ranks, sizesY);
  const byXThenY = sortRows(byY, inX.ranks, sizesX);
  const [sortedX, sortedY] = [new Uint32Array(n), new Uint32Array(n)];
  for (let place = 0; place < n; place++) {
    const row = byXThenY[place] as number;
    sortedX[place] = inX.ranks[row] as number;
    sortedY[place] = inY.ranks[row] as number;
  }
  const tiesXY = countJointTies(sortedX, sortedY);
  const discordant = countInversions(sortedY);
  const concordant = countPairs(n) - tiesX - tiesY + tiesXY - discordant;
  // The root of the product, not the product of roots: perfect agreement is then exactly 1, and nothing exceeds it.
  return (concordant - discordant) / Math.sqrt(untiedX * untiedY);
}

function completeRows(x: Float64Array, y: Float64Array): { x: Float64Array; y: Float64Array } {
  const complete = { x: new Float64Array(x.length), y: new Float64Array(x.length) };
  let n = 0;
  for (let row = 0; row < x.length; row++) {
    const [xi, yi] = [x[row] as number, y[row] as number];
    if (Number.isNaN(xi) || Number.isNaN(yi)) continue;
    complete.x[n] = xi;
    complete.y[n++] = yi;
  }
  return { x: complete.x.subarray(0, n), y: complete.y.subarray(0, n) };
}

const countPairs = (n: number): number => (n * (n - 1)) / 2;

/** Pairs within groups of these sizes. */
function countTies(groupSizes: Iterable<number>): number {
  let ties = 0;
  for (const size of groupSizes) ties += countPairs(size);
  return ties;
}

/** Pairs tied in both; `x` ascending, `y` ascending where `x` is tied. */
function countJointTies(x: Uint32Array, y: Uint32Array): number {
  let ties = 0;
  for (let start = 0, end = 1; start < x.length; end++) {
    if (end < x.length && x[end] === x[start] && y[end] === y[start]) continue;
    ties += countPairs(end - start);
    start = end;
  }
  return ties;
}

function rowNumbers(n: number): Uint32Array {
  const rows = new Uint32Array(n);
  for (let row = 0; row < n; row++) rows[row] = row;
  return rows;
}

/** Stable counting sort of rows by their rank; `sizes` holds how many rows have each rank. */
function sortRows(rows: Uint32Array, ranks: Uint32Array, sizes: Uint32Array): Uint32Array {
  const nextPlace = new Uint32Array(sizes.length);
  for (let rank = 1; rank < sizes.length; rank++)
    nextPlace[rank] = (nextPlace[rank - 1] as number) + (sizes[rank - 1] as number);
  const sorted = new Uint32Array(rows.length);
  for (const row of rows) {
    const rank = ranks[row] as number;
    const place = nextPlace[rank] as number;
    sorted[place] = row;
    nextPlace[rank] = place + 1;
  }
  return sorted;
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
