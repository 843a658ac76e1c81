import { grainTexture, reliefTexture } from './noise.ts';

/** Textures of what moves from photo to photo; the same for all cameras. */
export type Weather = ReturnType<typeof buildWeather>;

export function buildWeather(seed: number) {
  return {
    waves: reliefTexture(36, 3, seed + 21),
    clumps: reliefTexture(10, 5, seed + 22),
    canopy: reliefTexture(14, 4, seed + 23),
    grain: grainTexture(seed + 24),
  };
}
