/**
 * How many things, from the first one on, have a property that none has after one that lacks it; by halving.
 *
 * @param holds whether the thing at an index has it
 */
export function countWhile(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
