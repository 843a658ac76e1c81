import { interpolate } from '../dataset/observations.ts';
import { DAY_MS } from '../formats/durations.ts';
import type { UsgsValue } from './value-page.ts';

/** A pause that is longer is an end: what another series has then is no second opinion, but the only one. */
const PAUSE_MS = 30 * DAY_MS;

type Interval = { start: number; end: number };
type Series = { timeSeriesId: string; values: UsgsValue[] };

export type JoinedSeries = {
  /** By time, each time once. */
  values: UsgsValue[];
  /** In the order of their first values. */
  used: (Interval & { timeSeriesId: string; count: number })[];
  /** What was left out, as another series has values for that time. */
  left: { timeSeriesId: string; count: number }[];
};

/** Sorts values into series; a time that comes twice counts once. */
export function valueSeries(values: Iterable<UsgsValue>): Series[] {
  const found = new Map<string, Map<number, UsgsValue>>();
  for (const value of values) {
    const series = found.get(value.time_series_id) ?? new Map<number, UsgsValue>();
    found.set(value.time_series_id, series.set(value.timestamp, value));
  }
  return Array.from(found, ([timeSeriesId, byTime]) => {
    const values = [...byTime.values()].sort((a, b) => a.timestamp - b.timestamp);
    return { timeSeriesId, values };
  });
}

/**
 * Joins the series of a site: one that ended is followed by its successor. At any time the values are of one series, as two
 * sensors must not be mixed (Q-D6): where several have values, of the one that gives more photos a value, then of the one with
 * more values, then of the first by id.
 *
 * @param photos times, milliseconds, ascending
 * @param maxGapMs as in `interpolate`
 */
export function joinSeries(
  series: readonly Series[],
  photos: ArrayLike<number>,
  maxGapMs: number,
): JoinedSeries {
  const ranked = series
    .map((one) => ({ ...one, served: photosServed(one, photos, maxGapMs) }))
    .sort(
      (a, b) =>
        b.served - a.served ||
        b.values.length - a.values.length ||
        (a.timeSeriesId < b.timeSeriesId ? -1 : 1),
    );
  const taken: Interval[] = [];
  const joined: JoinedSeries = { values: [], used: [], left: [] };
  for (const { timeSeriesId, values } of ranked) {
    const isTaken = ({ timestamp }: UsgsValue) =>
      taken.some(({ start, end }) => timestamp >= start && timestamp <= end);
    const kept = values.filter((value) => !isTaken(value));
    if (kept.length < values.length) joined.left.push({ timeSeriesId, count: values.length - kept.length });
    const [first, last] = [kept[0], kept.at(-1)];
    if (!first || !last) continue;
    for (const value of kept) joined.values.push(value);
    joined.used.push({ timeSeriesId, count: kept.length, start: first.timestamp, end: last.timestamp });
    for (const interval of intervalsOf(kept)) taken.push(interval);
  }
  joined.values.sort((a, b) => a.timestamp - b.timestamp);
  joined.used.sort((a, b) => a.start - b.start);
  return joined;
}

function intervalsOf(values: readonly UsgsValue[]): Interval[] {
  const intervals: Interval[] = [];
  for (const { timestamp } of values) {
    const latest = intervals.at(-1);
    if (latest && timestamp - latest.end <= PAUSE_MS) latest.end = timestamp;
    else intervals.push({ start: timestamp, end: timestamp });
  }
  return intervals;
}

function photosServed({ values }: Series, photos: ArrayLike<number>, maxGapMs: number): number {
  const observed = {
    timestamps: Float64Array.from(values, ({ timestamp }) => timestamp),
    values: Float64Array.from(values, ({ value }) => value),
  };
  return interpolate(observed, photos, maxGapMs).filter((value) => value !== null).length;
}
