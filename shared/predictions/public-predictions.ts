import { csvHeader, csvRows } from '../formats/csv.ts';
import type { StationClock } from '../formats/local-time.ts';
import { inStationTime, PREDICTION_COLUMNS, type PredictedPhoto } from './columns.ts';
import { smoothScores } from './smoothed-scores.ts';

const SMOOTHED_COLUMNS = [...PREDICTION_COLUMNS, 'smoothed_score'] as const;

/** Columns of the predictions.csv that the website reads; it ignores those that it does not know. */
export const publicColumns = (smoothingHours: number | null): readonly string[] =>
  smoothingHours === null ? PREDICTION_COLUMNS : SMOOTHED_COLUMNS;

/** The whole file; see `publicLines`. */
export async function* publicFile(
  rows: AsyncIterable<PredictedPhoto[]> | Iterable<PredictedPhoto[]>,
  clock: StationClock,
  smoothingHours: number | null,
): AsyncGenerator<string> {
  yield csvHeader(publicColumns(smoothingHours));
  yield* publicLines(rows, clock, smoothingHours);
}

/**
 * Its lines without the header, as the website reads them (Q-P2).
 *
 * @param rows in batches, ascending by timestamp, each with a score: the website would treat a photo without one as 0 (Q-P1)
 * @param smoothingHours of the model; null for no smoothed scores
 */
export async function* publicLines(
  rows: AsyncIterable<PredictedPhoto[]> | Iterable<PredictedPhoto[]>,
  clock: StationClock,
  smoothingHours: number | null,
): AsyncGenerator<string> {
  if (smoothingHours === null) {
    for await (const batch of rows)
      if (batch.length > 0) yield csvRows(PREDICTION_COLUMNS, batch.map(inStationTime(clock)));
    return;
  }
  for await (const batch of smoothScores(rows, smoothingHours))
    yield csvRows(SMOOTHED_COLUMNS, batch.map(inStationTime(clock)));
}
