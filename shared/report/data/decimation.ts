/** Fewer points for drawing; numbers are always computed from all of them. */

/** Photos of a split that figure 1 draws; where there are more, every second one, or every third, … */
export const MOST_OF_SPLIT = 6000;

/**
 * Rows to draw of a dense cloud: every k-th one, so that at most `most` are left.
 *
 * @param rows in any order, which is kept
 */
export function thin<Row>(rows: readonly Row[], most: number): readonly Row[] {
  const step = Math.ceil(rows.length / most);
  return step <= 1 ? rows : rows.filter((_, index) => index % step === 0);
}

/**
 * Rows to draw of a dense line: of each of `buckets` equal parts of the rows the lowest and the highest, in their order,
 * so that no peak is lost.
 *
 * @param rows ascending in time
 */
export function envelope(rows: readonly number[], y: Float64Array, buckets: number): readonly number[] {
  if (rows.length <= 2 * buckets) return rows;
  const kept: number[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * rows.length) / buckets);
    const end = Math.floor(((bucket + 1) * rows.length) / buckets);
    let [low, high] = [start, start];
    for (let at = start; at < end; at++) {
      const value = y[rows[at] as number] as number;
      if (value < (y[rows[low] as number] as number)) low = at;
      if (value > (y[rows[high] as number] as number)) high = at;
    }
    kept.push(rows[Math.min(low, high)] as number);
    if (low !== high) kept.push(rows[Math.max(low, high)] as number);
  }
  return kept;
}
