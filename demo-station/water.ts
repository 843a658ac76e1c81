import type { Atmosphere } from './light.ts';
import { smoothStep, TEXTURE_SIZE } from './noise.ts';
import { foliage } from './plants.ts';
import type { Random } from './random.ts';
import type { Scene } from './scene.ts';
import { at, cover, drawn, type Layer, type Sight, wrapped } from './sight.ts';
import type { CameraView } from './view.ts';
import type { Weather } from './weather.ts';

const DEPTH_STEPS = 512;
/** In water deeper than this, in meters, the bed cannot be seen. */
const DEEPEST = 1.2;

/** The stream over its bed: waves, what is seen through them and mirrored in them, glints, foam and ice. */
export const waterLayers = (
  view: CameraView,
  weather: Weather,
  scene: Scene,
  air: Atmosphere,
  random: Random,
): Layer[] => [
  waves(view, weather, random),
  bedAndMirror(view, scene, air),
  ...(scene.sunLight > 0.05 ? [glints(view, scene)] : []),
  foam(view, scene),
  ...(scene.ice > 0 ? [ice(scene)] : []),
];

/** How much waves tilt the mirror. */
const roughness = ({ speed, rain }: Scene): number => 0.12 + 0.34 * speed + 0.1 * rain;

function waves(view: CameraView, { waves, clumps }: Weather, random: Random): Layer {
  // The water has moved since the last photo, so its textures begin at random places.
  const drift = () => random.integer(TEXTURE_SIZE);
  const [waveX, waveY] = [drift(), drift()];
  const [swellX, swellY] = [drift(), drift()];
  const [clumpX, clumpY] = [drift(), drift()];
  return ({ width, first, depth, chop, clump }) => {
    for (let column = 0; column < width; column++) {
      if (drawn(depth, column) <= 0) continue;
      const x = at(view.x, first + column);
      const y = at(view.y, first + column);
      const fade = 1.3 / (1 + at(view.distance, first + column) * 0.12);
      chop[column] =
        0.8 * wrapped(waves, (x * 150 + waveX) | 0, (y * 170 + waveY) | 0) * fade +
        0.55 * wrapped(waves, (x * 44 + swellX) | 0, (y * 52 + swellY) | 0);
      clump[column] = wrapped(clumps, (x * 26 + clumpX) | 0, (y * 9 + clumpY) | 0);
    }
  };
}

function bedAndMirror(view: CameraView, scene: Scene, air: Atmosphere): Layer {
  const { skyLight, turbidity, infrared } = scene;
  const clearAtDepth = Float32Array.from({ length: DEPTH_STEPS }, (_, step) =>
    Math.exp((-(5 + 16 * turbidity) * step * DEEPEST) / DEPTH_STEPS),
  );
  const bodyRed = 0.035 + 0.2 * turbidity;
  const bodyGreen = 0.05 + 0.125 * turbidity;
  const bodyBlue = 0.042 + 0.05 * turbidity;
  const rough = roughness(scene);
  const leaves = foliage(scene);
  return ({ width, first, depth, light, sunlit, chop, red, green, blue }) => {
    for (let column = 0; column < width; column++) {
      const deep = drawn(depth, column);
      if (deep <= 0) continue;
      const pixel = first + column;
      const wave = drawn(chop, column);
      // The bed shows through; a film of water at the edge lets all of it through.
      const clear = at(clearAtDepth, Math.min(DEPTH_STEPS - 1, (deep * (DEPTH_STEPS / DEEPEST)) | 0));
      const lamp = infrared ? drawn(light, column) * 0.35 : 0;
      const scattered = (skyLight + 0.7 * drawn(sunlit, column) + lamp) * (1 - clear);
      const mirror =
        Math.min(1, deep * 45) * Math.min(0.95, at(view.fresnel, pixel) * 1.2 + 0.03 + 0.08 * wave);
      const sky = smoothStep(-0.04, 0.13, at(view.skyGate, pixel) - 0.08 + rough * wave);
      const mirrored = air.trees + (air.sky - air.trees) * sky;
      const through = 0.9 * clear * (1 - mirror);
      red[column] =
        drawn(red, column) * through + bodyRed * scattered * (1 - mirror) + mirrored * mirror * 0.93;
      green[column] =
        drawn(green, column) * through +
        bodyGreen * scattered * (1 - mirror) +
        mirrored * mirror * (1 + 0.1 * leaves * (1 - sky));
      blue[column] =
        drawn(blue, column) * through +
        bodyBlue * scattered * (1 - mirror) +
        mirrored * mirror * (0.85 + 0.25 * sky);
    }
  };
}

/** Where a wave mirrors the sun itself. */
function glints(view: CameraView, scene: Scene): Layer {
  const { sun, sunLight } = scene;
  const rough = roughness(scene);
  return ({ width, first, depth, chop, red, green, blue }) => {
    for (let column = 0; column < width; column++) {
      if (drawn(depth, column) <= 0) continue;
      const pixel = first + column;
      const glint =
        at(view.mirrorX, pixel) * sun.x +
        at(view.mirrorY, pixel) * sun.y +
        at(view.mirrorZ, pixel) * sun.z +
        (0.02 + 0.09 * rough) * drawn(chop, column);
      if (glint <= 0.965) continue;
      const flash =
        Math.min(1.8, (glint - 0.965) * 40) * sunLight * Math.max(0.15, drawn(chop, column) + 0.3);
      red[column] = drawn(red, column) + flash;
      green[column] = drawn(green, column) + flash;
      blue[column] = drawn(blue, column) + flash * 0.92;
    }
  };
}

/** Light on what lies on the water, of which the sun's is this share. */
const lightOnTop = (scene: Scene, { sunlit, light }: Sight, column: number, sunShare: number): number =>
  scene.skyLight + sunShare * drawn(sunlit, column) + (scene.infrared ? drawn(light, column) : 0);

/** Foam, where the bed breaks a fast current and on the waves of a flood. */
const foam =
  (view: CameraView, scene: Scene): Layer =>
  (sight) => {
    for (let column = 0; column < sight.width; column++) {
      const depth = drawn(sight.depth, column);
      if (depth <= 0) continue;
      const broken = at(view.roughness, sight.first + column) / (0.6 + depth * 12);
      const whiteness =
        0.5 * drawn(sight.clump, column) +
        0.45 * drawn(sight.chop, column) +
        1.1 * broken -
        0.95 +
        0.95 * scene.speed;
      if (whiteness <= 0) continue;
      const bright = lightOnTop(scene, sight, column, 0.8) * 0.85;
      // A flood's foam is as brown as its water.
      cover(sight, column, Math.min(0.9, whiteness * 2.2), {
        red: bright * (0.9 - 0.12 * scene.turbidity),
        green: bright * (0.9 - 0.22 * scene.turbidity),
        blue: bright * (0.92 - 0.4 * scene.turbidity),
      });
    }
  };

/** Ice grows from the shallow edges and where the water runs slowly. */
const ice =
  (scene: Scene): Layer =>
  (sight) => {
    for (let column = 0; column < sight.width; column++) {
      const depth = drawn(sight.depth, column);
      if (depth <= 0) continue;
      const thickness =
        scene.ice * (0.75 + 0.5 * drawn(sight.clump, column)) - depth * 2.8 - 0.4 * scene.speed;
      const bright = lightOnTop(scene, sight, column, 0.9) * (0.62 + 0.25 * scene.snowCover);
      cover(sight, column, 0.9 * smoothStep(0.1, 0.35, thickness), {
        red: bright * 0.93,
        green: bright * 0.98,
        blue: bright * 1.04,
      });
    }
  };
