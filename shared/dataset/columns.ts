import * as z from 'zod';
import {
  instantCell,
  numberCell,
  optionalInstantCell,
  optionalNumberCell,
  optionalTextCell,
  textCell,
} from '../formats/csv.ts';
import { formatInstant } from '../formats/local-time.ts';

/** Columns and rows of the dataset's files (contract 5.1); instants are milliseconds since 1970 once read. */

/** images.csv of the export: what the database knows of a photo. */
export const EXPORTED_IMAGE_COLUMNS = ['imageset_id', 'image_id', 'timestamp', 'filename', 'url'] as const;
export const exportedImage = z.object({
  imageset_id: numberCell,
  image_id: numberCell,
  timestamp: instantCell,
  filename: textCell,
  url: optionalTextCell,
});
export type ExportedImage = z.output<typeof exportedImage>;

export const DATASET_IMAGE_COLUMNS = [
  'station_name',
  'station_id',
  'imageset_id',
  'image_id',
  'timestamp',
  'filename',
  'url',
  'value',
] as const;
export const datasetImage = z.object({
  image_id: numberCell,
  timestamp: instantCell,
  filename: textCell,
  url: optionalTextCell,
  value: optionalNumberCell,
});
export type DatasetImage = z.output<typeof datasetImage>;

export const VALUE_COLUMNS = [
  'station_name',
  'station_id',
  'dataset_id',
  'series_id',
  'variable_id',
  'timestamp',
  'value',
  'flag',
] as const;
export const datasetValue = z.object({ timestamp: instantCell, value: numberCell });
/** All columns, those that are only passed on as text. */
export const valueRow = datasetValue.extend({
  station_name: optionalTextCell,
  station_id: numberCell,
  dataset_id: textCell,
  series_id: optionalNumberCell,
  variable_id: textCell,
  flag: optionalTextCell,
});

export const ANNOTATION_COLUMNS = [
  'annotation_id',
  'user_id',
  'station_id',
  'station_name',
  'duration_sec',
  'n',
  'url',
  'rank',
  'comment',
  'left.imageId',
  'left.attributes',
  'right.imageId',
  'right.attributes',
  'pair_id',
  'left.timestamp',
  'left.value',
  'left.url',
  'left.filename',
  'right.timestamp',
  'right.value',
  'right.url',
  'right.filename',
  'delta_value',
  'avg_value',
  'rel_delta_value',
  'true_rank',
  'data_nrow',
] as const;
/** One annotation pair, all 27 columns, those that are only passed on as text. */
export const annotationRow = z.object({
  annotation_id: numberCell,
  user_id: optionalTextCell,
  station_id: numberCell,
  // A station may be called NA, or nothing.
  station_name: optionalTextCell,
  duration_sec: optionalNumberCell,
  n: optionalNumberCell,
  url: optionalTextCell,
  rank: optionalTextCell,
  comment: optionalTextCell,
  'left.imageId': numberCell,
  'left.attributes': optionalTextCell,
  'right.imageId': numberCell,
  'right.attributes': optionalTextCell,
  pair_id: numberCell,
  'left.timestamp': optionalInstantCell,
  'left.value': optionalNumberCell,
  'left.url': optionalTextCell,
  'left.filename': optionalTextCell,
  'right.timestamp': optionalInstantCell,
  'right.value': optionalNumberCell,
  'right.url': optionalTextCell,
  'right.filename': optionalTextCell,
  delta_value: optionalNumberCell,
  avg_value: optionalNumberCell,
  rel_delta_value: optionalNumberCell,
  true_rank: optionalTextCell,
  data_nrow: numberCell,
});
export type AnnotationRow = z.output<typeof annotationRow>;

/** The row as it stands in the file again. */
export const annotationLine = (row: AnnotationRow) => ({
  ...row,
  'left.timestamp': optionalInstant(row['left.timestamp']),
  'right.timestamp': optionalInstant(row['right.timestamp']),
});

const optionalInstant = (epochMs: number | null) => (epochMs === null ? null : formatInstant(epochMs));
