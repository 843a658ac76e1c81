import type { AnnotationRow } from '../dataset/columns.ts';
import { type Counts, noneOf, PAIR_FILTERS, type PairFilter } from '../dataset/reasons.ts';
import type { StationClock } from '../formats/local-time.ts';
import type { SeededRandom } from '../statistics/seeded-random.ts';
import { isBetween } from './image-filter.ts';

/** An annotation pair whose annotator decided. */
export type RankedPair = AnnotationRow & {
  rank: 'LEFT' | 'RIGHT' | 'SAME';
  'left.timestamp': number;
  'right.timestamp': number;
  'left.filename': string;
  'right.filename': string;
};

/**
 * Keeps the pairs that an annotator ranked, both of whose photos are in the run and within the dates of the input, at
 * most `maxN` of them.
 *
 * @param imageIds photos that the filters of the run keep
 * @param random draws the sample, which stays in the order of the file (Q-I9)
 */
export function filterPairs(
  pairs: readonly AnnotationRow[],
  imageIds: ReadonlySet<number>,
  limits: { start?: string | undefined; end?: string | undefined; maxN?: number | undefined },
  clock: StationClock,
  random: SeededRandom,
): { kept: RankedPair[]; removed: Counts<PairFilter> } {
  const removed = noneOf(PAIR_FILTERS);
  const isInDates = (epochMs: number) => isBetween(clock.calendar(epochMs).date, limits.start, limits.end);
  const candidates = pairs.filter((pair): pair is RankedPair => {
    if (pair.rank === null || pair.rank === 'UNKNOWN') removed.not_ranked += 1;
    else if (!imageIds.has(pair['left.imageId']) || !imageIds.has(pair['right.imageId']))
      removed.photo_filtered += 1;
    else if (!isInDates(pair['left.timestamp'] as number) || !isInDates(pair['right.timestamp'] as number))
      removed.outside_dates += 1;
    else return true;
    return false;
  });
  if (limits.maxN === undefined || candidates.length <= limits.maxN) return { kept: candidates, removed };
  const chosen = new Set(random.shuffle(candidates.keys().toArray()).slice(0, limits.maxN));
  removed.not_sampled = candidates.length - limits.maxN;
  return { kept: candidates.filter((_, index) => chosen.has(index)), removed };
}
