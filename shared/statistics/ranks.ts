/** Distinct numbers in ascending order, and for each value its place among them (0-based). */
export type DenseRanks = { distinct: Float64Array; ranks: Uint32Array };

/**
 * Replaces numbers by their places among the distinct ones: equal numbers share a place, places have no gaps.
 *
 * @param values without NaN
 */
export function denseRanks(values: Float64Array): DenseRanks {
  // Float64Array sorts numerically without a callback, several times faster than sorting indices with one.
  const sorted = values.toSorted();
  let n = 0;
  for (let i = 0; i < sorted.length; i++)
    if (n === 0 || sorted[i] !== sorted[n - 1]) sorted[n++] = sorted[i] as number;
  const distinct = sorted.subarray(0, n);
  // Plain loops here and in kendall-tau.ts: TypedArray.from with a callback takes twice as long.
  const ranks = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) ranks[i] = findPlace(distinct, values[i] as number);
  return { distinct, ranks };
}

/**
 * Percentile rank of each number: (rank − 1)/(n − 1) with the average rank for ties, so 0 is the lowest and 1 the
 * highest (contract 8.1; the one formula for photos and for days, Q-R2).
 *
 * @param values NaN is missing, is not counted in n, and stays NaN
 * @returns NaN throughout when fewer than two values are present
 */
export function percentileRanks(values: Float64Array): Float64Array {
  const present = values.filter((value) => !Number.isNaN(value));
  const { distinct, ranks } = denseRanks(present);
  const placeCounts = countPlaces(ranks, distinct.length);
  const percentiles = new Float64Array(distinct.length);
  let below = 0;
  for (let place = 0; place < distinct.length; place++) {
    const ties = placeCounts[place] as number;
    // Ties hold the ranks below + 1 … below + ties; their average less one.
    percentiles[place] = (below + (ties - 1) / 2) / (present.length - 1);
    below += ties;
  }
  return values.map((value) =>
    Number.isNaN(value) ? Number.NaN : (percentiles[findPlace(distinct, value)] as number),
  );
}

/** How many of `ranks` are 0, 1, … `n` − 1. */
export function countPlaces(ranks: Uint32Array, n: number): Uint32Array {
  const counts = new Uint32Array(n);
  for (const rank of ranks) counts[rank] = (counts[rank] as number) + 1;
  return counts;
}

/** Index of `value`, which is known to be there, in ascending numbers. */
function findPlace(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
