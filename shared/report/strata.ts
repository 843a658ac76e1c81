import { kendallTauB } from '../kendall-tau.ts';
import { quantile } from '../quantiles.ts';
import type { ScoredPhotos } from './scored-photos.ts';

/** Kendall tau among the photos of one hour, one month or one range of observed values. */
export type Stratum = { label: string; n: number; tau: number | null };

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
export const tauByHour = (photos: ScoredPhotos, wallMs: Float64Array): Stratum[] =>
  tauByStratum(
    photos,
    24,
    (row) => new Date(wallMs[row] as number).getUTCHours(),
    (hour) => `${hour}:00`,
  );

/** @param wallMs as for `tauByHour` */
export const tauByMonth = (photos: ScoredPhotos, wallMs: Float64Array): Stratum[] =>
  tauByStratum(
    photos,
    12,
    (row) => new Date(wallMs[row] as number).getUTCMonth(),
    (month) => MONTHS[month] as string,
  );

/** Fifths of the observed values of photos that have both; within a narrow range the order is harder to tell. */
export function tauByValue(photos: ScoredPhotos): Stratum[] {
  const ascending = photos.values
    .filter((value, row) => !Number.isNaN(value + (photos.scores[row] as number)))
    .sort();
  const limits = [0.2, 0.4, 0.6, 0.8].map((probability) => quantile(ascending, probability));
  return tauByStratum(
    photos,
    VALUE_CLASSES.length,
    (row) => limits.filter((limit) => (photos.values[row] as number) > limit).length,
    (stratum) => VALUE_CLASSES[stratum] as string,
  );
}

/** Strata without a photo that has both value and score are left out. */
function tauByStratum(
  { values, scores }: ScoredPhotos,
  count: number,
  stratumOf: (row: number) => number,
  labelOf: (stratum: number) => string,
): Stratum[] {
  const rows: number[][] = Array.from({ length: count }, () => []);
  for (let row = 0; row < values.length; row++)
    if (!Number.isNaN((values[row] as number) + (scores[row] as number))) rows[stratumOf(row)]?.push(row);
  return rows.flatMap((members, stratum) => {
    if (members.length === 0) return [];
    const column = (numbers: Float64Array) => Float64Array.from(members, (row) => numbers[row] as number);
    return [{ label: labelOf(stratum), n: members.length, tau: kendallTauB(column(values), column(scores)) }];
  });
}
