import type { ScoredRows } from '../../predictions/scored-photos.ts';
import { kendallTauB } from '../../statistics/kendall-tau.ts';
import { quantile } from '../../statistics/quantile.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';

/** Kendall tau among the photos of one hour, one month or one range of observed values. */
export type Stratum = { label: string; n: number; tau: number | null; interval: Interval | null };

/** Interval of the tau of some rows; left out where it would take too long. */
export type IntervalOfRows = (
  values: Float64Array,
  scores: Float64Array,
  rows: readonly number[],
) => Interval | null;

export const MONTHS = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
] as const;
const VALUE_CLASSES = ['lowest fifth', '2nd fifth', '3rd fifth', '4th fifth', 'highest fifth'] as const;

/** @param wallMs wall-clock time of each photo, as `StationClock.wallMs` gives it */
export const tauByHour = (photos: ScoredRows, wallMs: Float64Array, intervalOf?: IntervalOfRows): Stratum[] =>
  tauByStratum(
    photos,
    24,
    (row) => new Date(wallMs[row] as number).getUTCHours(),
    (hour) => `${hour}:00`,
    intervalOf,
  );

/** @param wallMs as for `tauByHour` */
export const tauByMonth = (
  photos: ScoredRows,
  wallMs: Float64Array,
  intervalOf?: IntervalOfRows,
): Stratum[] =>
  tauByStratum(
    photos,
    12,
    (row) => new Date(wallMs[row] as number).getUTCMonth(),
    (month) => MONTHS[month] as string,
    intervalOf,
  );

/** Fifths of the observed values of photos that have both; within a narrow range the order is harder to tell. */
export function tauByValue(photos: ScoredRows, intervalOf?: IntervalOfRows): Stratum[] {
  const ascending = photos.values
    .filter((value, row) => !Number.isNaN(value + (photos.scores[row] as number)))
    .sort();
  const limits = [0.2, 0.4, 0.6, 0.8].map((probability) => quantile(ascending, probability));
  return tauByStratum(
    photos,
    VALUE_CLASSES.length,
    (row) => limits.filter((limit) => (photos.values[row] as number) > limit).length,
    (stratum) => VALUE_CLASSES[stratum] as string,
    intervalOf,
  );
}

/** Strata without a photo that has both value and score are left out. */
function tauByStratum(
  { values, scores }: ScoredRows,
  count: number,
  stratumOf: (row: number) => number,
  labelOf: (stratum: number) => string,
  intervalOf: IntervalOfRows = () => null,
): Stratum[] {
  const strata: number[][] = Array.from({ length: count }, () => []);
  for (let row = 0; row < values.length; row++)
    if (!Number.isNaN((values[row] as number) + (scores[row] as number))) strata[stratumOf(row)]?.push(row);
  return strata.flatMap((rows, stratum) => {
    if (rows.length === 0) return [];
    const column = (numbers: Float64Array) => Float64Array.from(rows, (row) => numbers[row] as number);
    const [x, y] = [column(values), column(scores)];
    return [
      { label: labelOf(stratum), n: rows.length, tau: kendallTauB(x, y), interval: intervalOf(x, y, rows) },
    ];
  });
}
