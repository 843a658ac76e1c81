import { smoothStep } from './noise.ts';
import { foliage } from './plants.ts';
import type { Scene } from './scene.ts';
import { at, drawn, type Layer, wrapped } from './sight.ts';
import type { CameraView } from './view.ts';
import type { Weather } from './weather.ts';

/** Light and air that all pixels of a photo share. */
export type Atmosphere = ReturnType<typeof atmosphere>;

export const atmosphere = (scene: Scene) => (scene.infrared ? lampAtmosphere(scene) : dayAtmosphere(scene));

function dayAtmosphere({ sunLight, skyLight, sun, snowCover, exposure }: Scene) {
  const low = smoothStep(0.4, 0.02, sun.z) * Math.min(1, sunLight * 3);
  const incident = skyLight * 0.9 + sunLight * 0.75 * Math.max(0.1, sun.z);
  const sky = skyLight * 1.7 + sunLight * 0.35;
  return {
    sky,
    trees: sky * (0.07 + 0.03 * snowCover),
    haze: skyLight * 0.95 + sunLight * 0.2,
    warmth: 1 + 0.18 * low,
    coolness: 1 - 0.15 * low + 0.06 * (1 - Math.min(1, sunLight * 2)),
    exposure: exposureIn(incident, exposure),
    grain: 3.5 + 9 * smoothStep(0.12, 0.03, incident),
  };
}

const lampAtmosphere = ({ exposure }: Scene) => ({
  sky: 0.02,
  trees: 0.012,
  haze: 0.28,
  warmth: 1,
  coolness: 1,
  exposure: exposureIn(0.42, exposure),
  grain: 13,
});

/** The camera compensates for a lack of light, but not completely: photos at dusk stay dark. */
const exposureIn = (incident: number, exposure: number): number =>
  (exposure * 0.62) / (incident + 0.012) ** 0.88;

/** Light that the ground reflects: the sky's from above and the sun's through the canopy, or that of the camera's lamp. */
export function lightLayers(view: CameraView, weather: Weather, scene: Scene, air: Atmosphere): Layer[] {
  if (scene.infrared) return [lampLight(view), reflection(air)];
  const sunLayers = scene.sunLight > 0 ? [sunLight(view, weather, scene)] : [];
  return [skyLight(view, scene), ...sunLayers, reflection(air)];
}

const skyLight =
  (view: CameraView, scene: Scene): Layer =>
  ({ width, first, light, sunlit }) => {
    for (let column = 0; column < width; column++) {
      light[column] = scene.skyLight * (0.45 + 0.55 * at(view.normalZ, first + column));
      sunlit[column] = 0;
    }
  };

function sunLight(view: CameraView, { canopy }: Weather, scene: Scene): Layer {
  const { sun } = scene;
  // The lower the sun stands, the farther aside the canopy casts its shadow.
  const shadowX = Math.round((sun.x / (sun.z + 0.15)) * 45);
  const shadowY = Math.round((sun.y / (sun.z + 0.15)) * 45);
  const leaves = foliage(scene);
  return ({ width, first, light, sunlit }) => {
    for (let column = 0; column < width; column++) {
      const pixel = first + column;
      const shade = wrapped(
        canopy,
        (at(view.x, pixel) * 22 + shadowX) | 0,
        (at(view.y, pixel) * 22 + shadowY) | 0,
      );
      const sunshine = scene.sunLight * smoothStep(-0.25 + 0.4 * leaves, 0.05 + 0.4 * leaves, shade + 0.1);
      const facing =
        at(view.normalX, pixel) * sun.x + at(view.normalY, pixel) * sun.y + at(view.normalZ, pixel) * sun.z;
      sunlit[column] = sunshine;
      if (facing > 0) light[column] = drawn(light, column) + 1.5 * sunshine * facing;
    }
  };
}

/** Meters to what the camera's lamp shows where there is no ground. */
const LAMP_REACH = 14;

const lampLight =
  (view: CameraView): Layer =>
  ({ width, first, light, sunlit }) => {
    for (let column = 0; column < width; column++) {
      const reach = at(view.distance, first + column) || LAMP_REACH;
      light[column] = 0.75 / (1 + (reach * reach) / 30);
      sunlit[column] = 0;
    }
  };

const reflection =
  ({ warmth, coolness }: Atmosphere): Layer =>
  ({ width, light, red, green, blue }) => {
    for (let column = 0; column < width; column++) {
      red[column] = drawn(red, column) * (drawn(light, column) * warmth);
      green[column] = drawn(green, column) * drawn(light, column);
      blue[column] = drawn(blue, column) * (drawn(light, column) * coolness);
    }
  };
