import { csvPieces } from '../formats/csv.ts';
import { formatInstant } from '../formats/local-time.ts';
import { rankIntervals, type ScoreError } from './score-intervals.ts';
import type { NamedPhotos } from './scored-photos.ts';

/** Columns of predictions-intervals.csv (contract 5.4). */
const INTERVAL_COLUMNS = [
  ...(['image_id', 'timestamp', 'filename', 'score', 'score_low', 'score_high'] as const),
  ...(['rank', 'rank_low', 'rank_high'] as const),
] as const;

/** Decimals of ranks: of a million photos, each has another. */
const DECIMALS = 6;

/**
 * The file piece by piece: each photo of the run with its score, its percentile rank (0 … 1) and the 90 % intervals of both; empty
 * where it has no score, and where too little is known of how far scores may be off.
 */
export function intervalFile(photos: NamedPhotos, error: ScoreError | null): Generator<string> {
  const { scores, timestamps, imageIds, keys } = photos;
  const { ranks, low, high } = rankIntervals(scores, error?.halfWidth ?? 0);
  // NaN, where there is none, becomes an empty cell.
  const rounded = (rank: number): number => Number(rank.toFixed(DECIMALS));
  return csvPieces(INTERVAL_COLUMNS, keys.keys(), (row) => {
    const score = scores[row] as number;
    return {
      image_id: imageIds[row],
      timestamp: formatInstant(timestamps[row] as number),
      filename: keys[row],
      score,
      score_low: error && score - error.halfWidth,
      score_high: error && score + error.halfWidth,
      rank: rounded(ranks[row] as number),
      rank_low: error && rounded(low[row] as number),
      rank_high: error && rounded(high[row] as number),
    };
  });
}
