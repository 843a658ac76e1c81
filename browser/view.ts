import { DAY_MS } from '../shared/formats/durations.ts';
import { IMAGE_SPLITS, type ImageSplit } from '../shared/model-input/image-split.ts';
import { type RankIntervals, rankIntervals, scoreErrorOf } from '../shared/predictions/score-intervals.ts';
import {
  dailyMeans,
  type NamedPhotos,
  type ScoredDays,
  type ScoredPhotos,
  wallDate,
} from '../shared/predictions/scored-photos.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../shared/report/data/split-groups.ts';
import { overlapRanks, rankResiduals } from '../shared/report/data/statistics.ts';
import { type StratumOfRows, stratumOfRows } from '../shared/report/data/strata.ts';
import type { PageData } from '../shared/report/page/page-data.ts';
import { percentileRanks } from '../shared/statistics/ranks.ts';
import { type ValueScale, valueScale } from './value-scale.ts';

/** Which photos are shown: a period of whole days, wall-clock milliseconds, and splits. Another choice is another object. */
export type PageSelection = {
  /** Start of the first day. */
  from: number;
  /** End of the last day. */
  to: number;
  splits: ReadonlySet<ImageSplit>;
  /** Photos that are told apart by season, month, hour and value. */
  strataSplit: SplitGroup['id'];
};

export type Ranks = { observed: Float64Array; predicted: Float64Array };

/** Everything that figures draw from; ranks and residuals are those of the whole run. */
export type View = {
  page: PageData;
  photos: NamedPhotos;
  /** Percentile ranks over the photos that have both. */
  ranks: Ranks;
  residuals: Float64Array;
  /** Percentile ranks of the scores over all photos that have one. */
  scoreRanks: Float64Array;
  /** How far scores and these ranks may be off; null where too few held-out pairs tell. */
  scoreIntervals: { halfWidth: number; ranks: RankIntervals } | null;
  days: ScoredDays & { noons: Float64Array };
  /** Ranks of days, each among all days that have the number. */
  dayRanks: Ranks;
  /** Ranks among the days that have both. */
  overlap: Ranks;
  /** Season, month, hour and the like of each photo. */
  stratumOfRows: StratumOfRows;
  scale: ValueScale;
  hasValues: boolean;
  /** First and last day of all photos. */
  whole: { from: number; to: number };
  selection: PageSelection;
};

/** What the page begins with: photos that the model has not seen. */
export const INITIAL_STRATA_SPLIT: SplitGroup['id'] = 'test-all';

export function createView(page: PageData): View {
  const { photos } = page;
  const { timestamps } = photos;
  const whole = {
    from: startOfDay(timestamps[0] ?? 0),
    to: startOfDay(timestamps[timestamps.length - 1] ?? 0) + DAY_MS,
  };
  const days = once(() => {
    const means = dailyMeans(photos, wallDate);
    return { ...means, noons: Float64Array.from(means.dates, (date) => Date.parse(date) + DAY_MS / 2) };
  });
  const ranks = once(() => overlapRanks(photos));
  const residuals = once(() => rankResiduals(photos));
  const scoreRanks = once(() => percentileRanks(photos.scores));
  const scoreIntervals = once(() => {
    const error = scoreErrorOf(page.pairs, photos.scores, 'val');
    return error && { halfWidth: error.halfWidth, ranks: rankIntervals(photos.scores, error.halfWidth) };
  });
  const dayRanks = once(() => ({
    observed: percentileRanks(days().values),
    predicted: percentileRanks(days().scores),
  }));
  const overlap = once(() => overlapRanks(days()));
  const strata = once(() => stratumOfRows(photos));
  // Each when a figure first asks for it, so that the first figure does not wait for all.
  return {
    page,
    photos,
    get ranks() {
      return ranks();
    },
    get residuals() {
      return residuals();
    },
    get scoreRanks() {
      return scoreRanks();
    },
    get scoreIntervals() {
      return scoreIntervals();
    },
    get days() {
      return days();
    },
    get dayRanks() {
      return dayRanks();
    },
    get overlap() {
      return overlap();
    },
    get stratumOfRows() {
      return strata();
    },
    scale: valueScale(
      page.observed ? Float64Array.of(...extremesOf(page.observed.values, photos.values)) : photos.values,
    ),
    hasValues: photos.values.some((value) => !Number.isNaN(value)),
    whole,
    selection: { ...whole, splits: new Set(IMAGE_SPLITS), strataSplit: INITIAL_STRATA_SPLIT },
  };
}

/** Computes when it is first asked, and never again. */
export function once<Value>(compute: () => Value): () => Value {
  let computed: { value: Value } | undefined;
  return () => {
    computed ??= { value: compute() };
    return computed.value;
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

const isWithin = ({ from, to }: PageSelection, wallMs: number): boolean => wallMs >= from && wallMs < to;

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
export function photosBySplit(
  { photos, selection: chosen }: View,
  keep: (row: number) => boolean,
  selection = chosen,
): SplitRows[] {
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
  selection: PageSelection,
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
