import { DAY_MS } from '../shared/formats/durations.ts';
import { formatCount, formatInterval, formatShare, formatTau } from '../shared/formats/numbers.ts';
import { PAIR_SPLITS, pairAccuracy } from '../shared/predictions/pair-accuracy.ts';
import { dailyMeans, type ScoredRows, wallDate } from '../shared/predictions/scored-photos.ts';
import { SPLIT_GROUPS } from '../shared/report/data/split-groups.ts';
import { agreements, tauInterval } from '../shared/report/data/statistics.ts';
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

/** Above this, intervals would keep a reader waiting; their places stay empty. */
const MOST_PHOTOS_WITH_INTERVALS = 60_000;

/**
 * Intervals take a moment, so they follow once the reader has stopped dragging, one after the other: the page answers in
 * between.
 *
 * @param isWanted whether the reader still looks at the same period
 */
export async function updateIntervals(view: View, isWanted: () => boolean): Promise<void> {
  const { seed, resamples } = view.page;
  const photos = photosOfPeriod(view);
  const days = dailyMeans(photos, wallDate);
  const dayOf = photos.timestamps.map((wallMs) => Math.floor(wallMs / DAY_MS));
  if (photos.scores.filter((score) => !Number.isNaN(score)).length > MOST_PHOTOS_WITH_INTERVALS) return;
  const tables: [by: string, rows: ScoredRows, clusters: ArrayLike<number>][] = [
    ['days', days, [...days.dates.keys()]],
    ['photos', photos, dayOf],
  ];
  for (const [by, rows, clusters] of tables)
    for (const group of SPLIT_GROUPS) {
      await new Promise((resolve) => setTimeout(resolve));
      if (!isWanted()) return;
      const interval = tauInterval(rows, group, clusters, { resamples, seed });
      fill(`data-interval="${by}.${group.id}"`, formatInterval(interval));
    }
}
