import { expect, test } from '@jest/globals';
import { intervalFile } from '../../../shared/predictions/interval-file.ts';
import { scoredPhotos } from '../../fixtures/report.ts';

const photos = scoredPhotos([
  { at: '2026-03-01T12:00:00Z', score: -0.5, key: 'a, one.JPG' },
  { at: '2026-03-01T13:00:00Z', score: null, key: 'b.JPG' },
  { at: '2026-03-01T14:00:00Z', score: 1, key: 'c.JPG' },
  { at: '2026-03-01T15:00:00Z', score: 1.25, key: 'd.JPG' },
  { at: '2026-03-01T16:00:00Z', score: 4, key: 'e.JPG' },
]);

test('each photo has its score, its rank among the scored photos and their intervals; one without a score has none', () => {
  const text = [...intervalFile(photos, { n: 40, temperature: 0.25, halfWidth: 0.5 })].join('');

  expect(text).toBe(
    [
      'image_id,timestamp,filename,score,score_low,score_high,rank,rank_low,rank_high',
      '1,2026-03-01T12:00:00Z,"a, one.JPG",-0.5,-1,0,0,0,0',
      '2,2026-03-01T13:00:00Z,b.JPG,,,,,,',
      '3,2026-03-01T14:00:00Z,c.JPG,1,0.5,1.5,0.333333,0.333333,0.666667',
      '4,2026-03-01T15:00:00Z,d.JPG,1.25,0.75,1.75,0.666667,0.333333,0.666667',
      '5,2026-03-01T16:00:00Z,e.JPG,4,3.5,4.5,1,1,1',
      '',
    ].join('\n'),
  );
});

test('where too few pairs tell how far scores may be off, there are scores and ranks alone', () => {
  const [, first] = [...intervalFile(photos, null)].join('').split('\n');

  expect(first).toBe('1,2026-03-01T12:00:00Z,"a, one.JPG",-0.5,,,0,,');
});
