import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BLANK_WITHIN, checkDarkness, DARK_BELOW, unclearBy } from '../../../shared/quality/darkness.ts';
import { HOUR_MS, photosOf, utc } from './photos.ts';

const START = Date.parse('2024-05-01T00:00:00Z');

describe('The check of darkness', () => {
  test('takes every photo with light and shade for clear', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 255, noNaN: true }),
        fc.double({ min: DARK_BELOW, max: 255, noNaN: true }),
        (low, high) => {
          fc.pre(high - low >= BLANK_WITHIN);

          expect(unclearBy({ low, high })).toBeNull();
        },
      ),
    );
  });

  test.each([
    [{ low: 0, high: 20 }, 'dark'],
    [{ low: 12, high: 14 }, 'dark'],
    [{ low: 180, high: 188 }, 'blank'],
  ])('takes %j for %s', (luma, kind) => {
    expect(unclearBy(luma)).toBe(kind);
  });

  test('shows the photos, dark and blank ones apart, and says how many were measured', () => {
    const photos = photosOf([{ at: START }, { at: START + HOUR_MS }, { at: START + 2 * HOUR_MS }]).map(
      (photo, index) => ({ ...photo, low: index < 2 ? 3 : 200, high: index < 2 ? 9 : 203 }),
    );

    const { checked, findings } = checkDarkness({ measured: 40, photos, images: 50, position: null }, utc);

    expect(checked).toContain('40 photos of 50 photos');
    expect(findings.map(({ kind, title }) => [kind, title])).toEqual([
      ['darkness.dark', '2 photos too dark to see anything'],
      ['darkness.blank', '1 photo of one shade all over'],
    ]);
    expect(findings[1]?.examples[0]?.caption).toBe('2024-05-01 02:00: luma 200 to 203 of 255');
  });

  test('tells night from a camera whose clock is half a day off, where it knows the place of the station', () => {
    const position = { latitude: 42.4, longitude: -72.7 };
    const photos = photosOf([{ at: START + 17 * HOUR_MS }, { at: START + 5 * HOUR_MS }]).map((photo) => ({
      ...photo,
      low: 1,
      high: 8,
    }));

    const { findings } = checkDarkness({ measured: 2, photos, images: 2, position }, utc);

    expect(findings.map(({ kind, title }) => [kind, title])).toEqual([
      ['darkness.dark', '1 photo too dark to see anything'],
      ['darkness.by_day', '1 photo dark while the sun is up'],
    ]);
    expect(findings[1]?.examples[0]?.caption).toBe(
      '2024-05-01 17:00: luma 1 to 8 of 255, sun 63° above the horizon',
    );
  });
});
