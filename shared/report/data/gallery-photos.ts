import { contradictions } from '../../predictions/pair-accuracy.ts';
import { examplesOf } from './noted-photos.ts';
import type { ReportData } from './report-data.ts';
import { largestResiduals, rankResiduals } from './statistics.ts';

/** Photos and pairs of one gallery. */
export const MOST_CARDS = 24;
export const MOST_MOVED = 12;
/** A model that is less sure than this does not contradict anybody. */
export const LEAST_CONFIDENCE = 0.75;

type Sources = Pick<ReportData, 'photos' | 'pairs' | 'comparison' | 'checks'>;

/**
 * Keys of the photos that the page shows before its reader has selected anything, each once, those of the first gallery first;
 * browser/galleries.ts draws the same ones.
 */
export function galleryPhotos({ photos, pairs, comparison, checks }: Sources): string[] {
  const worst = largestResiduals(rankResiduals(photos), MOST_CARDS);
  const contradicted = contradictions(pairs, photos.scores, LEAST_CONFIDENCE)
    .slice(0, MOST_CARDS)
    .flatMap(({ pair }) => [pairs.left[pair] as number, pairs.right[pair] as number]);
  const moved = comparison === null ? [] : largestResiduals(rankChanges(comparison.ranks), MOST_MOVED);
  const noted = examplesOf(checks).flatMap((example) => example.photos);
  return [
    ...new Set([
      ...[...worst, ...contradicted, ...moved].map((row) => photos.keys[row] as string),
      ...noted.map(({ filename }) => filename),
    ]),
  ];
}

/** How far each photo is from where the previous model had put it, as percentile ranks; NaN where either has no score. */
export const rankChanges = ({ now, before }: { now: Float64Array; before: Float64Array }): Float64Array =>
  now.map((rank, row) => rank - (before[row] as number));
