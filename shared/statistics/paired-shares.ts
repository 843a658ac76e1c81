import type { Interval } from './tau-bootstrap.ts';
import { Z_95 } from './wilson-interval.ts';

/**
 * 95 % interval of the difference of two shares of the same cases, after Agresti and Min (2005), doi:10.1002/sim.1781: Wald's
 * interval with half a case more in each cell of the table, so that it also holds for few cases, and where hardly any differ.
 *
 * @param gained cases that count for the first share alone; half cases are allowed
 * @param lost cases that count for the second share alone
 * @param cases all cases, those that count for both or for neither included
 * @returns of first less second, within −1 … 1; null of no cases
 */
export function pairedShareInterval(gained: number, lost: number, cases: number): Interval | null {
  if (cases === 0) return null;
  const [more, less, all] = [gained + 0.5, lost + 0.5, cases + 2];
  const difference = (more - less) / all;
  const half = (Z_95 * Math.sqrt(more + less - (more - less) ** 2 / all)) / all;
  return { low: Math.max(-1, difference - half), high: Math.min(1, difference + half) };
}
