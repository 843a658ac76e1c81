import type { PredictedPhoto } from './columns.ts';

/**
 * Adds rows to predictions while they are streamed: only the added rows and those of one batch are in memory, never the whole
 * file.
 *
 * At equal times, existing rows come first. A photo that is already there is not added again.
 *
 * @param rows in batches, ascending by timestamp
 * @param added ascending by timestamp
 */
export async function* extendPredictions(
  rows: AsyncIterable<PredictedPhoto[]>,
  added: readonly PredictedPhoto[],
): AsyncGenerator<PredictedPhoto[]> {
  const pending = [...added];
  let next = 0;
  const isBefore = (timestamp: number) => (pending[next]?.timestamp ?? Number.POSITIVE_INFINITY) < timestamp;
  /** Repeated rows of a photo have its timestamp, too. */
  const forget = (row: PredictedPhoto) => {
    for (let at = next; pending[at]?.timestamp === row.timestamp; at++)
      if (isSamePhoto(pending[at] as PredictedPhoto, row)) pending.splice(at--, 1);
  };
  for await (const batch of rows) {
    const extended: PredictedPhoto[] = [];
    for (const row of batch) {
      while (isBefore(row.timestamp)) extended.push(pending[next++] as PredictedPhoto);
      forget(row);
      extended.push(row);
    }
    if (extended.length > 0) yield extended;
  }
  if (next < pending.length) yield pending.slice(next);
}

const isSamePhoto = (one: PredictedPhoto, other: PredictedPhoto): boolean =>
  one.image_id !== null && other.image_id !== null
    ? one.image_id === other.image_id
    : one.filename === other.filename;

/** Ascending by timestamp, then by id; for rows not in order of time. */
export const byInstant = (one: PredictedPhoto, other: PredictedPhoto): number =>
  one.timestamp - other.timestamp || (one.image_id ?? 0) - (other.image_id ?? 0);
