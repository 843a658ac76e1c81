import { IMAGE_SPLITS, type ImageSplit } from '../shared/image-split.ts';
import { percentileRanks } from '../shared/ranks.ts';
import type { PageData } from '../shared/report/page-data.ts';
import {
  dailyMeans,
  type NamedPhotos,
  type ScoredDays,
  type ScoredPhotos,
  wallDate,
} from '../shared/report/scored-photos.ts';
import { SPLIT_GROUPS } from '../shared/report/split-groups.ts';
import { overlapRanks, rankResiduals } from '../shared/report/statistics.ts';
import { type ValueScale, valueScale } from './value-scale.ts';

export const DAY_MS = 86_400_000;

/** Which photos are shown: a period of whole days, wall-clock milliseconds, and splits. */
export type Selection = {
  /** Start of the first day. */
  from: number;
  /** End of the last day. */
  to: number;
  splits: ReadonlySet<ImageSplit>;
};

export type Ranks = { observed: Float64Array; predicted: Float64Array };

/** Everything that figures draw from; computed once, as ranks and residuals are those of the whole run. */
export type View = {
  page: PageData;
  photos: NamedPhotos;
  /** Percentile ranks over the photos that have both. */
  ranks: Ranks;
  residuals: Float64Array;
  /** Percentile ranks of the scores over all photos that have one. */
  scoreRanks: Float64Array;
  days: ScoredDays & { noons: Float64Array };
  /** Ranks of days, each among all days that have the number. */
  dayRanks: Ranks;
  /** Ranks among the days that have both. */
  overlap: Ranks;
  scale: ValueScale;
  hasValues: boolean;
  /** First and last day of all photos. */
  whole: { from: number; to: number };
  selection: Selection;
};

export function createView(page: PageData): View {
  const { photos } = page;
  const days = dailyMeans(photos, wallDate);
  const { timestamps } = photos;
  const whole = {
    from: startOfDay(timestamps[0] ?? 0),
    to: startOfDay(timestamps[timestamps.length - 1] ?? 0) + DAY_MS,
  };
  return {
    page,
    photos,
    ranks: overlapRanks(photos),
    residuals: rankResiduals(photos),
    scoreRanks: percentileRanks(photos.scores),
    days: { ...days, noons: Float64Array.from(days.dates, (date) => Date.parse(date) + DAY_MS / 2) },
    dayRanks: { observed: percentileRanks(days.values), predicted: percentileRanks(days.scores) },
    overlap: overlapRanks(days),
    scale: valueScale(
      page.observed ? Float64Array.of(...extremesOf(page.observed.values, photos.values)) : photos.values,
    ),
    hasValues: photos.values.some((value) => !Number.isNaN(value)),
    whole,
    selection: { ...whole, splits: new Set(IMAGE_SPLITS) },
  };
}

/** Least, least positive and largest number: all that a scale depends on. */
function extremesOf(...columns: Float64Array[]): number[] {
  let [least, positive, most] = [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  for (const column of columns)
    for (const value of column) {
      if (Number.isNaN(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
      if (value > 0) positive = Math.min(positive, value);
    }
  return [least, positive, most].filter(Number.isFinite);
}

export const startOfDay = (wallMs: number): number => Math.floor(wallMs / DAY_MS) * DAY_MS;

export const isWhole = ({ whole, selection }: View): boolean =>
  selection.from === whole.from && selection.to === whole.to;

const isWithin = ({ from, to }: Selection, wallMs: number): boolean => wallMs >= from && wallMs < to;

/** The photos of the period: those outside lose their numbers, which leaves them out of every statistic. */
export function photosOfPeriod(view: View): ScoredPhotos {
  if (isWhole(view)) return view.photos;
  const { photos, selection } = view;
  const within = (numbers: Float64Array) =>
    numbers.map((number, row) =>
      isWithin(selection, photos.timestamps[row] as number) ? number : Number.NaN,
    );
  return { ...photos, values: within(photos.values), scores: within(photos.scores) };
}

/** A split as figures show it, with its rows of the period. */
export type SplitRows = { id: ImageSplit; label: string; rows: number[] };

/** Shown splits with their photos of the period; `keep` chooses among them. */
export function photosBySplit(view: View, keep: (row: number) => boolean): SplitRows[] {
  const { photos, selection } = view;
  return bySplit(
    selection,
    photos.splits,
    (row) => isWithin(selection, photos.timestamps[row] as number) && keep(row),
  );
}

export function daysBySplit(view: View, keep: (day: number) => boolean): SplitRows[] {
  const { days, selection } = view;
  return bySplit(
    selection,
    days.splits,
    (day) => isWithin(selection, days.noons[day] as number) && keep(day),
  );
}

function bySplit(
  selection: Selection,
  splits: readonly ImageSplit[],
  keep: (row: number) => boolean,
): SplitRows[] {
  const rows: Record<ImageSplit, number[]> = { train: [], val: [], 'test-in': [], 'test-out': [] };
  for (let row = 0; row < splits.length; row++) if (keep(row)) rows[splits[row] as ImageSplit].push(row);
  return IMAGE_SPLITS.filter((id) => selection.splits.has(id)).map((id) => ({
    id,
    label: SPLIT_GROUPS.find((group) => group.id === id)?.label as string,
    rows: rows[id],
  }));
}

/** Rows of all shown splits, ascending. */
export const allRows = (splits: readonly SplitRows[]): number[] =>
  splits.length === 1
    ? (splits[0] as SplitRows).rows
    : splits.flatMap(({ rows }) => rows).sort((a, b) => a - b);

/** Annotation pairs of the period whose photos are both in shown splits. */
export function pairsOfPeriod(view: View): number[] {
  const { page, photos, selection } = view;
  const { left, right } = page.pairs;
  const isShown = (row: number) =>
    selection.splits.has(photos.splits[row] as ImageSplit) &&
    isWithin(selection, photos.timestamps[row] as number);
  return [...left.keys()].filter((pair) => isShown(left[pair] as number) && isShown(right[pair] as number));
}
