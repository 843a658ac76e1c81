import { expect, test } from '@jest/globals';
import {
  codesOf,
  leftOutPhrases,
  noneOf,
  PAIR_EXCLUSIONS,
  PHOTO_EXCLUSIONS,
  PHOTO_FAULTS,
  sumCounts,
  sumOf,
  VALUE_EXCLUSIONS,
} from '../../../shared/dataset/reasons.ts';
import { IMAGE_FILTERS } from '../../../shared/filters/image-filters.ts';
import { PAIR_FILTERS } from '../../../shared/filters/pair-filters.ts';
import { remarks } from '../../../shared/report/data/remarks.ts';
import { TRAINING, testReportState } from '../../fixtures/report.ts';

const LISTS = {
  PHOTO_EXCLUSIONS,
  IMAGE_FILTERS,
  PHOTO_FAULTS,
  PAIR_EXCLUSIONS,
  PAIR_FILTERS,
  VALUE_EXCLUSIONS,
};

test.each(Object.entries(LISTS))(
  'each reason of %s has words of its own that go on after a count',
  (_, list) => {
    const reasons = Object.values(list);

    for (const key of ['label', 'words', 'definition'] as const) {
      const texts = reasons.map((reason) => reason[key]);
      expect(new Set(texts).size).toBe(reasons.length);
      expect(texts.join('')).not.toMatch(/\.$|undefined|\n/);
    }
  },
);

test('phrases name what was left out, and a code that this version does not know by itself', () => {
  const counts = { ...noneOf(PHOTO_EXCLUSIONS), pii: 3, eclipse: 1 };

  expect(leftOutPhrases(PHOTO_EXCLUSIONS, counts)).toEqual(['3 with people or vehicles', '1 eclipse']);
  expect(leftOutPhrases(PHOTO_EXCLUSIONS, { constructor: 2 })).toEqual(['2 constructor']);
});

test('counts of parts are added reason by reason', () => {
  const parts = [1, 2].map((n) => ({ ...noneOf(PHOTO_FAULTS), truncated: n, other: 1 }));

  const sums = sumCounts(PHOTO_FAULTS, parts);

  expect(sums).toEqual({ ...noneOf(PHOTO_FAULTS), truncated: 3, other: 2 });
  expect(sumOf(sums)).toBe(5);
  expect(codesOf(PHOTO_FAULTS)).toEqual(Object.keys(sums));
});

test('the notification tells photos without a score, pairs really learned from and what the dataset lacks', () => {
  const state = testReportState({ storage: 'storage', model: 'model' });
  const faults = { ...noneOf(PHOTO_FAULTS), truncated: 12, not_an_image: 3 };
  const training = { ...TRAINING, learnt: { train: 72, val: 25, photos_unreadable: 35 } };

  const sentences = remarks({ state: { ...state, predictions: { ...state.predictions, faults } }, training });

  expect(sentences).toEqual([
    'Photos without a score: 12 truncated or broken, 3 not an image (JPEG or PNG), 1 without an answer of the scoring job.',
    'The model really learned from 72 training pairs and 25 validation pairs, not from 300 and 75, because 35 photos of pairs could not be read.',
    'Warning: these are fewer than the 101 and 11 that a model needs to be trusted. Upload the photos again, or annotate more pairs, and train anew.',
    'Photos left out: 10 in imagesets that are not processed yet, 2 not processed, or failed, 1 without a time, 3 with people or vehicles, 1 of the same file as an earlier one.',
    'Annotation pairs left out: 2 of a photo that the station does not have.',
    'Observed values left out: 7 that a logger writes where it has none.',
  ]);
});
