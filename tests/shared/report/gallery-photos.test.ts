import { expect, test } from '@jest/globals';
import { galleryPhotos, MOST_CARDS } from '../../../shared/report/data/gallery-photos.ts';
import { hourlyPhotos, judgedPairs, testReport } from '../../fixtures/report.ts';

const photos = hourlyPhotos(60).map((photo, row) => ({ ...photo, value: row, score: row }));

test('the photos whose ranks disagree most come first, then those of contradicted pairs, each once', () => {
  const disagreeing = photos.map((photo, row) => (row === 7 ? { ...photo, score: 1000 } : photo));
  const pairs = judgedPairs([
    { left: 7, right: 50, choice: -1, split: 'val' },
    { left: 3, right: 40, choice: 1, split: 'train' },
  ]);
  const report = testReport(disagreeing, { pairs });

  const keys = galleryPhotos(report);

  expect(keys[0]).toBe(report.photos.keys[7]);
  expect(keys.slice(MOST_CARDS)).toEqual(
    expect.arrayContaining([report.photos.keys[50], report.photos.keys[40]]),
  );
  expect(new Set(keys).size).toBe(keys.length);
});

test('photos of findings are among them, also those that were not scored', () => {
  const checks = [
    {
      check: 'clock' as const,
      checked: 'One photo.',
      findings: [
        {
          kind: 'clock.reset',
          title: 'One photo',
          meaning: 'Its time is wrong.',
          action: 'Correct it.',
          examples: [{ caption: 'a', photos: [{ image_id: 9, timestamp: 1, filename: 'outside.JPG' }] }],
          more: 0,
        },
      ],
    },
  ];

  expect(galleryPhotos(testReport(photos, { checks })).at(-1)).toBe('outside.JPG');
});
