import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LATITUDE, LONGITUDE, sunAt } from '../../../demo-station/sun.ts';
import { sunElevation } from '../../../shared/quality/sun.ts';

describe('The elevation of the sun', () => {
  test.each([
    ['the pole at the summer solstice', 90, 0, '2024-06-20T20:51:00Z', 23.44],
    ['the pole at the winter solstice', 90, 0, '2024-12-21T09:20:00Z', -23.44],
    ['the pole at the equinox', 90, 0, '2024-03-20T03:06:00Z', 0],
    ['Greenwich at noon of the longest day', 51.4769, 0, '2024-06-20T12:01:50Z', 61.96],
    ['the other side of the Earth at that time', -51.4769, 180, '2024-06-20T12:01:50Z', -61.96],
  ])('is that of almanacs at %s', (_, latitude, longitude, at, expected) => {
    expect(sunElevation({ latitude, longitude }, Date.parse(at))).toBeCloseTo(expected, 1);
  });

  test('is what the demo station is drawn by, to five degrees', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2040, 0, 1) }), (at) => {
        const drawn = (Math.asin(sunAt(at).z) * 180) / Math.PI;

        const computed = sunElevation({ latitude: LATITUDE, longitude: LONGITUDE }, at);

        // The equation of time, which the drawing leaves out, is four degrees of the hour angle.
        expect(Math.abs(computed - drawn)).toBeLessThan(5);
      }),
    );
  });
});
