import { type Cell, csvPieces } from '../formats/csv.ts';
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
  const cell = (number: number | undefined): Cell =>
    number === undefined || Number.isNaN(number) ? null : number;
  const rankCell = (rank: number | undefined): Cell =>
    rank === undefined || Number.isNaN(rank) ? null : Number(rank.toFixed(DECIMALS));
  return csvPieces(INTERVAL_COLUMNS, keys.keys(), (row) => {
    const score = scores[row] as number;
    return {
      image_id: imageIds[row],
      timestamp: formatInstant(timestamps[row] as number),
      filename: keys[row],
      score: cell(score),
      score_low: error && cell(score - error.halfWidth),
      score_high: error && cell(score + error.halfWidth),
      rank: rankCell(ranks[row]),
      rank_low: error && rankCell(low[row]),
      rank_high: error && rankCell(high[row]),
    };
  });
}
