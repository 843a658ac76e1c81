import { formatCount } from '../shared/formats/numbers.ts';
import { calibration, PAIR_SPLITS, pairAccuracy } from '../shared/predictions/pair-accuracy.ts';
import { dailyMeans, type ScoredPhotos, wallDate } from '../shared/predictions/scored-photos.ts';
import { weekOf, weeksOfDays } from '../shared/predictions/weeks.ts';
import { measures } from '../shared/report/data/measures.ts';
import { SPLIT_GROUPS } from '../shared/report/data/split-groups.ts';
import { agreements, intervalsByWeeks, tauInterval } from '../shared/report/data/statistics.ts';
import { STRATIFICATIONS } from '../shared/report/data/strata.ts';
import {
  calibrationTable,
  shownAccuracy,
  shownInterval,
  shownMeasures,
  shownTau,
  strataTable,
  type TextTable,
} from '../shared/report/data/text-tables.ts';
import { element } from './elements.ts';
import { addIntervals, shownStrata } from './shown-strata.ts';
import { isWhole, photosOfPeriod, type View } from './view.ts';

const fill = (attribute: string, text: string) => {
  for (const cell of document.querySelectorAll(`[${attribute}]`)) cell.textContent = text;
};

/** Computes all numbers of the period from all its photos, and puts them where the page shows them. */
export function updateNumbers(view: View): void {
  const photos = photosOfPeriod(view);
  fillTaus(photos);
  const found = measures(photos);
  for (const { id } of SPLIT_GROUPS)
    for (const [column, text] of shownMeasures(found[id]).entries())
      fill(`data-measure="${id}.${column}"`, text);
  fillAccuracies(view, photos.scores);
  fillTable('calibration', calibrationTable(calibration(view.page.pairs, photos.scores, 'val')));
  updateStrata(view);
}

/** The taus by season, month, hour and value, which have a choice of photos of their own. */
export function updateStrata(view: View): void {
  const strata = shownStrata(view);
  for (const by of STRATIFICATIONS) fillTable(`strata.${by}`, strataTable(strata[by]));
}

function fillTaus(photos: ScoredPhotos): void {
  const agreement = { photos: agreements(photos), days: agreements(dailyMeans(photos, wallDate)) };
  for (const by of ['photos', 'days'] as const)
    for (const { id } of SPLIT_GROUPS) {
      fill(`data-tau="${by}.${id}"`, shownTau(agreement[by][id]));
      fill(`data-n="${by}.${id}"`, formatCount(agreement[by][id].n));
      fill(`data-interval="${by}.${id}"`, '');
    }
}

function fillAccuracies(view: View, scores: Float64Array): void {
  for (const split of PAIR_SPLITS) {
    const accuracy = pairAccuracy(view.page.pairs, scores, split);
    const shown = shownAccuracy(accuracy);
    fill(`data-accuracy="${split}"`, shown.share);
    fill(`data-accuracy-n="${split}"`, formatCount(accuracy.n));
    fill(`data-accuracy-interval="${split}"`, shown.interval);
    fill(`data-brier="${split}"`, shown.brier);
  }
}

function fillTable(name: string, { rows }: TextTable): void {
  document
    .querySelector(`[data-table="${name}"] tbody`)
    ?.replaceChildren(
      ...rows.map(([head = '', ...cells]) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, head),
          ...cells.map((cell) => element('td', {}, cell)),
        ),
      ),
    );
}

/** The tau that matters most, in the words of the toolbar; nothing at a station without observed values. */
export function shownNumbers(view: View): string {
  if (!view.hasValues) return '';
  const text = (attribute: string) => document.querySelector(`[${attribute}]`)?.textContent ?? '';
  const tau = (id: string) => `${text(`data-tau="photos.${id}"`)} (n ${text(`data-n="photos.${id}"`)})`;
  return `not seen: tau ${tau('test-all')}`;
}

/** Above this, intervals would keep a reader waiting; their places stay empty. */
const MOST_PHOTOS_WITH_INTERVALS = 60_000;

/**
 * Intervals take a moment, so they follow once the reader has stopped dragging, one after the other: the page answers in
 * between.
 *
 * @param isWanted whether the reader still looks at the same selection
 * @param onStrata hears when those of the strata are known
 */
export async function updateIntervals(
  view: View,
  isWanted: () => boolean,
  onStrata: () => void,
): Promise<void> {
  if (isWhole(view)) return;
  const photos = photosOfPeriod(view);
  if (photos.scores.filter((score) => !Number.isNaN(score)).length > MOST_PHOTOS_WITH_INTERVALS) return;
  for await (const compute of intervalsOf(view, photos)) {
    if (!isWanted()) return;
    compute();
  }
  updateStrata(view);
  onStrata();
}

/** What is to be computed, piece by piece, with a pause before each. */
async function* intervalsOf(view: View, photos: ScoredPhotos): AsyncGenerator<() => void> {
  const { seed, resamples } = view.page;
  const days = dailyMeans(photos, wallDate);
  const tables = [
    { by: 'days', rows: days, weeks: weeksOfDays(days), found: agreements(days) },
    { by: 'photos', rows: photos, weeks: photos.timestamps.map(weekOf), found: agreements(photos) },
  ];
  const pause = () => new Promise((resolve) => setTimeout(resolve));
  for (const { by, rows, weeks, found } of tables)
    for (const group of SPLIT_GROUPS) {
      await pause();
      yield () => {
        const interval = tauInterval(rows, group, intervalsByWeeks(weeks, { resamples, seed }));
        fill(`data-interval="${by}.${group.id}"`, shownInterval({ ...found[group.id], interval }));
      };
    }
  for (const by of STRATIFICATIONS) {
    await pause();
    yield () => addIntervals(view, by);
  }
}
