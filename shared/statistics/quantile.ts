/**
 * Quantile of ascending numbers, linear between neighbors: R's default, type 7 of Hyndman and Fan (1996),
 * doi:10.1080/00031305.1996.10473566.
 *
 * @param ascending without NaN
 * @param probability 0 … 1
 * @returns NaN for an empty array
 */
export function quantile(ascending: ArrayLike<number>, probability: number): number {
  if (ascending.length === 0) return Number.NaN;
  const place = (ascending.length - 1) * probability;
  const below = Math.floor(place);
  const low = ascending[below] as number;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] as number;
  return low + (place - below) * (high - low);
}
