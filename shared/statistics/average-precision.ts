/**
 * Average precision of a ranking (Buckley and Voorhees 2000, doi:10.1145/345508.345543): for each relevant row the share of
 * relevant ones among all rows that are scored at least as high, and the mean of these shares. 1 when all relevant rows come
 * first; about the share of relevant rows when the order is random. Rows of equal score are seen together, so that the order of
 * the file decides nothing.
 *
 * @param scores without NaN
 * @param isRelevant 1 where a row is to be found, else 0; same length
 * @returns 0 … 1, or null when no row is relevant
 */
export function averagePrecision(scores: Float64Array, isRelevant: Uint8Array): number | null {
  if (scores.length !== isRelevant.length)
    throw new RangeError(
      `Average precision needs a mark for each score: ${scores.length} scores, ${isRelevant.length} marks`,
    );
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  let [relevant, sum] = [0, 0];
  for (let start = 0, end = 0; start < order.length; start = end) {
    const score = scores[order[start] as number];
    let found = 0;
    for (end = start; end < order.length && scores[order[end] as number] === score; end++)
      found += isRelevant[order[end] as number] as number;
    relevant += found;
    sum += (found * relevant) / end;
  }
  return relevant === 0 ? null : sum / relevant;
}
