import type { DatasetImage } from '../dataset/columns.ts';
import type { StationClock, StationTime } from '../formats/local-time.ts';
import {
  type FilterParameters,
  type Given,
  type ParametersOf,
  parametersOf,
  withoutDefaults,
} from './filter.ts';
import { IMAGE_FILTERS, type ImageFilter, type Keeps } from './image-filters.ts';

export const imageFilterParameters = parametersOf(IMAGE_FILTERS);

/** @returns what leaves a photo out, or null */
export function imageFilter(
  given: Given<typeof imageFilterParameters>,
  clock: StationClock,
): (photo: DatasetImage) => ImageFilter | null {
  const filters = Object.entries(IMAGE_FILTERS) as [ImageFilter, { keeps: Keeps<FilterParameters> }][];
  return (photo) => {
    const local = clock.calendar(photo.timestamp);
    return filters.find(([, { keeps }]) => !keeps(given, local, photo))?.[0] ?? null;
  };
}

type Windows = {
  [Code in ImageFilter as (typeof IMAGE_FILTERS)[Code] extends { isOfModel: true }
    ? Code
    : never]: (typeof IMAGE_FILTERS)[Code];
};
const WINDOWS = Object.fromEntries(
  Object.entries(IMAGE_FILTERS).filter(([, definition]) => 'isOfModel' in definition),
) as Windows;

/** Parameters that say for which photos a model is. */
export const windowParameters: ParametersOf<Windows> = parametersOf(WINDOWS);
/** The same without their defaults, for a model that has them. */
export const windowLimits = withoutDefaults(windowParameters);

/** @returns whether a photo of this instant, milliseconds since 1970, is one of the model's */
export function windowFilter(
  given: Given<typeof windowParameters>,
  clock: StationClock,
): (epochMs: number) => boolean {
  const windows = Object.values(WINDOWS) as { keeps(given: object, local: StationTime): boolean }[];
  return (epochMs) => {
    const local = clock.calendar(epochMs);
    return windows.every(({ keeps }) => keeps(given, local));
  };
}
