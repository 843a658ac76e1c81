import { grainTexture, reliefTexture, smoothStep, TEXTURE_MASK, TEXTURE_SIZE } from './noise.ts';
import { randomSource } from './random.ts';
import type { Scene } from './scene.ts';
import type { View } from './view.ts';

export const PHOTO_WIDTH = 640;
export const PHOTO_HEIGHT = 480;
/** The camera's info strip covers the photo's lowest rows. */
export const STRIP_HEIGHT = 16;
/** A view is this much larger than its photos on every side, pixels: a camera that moves sees beyond its edges. */
export const VIEW_MARGIN = 12;
export const VIEW_WIDTH = PHOTO_WIDTH + 2 * VIEW_MARGIN;
export const VIEW_HEIGHT = PHOTO_HEIGHT - STRIP_HEIGHT + 2 * VIEW_MARGIN;

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

const TONES = 2048;
/** Light at which a photo is white. */
const WHITE = 1.6;
/** Response of the camera to light, 0 – WHITE in steps: a gamma curve with a soft shoulder. */
const TONE_CURVE = Float32Array.from({ length: TONES }, (_, step) => {
  const light = (step / TONES) * WHITE;
  return 255 * (1 - Math.exp(-2.1 * light)) ** 0.62;
});
const DEPTH_STEPS = 512;
/** Water deeper than this is as good as bottomless, meters. */
const DEEPEST = 1.2;

// Reading through one function keeps the loop below free of casts; it is inlined.
const at = (values: Float32Array, index: number): number => values[index] as number;
const wrapped = (texture: Float32Array, x: number, y: number): number =>
  texture[((y & TEXTURE_MASK) << 9) | (x & TEXTURE_MASK)] as number;

/**
 * Draws what a camera sees: the ground in its season, the water over it, and the air between. Colors are worked out as
 * light and turned into a photo's 8 bits at the end, as in a camera.
 *
 * @returns RGBA rows of PHOTO_WIDTH × PHOTO_HEIGHT pixels; the info strip's rows are black
 */
