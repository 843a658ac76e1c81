import { formatCount, formatInterval, formatShare, formatTau } from '../shared/report/formats.ts';
import { PAIR_SPLITS, pairAccuracy } from '../shared/report/pairs.ts';
import { dailyMeans, type ScoredRows, wallDate } from '../shared/report/scored-photos.ts';
import { SPLIT_GROUPS } from '../shared/report/split-groups.ts';
import { agreements, tauIntervals } from '../shared/report/statistics.ts';
import { photosOfPeriod, type View } from './view.ts';

const fill = (attribute: string, text: string) => {
  for (const cell of document.querySelectorAll(`[${attribute}]`)) cell.textContent = text;
};

/** Computes taus and accuracies of the period from all its photos, and puts them where the page shows them. */
export function updateNumbers(view: View): void {
  const photos = photosOfPeriod(view);
  const days = dailyMeans(photos, wallDate);
  const agreement = { photos: agreements(photos), days: agreements(days) };
  for (const by of ['photos', 'days'] as const)
    for (const { id } of SPLIT_GROUPS) {
      fill(`data-tau="${by}.${id}"`, formatTau(agreement[by][id].tau));
      fill(`data-n="${by}.${id}"`, formatCount(agreement[by][id].n));
      fill(`data-interval="${by}.${id}"`, '');
    }
  for (const split of PAIR_SPLITS) {
    const accuracy = pairAccuracy(view.page.pairs, photos.scores, split);
    fill(`data-accuracy="${split}"`, formatShare(accuracy.share));
    fill(`data-accuracy-n="${split}"`, formatCount(accuracy.n));
    fill(
      `data-accuracy-interval="${split}"`,
      accuracy.interval
        ? `${formatShare(accuracy.interval.low)} – ${formatShare(accuracy.interval.high)}`
        : '',
    );
    fill(`data-brier="${split}"`, formatTau(accuracy.brier));
  }
}

/** The taus that matter most, in the words of the toolbar; nothing at a station without observed values. */
export function shownNumbers(view: View): string {
  if (!view.hasValues) return '';
  const text = (attribute: string) => document.querySelector(`[${attribute}]`)?.textContent ?? '';
  const tau = (id: string) => `${text(`data-tau="photos.${id}"`)} (n ${text(`data-n="photos.${id}"`)})`;
  return `tau ${tau('overall')} · test ${tau('test-all')}`;
}

/** Intervals take a moment, so they follow once the reader has stopped dragging. */
export function updateIntervals(view: View, seed: number, resamples: number): void {
  const photos = photosOfPeriod(view);
  const days = dailyMeans(photos, wallDate);
  const numbers = new Map(days.dates.map((date, number) => [date, number]));
  const ofPhotos = Array.from(photos.timestamps, (wallMs) => numbers.get(wallDate(wallMs)) ?? -1);
  const show = (by: string, rows: ScoredRows, clusters: ArrayLike<number>) => {
    for (const [id, interval] of Object.entries(tauIntervals(rows, clusters, { resamples, seed })))
      fill(`data-interval="${by}.${id}"`, formatInterval(interval));
  };
  show('photos', photos, ofPhotos);
  show('days', days, [...days.dates.keys()]);
}
