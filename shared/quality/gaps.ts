import type { ObservedSeries } from '../dataset/observations.ts';
import { DAY_MS, HOUR_MS } from '../formats/durations.ts';
import { countOf, formatCount } from '../formats/numbers.ts';
import { quantile } from '../statistics/quantile.ts';
import { type CheckResult, type Example, type FormatTime, findingOf, type NotedPhoto } from './finding.ts';

/** Exchanging a camera takes days. A longer gap can hide a whole flood and its recession. */
const PHOTO_GAP_MS = 7 * DAY_MS;
/** At stations where people take photos on visits, the usual time between photos is long: a gap is ten times that. */
const STEPS_OF_GAP = 10;
/** USGS fills in single missing values. After a day without values, the gage is out of order or frozen, or a file was not uploaded. */
const VALUE_GAP_MS = DAY_MS;

/**
 * Finds periods without photos, and photos without observed values.
 *
 * @param photos by time
 * @param maxGapMs how far a photo may be from an observed value to take its own from there
 */
export function checkGaps(
  {
    photos,
    series: { timestamps },
    maxGapMs,
  }: {
    photos: readonly (NotedPhoto & { value: number | null })[];
    series: Pick<ObservedSeries, 'timestamps'>;
    maxGapMs: number;
  },
  at: FormatTime,
): CheckResult {
  const photoGaps = gapsOfPhotos(photos, at);
  const valueGaps = gapsOfValues(photos, timestamps, Math.max(VALUE_GAP_MS, maxGapMs), at);
  const without = photos.filter(({ value }) => value === null).length;
  const share = photos.length > 0 ? Math.round((100 * without) / photos.length) : 0;
  return {
    check: 'gaps',
    checked: `${countOf(photos.length, 'photo')} for gaps of ${PHOTO_GAP_MS / DAY_MS} days; ${
      timestamps.length === 0
        ? 'there are no observed values.'
        : `${countOf(timestamps.length, 'observed value')} for gaps of a day with photos in them (${share} % of the photos have no value).`
    }`,
    findings: [
      ...(photoGaps.length > 0
        ? [
            findingOf(
              {
                kind: 'gaps.photos',
                title: `${countOf(photoGaps.length, 'gap')} between photos`,
                meaning:
                  'Nothing is known of the stream in these times. Floods and seasons that no photo shows are missing from training as well.',
                action:
                  'Look in the field notes whether the camera was away, or a card has not been uploaded to FPE yet.',
              },
              photoGaps,
            ),
          ]
        : []),
      ...(valueGaps.length > 0
        ? [
            findingOf(
              {
                kind: 'gaps.values',
                title: `${countOf(valueGaps.length, 'gap')} of observed values while photos were taken`,
                meaning:
                  'Photos in these gaps are ranked all the same, but no observed value says whether rightly: Kendall tau is about the other photos alone.',
                action: 'Upload the missing part of the series to FPE, or ask the operator of the gage.',
              },
              valueGaps,
            ),
          ]
        : []),
    ],
  };
}

function gapsOfPhotos(photos: readonly NotedPhoto[], at: FormatTime): Example[] {
  const steps = new Float64Array(Math.max(0, photos.length - 1));
  for (let index = 0; index < steps.length; index++)
    steps[index] = (photos[index + 1] as NotedPhoto).timestamp - (photos[index] as NotedPhoto).timestamp;
  const usual = quantile(steps.toSorted(), 0.5);
  const least = Math.max(PHOTO_GAP_MS, STEPS_OF_GAP * usual);
  return longestFirst(
    [...steps.keys()]
      .filter((index) => (steps[index] as number) > least)
      .map((index) => {
        const step = steps[index] as number;
        const [before, after] = [photos[index] as NotedPhoto, photos[index + 1] as NotedPhoto];
        return {
          ms: step,
          caption: `${days(step)} from ${at(before.timestamp)} to ${at(after.timestamp)}`,
          photos: [before, after],
        };
      }),
  );
}

/** Gaps between values, and before the first and after the last one, in which photos were taken. */
function gapsOfValues(
  photos: readonly (NotedPhoto & { value: number | null })[],
  timestamps: Float64Array,
  least: number,
  at: FormatTime,
): Example[] {
  const [first, last] = [photos[0], photos.at(-1)];
  if (timestamps.length === 0 || !first || !last) return [];
  const gaps: (Example & { ms: number })[] = [];
  let place = 0;
  for (const [from, to] of stretches(first.timestamp, timestamps, last.timestamp)) {
    place = firstPhoto(photos, place, (timestamp) => timestamp >= from);
    if (!(to - from > least)) continue;
    const end = firstPhoto(photos, place, (timestamp) => timestamp > to);
    const inGap = photos.slice(place, end).filter(({ value }) => value === null);
    if (inGap.length === 0) continue;
    gaps.push({
      ms: to - from,
      caption: `${days(to - from)} from ${at(from)} to ${at(to)}: ${countOf(inGap.length, 'photo')} without a value`,
      photos: [inGap[0] as NotedPhoto, ...(inGap.length > 1 ? [inGap.at(-1) as NotedPhoto] : [])],
    });
  }
  return longestFirst(gaps);
}

/** Periods without values: between successive values, before the first one and after the last one, as far as there are photos. */
function* stretches(
  first: number,
  timestamps: Float64Array,
  last: number,
): Generator<[from: number, to: number]> {
  const [firstValue, lastValue] = [timestamps[0] as number, timestamps.at(-1) as number];
  yield [Math.min(first, firstValue), firstValue];
  for (let next = 1; next < timestamps.length; next++)
    yield [timestamps[next - 1] as number, timestamps[next] as number];
  yield [lastValue, Math.max(last, lastValue)];
}

/** Index of the first photo from `start` on whose time satisfies the condition, or the number of photos. */
function firstPhoto(
  photos: readonly NotedPhoto[],
  start: number,
  isSuch: (timestamp: number) => boolean,
): number {
  let index = start;
  while (index < photos.length && !isSuch((photos[index] as NotedPhoto).timestamp)) index += 1;
  return index;
}

const longestFirst = (gaps: (Example & { ms: number })[]): Example[] =>
  gaps.sort((one, other) => other.ms - one.ms);

const days = (ms: number): string =>
  ms < 2 * DAY_MS ? `${formatCount(ms / HOUR_MS)} hours` : `${formatCount(ms / DAY_MS)} days`;
