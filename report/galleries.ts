import { contradictions } from '../shared/report/pairs.ts';
import { largestResiduals } from '../shared/report/statistics.ts';
import { wallTime } from './descriptions.ts';
import { element, photoImage } from './elements.ts';
import { smallestFirst } from './photo-address.ts';
import { formatValue } from './value-scale.ts';
import { photosBySplit, photosOfPeriod, type View } from './view.ts';

/** Photos and pairs of one gallery. */
const MOST_CARDS = 24;
/** A model that is less sure than this does not contradict anybody. */
export const LEAST_CONFIDENCE = 0.75;

type Open = (row: number) => void;

/** Photos whose ranks differ most. */
export function worstPhotos(view: View, open: Open): HTMLElement[] {
  const { photos, residuals, ranks } = view;
  const shown = new Set(
    photosBySplit(view, (row) => !Number.isNaN(residuals[row] as number)).flatMap(({ rows }) => rows),
  );
  const among = residuals.map((residual, row) => (shown.has(row) ? residual : Number.NaN));
  return largestResiduals(among, MOST_CARDS).map((row) =>
    element(
      'button',
      { type: 'button', class: 'card', onclick: () => open(row), 'data-row': String(row) },
      thumb(view, row),
      element('b', {}, wallTime(photos.timestamps[row] as number)),
      element(
        'span',
        {},
        `obs. ${percent(ranks.observed[row])} (${formatValue(photos.values[row] as number)}), pred. ${percent(ranks.predicted[row])}`,
      ),
    ),
  );
}

/** Pairs where the model is sure of the other photo. */
export function contradictedPairs(view: View, open: Open): HTMLElement[] {
  const { page, photos } = view;
  const { left, right, choices, annotators, splits } = page.pairs;
  const found = contradictions(page.pairs, photosOfPeriod(view).scores, LEAST_CONFIDENCE);
  return found.slice(0, MOST_CARDS).map(({ pair, confidence }) => {
    const sides = [left[pair] as number, right[pair] as number];
    const chosen = (choices[pair] as number) > 0 ? 0 : 1;
    const side = (row: number, index: number) =>
      element(
        'button',
        { type: 'button', class: index === chosen ? 'side chosen' : 'side', onclick: () => open(row) },
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
    smallestFirst(photos.keys[row] as string),
    `Photo of ${wallTime(photos.timestamps[row] as number)}`,
  );

const percent = (share: number | undefined): string => `${(100 * (share as number)).toFixed(0)}\u00a0%`;
