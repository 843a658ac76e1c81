import { HOUR_MS } from '../formats/durations.ts';

/** Farther photos weigh less than a hundredth of the nearest. */
const REACH = 3;

type ScoredRow = { timestamp: number; score: number | null };

/**
 * Adds to each row the mean of the scores around it, weighted by a Gaussian of the time between them (Nadaraya 1964,
 * doi:10.1137/1109020), up to three standard deviations away. Rows are streamed: only those that are near are in memory.
 *
 * A stream changes little from one photo to the next, but what misleads the network (light, fog, a drop on the lens) does; on the
 * other hand, a flood that is shorter than the window is flattened.
 *
 * @param rows in batches, ascending by timestamp, milliseconds
 * @param hours standard deviation of the Gaussian
 * @returns in the same order; null where neither the row nor any near it has a score
 */
export async function* smoothScores<Row extends ScoredRow>(
  rows: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  hours: number,
): AsyncGenerator<(Row & { smoothed_score: number | null })[]> {
  const deviation = hours * HOUR_MS;
  let near: Row[] = [];
  let next = 0;
  /** Those rows after which all that follow are too far away. */
  const finished = (until: number) => {
    const done: (Row & { smoothed_score: number | null })[] = [];
    let first = 0;
    for (; next < near.length && (near[next] as Row).timestamp + REACH * deviation < until; next++) {
      const row = near[next] as Row;
      while ((near[first] as Row).timestamp < row.timestamp - REACH * deviation) first++;
      done.push({ ...row, smoothed_score: meanAround(row.timestamp, near, first, deviation) });
    }
    near = near.slice(first);
    next -= first;
    return done;
  };
  for await (const batch of rows) {
    for (const row of batch) near.push(row);
    const done = finished(near.at(-1)?.timestamp ?? Number.NEGATIVE_INFINITY);
    if (done.length > 0) yield done;
  }
  const last = finished(Number.POSITIVE_INFINITY);
  if (last.length > 0) yield last;
}

/** The same of rows that are all at hand. */
export function smoothedScores(rows: readonly ScoredRow[], hours: number): (number | null)[] {
  const deviation = hours * HOUR_MS;
  let first = 0;
  return rows.map(({ timestamp }) => {
    while ((rows[first] as ScoredRow).timestamp < timestamp - REACH * deviation) first++;
    return meanAround(timestamp, rows, first, deviation);
  });
}

/** @param first of the rows that may be near */
function meanAround(
  time: number,
  rows: readonly ScoredRow[],
  first: number,
  deviation: number,
): number | null {
  let [sum, weights] = [0, 0];
  for (let index = first; index < rows.length; index++) {
    const { timestamp, score } = rows[index] as ScoredRow;
    const distance = (timestamp - time) / deviation;
    if (distance > REACH) break;
    if (score === null) continue;
    const weight = Math.exp((-distance * distance) / 2);
    sum += weight * score;
    weights += weight;
  }
  return weights === 0 ? null : sum / weights;
}
