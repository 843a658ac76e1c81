import { DAY_MS, HOUR_MS, MINUTE_MS } from '../formats/durations.ts';
import type { StationClock } from '../formats/local-time.ts';
import { countOf, formatCount, isOrAre } from '../formats/numbers.ts';
import { changesOfClocks, hourChanges, imagesetShifts } from './daylight-saving.ts';
import { type CheckResult, type Example, type FormatTime, findingOf, type NotedPhoto } from './finding.ts';
import { type DatasetPhoto, photosByImageset } from './imagesets.ts';
import { cameraSequences, type Sequence } from './sequence.ts';

/** Earlier dates are wrong: FPE began in 2020, even with archives of older photos; factory dates of cameras are 1970, 1980 or 2000. */
const EARLIEST_PHOTO = Date.parse('2005-01-01T00:00:00Z');
/** With a wrong time zone, a camera's clock may be ahead of this computer's, but never by more than a day. */
const FUTURE_MS = DAY_MS;
/** Photos from 1 January on are of a reset clock, not of a season that begins then, if they are this far from all other photos. */
const APART_MS = 30 * DAY_MS;
/** A reset clock starts at midnight of the camera's time, which is up to an hour earlier or later by the station's clock. */
const MIDNIGHT_BEFORE_MS = HOUR_MS;
const MIDNIGHT_AFTER_MS = 2 * HOUR_MS;
/** Cameras write whole seconds, and two photos of a burst may be saved out of order. */
const BACK_MS = MINUTE_MS;
/** A camera wakes up a few minutes late at times. */
const HOUR_TOLERANCE_MS = 5 * MINUTE_MS;

/**
 * Checks whether photos can have been taken at the times that they have: finds clocks that were reset or set back, and clocks that
 * change with daylight saving time, whereas the website takes each imageset's clock to have one offset throughout.
 *
 * @param photos by time
 * @param now after which no photo can have been taken: the start of the run
 */
export function checkClocks(
  photos: readonly DatasetPhoto[],
  { clock, at, now }: { clock: StationClock; at: FormatTime; now: number },
): CheckResult {
  const imagesets = photosByImageset(photos);
  const reset = resetPhotos(imagesets, clock);
  const right = withPossibleTimes(photos, { clock, now });
  const plausible = photosByImageset(right);
  const sequences = [...plausible.values()].flatMap(cameraSequences);
  const changes = changesOfClocks(right, clock);
  const hours = hourChanges(plausible, changes);
  const shifts = imagesetShifts(plausible, clock);
  const steps = sequences.flatMap((sequence) => stepsBack(sequence, at));
  const setBack = steps.filter(({ isHour }) => !isHour);
  const follows = [
    ...steps.filter(({ isHour }) => isHour),
    ...hours.found.map(({ before, after, minutes }) => ({
      caption: `imageset ${after.imageset_id}, ${minutes > 0 ? 'one hour ahead' : 'one hour back'} from ${at(before.timestamp)} to ${at(after.timestamp)}`,
      photos: [before, after],
    })),
  ];
  return {
    check: 'clock',
    checked: `The times of ${countOf(photos.length, 'photo')} in ${countOf(imagesets.size, 'imageset')}: ${describeMeans(sequences, hours.seen, imagesets.size)}`,
    findings: [
      ...found(grouped(reset, at), {
        kind: 'clock.reset',
        title: `${countOf(reset.size, 'photo')} ${isOrAre(reset.size)} dated as by a camera that has lost its clock`,
        meaning:
          'A camera that runs out of power starts again at its factory date. These photos were taken at another time, so the observed values beside them are not theirs.',
        action:
          'Correct the clock of the imageset in FPE if the right time of one photo is known; otherwise delete these photos.',
      }),
      ...found(futurePhotos(photos, now, at), {
        kind: 'clock.future',
        title: 'Photos are dated after this run was started',
        meaning:
          'The clock of the camera is wrong, or the wrong year was set; observed values cannot belong to these photos.',
        action: 'Correct the clock of the imageset in FPE, then start a new execution.',
      }),
      ...found(setBack, {
        kind: 'clock.back',
        title: `The clock of a camera was set back ${countOf(setBack.length, 'time')}`,
        meaning:
          'File names count on while the time goes back. The photos before or after that have wrong times, and the observed values of other hours or days.',
        action:
          'Look at both photos and at the field notes to see which side is right; upload the wrong part to FPE as an imageset of its own, with its clock corrected.',
      }),
      ...found(follows, {
        kind: 'clock.daylight_saving',
        title: `The clock of a camera changed by one hour ${countOf(follows.length, 'time')}`,
        meaning:
          'The camera follows daylight saving time, or was set by hand to it, while FPE takes one offset from UTC for the whole imageset. One side of the change is an hour off: daily means hardly notice, fast rising flows do.',
        action:
          'Switch off daylight saving time in the camera; upload the part after the change to FPE as an imageset of its own, with the offset from UTC that it has.',
      }),
      ...found(
        shifts.map(({ before, after, minutes }) => ({
          caption: `imageset ${before.imageset_id} until ${at(before.timestamp)}, imageset ${after.imageset_id} from ${at(after.timestamp)}: the daily schedule is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'later' : 'earlier'}`,
          photos: [before, after],
        })),
        {
          kind: 'clock.imageset_offset',
          title: `The daily schedule moves by one hour between two imagesets ${countOf(shifts.length, 'time')}`,
          meaning:
            'First and last photo of the day move by the same hour. Either the camera was given another schedule, or one of the imagesets has the wrong offset from UTC: then all of its times are an hour off.',
          action:
            'Compare the offsets from UTC of both imagesets in FPE with the field notes; correct the wrong one.',
        },
      ),
    ],
  };
}