export function renderPhoto(view: View, weather: Weather, scene: Scene): Uint8ClampedArray<ArrayBuffer> {
  const random = randomSource(scene.seed);
  const pixels = new Uint8ClampedArray(PHOTO_WIDTH * PHOTO_HEIGHT * 4);
  const air = atmosphere(scene);
  const { waves, clumps, canopy, grain } = weather;
  // The water has moved on since the last photo: its textures lie anywhere.
  const drift = () => random.integer(TEXTURE_SIZE);
  const [waveX, waveY, swellX, swellY, clumpX, clumpY] = [
    drift(),
    drift(),
    drift(),
    drift(),
    drift(),
    drift(),
  ];
  const { sun, stage, wetStage, speed, infrared, turbidity } = scene;
  const rough = 0.12 + 0.34 * speed + 0.1 * scene.rain;
  const clearAtDepth = Float32Array.from({ length: DEPTH_STEPS }, (_, step) =>
    Math.exp((-(5 + 16 * turbidity) * step * DEEPEST) / DEPTH_STEPS),
  );
  const [bodyRed, bodyGreen, bodyBlue] = [
    0.035 + 0.2 * turbidity,
    0.05 + 0.125 * turbidity,
    0.042 + 0.05 * turbidity,
  ];
  const plant = plantColor(scene);
  const shadowX = Math.round((sun.x / (sun.z + 0.15)) * 45);
  const shadowY = Math.round((sun.y / (sun.z + 0.15)) * 45);
  const leafOn = 0.25 + 0.75 * scene.greenness;
  const top = Math.round(Math.max(-VIEW_MARGIN, Math.min(VIEW_MARGIN, scene.shiftY))) + VIEW_MARGIN;
  const left = Math.round(Math.max(-VIEW_MARGIN, Math.min(VIEW_MARGIN, scene.shiftX))) + VIEW_MARGIN;
  const grainShift = random.integer(TEXTURE_SIZE * TEXTURE_SIZE);
  const toTone = (air.exposure * TONES) / WHITE;

  for (let row = 0; row < PHOTO_HEIGHT - STRIP_HEIGHT; row++)
    for (let column = 0; column < PHOTO_WIDTH; column++) {
      const pixel = (row + top) * view.width + column + left;
      const x = at(view.x, pixel);
      const y = at(view.y, pixel);
      const distance = at(view.distance, pixel);
      const speckle = at(view.speckle, pixel);
      const plants = at(view.plants, pixel);

      // Ground: bare, then its plants, fallen leaves, wetness and snow.
      let red = at(view.red, pixel);
      let green = at(view.green, pixel);
      let blue = at(view.blue, pixel);
      const leaf = plants * at(view.leaf, pixel);
      red += plant.red * leaf - red * plants * 0.75;
      green += plant.green * leaf - green * plants * 0.75;
      blue += plant.blue * leaf - blue * plants * 0.75;
      const level = at(view.level, pixel);
      const depth = distance === 0 ? -9 : stage - level;
      if (speckle > 1 - 0.62 * scene.autumn && depth < 0 && at(view.normalZ, pixel) > 0.75) {
        red = red * 0.4 + 0.2;
        green = green * 0.4 + 0.1;
        blue = blue * 0.4 + 0.035;
      }
      const damp = Math.max(scene.rain * 0.8, smoothStep(-0.02, 0.03, wetStage + 0.02 - level));
      const dry = 1 - (distance === 0 ? 0 : 0.5 * damp);
      red *= dry;
      green *= dry;
      blue *= dry;
      if (scene.snowCover > 0 && depth < 0) {
        const snow =
          scene.snowCover *
          smoothStep(0.95, 0.35, speckle + 0.75 - scene.snowCover) *
          smoothStep(0.45, 0.75, at(view.normalZ, pixel)) *
          (distance === 0 ? 0.35 : smoothStep(0.01, 0.07, -depth));
        red += (0.8 - red) * snow;
        green += (0.84 - green) * snow;
        blue += (0.9 - blue) * snow;
      }

      // Light: the sky's from above, the sun's through the canopy.
      const facing =
        at(view.normalX, pixel) * sun.x + at(view.normalY, pixel) * sun.y + at(view.normalZ, pixel) * sun.z;
      let light = scene.skyLight * (0.45 + 0.55 * at(view.normalZ, pixel));
      let sunlit = 0;
      if (scene.sunLight > 0) {
        const shade = wrapped(canopy, (x * 22 + shadowX) | 0, (y * 22 + shadowY) | 0);
        sunlit = scene.sunLight * smoothStep(-0.25 + 0.4 * leafOn, 0.05 + 0.4 * leafOn, shade + 0.1);
        if (facing > 0) light += 1.5 * sunlit * facing;
      }
      if (infrared) {
        const reach = distance === 0 ? 14 : distance;
        light = 0.75 / (1 + (reach * reach) / 30);
      }
      red *= light * air.warmth;
      green *= light;
      blue *= light * air.coolness;

      if (depth > 0) {
        const fade = 1.3 / (1 + distance * 0.12);
        const chop =
          0.8 * wrapped(waves, (x * 150 + waveX) | 0, (y * 170 + waveY) | 0) * fade +
          0.55 * wrapped(waves, (x * 44 + swellX) | 0, (y * 52 + swellY) | 0);
        const clump = wrapped(clumps, (x * 26 + clumpX) | 0, (y * 9 + clumpY) | 0);
        // The bed shows through; a film of water at the edge lets all of it through.
        const clear = at(clearAtDepth, Math.min(DEPTH_STEPS - 1, (depth * (DEPTH_STEPS / DEEPEST)) | 0));
        const scattered = (scene.skyLight + 0.7 * sunlit + (infrared ? light * 0.35 : 0)) * (1 - clear);
        const mirror =
          Math.min(1, depth * 45) * Math.min(0.95, at(view.fresnel, pixel) * 1.2 + 0.03 + 0.08 * chop);
        const sky = smoothStep(-0.04, 0.13, at(view.skyGate, pixel) - 0.08 + rough * chop);
        const mirrored = air.trees + (air.sky - air.trees) * sky;
        const through = 0.9 * clear * (1 - mirror);
        red = red * through + bodyRed * scattered * (1 - mirror) + mirrored * mirror * 0.93;
        green =
          green * through +
          bodyGreen * scattered * (1 - mirror) +
          mirrored * mirror * (1 + 0.1 * leafOn * (1 - sky));
        blue = blue * through + bodyBlue * scattered * (1 - mirror) + mirrored * mirror * (0.85 + 0.25 * sky);
        if (scene.sunLight > 0.05) {
          const glint =
            at(view.mirrorX, pixel) * sun.x +
            at(view.mirrorY, pixel) * sun.y +
            at(view.mirrorZ, pixel) * sun.z +
            (0.02 + 0.09 * rough) * chop;
          if (glint > 0.965) {
            const flash = Math.min(1.8, (glint - 0.965) * 40) * scene.sunLight * Math.max(0.15, chop + 0.3);
            red += flash;
            green += flash;
            blue += flash * 0.92;
          }
        }
        // Foam where the bed breaks a fast current, and on the waves of a flood.
        const broken = at(view.roughness, pixel) / (0.6 + depth * 12);
        const whiteness = 0.5 * clump + 0.45 * chop + 1.1 * broken - 0.95 + 0.95 * speed;
        const foam = Math.max(0, Math.min(0.9, whiteness * 2.2));
        if (foam > 0) {
          const bright = (scene.skyLight + 0.8 * sunlit + (infrared ? light : 0)) * 0.85;
          red += (bright * (0.9 - 0.12 * turbidity) - red) * foam;
          green += (bright * (0.9 - 0.22 * turbidity) - green) * foam;
          blue += (bright * (0.92 - 0.4 * turbidity) - blue) * foam;
        }
        if (scene.ice > 0) {
          const ice =
            0.9 * smoothStep(0.1, 0.35, scene.ice * (0.75 + 0.5 * clump) - depth * 2.8 - 0.4 * speed);
          const frozen =
            (scene.skyLight + 0.9 * sunlit + (infrared ? light : 0)) * (0.62 + 0.25 * scene.snowCover);
          red += (frozen * 0.93 - red) * ice;
          green += (frozen * 0.98 - green) * ice;
          blue += (frozen * 1.04 - blue) * ice;
        }
      } else if (distance === 0) {
        const gap = smoothStep(0.02, 0.14, at(view.skyGate, pixel) - 0.07 * leafOn);
        red += (air.sky * 0.96 - red) * gap;
        green += (air.sky - green) * gap;
        blue += (air.sky * 1.06 - blue) * gap;
      }

      if (scene.fog > 0) {
        const haze = 1 - Math.exp(-scene.fog * 0.09 * (distance === 0 ? 40 : distance));
        red += (air.haze - red) * haze;
        green += (air.haze - green) * haze;
        blue += (air.haze * 1.02 - blue) * haze;
      }
      const twig = leafOn - 0.12 + 0.2 * scene.autumn - at(view.twigs, pixel);
      if (twig > 0) {
        const cover = Math.min(0.92, twig * 6);
        const bright = infrared ? 0.5 : (scene.skyLight + 0.35 * scene.sunLight) * (0.6 + twig);
        red += (plant.red * bright - red) * cover;
        green += (plant.green * bright - green) * cover;
        blue += (plant.blue * bright - blue) * cover;
      }

      // Camera: gray in the dark, tone curve, grain.
      if (infrared) {
        red = 0.5 * red + 0.35 * green + 0.15 * blue;
        green = red;
        blue = red;
      }
      const noise =
        air.grain * at(grain, (grainShift + row * 641 + column * 7 + (row >> 3) * 97) & (grain.length - 1));
      const byte = (row * PHOTO_WIDTH + column) * 4;
      pixels[byte] = at(TONE_CURVE, Math.min(TONES - 1, (red * toTone) | 0)) + noise;
      pixels[byte + 1] = at(TONE_CURVE, Math.min(TONES - 1, (green * toTone) | 0)) + noise;
      pixels[byte + 2] = at(TONE_CURVE, Math.min(TONES - 1, (blue * toTone) | 0)) + noise;
      pixels[byte + 3] = 255;
    }
  for (let byte = (PHOTO_HEIGHT - STRIP_HEIGHT) * PHOTO_WIDTH * 4 + 3; byte < pixels.length; byte += 4)
    pixels[byte] = 255;
  return pixels;
}

