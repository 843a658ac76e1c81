import { countOf } from '../formats/numbers.ts';
import { type CheckResult, type Example, type FormatTime, findingOf, type NotedPhoto } from './finding.ts';
import { type GeographicPosition, sunElevation } from './sun.ts';

/**
 * Luma (ITU-R BT.601, 0 … 255) of a photo without the camera's info strip, as `model/photos.py` measures it: a twentieth of the
 * photo is darker than the first number, and a twentieth is lighter than the second.
 */
export type Luma = { low: number; high: number };

/** In sRGB this is 1.4 % of the light of white: on a screen in a lit room nobody sees a difference below. */
export const DARK_BELOW = 32;
/** A covered lens differs by a few levels, which is the noise of JPEG; even a photo of fog over water spans thirty levels or more. */
export const BLANK_WITHIN = 12;

/** When the sun is higher than this, in degrees above the horizon, even a wooded valley under clouds is light. */
const SUN_IS_UP = 10;

export type Unclear = 'dark' | 'blank';

/** Whether nothing can be seen on a photo; null where something can. */
export const unclearBy = ({ low, high }: Luma): Unclear | null =>
  high < DARK_BELOW ? 'dark' : high - low < BLANK_WITHIN ? 'blank' : null;

export type UnclearPhoto = NotedPhoto & Luma;

/** What is known about the light of a run's photos. */
export type Light = {
  measured: number;
  photos: readonly UnclearPhoto[];
  images: number;
  position: GeographicPosition | null;
};

/**
 * Photos that were scored although nothing can be seen on them, and among them those that are dark while the sun is up: their
 * camera was covered, or its clock is hours off.
 *
 * @param measured number of photos whose luma is known
 * @param photos those of them on which nothing can be seen
 * @param images number of photos of the run
 * @param position of the station; null where it is not known, so that day and night are not told apart
 */
export function checkDarkness({ measured, photos, images, position }: Light, at: FormatTime): CheckResult {
  const elevationOf = ({ timestamp }: UnclearPhoto) => (position ? sunElevation(position, timestamp) : -90);
  const examples = (of: readonly UnclearPhoto[]): Example[] =>
    of.map((photo) => {
      const sun = elevationOf(photo);
      const luma = `luma ${Math.round(photo.low)} to ${Math.round(photo.high)} of 255`;
      return {
        caption: `${at(photo.timestamp)}: ${luma}${sun < SUN_IS_UP ? '' : `, sun ${Math.round(sun)}° above the horizon`}`,
        photos: [photo],
      };
    });
  const darkPhotos = photos.filter((photo) => unclearBy(photo) === 'dark');
  const [dark, darkByDay, blank] = [
    darkPhotos.filter((photo) => elevationOf(photo) < SUN_IS_UP),
    darkPhotos.filter((photo) => elevationOf(photo) >= SUN_IS_UP),
    photos.filter((photo) => unclearBy(photo) === 'blank'),
  ].map(examples) as [Example[], Example[], Example[]];
  return {
    check: 'darkness',
    checked: `The light of ${countOf(measured, 'photo')} of ${countOf(images, 'photo')} in this run, measured while they were scored${position ? ', and how high the sun stood where they are dark' : ''}.`,
    findings: [
      ...(dark.length > 0
        ? [
            findingOf(
              {
                kind: 'darkness.dark',
                title: `${countOf(dark.length, 'photo')} too dark to see anything`,
                meaning:
                  'The scores of these photos mean nothing: the model has to answer something, and its answer enters daily means and Kendall tau.',
                action:
                  'Narrow min_hour and max_hour of the input to the hours of daylight, or delete the photos in FPE if the lens was covered.',
              },
              dark,
            ),
          ]
        : []),
      ...(darkByDay.length > 0
        ? [
            findingOf(
              {
                kind: 'darkness.by_day',
                title: `${countOf(darkByDay.length, 'photo')} dark while the sun is up`,
                meaning:
                  'Either the lens was covered, or the clock of the camera is hours off: morning and evening mistaken (a.m. and p.m.), a wrong time zone. Then all photos of the imageset have the observed values of other hours.',
                action:
                  'Look at the photos of the same imageset at other hours: if night comes at noon, correct its clock in FPE; otherwise delete the dark photos.',
              },
              darkByDay,
            ),
          ]
        : []),
      ...(blank.length > 0
        ? [
            findingOf(
              {
                kind: 'darkness.blank',
                title: `${countOf(blank.length, 'photo')} of one shade all over`,
                meaning:
                  'Snow, ice or water on the lens, fog, or a camera out of order: nothing of the stream is to be seen, so the score means nothing.',
                action: 'Delete these photos in FPE, and clean or exchange the camera if they go on.',
              },
              blank,
            ),
          ]
        : []),
    ],
  };
}
