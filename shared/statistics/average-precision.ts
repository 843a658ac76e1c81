import { countPlaces, type DenseRanks } from './ranks.ts';

/**
 * Average precision of a ranking (Buckley and Voorhees 2000, doi:10.1145/345508.345543): for each relevant row the share of
 * relevant ones among all rows that are scored at least as high, and the mean of these shares. 1 when all relevant rows come
 * first; about the share of relevant rows when the order is random. Rows of equal score are seen together, so that the order of
 * the file decides nothing.
 *
 * @param scores as `denseRanks` orders them, which several questions about the same scores share
 * @param isRelevant 1 where a row is to be found, else 0; one for each score
 * @returns 0 … 1, or null when no row is relevant
 */
export function averagePrecision(
  { distinct, ranks }: DenseRanks,
  isRelevant: ArrayLike<number>,
): number | null {
  if (ranks.length !== isRelevant.length)
    throw new RangeError(
      `Average precision needs a mark for each score: ${ranks.length} scores, ${isRelevant.length} marks`,
    );
  const seenAt = countPlaces(ranks, distinct.length);
  const foundAt = countPlaces(
    ranks.filter((_, row) => isRelevant[row] === 1),
    distinct.length,
  );
  let [seen, found, sum] = [0, 0, 0];
  for (let place = distinct.length - 1; place >= 0; place--) {
    const here = foundAt[place] as number;
    seen += seenAt[place] as number;
    found += here;
    sum += (here * found) / seen;
  }
  return found === 0 ? null : sum / found;
}
