import type { ObservedSeries } from '../dataset/observations.ts';
import { HOUR_MS } from '../formats/durations.ts';
import { countOf } from '../formats/numbers.ts';
import { quantile } from '../statistics/quantile.ts';
import { findVariable, variableWords, withUnit } from '../variables.ts';
import { type CheckResult, type Example, type FormatTime, findingOf, type NotedPhoto } from './finding.ts';
import { countBefore, within } from './place-in-time.ts';

/** Values further apart than this are not neighbors, but lie on both sides of a gap. FPE's own display uses an hour (contract 2.3). */
const NEIGHBOR_MS = 2 * HOUR_MS;

/** Waters in which the flow reverses: tidal stream, estuary, oceans (enum waterbody_type of FPE). */
const TIDAL = ['ST-TS', 'ES', 'OC', 'OC-CO'];

/** A river at rest gives the same three digits for up to 18 hours (a year of real 15-minute discharge); a day is beyond that. */
const STUCK_MS = 24 * HOUR_MS;
const STUCK_VALUES = 20;
/** If a third of the values change on the day before and on the day after, the flow cannot have stood still for the day between. */
const LIVELY = 1 / 3;

/** A leaf on a sensor, or a glitch of the logger, is gone within the hour; a flood takes hours to fall. */
const SPIKE_MS = HOUR_MS;
const SPIKE_VALUES = 3;
/** Against the values on both sides, which agree with each other to a fifth of it. */
const SPIKE_SHARE = 0.5;
const SIDES_AGREE = 0.2;
/** Against the largest of the other steps in the day around: in a flashy stream these are large as well. */
const SPIKE_STEPS = 3;
/** Against the smallest difference in the series, which is the resolution of the gage. */
const SPIKE_RESOLUTIONS = 10;
const AROUND_MS = 12 * HOUR_MS;

type ValuedPhoto = NotedPhoto & { value: number | null };

/** Values from one index of the series to before another. */
type Stretch = { start: number; end: number };

/**
 * Finds observed values that are impossible, or that come from a gage out of order: below the possible minimum, constant while the
 * hours around change, or far off for a moment. Codes that a logger writes instead of a value are not values, and not checked here.
 *
 * @param series at distinct times, ascending
 * @param photos by time, with the values that they take from the series
 * @param maxGapMs how far a photo may be from an observed value to take its own from there
 */
export function checkValues(
  {
    series,
    photos,
    variableCode,
    waterbodyType,
    maxGapMs,
  }: {
    series: ObservedSeries;
    photos: readonly ValuedPhoto[];
    variableCode: string;
    /** FPE's type of water of the station; null if FPE has none. */
    waterbodyType: string | null;
    maxGapMs: number;
  },
  at: FormatTime,
): CheckResult {
  const { timestamps, values } = series;
  const isTidal = TIDAL.includes(waterbodyType ?? '');
  const variable = findVariable(variableCode);
  const least = variable?.isReversedByTide && isTidal ? undefined : variable?.least;
  const below = least === undefined ? [] : stretchesBelow(series, least);
  const excluded = new Set(below.flatMap(({ start, end }) => range(start, end)));
  const usable = without(series, excluded);
  const inWords = variableWords(variableCode);
  const stuck = stuckStretches(usable);
  const spikes = spikesOf(usable);
  const example = (of: ObservedSeries, { start, end }: Stretch): Example => {
    const [from, to] = [of.timestamps[start] as number, of.timestamps[end - 1] as number];
    const level = end - start === 1 ? '' : ` (${countOf(end - start, 'value')})`;
    return {
      caption: `${from === to ? at(from) : `${at(from)} to ${at(to)}`}: ${withUnit(String(extremeOf(of.values, start, end)), inWords)}${level}`,
      photos: within(photos, from - maxGapMs, to + maxGapMs + 1).filter(({ value }) => value !== null),
    };
  };
  const found = (of: ObservedSeries, stretches: readonly Stretch[], said: Parameters<typeof findingOf>[0]) =>
    stretches.length > 0
      ? [
          findingOf(
            said,
            stretches.map((stretch) => example(of, stretch)),
          ),
        ]
      : [];
  return {
    check: 'values',
    checked:
      timestamps.length === 0
        ? 'There are no observed values.'
        : `${countOf(values.length, 'observed value')}: ${least === undefined ? `any sign, as ${isTidal ? 'the water is tidal' : 'the variable has no least value'}` : `none below ${least}`}; constant for a day; spikes of less than an hour.`,
    findings: [
      ...found(series, below, {
        kind: 'values.impossible',
        title: `${countOf(excluded.size, 'observed value')} below ${least}`,
        meaning:
          'The variable cannot be that low here: a sensor out of the water, a datum that has moved, or a fill value of the logger. Photos at these times are compared with a number that means nothing.',
        action:
          'Flag these values in FPE, or correct the file and upload it again. If the water is tidal, set the waterbody type of the station.',
      }),
      ...found(usable, stuck, {
        kind: 'values.stuck',
        title: `Observed values stand still ${countOf(stuck.length, 'time')} for a day or longer`,
        meaning:
          'The gage was frozen, silted up or disconnected, or the values were filled in. Photos of this time change, their values do not, which lowers Kendall tau through no fault of the model.',
        action: 'Compare with the photos; flag these values in FPE if the stream changed meanwhile.',
      }),
      ...found(usable, spikes, {
        kind: 'values.spike',
        title: `${countOf(spikes.length, 'spike')} in the observed values`,
        meaning:
          'A value leaps and is back within the hour, which water rarely does: debris on the sensor, a service visit, or a fault of the logger. Photos of that hour get a wrong value.',
        action: 'Compare with the photos; flag the values in FPE if the water was as before.',
      }),
    ],
  };
}

