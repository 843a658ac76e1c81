import { contradictions } from '../shared/predictions/pair-accuracy.ts';
import { comparePrevious } from '../shared/report/data/comparison.ts';
import {
  LEAST_CONFIDENCE,
  MOST_CARDS,
  MOST_MOVED,
  rankChanges,
} from '../shared/report/data/gallery-photos.ts';
import { largestResiduals } from '../shared/report/data/statistics.ts';
import { observedValue, wallTime } from './descriptions.ts';
import { element, photoImage } from './elements.ts';
import type { Origin } from './photo-panel.ts';
import { middleOf } from './places.ts';
import { photosBySplit, photosOfPeriod, type View } from './view.ts';

type Open = (row: number, origin: Origin) => void;

const NAMES = {
  'worst-photos': 'worst disagreements',
  contradicted: 'contradicted pairs',
  'moved-photos': 'ranks that changed most',
} as const;

/** What a card does when it is clicked: it opens its photo among those of its gallery. */
type Opener = (row: number) => (event: Event) => void;

/** Puts the cards of the period where the page has a place for them. */
export function fillGalleries(view: View, open: Open): void {
  for (const [name, make] of [
    ['worst-photos', worstPhotos],
    ['contradicted', contradictedPairs],
    ['moved-photos', movedPhotos],
  ] as const) {
    const gallery = document.querySelector(`[data-gallery="${name}"]`);
    if (!gallery) continue;
    const rows: number[] = [];
    const among = { rows, name: NAMES[name] };
    const cards = make(view, (row) => {
      if (!rows.includes(row)) rows.push(row);
      return (event) => open(row, { at: middleOf(event.currentTarget as Element), among });
    });
    gallery.replaceChildren(...(cards.length > 0 ? cards : ['There are none in this period.']));
  }
}

/** Photos whose ranks by value and by score differ most. */
function worstPhotos(view: View, opener: Opener): HTMLElement[] {
  const { residuals, ranks } = view;
  return photoCards(view, residuals, MOST_CARDS, opener, (row) => {
    const value = observedValue(view, row);
    return `obs. ${percent(ranks.observed[row])} (${value}), pred. ${percent(ranks.predicted[row])}`;
  });
}

/** Photos that this model places elsewhere than the one before. */
function movedPhotos(view: View, opener: Opener): HTMLElement[] {
  const { page, photos } = view;
  if (!page.previous) return [];
  const { now, before } = comparePrevious(photos, page.previous).ranks;
  const changes = rankChanges({ now, before });
  return photoCards(
    view,
    changes,
    MOST_MOVED,
    opener,
    (row) => `before ${percent(before[row])}, now ${percent(now[row])}`,
  );
}

/** Shown photos of the period with the largest numbers, whichever their sign. */
function photoCards(
  view: View,
  numbers: Float64Array,
  most: number,
  opener: Opener,
  describe: (row: number) => string,
): HTMLElement[] {
  const splits = photosBySplit(view, (row) => !Number.isNaN(numbers[row] as number));
  const shown = new Set(splits.flatMap(({ rows }) => rows));
  const among = numbers.map((number, row) => (shown.has(row) ? number : Number.NaN));
  return largestResiduals(among, most).map((row) =>
    element(
      'button',
      { type: 'button', class: 'card', onclick: opener(row) },
      thumb(view, row),
      element('b', {}, wallTime(view.photos.timestamps[row] as number)),
      element('span', {}, describe(row)),
    ),
  );
}

/** Pairs where the model is sure of the other photo. */
function contradictedPairs(view: View, opener: Opener): HTMLElement[] {
  const { page, photos } = view;
  const { left, right, choices, annotators, splits } = page.pairs;
  const found = contradictions(page.pairs, photosOfPeriod(view).scores, LEAST_CONFIDENCE);
  return found.slice(0, MOST_CARDS).map(({ pair, confidence }) => {
    const sides = [left[pair] as number, right[pair] as number];
    const chosen = (choices[pair] as number) > 0 ? 0 : 1;
    const side = (row: number, index: number) =>
      element(
        'button',
        { type: 'button', class: index === chosen ? 'side chosen' : 'side', onclick: opener(row) },
        thumb(view, row),
        element('span', {}, wallTime(photos.timestamps[row] as number)),
        element(
          'span',
          {},
          index === chosen ? 'annotator: more' : `model: more, ${(100 * confidence).toFixed(0)} %`,
        ),
      );
    return element(
      'div',
      { class: 'card pair-card' },
      element('div', { class: 'sides' }, ...sides.map(side)),
      element(
        'span',
        { class: 'note' },
        `annotator ${annotators[pair]}, ${splits[pair] === 0 ? 'train' : 'val'}`,
      ),
    );
  });
}

const thumb = ({ page, photos }: View, row: number): HTMLElement =>
  photoImage(
    page.photoBase,
    photos.keys[row] as string,
    `Photo of ${wallTime(photos.timestamps[row] as number)}`,
  );

const percent = (share: number | undefined): string => `${(100 * (share as number)).toFixed(0)}\u00a0%`;
