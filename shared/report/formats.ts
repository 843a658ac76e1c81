/** How the report writes numbers; fixed to one locale, so that the same run gives the same bytes everywhere. */

/** What stands where there is no number (contract 8.2). */
export const NOT_AVAILABLE = 'NA';

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** e.g. 30,565 */
export const formatCount = (count: number): string => integer.format(count);

/** e.g. 0.74, or NA; never -0.00 */
export const formatTau = (tau: number | null): string => formatDecimals(tau, 2);

/** e.g. 0.6931, or NA */
export const formatLoss = (loss: number | null): string => formatDecimals(loss, 4);

function formatDecimals(number: number | null, digits: number): string {
  if (number === null) return NOT_AVAILABLE;
  const text = number.toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** e.g. 1 photo, 2 photos */
export const countOf = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