const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

function without(series: ObservedSeries, excluded: ReadonlySet<number>): ObservedSeries {
  if (excluded.size === 0) return series;
  const { timestamps, values } = series;
  return {
    timestamps: timestamps.filter((_, index) => !excluded.has(index)),
    values: values.filter((_, index) => !excluded.has(index)),
  };
}

function stretchesBelow({ values }: ObservedSeries, least: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (let start = 0; start < values.length; start++) {
    if (!((values[start] as number) < least)) continue;
    let end = start + 1;
    while (end < values.length && (values[end] as number) < least) end += 1;
    stretches.push({ start, end });
    start = end;
  }
  return stretches;
}

/** Constant for a day or longer, but not at 0, which is a dry stream and not a gage out of order. */
function stuckStretches(series: ObservedSeries): Stretch[] {
  const { timestamps, values } = series;
  const stretches: Stretch[] = [];
  for (let start = 0; start < values.length; ) {
    let end = start + 1;
    while (end < values.length && values[end] === values[start] && isNeighbor(timestamps, end)) end += 1;
    const [from, to] = [timestamps[start] as number, timestamps[end - 1] as number];
    if (
      values[start] !== 0 &&
      to - from >= STUCK_MS &&
      end - start >= STUCK_VALUES &&
      isLively(series, from - STUCK_MS, from) &&
      isLively(series, to, to + STUCK_MS)
    )
      stretches.push({ start, end });
    start = end;
  }
  return stretches;
}

const isNeighbor = (timestamps: Float64Array, index: number): boolean =>
  (timestamps[index] as number) - (timestamps[index - 1] as number) <= NEIGHBOR_MS;

/** Whether most steps of a period change the value; one with too few steps to tell does not. */
function isLively({ timestamps, values }: ObservedSeries, from: number, to: number): boolean {
  const [start, end] = [firstFrom(timestamps, from), firstFrom(timestamps, to + 1)];
  let [steps, changes] = [0, 0];
  for (let index = start + 1; index < end; index++) {
    if (!isNeighbor(timestamps, index)) continue;
    steps += 1;
    if (values[index] !== values[index - 1]) changes += 1;
  }
  return steps >= STUCK_VALUES && changes >= LIVELY * steps;
}

/** One to three values that are far off the values on both sides, which are close to each other. */
function spikesOf(series: ObservedSeries): Stretch[] {
  const { timestamps, values } = series;
  const resolution = resolutionOf(values);
  const spikes: Stretch[] = [];
  for (let start = 1; start < values.length - 1; start++) {
    const stretch = spikeAt(series, start);
    if (!stretch) continue;
    const { end, height } = stretch;
    if (height < SPIKE_RESOLUTIONS * resolution) continue;
    if (height < SPIKE_STEPS * largestStepAround(timestamps, values, start, end)) continue;
    spikes.push({ start, end });
    start = end;
  }
  return spikes;
}

function spikeAt(
  { timestamps, values }: ObservedSeries,
  start: number,
): (Stretch & { height: number }) | null {
  if (!isNeighbor(timestamps, start)) return null;
  const before = values[start - 1] as number;
  const sign = Math.sign((values[start] as number) - before);
  let height = Number.POSITIVE_INFINITY;
  for (let end = start + 1; end < values.length && end - start <= SPIKE_VALUES; end++) {
    const last = end - 1;
    if ((timestamps[last] as number) - (timestamps[start] as number) > SPIKE_MS) return null;
    height = Math.min(height, sign * ((values[last] as number) - before));
    if (!(height > 0) || !isNeighbor(timestamps, end)) return null;
    const after = values[end] as number;
    const least = Math.min(height, sign * ((values[last] as number) - after));
    const isBack = least > 0 && Math.abs(after - before) <= SIDES_AGREE * least;
    if (isBack && least >= SPIKE_SHARE * Math.max(Math.abs(before), Math.abs(after)))
      return { start, end, height: least };
  }
  return null;
}

/** Largest change between successive values in the day around a stretch, without the changes at the stretch itself. */
function largestStepAround(
  timestamps: Float64Array,
  values: Float64Array,
  start: number,
  end: number,
): number {
  const [from, to] = [
    firstFrom(timestamps, (timestamps[start] as number) - AROUND_MS),
    firstFrom(timestamps, (timestamps[end] as number) + AROUND_MS),
  ];
  let largest = 0;
  for (let index = Math.max(1, from + 1); index < to; index++) {
    if (index >= start && index <= end) continue;
    largest = Math.max(largest, Math.abs((values[index] as number) - (values[index - 1] as number)));
  }
  return largest;
}

/** Smallest difference of two values that follow one another and differ: that of a twentieth of them, as averages are finer. */
function resolutionOf(values: Float64Array): number {
  const differences = values
    .slice(1)
    .map((value, index) => Math.abs(value - (values[index] as number)))
    .filter((difference) => difference > 0)
    .sort();
  return differences.length > 0 ? quantile(differences, 0.05) : 0;
}

/** The value of a stretch that is farthest from 0. */
function extremeOf(values: Float64Array, start: number, end: number): number {
  let extreme = values[start] as number;
  for (let index = start + 1; index < end; index++)
    if (Math.abs(values[index] as number) > Math.abs(extreme)) extreme = values[index] as number;
  return Number(extreme.toPrecision(6));
}

/** Index of the first instant at or after another one. */
const firstFrom = (timestamps: Float64Array, instant: number): number =>
  countBefore(timestamps.length, (index) => timestamps[index] as number, instant);