const found = (examples: readonly Example[], words: Parameters<typeof findingOf>[0]) =>
  examples.length > 0 ? [findingOf(words, examples)] : [];

function describeMeans(sequences: readonly Sequence[], seen: number, imagesets: number): string {
  const counted = new Set(sequences.map(({ photos }) => photos[0]?.imageset_id)).size;
  const order =
    counted === 0
      ? 'no file names count on, so a clock that was set back cannot be seen by their order'
      : `order by the count in the file names in ${formatCount(counted)} of ${countOf(imagesets, 'imageset')}`;
  const schedule =
    seen === 0
      ? 'no schedule of photos is regular enough around a change of the clocks to show an hour'
      : `a regular schedule around ${countOf(seen, 'change')} of the clocks at the station`;
  return `years; ${order}; ${schedule}.`;
}

/** Photos without those of a camera whose clock was reset, and without those from the future. */
export function withPossibleTimes<Photo extends DatasetPhoto>(
  photos: readonly Photo[],
  { clock, now }: { clock: StationClock; now: number },
): Photo[] {
  const reset = resetPhotos(photosByImageset(photos), clock);
  return photos.filter((photo) => !reset.has(photo) && photo.timestamp <= now + FUTURE_MS);
}

/** Photos dated before FPE can have any, and photos that begin at midnight of a 1 January, far from all others of their camera. */
function resetPhotos(
  imagesets: ReadonlyMap<number, readonly DatasetPhoto[]>,
  clock: StationClock,
): Set<DatasetPhoto> {
  const reset = new Set<DatasetPhoto>();
  for (const photos of imagesets.values()) {
    const periods = periodsOf(photos);
    for (const period of periods) {
      const { timestamp } = period[0] as DatasetPhoto;
      if (timestamp < EARLIEST_PHOTO || (periods.length > 1 && beginsTheYear(clock.wallMs(timestamp))))
        for (const photo of period) reset.add(photo);
    }
  }
  return reset;
}

function periodsOf(photos: readonly DatasetPhoto[]): DatasetPhoto[][] {
  const periods: DatasetPhoto[][] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const photo of photos) {
    if (photo.timestamp - before > APART_MS) periods.push([]);
    periods.at(-1)?.push(photo);
    before = photo.timestamp;
  }
  return periods;
}

function beginsTheYear(wallMs: number): boolean {
  const year = new Date(wallMs + MIDNIGHT_BEFORE_MS).getUTCFullYear();
  const since = wallMs - Date.UTC(year, 0, 1);
  return since >= -MIDNIGHT_BEFORE_MS && since < MIDNIGHT_AFTER_MS;
}

/** One example for each imageset: its first photos. */
const grouped = (photos: ReadonlySet<DatasetPhoto>, at: FormatTime): Example[] =>
  [...photosByImageset([...photos])].map(([imageset, group]) => ({
    caption: `imageset ${imageset}, ${at((group[0] as NotedPhoto).timestamp)} to ${at((group.at(-1) as NotedPhoto).timestamp)}: ${countOf(group.length, 'photo')}`,
    photos: group,
  }));

const futurePhotos = (photos: readonly DatasetPhoto[], now: number, at: FormatTime): Example[] =>
  grouped(new Set(photos.filter(({ timestamp }) => timestamp > now + FUTURE_MS)), at);

type StepBack = Example & { isHour: boolean };

/** Where the times of photos go back although the camera's counter of photos goes on. */
function stepsBack({ photos, stepMs }: Sequence, at: FormatTime): StepBack[] {
  return photos.flatMap((after, index) => {
    const before = photos[index - 1];
    if (!before || after.timestamp - before.timestamp >= -BACK_MS) return [];
    const shift = before.timestamp + stepMs - after.timestamp;
    return [
      {
        caption: `imageset ${after.imageset_id}, from ${at(before.timestamp)} back to ${at(after.timestamp)}`,
        photos: [before, after],
        isHour: Math.abs(shift - HOUR_MS) <= HOUR_TOLERANCE_MS,
      },
    ];
  });
}
