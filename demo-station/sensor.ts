import type { Atmosphere } from './light.ts';
import { at, drawn, type Layer, type Sight } from './sight.ts';

const TONES = 2048;
/** Light at which a photo is white. */
const WHITE = 1.6;
/** Response of the camera to light, 0 – WHITE in steps: a gamma curve with a soft shoulder. */
const TONE_CURVE = Float32Array.from({ length: TONES }, (_, step) => {
  const light = (step / TONES) * WHITE;
  return 255 * (1 - Math.exp(-2.1 * light)) ** 0.62;
});

/** Turns the light of one row into the camera's 8 bits. */
export type Sensor = (sight: Sight, row: number) => void;

/** @param grainShift where the sensor's grain lies in its texture */
export function cameraSensor(
  pixels: Uint8ClampedArray,
  air: Atmosphere,
  { grain, grainShift }: { grain: Float32Array; grainShift: number },
): Sensor {
  const toTone = (air.exposure * TONES) / WHITE;
  const tone = (light: number): number => at(TONE_CURVE, Math.min(TONES - 1, (light * toTone) | 0));
  return ({ width, red, green, blue }, row) => {
    for (let column = 0; column < width; column++) {
      const place = (grainShift + row * 641 + column * 7 + (row >> 3) * 97) & (grain.length - 1);
      const noise = air.grain * at(grain, place);
      const byte = (row * width + column) * 4;
      pixels[byte] = tone(drawn(red, column)) + noise;
      pixels[byte + 1] = tone(drawn(green, column)) + noise;
      pixels[byte + 2] = tone(drawn(blue, column)) + noise;
      pixels[byte + 3] = 255;
    }
  };
}

/** In the light of its lamp the camera sees no colors. */
export const graySight: Layer = ({ width, red, green, blue }) => {
  for (let column = 0; column < width; column++) {
    const gray = 0.5 * drawn(red, column) + 0.35 * drawn(green, column) + 0.15 * drawn(blue, column);
    red[column] = gray;
    green[column] = gray;
    blue[column] = gray;
  }
};
