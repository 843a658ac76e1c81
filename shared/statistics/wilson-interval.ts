import type { Interval } from './tau-bootstrap.ts';

/** 97.5 % quantile of the standard normal distribution. */
export const Z_95 = 1.959963984540054;

/**
 * 95 % interval of a share, after Wilson (1927), doi:10.1080/01621459.1927.10502953: it stays within 0 … 1 and holds for
 * few cases.
 *
 * @returns null of no cases
 */
export function wilsonInterval(successes: number, cases: number): Interval | null {
  if (cases === 0) return null;
  const share = successes / cases;
  const center = share + Z_95 ** 2 / (2 * cases);
  const half = Z_95 * Math.sqrt((share * (1 - share)) / cases + Z_95 ** 2 / (4 * cases ** 2));
  const scale = 1 + Z_95 ** 2 / cases;
  return { low: Math.max(0, (center - half) / scale), high: Math.min(1, (center + half) / scale) };
}
