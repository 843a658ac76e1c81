import { DAY_MS } from '../../formats/durations.ts';
import type { ImageSplit } from '../../model-input/image-split.ts';
import type { ScoredPhotos, ScoredRows } from '../../predictions/scored-photos.ts';
import { kendallTauB } from '../../statistics/kendall-tau.ts';
import { quantile } from '../../statistics/quantile.ts';
import type { Interval } from '../../statistics/tau-bootstrap.ts';
import { MONTHS } from './months.ts';
import type { SplitGroup } from './split-groups.ts';
import type { IntervalOfRows } from './statistics.ts';
import { whereEnough } from './too-few.ts';

/** By what photos are told apart, in the order of the page. */
export const STRATIFICATIONS = ['season', 'period', 'value', 'month', 'hour'] as const;
export type Stratification = (typeof STRATIFICATIONS)[number];
export type ByStratification<Value> = Record<Stratification, Value>;

/** What a stratum is called: `id` by programs, `label` by people. */
export type StratumName = { id: string; label: string };

/**
 * Kendall tau among the photos of a stratum; null with fewer than ten of them, or where it cannot be computed. The interval is null
 * then and of too few weeks, and undefined where nobody has computed it.
 */
export type Stratum = StratumName & { n: number; tau: number | null; interval: Interval | null | undefined };
export type Strata = ByStratification<Stratum[]>;

export const STRATA_TITLES: ByStratification<string> = {
  season: 'By season',
  period: 'By annotation period',
  value: 'By tenth of observed values',
  month: 'By month',
  hour: 'By hour',
};

/** Seasons by their months, which are other ones south of the equator. */
const SEASONS: StratumName[] = [
  { id: 'djf', label: 'Dec–Feb' },
  { id: 'mam', label: 'Mar–May' },
  { id: 'jja', label: 'Jun–Aug' },
  { id: 'son', label: 'Sep–Nov' },
];
const PERIODS: StratumName[] = ['before', 'within', 'after'].map((id) => ({ id, label: id }));
const TENTHS: StratumName[] = [
  'lowest',
  '2nd',
  '3rd',
  ...Array.from({ length: 6 }, (_, index) => `${index + 4}th`),
  'highest',
].map((name) => ({ id: `${name}_tenth`, label: `${name} tenth` }));

export const STRATA: ByStratification<readonly StratumName[]> = {
  season: SEASONS,
  period: PERIODS,
  value: TENTHS,
  month: MONTHS.map((label) => ({ id: label.toLowerCase(), label })),
  hour: Array.from({ length: 24 }, (_, hour) => ({ id: String(hour), label: `${hour}:00` })),
};

/** The stratum of each photo, as its place in `STRATA`. */
export type StratumOfRows = ByStratification<Uint8Array>;
/** No place in `STRATA`, as of a photo without an observed value. */
const NONE = 255;

/**
 * Strata are those of the whole run: the tenths are of all photos that have both a value and a score, whatever photos are
 * looked at later; the annotation period goes from the first to the last day with an annotated photo, as in Test (In).
 *
 * @param photos with wall-clock timestamps, as `StationClock.wallMs` gives them
 */
export function stratumOfRows(photos: ScoredPhotos): StratumOfRows {
  const { timestamps, values, splits } = photos;
  const tenthOf = tenths(photos);
  const annotated = annotatedDays(photos);
  const placeOf = (place: (row: number) => number) => Uint8Array.from(values.keys(), place);
  const monthOf = (row: number) => new Date(timestamps[row] as number).getUTCMonth();
  return {
    season: placeOf((row) => Math.floor(((monthOf(row) + 1) % 12) / 3)),
    period: placeOf((row) => {
      if (!annotated) return NONE;
      if (splits[row] !== 'test-out') return 1;
      return dayOf(timestamps[row] as number) < annotated.first ? 0 : 2;
    }),
    value: placeOf((row) => tenthOf(values[row] as number)),
    month: placeOf(monthOf),
    hour: placeOf((row) => new Date(timestamps[row] as number).getUTCHours()),
  };
}

const dayOf = (wallMs: number): number => Math.floor(wallMs / DAY_MS);

function tenths({ values, scores }: ScoredRows): (value: number) => number {
  const ascending = values.filter((value, row) => !Number.isNaN(value + (scores[row] as number))).sort();
  const limits = Array.from({ length: 9 }, (_, index) => quantile(ascending, (index + 1) / 10));
  return (value) =>
    Number.isNaN(value) || ascending.length === 0 ? NONE : limits.filter((limit) => value > limit).length;
}

/** First and last day of the photos in pairs; null without any. */
function annotatedDays({ timestamps, splits }: ScoredPhotos): { first: number; last: number } | null {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < splits.length; row++) {
    if ((splits[row] as ImageSplit).startsWith('test')) continue;
    first = Math.min(first, dayOf(timestamps[row] as number));
    last = Math.max(last, dayOf(timestamps[row] as number));
  }
  return first > last ? null : { first, last };
}

/**
 * Tau in every stratum of the photos of a group of splits; strata without a photo that has both numbers are left out.
 *
 * @param intervalOf left out where intervals would take too long
 */
export const strataOfGroup = (
  photos: ScoredRows,
  strata: StratumOfRows,
  group: SplitGroup,
  intervalOf?: IntervalOfRows,
): Strata =>
  Object.fromEntries(
    STRATIFICATIONS.map((by) => [by, strataBy(photos, strata, group, by, intervalOf)]),
  ) as Strata;

/** The same by one of the stratifications. */
export function strataBy(
  photos: ScoredRows,
  strata: StratumOfRows,
  { splits }: SplitGroup,
  by: Stratification,
  intervalOf?: IntervalOfRows,
): Stratum[] {
  const members = new Set<ImageSplit>(splits);
  const isMember = (row: number) =>
    members.has(photos.splits[row] as ImageSplit) &&
    !Number.isNaN((photos.values[row] as number) + (photos.scores[row] as number));
  const byPlace: number[][] = STRATA[by].map(() => []);
  for (let row = 0; row < photos.values.length; row++)
    if (isMember(row)) byPlace[strata[by][row] as number]?.push(row);
  return byPlace.flatMap((rows, place) =>
    rows.length === 0
      ? []
      : [{ ...(STRATA[by][place] as StratumName), ...tauOfRows(photos, rows, intervalOf) }],
  );
}

function tauOfRows({ values, scores }: ScoredRows, rows: readonly number[], intervalOf?: IntervalOfRows) {
  const column = (numbers: Float64Array) => Float64Array.from(rows, (row) => numbers[row] as number);
  const [x, y] = [column(values), column(scores)];
  const tau = whereEnough(rows.length, kendallTauB(x, y));
  return { n: rows.length, tau, interval: tau === null ? null : intervalOf?.(x, y, rows) };
}
