/** How the report writes numbers; fixed to one locale, so that the same run gives the same bytes everywhere. */

/** What stands where there is no number (contract 8.2). */
export const NOT_AVAILABLE = 'NA';

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** e.g. 30,565 */
export const formatCount = (count: number): string => integer.format(count);

/** e.g. 0.74, or NA; never -0.00 */
export const formatTau = (tau: number | null): string => formatDecimals(tau, 2);

/** e.g. 0.70 – 0.78, or nothing */
export const formatInterval = (interval: { low: number; high: number } | null): string =>
  interval === null ? '' : `${formatTau(interval.low)} – ${formatTau(interval.high)}`;

/** e.g. 93 %, or NA */
export const formatShare = (share: number | null): string =>
  share === null ? NOT_AVAILABLE : `${formatDecimals(100 * share, 0)} %`;

/** e.g. 71 % – 88 % */
export const formatShareInterval = ({ low, high }: { low: number; high: number }): string =>
  `${formatShare(low)} – ${formatShare(high)}`;

/** e.g. 4 s, 12 min, 3.5 h */
export const formatSeconds = (seconds: number): string =>
  seconds < 100
    ? `${seconds.toFixed(0)} s`
    : seconds < 6000
      ? `${(seconds / 60).toFixed(0)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

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

/** The verb that agrees with a count, or with that many names: “1 photo is”, “a, b are”. */
export const isOrAre = (count: number): string => (count === 1 ? 'is' : 'are');
