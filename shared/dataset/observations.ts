import { DAY_MS } from '../formats/durations.ts';
import { quantile } from '../statistics/quantile.ts';
/** Observed values and their interpolation to the times of photos (contract 2.3). */
export type Observation = { timestamp: number; value: number };

/** Observations at distinct times, ascending. */
export type ObservedSeries = { timestamps: Float64Array; values: Float64Array };

/**
 * Keeps observations from a day before the first photo to a day after the last, without missing values (NaN counts as
 * missing, Q-D7), and averages those of the same time.
 *
 * @param images times of the photos, milliseconds, ascending, at least one
 */
export function observedSeries(
  observations: readonly Observation[],
  images: ArrayLike<number>,
): ObservedSeries {
  const first = (images[0] as number) - DAY_MS;
  const last = (images[images.length - 1] as number) + DAY_MS;
  const kept = observations
    .filter(({ timestamp, value }) => timestamp >= first && timestamp <= last && !Number.isNaN(value))
    .sort((a, b) => a.timestamp - b.timestamp);
  const timestamps: number[] = [];
  const values: number[] = [];
  for (let start = 0; start < kept.length; ) {
    const { timestamp } = kept[start] as Observation;
    let sum = 0;
    let end = start;
    for (; end < kept.length && kept[end]?.timestamp === timestamp; end++)
      sum += (kept[end] as Observation).value;
    timestamps.push(timestamp);
    values.push(sum / (end - start));
    start = end;
  }
  return { timestamps: Float64Array.from(timestamps), values: Float64Array.from(values) };
}

/**
 * Value at the time of each photo: that of an observation at this very time (Q-D2), else linear between the nearest
 * earlier and later ones if both are at most `maxGapMs` away (Q-D1), else null. None or one observation gives exact hits
 * only (Q-D3).
 *
 * @param images milliseconds, ascending: both sequences are walked once
 */
export function interpolate(
  { timestamps, values }: ObservedSeries,
  images: ArrayLike<number>,
  maxGapMs: number,
): (number | null)[] {
  const interpolated: (number | null)[] = new Array(images.length);
  let next = 0;
  for (let image = 0; image < images.length; image++) {
    const at = images[image] as number;
    while (next < timestamps.length && (timestamps[next] as number) < at) next++;
    interpolated[image] = valueAt(timestamps, values, next, at, maxGapMs);
  }
  return interpolated;
}

/** @param next index of the first observation at or after `at` */
function valueAt(
  timestamps: Float64Array,
  values: Float64Array,
  next: number,
  at: number,
  maxGapMs: number,
): number | null {
  if (next === timestamps.length) return null;
  const later = timestamps[next] as number;
  const laterValue = values[next] as number;
  if (later === at) return laterValue;
  if (next === 0) return null;
  const earlier = timestamps[next - 1] as number;
  const earlierValue = values[next - 1] as number;
  if (at - earlier > maxGapMs || later - at > maxGapMs) return null;
  // The order of R's approx() (stats, approx.c): another one differs in the last digit.
  return earlierValue + (laterValue - earlierValue) * ((at - earlier) / (later - earlier));
}

/**
 * Median distance of neighboring times, minutes; null below two times that differ.
 *
 * @param timestamps milliseconds, in any order
 */
export function medianStepMinutes(timestamps: ArrayLike<number>): number | null {
  const sorted = Float64Array.from(timestamps).sort();
  const distinct = sorted.filter((timestamp, index) => timestamp !== sorted[index - 1]);
  if (distinct.length < 2) return null;
  const steps = distinct
    .slice(1)
    .map((timestamp, index) => (timestamp - (distinct[index] as number)) / 60_000)
    .sort();
  return quantile(steps, 0.5);
}