/** Light and air that all pixels of a photo share. */
function atmosphere(scene: Scene) {
  const { sunLight, skyLight, infrared, sun } = scene;
  const low = infrared ? 0 : smoothStep(0.4, 0.02, sun.z) * Math.min(1, sunLight * 3);
  const incident = infrared ? 0.42 : skyLight * 0.9 + sunLight * 0.75 * Math.max(0.1, sun.z);
  const bright = infrared ? 0.02 : skyLight * 1.7 + sunLight * 0.35;
  return {
    sky: bright,
    trees: infrared ? 0.012 : bright * (0.07 + 0.03 * scene.snowCover),
    haze: infrared ? 0.28 : skyLight * 0.95 + sunLight * 0.2,
    warmth: 1 + 0.18 * low,
    coolness: 1 - 0.15 * low + (infrared ? 0 : 0.06 * (1 - Math.min(1, sunLight * 2))),
    // The camera makes up for the light, though not for all of it: dusk stays dark.
    exposure: (scene.exposure * 0.62) / (incident + 0.012) ** 0.88,
    grain: infrared ? 13 : 3.5 + 9 * smoothStep(0.12, 0.03, incident),
  };
}

function plantColor({ greenness, autumn, infrared }: Scene): { red: number; green: number; blue: number } {
  if (infrared) return { red: 0.3, green: 0.3, blue: 0.3 };
  const winter = 1 - Math.max(0, Math.min(1, greenness));
  const gold = Math.max(0, Math.min(1, autumn)) * winter;
  const brown = winter - gold;
  return {
    red: 0.095 * greenness + 0.27 * gold + 0.2 * brown,
    green: 0.165 * greenness + 0.175 * gold + 0.155 * brown,
    blue: 0.04 * greenness + 0.065 * gold + 0.1 * brown,
  };
}
