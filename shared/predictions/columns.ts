import * as z from 'zod';
import { PHOTO_FAULTS, type PhotoFault } from '../dataset/reasons.ts';
import {
  instantCell,
  numberCell,
  optionalIdCell,
  optionalNumberCell,
  optionalTextCell,
  textCell,
} from '../formats/csv.ts';
import { parseJsonAs } from '../formats/json.ts';
import { type StationClock, wholeSecond } from '../formats/local-time.ts';
import { INPUT_IMAGE_COLUMNS, inputImage } from '../model-input/rank-input.ts';

/** Columns of predictions.csv and of its chunks (contract 5.4). */
export const PREDICTION_COLUMNS = [...INPUT_IMAGE_COLUMNS, 'score'] as const;
/** A row that a run has just written itself; files where others may write are read by `predictedPhoto`. */
export const prediction = inputImage.extend({ score: optionalNumberCell });
export type Prediction = z.output<typeof prediction>;

/** R and Python also write NaN and infinite numbers; such a cell counts as missing. */
const NOT_FINITE = /^[+-]?(nan|inf(inity)?)$/i;
export const numberOrNoneCell = z
  .string()
  .nullable()
  .transform((text) => (text !== null && NOT_FINITE.test(text) ? null : text))
  .pipe(optionalNumberCell);

/**
 * A row of any predictions.csv: of a whole station, published, or of an imageset, whoever wrote it. Columns that only some of
 * them have are null in the others (contract 5.4, 5.5).
 */
export const predictedPhoto = z.object({
  split: optionalTextCell.default(null),
  image_id: optionalIdCell.default(null),
  // Python writes fractions of seconds, which other files lack.
  timestamp: instantCell.transform(wholeSecond),
  filename: textCell,
  url: optionalTextCell.default(null),
  value: numberOrNoneCell.default(null),
  score: numberOrNoneCell,
});
export type PredictedPhoto = z.output<typeof predictedPhoto>;

/** A row as the website reads it: it takes the date from the first ten characters, so these are in station time (Q-P2). */
export const inStationTime =
  (clock: StationClock) =>
  <Row extends { timestamp: number }>(row: Row) => ({ ...row, timestamp: clock.iso(row.timestamp) });

/** Columns of an imageset's predictions.csv (contract 5.4), and a row of it. */
export const IMAGESET_PREDICTION_COLUMNS = ['image_id', 'timestamp', 'filename', 'url', 'score'] as const;
export const imagesetLine =
  (clock: StationClock) =>
  <Row extends { timestamp: number }>(row: Row) => ({
    ...row,
    timestamp: clock.iso(row.timestamp).replace('T', ' '),
  });

/** What the model answers for one photo: `score` is null if it cannot be scored; only our models say why. */
const modelAnswer = z.object({
  score: z.number().nullable(),
  error: z.string().optional().catch(undefined),
  fault: z.string().optional().catch(undefined),
  /** Range of its luma: our models return it with a score (model/photos.py). */
  luma: z.tuple([z.number(), z.number()]).optional().catch(undefined),
});

export type ModelAnswer = z.output<typeof modelAnswer>;

/** A score that Python can compute but JSON cannot represent. */
const SCORE_NOT_FINITE = /^\s*\{\s*"score"\s*:\s*(NaN|-?Infinity)\b/;

/** @throws MalformedJson */
export const parseModelAnswer = (text: string): ModelAnswer =>
  SCORE_NOT_FINITE.test(text) ? { score: null, fault: 'no_finite_score' } : parseJsonAs(text, modelAnswer);

/** Faults by the messages of models trained before answers had fault codes (model/inference.py). */
const WORDS_OF_FAULTS: [RegExp, PhotoFault][] = [
  [/^UnidentifiedImageError/, 'not_an_image'],
  [/^TooMany/, 'too_large_to_read'],
  [/^the score is/, 'no_finite_score'],
  [/truncated|^(OSError|SyntaxError|EOFError|ValueError|error):/, 'truncated'],
];

/** Why a photo has no score. */
export function faultOf({ error = '', fault = '' }: ModelAnswer): PhotoFault {
  if (Object.hasOwn(PHOTO_FAULTS, fault)) return fault as PhotoFault;
  return WORDS_OF_FAULTS.find(([words]) => words.test(error))?.[1] ?? 'other';
}

/** Columns of the list of photos of a batch, or of a run, that show nothing discernible. */
export const UNCLEAR_COLUMNS = ['image_id', 'timestamp', 'filename', 'low', 'high'] as const;
export const unclearPhoto = z.object({
  image_id: numberCell,
  timestamp: instantCell,
  filename: textCell,
  low: numberCell,
  high: numberCell,
});

/** Keys of these lists beside the scores: of a batch, and of the run. */
export const unclearName = (batch?: { skip: number; size: number }): string =>
  batch ? chunkName(batch).replace('predictions', 'unclear') : 'unclear.csv';

/** Name of a chunk: first row and nominal last row, even if the batch has fewer rows (contract 5.4, Q-M4). */
export const chunkName = ({ skip, size }: { skip: number; size: number }): string =>
  `predictions-${fiveDigits(skip)}-${fiveDigits(skip + size - 1)}.csv`;

const fiveDigits = (row: number): string => String(row).padStart(5, '0');
