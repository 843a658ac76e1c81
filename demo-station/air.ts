import type { Atmosphere } from './light.ts';
import { smoothStep } from './noise.ts';
import { foliage, type PlantColor, plantColor } from './plants.ts';
import type { Scene } from './scene.ts';
import { at, cover, type Layer } from './sight.ts';
import type { CameraView } from './view.ts';

/** What is between the valley and the camera: the sky behind the trees, fog, and the twigs of a near tree. */
export const airLayers = (view: CameraView, scene: Scene, air: Atmosphere): Layer[] => [
  skyBehindTrees(view, scene, air),
  ...(scene.fog > 0 ? [fog(view, scene, air)] : []),
  twigs(view, scene, plantColor(scene)),
];

function skyBehindTrees(view: CameraView, scene: Scene, air: Atmosphere): Layer {
  const sky = { red: air.sky * 0.96, green: air.sky, blue: air.sky * 1.06 };
  const leaves = foliage(scene);
  return (sight) => {
    for (let column = 0; column < sight.width; column++) {
      if (at(view.distance, sight.first + column) !== 0) continue;
      const gap = smoothStep(0.02, 0.14, at(view.skyGate, sight.first + column) - 0.07 * leaves);
      cover(sight, column, gap, sky);
    }
  };
}

/** Meters to the forest, as far as fog is concerned. */
const FOREST = 40;

function fog(view: CameraView, scene: Scene, air: Atmosphere): Layer {
  const haze = { red: air.haze, green: air.haze, blue: air.haze * 1.02 };
  return (sight) => {
    for (let column = 0; column < sight.width; column++) {
      const distance = at(view.distance, sight.first + column) || FOREST;
      cover(sight, column, 1 - Math.exp(-scene.fog * 0.09 * distance), haze);
    }
  };
}

function twigs(view: CameraView, scene: Scene, color: PlantColor): Layer {
  const leaves = foliage(scene);
  return (sight) => {
    for (let column = 0; column < sight.width; column++) {
      const twig = leaves - 0.12 + 0.2 * scene.autumn - at(view.twigs, sight.first + column);
      if (twig <= 0) continue;
      const bright = scene.infrared ? 0.5 : (scene.skyLight + 0.35 * scene.sunLight) * (0.6 + twig);
      cover(sight, column, Math.min(0.92, twig * 6), {
        red: color.red * bright,
        green: color.green * bright,
        blue: color.blue * bright,
      });
    }
  };
}
