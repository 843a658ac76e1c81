/**
 * With fewer photos than this a Kendall tau tells nothing: of nine photos without any relation it strays from 0 by 0.27, its
 * standard deviation (Kendall 1938, doi:10.1093/biomet/30.1-2.81). Neither page nor message shows one then.
 */
export const LEAST_ROWS = 10;

/** A share that is known no better than within so many percentage points tells nothing of a gain that is worth the work. */
const WIDEST = 0.1;

/** Whether the interval of a share holds both a difference that matters and none: then neither is said. */
export const isWide = ({ low, high }: { low: number; high: number }): boolean => high - low > WIDEST;

/** What stands in the place of a number of too few photos or days. */
export const TOO_FEW = 'too few';

/** What stands in the place of an interval of too few weeks. */
export const TOO_FEW_WEEKS = 'too few weeks';

/** The number, unless it comes from too few rows. */
export const whereEnough = <Value>(n: number, value: Value): Value | null => (n < LEAST_ROWS ? null : value);
