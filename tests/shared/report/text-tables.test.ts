import { expect, test } from '@jest/globals';
import { shownAccuracy } from '../../../shared/report/data/text-tables.ts';

const of = (n: number) => ({ n, correct: n, share: 0.714, interval: { low: 0.36, high: 0.92 }, brier: 0.17 });

test('Accuracy is shown of ten pairs and more', () => {
  expect(shownAccuracy(of(10))).toEqual({ share: '71 %', interval: '36 % – 92 %', brier: '0.17' });
  expect(shownAccuracy(of(9))).toEqual({ share: 'too few', interval: '', brier: 'too few' });
});

test('Accuracy of no pairs is not available', () => {
  const none = { n: 0, correct: 0, share: null, interval: null, brier: null };

  expect(shownAccuracy(none)).toEqual({ share: 'NA', interval: '', brier: 'NA' });
});
