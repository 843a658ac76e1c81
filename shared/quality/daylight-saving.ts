import { DAY_MS, MINUTE_MS } from '../formats/durations.ts';
import type { StationClock } from '../formats/local-time.ts';
import { quantile } from '../statistics/quantile.ts';
import type { DatasetPhoto } from './imagesets.ts';
import { within } from './place-in-time.ts';

/** Days on each side of a change: enough to see a schedule, few enough that nobody has changed it meanwhile. */
const DAYS_BESIDE = 5;
/** A schedule can be recognized from this many days with photos. */
const LEAST_DAYS = 3;
/** Share of the days that must keep to a schedule; not all do, because cameras skip photos or wake up late. */
const LEAST_REGULAR = 0.75;
const TOLERANCE_MINUTES = 5;
/** A camera that was away for longer than this may well have another schedule. */
const MOST_PAUSE_MS = 30 * DAY_MS;
const HOUR_MINUTES = 60;

/** An instant at which the clocks at the station are changed, by this many minutes. */
export type ClockChange = { instant: number; minutes: number };

/** Two photos, and by how many minutes the clock has moved from one to the other. */
export type HourChange = { before: DatasetPhoto; after: DatasetPhoto; minutes: number };

/** Changes of the clocks between the first and the last photo. */
export function changesOfClocks(photos: readonly DatasetPhoto[], clock: StationClock): ClockChange[] {
  const [first, last] = [photos[0], photos.at(-1)];
  if (!first || !last) return [];
  const offset = (epochMs: number) => (clock.wallMs(epochMs) - epochMs) / MINUTE_MS;
  const changes: ClockChange[] = [];
  for (let day = first.timestamp; day < last.timestamp; day += DAY_MS) {
    const minutes = offset(day + DAY_MS) - offset(day);
    if (minutes === 0) continue;
    let [low, high] = [day, day + DAY_MS];
    while (high - low > MINUTE_MS) {
      const middle = (low + high) / 2;
      if (offset(middle) === offset(day)) low = middle;
      else high = middle;
    }
    changes.push({ instant: Math.round(high / MINUTE_MS) * MINUTE_MS, minutes });
  }
  return changes;
}

/**
 * Finds imagesets whose clock changes with the clocks at the station. Then the first and the last photo of the day move by one hour;
 * or, if photos are taken all night, one hour is missing or occurs twice.
 *
 * @param imagesets photos of each, by time
 * @returns `seen`: how often an imageset was regular enough around a change to show it
 */
export function hourChanges(
  imagesets: ReadonlyMap<number, readonly DatasetPhoto[]>,
  changes: readonly ClockChange[],
): { found: HourChange[]; seen: number } {
  const found: HourChange[] = [];
  let seen = 0;
  for (const { instant, minutes } of changes)
    for (const photos of imagesets.values()) {
      const near = within(photos, instant - DAYS_BESIDE * DAY_MS, instant + DAYS_BESIDE * DAY_MS);
      const place = within(near, Number.NEGATIVE_INFINITY, instant).length;
      const [before, after] = [near[place - 1], near[place]];
      if (!before || !after) continue;
      const moves = [scheduleMoves(near, instant), nightMoves(near, instant, minutes)].filter(
        (moved) => moved !== null,
      );
      if (moves.length > 0) seen += 1;
      if (moves.some((moved) => Math.abs(moved - minutes) <= TOLERANCE_MINUTES))
        found.push({ before, after, minutes });
    }
  return { found, seen };
}

