import { countOf } from '../report/formats.ts';
import { type CheckResult, type Example, type FormatTime, findingOf, type NotedPhoto } from './finding.ts';

/**
 * Luma (ITU-R BT.601, 0 … 255) that a twentieth of the photo is darker than, and that a twentieth is lighter than, as
 * `model/photos.py` measures it without the camera's info strip.
 */
export type Luma = { low: number; high: number };

/** In sRGB this is 1.4 % of the light of white: on a screen in a lit room nobody sees a difference below. */
export const DARK_BELOW = 32;
/** A sheet of paper or the inside of a lens cap has the noise of JPEG, a few levels; fog over water spans thirty and more. */
export const BLANK_WITHIN = 12;

export type Unclear = 'dark' | 'blank';

/** Whether nothing can be seen on a photo; null where something can. */
export const unclearBy = ({ low, high }: Luma): Unclear | null =>
  high < DARK_BELOW ? 'dark' : high - low < BLANK_WITHIN ? 'blank' : null;

export type UnclearPhoto = NotedPhoto & Luma;

/**
 * Photos that were scored although nothing can be seen on them.
 *
 * @param measured number of photos whose luma is known
 * @param photos those of them on which nothing can be seen
 * @param images number of photos of the run
 */
export function checkDarkness(
  { measured, photos, images }: { measured: number; photos: readonly UnclearPhoto[]; images: number },
  at: FormatTime,
): CheckResult {
  const examples = (kind: Unclear): Example[] =>
    photos
      .filter((photo) => unclearBy(photo) === kind)
      .map((photo) => ({
        caption: `${at(photo.timestamp)}: luma ${Math.round(photo.low)} to ${Math.round(photo.high)} of 255`,
        photos: [photo],
      }));
  const [dark, blank] = [examples('dark'), examples('blank')];
  return {
    check: 'darkness',
    checked: `The light of ${countOf(measured, 'photo')} of ${countOf(images, 'photo')} in this run, measured while they were scored.`,
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
