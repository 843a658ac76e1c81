import { countWhile } from '../statistics/count-while.ts';

/**
 * Counts the things that lie before an instant; this is also the index of the first one that does not.
 *
 * @param timeOf time of the thing at an index; it must ascend
 */
export const countBefore = (count: number, timeOf: (index: number) => number, instant: number): number =>
  countWhile(count, (index) => timeOf(index) < instant);

/** Things from one instant to before another. @param things by time */
export function within<Thing extends { timestamp: number }>(
  things: readonly Thing[],
  from: number,
  to: number,
): Thing[] {
  const timeOf = (index: number) => (things[index] as Thing).timestamp;
  return things.slice(countBefore(things.length, timeOf, from), countBefore(things.length, timeOf, to));
}
