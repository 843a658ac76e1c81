import type { AnnotationRow } from '../dataset/columns.ts';
import { type Counts, noneOf } from '../dataset/reasons.ts';
import { type FilterParameters, type Given, parametersOf } from './filter.ts';
import { type Keep, PAIR_FILTERS, type PairFilter, type PairSurroundings } from './pair-filters.ts';

export const pairFilterParameters = parametersOf(PAIR_FILTERS);

/** An annotation pair whose annotator decided. */
export type RankedPair = AnnotationRow & {
  rank: 'LEFT' | 'RIGHT' | 'SAME';
  'left.timestamp': number;
  'right.timestamp': number;
  'left.filename': string;
  'right.filename': string;
};

/** Keeps the pairs that an annotator ranked, both of whose photos are in the run, and that no other filter leaves out. */
export function filterPairs(
  pairs: readonly AnnotationRow[],
  given: Given<typeof pairFilterParameters>,
  surroundings: PairSurroundings,
): { kept: RankedPair[]; removed: Counts<PairFilter> } {
  const removed = noneOf(PAIR_FILTERS);
  let kept = pairs;
  for (const [code, { keep }] of Object.entries(PAIR_FILTERS) as [
    PairFilter,
    { keep: Keep<FilterParameters> },
  ][]) {
    const stay = keep(kept, given, surroundings);
    removed[code] = kept.length - stay.length;
    kept = stay;
  }
  return { kept: kept as RankedPair[], removed };
}