/** Pairs of successive imagesets whose schedules differ by exactly one hour. */
export function imagesetShifts(
  imagesets: ReadonlyMap<number, readonly DatasetPhoto[]>,
  clock: StationClock,
): HourChange[] {
  const inTime = [...imagesets.values()]
    .filter((photos) => photos.length > 0)
    .sort((one, other) => (one[0] as DatasetPhoto).timestamp - (other[0] as DatasetPhoto).timestamp);
  return inTime.slice(1).flatMap((next, index) => {
    const photos = inTime[index] as readonly DatasetPhoto[];
    const [before, after] = [photos.at(-1) as DatasetPhoto, next[0] as DatasetPhoto];
    const pause = after.timestamp - before.timestamp;
    if (pause < 0 || pause > MOST_PAUSE_MS) return [];
    // Both are cut at the same midnight, although the station's clocks may have changed in between: cameras do not change theirs.
    const midnight = before.timestamp - (clock.wallMs(before.timestamp) % DAY_MS);
    const one = scheduleOf(
      within(photos, before.timestamp - DAYS_BESIDE * DAY_MS, before.timestamp + 1),
      midnight,
    );
    const other = scheduleOf(within(next, after.timestamp, after.timestamp + DAYS_BESIDE * DAY_MS), midnight);
    const minutes = one && other && moveOf(one, other);
    return minutes !== null && Math.abs(Math.abs(minutes) - HOUR_MINUTES) <= TOLERANCE_MINUTES
      ? [{ before, after, minutes }]
      : [];
  });
}

/** Minutes after midnight of a day's first and last photo. */
type Schedule = { first: number; last: number };

function scheduleMoves(photos: readonly DatasetPhoto[], instant: number): number | null {
  // Clocks are changed in the small hours, so days that begin then do not cut a day of photos in two.
  const one = scheduleOf(within(photos, Number.NEGATIVE_INFINITY, instant), instant);
  const other = scheduleOf(within(photos, instant, Number.POSITIVE_INFINITY), instant);
  return one && other && moveOf(one, other);
}

/** By how much a schedule moves; null if its first and last photo do not move by the same time. */
function moveOf(one: Schedule, other: Schedule): number | null {
  const [first, last] = [other.first - one.first, other.last - one.last];
  return Math.abs(first - last) <= TOLERANCE_MINUTES ? Math.round((first + last) / 2) : null;
}

/** Null without a schedule. @param midnight where days are cut: any instant of a station's midnight, or near it */
function scheduleOf(photos: readonly DatasetPhoto[], midnight: number): Schedule | null {
  const days = [
    ...Map.groupBy(photos, ({ timestamp }) => Math.floor((timestamp - midnight) / DAY_MS)).entries(),
  ].map(([day, group]) => ({
    first: ((group[0] as DatasetPhoto).timestamp - midnight - day * DAY_MS) / MINUTE_MS,
    last: ((group.at(-1) as DatasetPhoto).timestamp - midnight - day * DAY_MS) / MINUTE_MS,
  }));
  const first = usual(days.map((day) => day.first));
  const last = usual(days.map((day) => day.last));
  return first === null || last === null ? null : { first, last };
}

/** The number that most numbers are close to; null if there is none. */
function usual(numbers: readonly number[]): number | null {
  if (numbers.length < LEAST_DAYS) return null;
  const middle = quantile(
    numbers.toSorted((one, other) => one - other),
    0.5,
  );
  const near = numbers.filter((number) => Math.abs(number - middle) <= TOLERANCE_MINUTES);
  return near.length >= LEAST_REGULAR * numbers.length ? middle : null;
}

/** The missing or repeated hour lies within this many hours of the change, whatever the offset of the imageset. */
const NIGHT_HOURS = 3;
/** With a longer time between photos, a shift of one hour cannot be seen. */
const MOST_STEP_MINUTES = 30;

/** By how much the clock of a camera that takes photos all night moves at a change. */
function nightMoves(photos: readonly DatasetPhoto[], instant: number, minutes: number): number | null {
  const steps = photos
    .slice(1)
    .map(({ timestamp }, index) => (timestamp - (photos[index] as DatasetPhoto).timestamp) / MINUTE_MS);
  const step = usual(steps);
  if (step === null || step === 0 || step > MOST_STEP_MINUTES) return null;
  const nightMs = NIGHT_HOURS * 60 * MINUTE_MS;
  const night = within(photos, instant - nightMs, instant + nightMs);
  if (minutes < 0) {
    const more = (night.length - (2 * NIGHT_HOURS * 60) / step) * step;
    return more >= 0.75 * -minutes ? minutes : 0;
  }
  const longer = night
    .slice(1)
    .map(({ timestamp }, index) => (timestamp - (night[index] as DatasetPhoto).timestamp) / MINUTE_MS - step);
  return longer.find((more) => Math.abs(more - minutes) <= TOLERANCE_MINUTES) ?? 0;
}
