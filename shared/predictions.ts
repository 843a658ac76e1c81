import * as z from 'zod';
import { optionalNumberCell } from './csv.ts';
import { INPUT_IMAGE_COLUMNS, inputImage } from './input-files.ts';

/** Columns of predictions.csv and of its chunks (contract 5.4). */
export const PREDICTION_COLUMNS = [...INPUT_IMAGE_COLUMNS, 'score'] as const;
export const prediction = inputImage.extend({ score: optionalNumberCell });
export type Prediction = z.output<typeof prediction>;

/** What the model answers for one photo: `score` is null when the photo cannot be read. */
export const modelAnswer = z.object({ score: z.number().nullable() });

/** Name of a chunk: first row and nominal last row, also of a batch with fewer rows (contract 5.4, Q-M4). */
export const chunkName = ({ skip, size }: { skip: number; size: number }): string =>
  `predictions-${fiveDigits(skip)}-${fiveDigits(skip + size - 1)}.csv`;

const fiveDigits = (row: number): string => String(row).padStart(5, '0');
