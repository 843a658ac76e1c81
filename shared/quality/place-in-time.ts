/**
 * How many of things in time are before an instant, which is the index of the first that is not.
 *
 * @param timeOf of the thing at an index, ascending
 */
export function countBefore(count: number, timeOf: (index: number) => number, instant: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timeOf(middle) < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Things from one instant to before another. @param things by time */
export function within<Thing extends { timestamp: number }>(
  things: readonly Thing[],
  from: number,
  to: number,
): Thing[] {
  const timeOf = (index: number) => (things[index] as Thing).timestamp;
  return things.slice(countBefore(things.length, timeOf, from), countBefore(things.length, timeOf, to));
}
