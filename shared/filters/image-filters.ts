import * as z from 'zod';
import type { DatasetImage } from '../dataset/columns.ts';
import { reason } from '../dataset/reasons.ts';
import type { StationTime } from '../formats/local-time.ts';
import { dateRange, type Filter, type FilterParameters, type Given, isInWindow } from './filter.ts';

/** @param local when the photo was taken, in the station's time zone */
export type Keeps<Parameters extends FilterParameters> = (
  given: Given<Parameters>,
  local: StationTime,
  photo: DatasetImage,
) => boolean;

const filter = <Parameters extends FilterParameters>(
  definition: Filter<Parameters> & { keeps: Keeps<Parameters> },
) => definition;

/** A filter that says for which photos the model is: new photos are scored only where it keeps them (contract 6.6). */
const window = <Parameters extends FilterParameters>(
  definition: Filter<Parameters> & { keeps(given: Given<Parameters>, local: StationTime): boolean },
) => ({ ...definition, isOfModel: true as const });

const images = dateRange('images');
const hour = z.int().min(0).max(23);
const month = z.int().min(1).max(12);

/** Photos of the dataset that the input of the run leaves out, each under the first filter that does (contract 6.2). */
export const IMAGE_FILTERS = {
  outside_dates: filter({
    ...reason(
      'Outside the dates',
      'outside the dates of the input',
      'photos of the dataset before images_start or after images_end',
    ),
    parameters: images.parameters,
    faultOf: images.faultOf,
    keeps: (given, { date }) => images.contains(given, date),
  }),
  outside_months: window({
    ...reason(
      'Outside the months',
      'outside the months of the input',
      'photos of the dataset outside min_month to max_month, station time',
    ),
    parameters: {
      min_month: month
        .default(1)
        .describe('first month, inclusive; 11 with max_month 3 is November to March'),
      max_month: month.default(12).describe('last month, inclusive'),
    },
    keeps: ({ min_month, max_month }, local) => isInWindow(local.month, min_month, max_month),
  }),
  outside_hours: window({
    ...reason(
      'Outside the hours',
      'outside the hours of the input',
      'photos of the dataset outside min_hour to max_hour, station time',
    ),
    parameters: {
      min_hour: hour.default(7).describe('first hour of the day, station time, inclusive'),
      max_hour: hour.default(18).describe('last hour of the day, inclusive: 18 keeps 18:59'),
    },
    keeps: ({ min_hour, max_hour }, local) => isInWindow(local.hour, min_hour, max_hour),
  }),
};
export type ImageFilter = keyof typeof IMAGE_FILTERS;
