import { airLayers } from './air.ts';
import { groundLayers } from './ground.ts';
import { atmosphere, lightLayers } from './light.ts';
import { TEXTURE_SIZE } from './noise.ts';
import { randomSource } from './random.ts';
import type { Scene } from './scene.ts';
import { cameraSensor, graySight } from './sensor.ts';
import { emptySight } from './sight.ts';
import type { CameraView } from './view.ts';
import { waterLayers } from './water.ts';
import type { Weather } from './weather.ts';

export const PHOTO_WIDTH = 640;
export const PHOTO_HEIGHT = 480;
/** The camera's info strip covers the photo's lowest rows. */
export const STRIP_HEIGHT = 16;
/** Pixels by which a view is larger than its photos on every side, because a camera that moves sees beyond their edges. */
const VIEW_MARGIN = 12;
export const VIEW_WIDTH = PHOTO_WIDTH + 2 * VIEW_MARGIN;
export const VIEW_HEIGHT = PHOTO_HEIGHT - STRIP_HEIGHT + 2 * VIEW_MARGIN;

/**
 * Draws what a camera sees: the ground in its season, the water over it, and the air between. Colors are worked out as
 * light and turned into a photo's 8 bits at the end, as in a camera.
 *
 * @returns RGBA rows of PHOTO_WIDTH × PHOTO_HEIGHT pixels; the info strip's rows are black
 */
export function renderPhoto(
  view: CameraView,
  weather: Weather,
  scene: Scene,
): Uint8ClampedArray<ArrayBuffer> {
  const random = randomSource(scene.seed);
  const air = atmosphere(scene);
  const layers = [
    ...groundLayers(view, scene),
    ...lightLayers(view, weather, scene, air),
    ...waterLayers(view, weather, scene, air, random),
    ...airLayers(view, scene, air),
    ...(scene.infrared ? [graySight] : []),
  ];
  const pixels = new Uint8ClampedArray(PHOTO_WIDTH * PHOTO_HEIGHT * 4);
  const grainShift = random.integer(TEXTURE_SIZE * TEXTURE_SIZE);
  const develop = cameraSensor(pixels, air, { grain: weather.grain, grainShift });
  const top = withinMargin(scene.shiftY) + VIEW_MARGIN;
  const left = withinMargin(scene.shiftX) + VIEW_MARGIN;
  const sight = emptySight(PHOTO_WIDTH);
  for (let row = 0; row < PHOTO_HEIGHT - STRIP_HEIGHT; row++) {
    sight.first = (row + top) * view.width + left;
    for (const layer of layers) layer(sight);
    develop(sight, row);
  }
  blackenStrip(pixels);
  return pixels;
}

const withinMargin = (shift: number): number =>
  Math.round(Math.max(-VIEW_MARGIN, Math.min(VIEW_MARGIN, shift)));

/** The rows below the view are black already; without this they would also be transparent. */
function blackenStrip(pixels: Uint8ClampedArray): void {
  for (let byte = (PHOTO_HEIGHT - STRIP_HEIGHT) * PHOTO_WIDTH * 4 + 3; byte < pixels.length; byte += 4)
    pixels[byte] = 255;
}
