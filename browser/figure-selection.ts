import { IMAGE_SPLITS } from '../shared/model-input/image-split.ts';
import { LEAST_ROWS } from '../shared/report/data/too-few.ts';
import type { SelectionPart } from './address.ts';
import { noPhotosWords } from './period.ts';
import { isWhole, type View } from './view.ts';

/** What the figures go by, where that is not the period and the splits. */
const GOES_BY: Readonly<Record<string, readonly SelectionPart['of'][]>> = {
  'loss-function': [],
  'learning-curve': [],
  calibration: ['period'],
  'tau-strata': ['period', 'strata'],
};

/** What of a selection changes a figure. */
export const goesBy = (id: string): readonly SelectionPart['of'][] => GOES_BY[id] ?? ['period', 'splits'];

/** Figures that draw nothing of few photos or pairs. */
const TOO_FEW_WORDS: Readonly<Record<string, string>> = {
  calibration: `Fewer than ${LEAST_ROWS} held-out pairs with a decision, however sure the model is of them: too few to tell.`,
  'tau-strata': `Fewer than ${LEAST_ROWS} photos in each part: too few to tell.`,
};

/** Why a figure has nothing to draw. */
export function nothingDrawnWords(view: View, id: string): string {
  const { selection } = view;
  const bySplits = goesBy(id).includes('splits');
  if (bySplits && selection.splits.size === 0) return 'No split is selected.';
  const ofSplits = bySplits && selection.splits.size < IMAGE_SPLITS.length ? ' of the selected splits' : '';
  return (
    noPhotosWords(view, selection) ||
    TOO_FEW_WORDS[id] ||
    `There is nothing to draw${ofSplits}${isWhole(view) ? '' : ' in this period'}.`
  );
}
