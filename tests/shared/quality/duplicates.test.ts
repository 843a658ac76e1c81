import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkDuplicates } from '../../../shared/quality/duplicates.ts';
import { HOUR_MS, photosOf, utc } from './photos.ts';

const START = Date.parse('2024-05-01T12:00:00Z');
const hourly = (count: number) =>
  Array.from({ length: count }, (_, hour) => ({ at: START + hour * HOUR_MS }));
const key = (number: number) => `imagesets/1/images/RCNX${String(number).padStart(4, '0')}.JPG`;

describe('The check of duplicates', () => {
  test('finds nothing where no two photos share a second or their content', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 1e9 }), { maxLength: 60 }), (seconds) => {
        const photos = photosOf(seconds.map((second) => ({ at: second * 1000 })));

        expect(checkDuplicates(photos, [], utc).findings).toEqual([]);
      }),
    );
  });

  test('shows copies of a file beside each other, and does not tell of their times again', () => {
    const photos = photosOf([...hourly(6), { at: START, imageset: 2 }]);
    const copies = [[key(1), 'imagesets/2/images/RCNX0007.JPG']];

    const { findings } = checkDuplicates(photos, copies, utc);

    expect(findings.map(({ kind, title }) => [kind, title])).toEqual([
      ['duplicates.bytes', '1 of 7 photos is a copy of another file'],
    ]);
    expect(findings[0]?.examples).toEqual([
      {
        caption: '2024-05-01 12:00, imageset 1 and imageset 2',
        photos: [
          { image_id: 1, timestamp: START, filename: key(1) },
          { image_id: 7, timestamp: START, filename: 'imagesets/2/images/RCNX0007.JPG' },
        ],
      },
    ]);
  });

  test('tells photos of one time in two imagesets from those in one', () => {
    const photos = photosOf([
      ...hourly(6),
      { at: START, imageset: 2 },
      { at: START + HOUR_MS, imageset: 2 },
      { at: START + 2 * HOUR_MS },
    ]);

    const { findings } = checkDuplicates(photos, [], utc);

    expect(findings.map(({ kind, title }) => [kind, title])).toEqual([
      ['duplicates.two_imagesets', '2 times with photos in two imagesets'],
      ['duplicates.one_imageset', '1 time with several photos of one imageset'],
    ]);
  });

  test('takes copies of photos that are not in the dataset for none', () => {
    expect(
      checkDuplicates(photosOf(hourly(3)), [[key(1), 'imagesets/1/images/person.JPG']], utc).findings,
    ).toEqual([]);
  });

  test('says that files were not compared', () => {
    expect(checkDuplicates(photosOf(hourly(3)), null, utc).checked).toContain(
      'their files were not compared',
    );
  });

  test('counts all copies, shows the first, and says how many there are besides', () => {
    const photos = photosOf(hourly(60));
    const copies = Array.from({ length: 20 }, (_, group) => [1, 2, 3].map((copy) => key(3 * group + copy)));

    const { findings } = checkDuplicates(photos, copies, utc);

    expect(findings[0]).toMatchObject({ title: '40 of 60 photos are copies of another file', more: 8 });
    expect(findings[0]?.examples).toHaveLength(12);
  });
});
