import { smoothStep } from './noise.ts';
import { type PlantColor, plantColor } from './plants.ts';
import type { Scene } from './scene.ts';
import { at, cover, drawn, type Layer } from './sight.ts';
import type { CameraView } from './view.ts';

/** The ground in its season: bare, then its plants, fallen leaves, wetness and snow. */
export const groundLayers = (view: CameraView, scene: Scene): Layer[] => [
  bareGround(view, scene),
  plants(view, plantColor(scene)),
  fallenLeaves(view, scene),
  wetness(view, scene),
  ...(scene.snowCover > 0 ? [snow(view, scene)] : []),
];

/** Where no ground is, there is no water either. */
const NO_GROUND_DEPTH = -9;

const bareGround =
  (view: CameraView, { stage }: Scene): Layer =>
  ({ width, first, depth, red, green, blue }) => {
    for (let column = 0; column < width; column++) {
      const pixel = first + column;
      const isGround = at(view.distance, pixel) !== 0;
      depth[column] = isGround ? stage - at(view.level, pixel) : NO_GROUND_DEPTH;
      red[column] = at(view.red, pixel);
      green[column] = at(view.green, pixel);
      blue[column] = at(view.blue, pixel);
    }
  };

const plants =
  (view: CameraView, color: PlantColor): Layer =>
  ({ width, first, red, green, blue }) => {
    for (let column = 0; column < width; column++) {
      const share = at(view.plants, first + column);
      const leaf = share * at(view.leaf, first + column);
      red[column] = drawn(red, column) + (color.red * leaf - drawn(red, column) * share * 0.75);
      green[column] = drawn(green, column) + (color.green * leaf - drawn(green, column) * share * 0.75);
      blue[column] = drawn(blue, column) + (color.blue * leaf - drawn(blue, column) * share * 0.75);
    }
  };

/** They stay on level ground beside the water. */
const fallenLeaves =
  (view: CameraView, { autumn }: Scene): Layer =>
  ({ width, first, depth, red, green, blue }) => {
    for (let column = 0; column < width; column++) {
      if (at(view.speckle, first + column) <= 1 - 0.62 * autumn) continue;
      if (drawn(depth, column) >= 0 || at(view.normalZ, first + column) <= 0.75) continue;
      red[column] = drawn(red, column) * 0.4 + 0.2;
      green[column] = drawn(green, column) * 0.4 + 0.1;
      blue[column] = drawn(blue, column) * 0.4 + 0.035;
    }
  };

/** Rain, and where the water stood within the last day. */
const wetness =
  (view: CameraView, { rain, wetStage }: Scene): Layer =>
  ({ width, first, red, green, blue }) => {
    for (let column = 0; column < width; column++) {
      if (at(view.distance, first + column) === 0) continue;
      const level = at(view.level, first + column);
      const damp = Math.max(rain * 0.8, smoothStep(-0.02, 0.03, wetStage + 0.02 - level));
      const dry = 1 - 0.5 * damp;
      red[column] = drawn(red, column) * dry;
      green[column] = drawn(green, column) * dry;
      blue[column] = drawn(blue, column) * dry;
    }
  };

const SNOW = { red: 0.8, green: 0.84, blue: 0.9 };

/** The water's edge melts it, and it slides off steep rocks. */
const snow =
  (view: CameraView, { snowCover }: Scene): Layer =>
  (sight) => {
    for (let column = 0; column < sight.width; column++) {
      const depth = drawn(sight.depth, column);
      if (depth >= 0) continue;
      const pixel = sight.first + column;
      const share =
        snowCover *
        smoothStep(0.95, 0.35, at(view.speckle, pixel) + 0.75 - snowCover) *
        smoothStep(0.45, 0.75, at(view.normalZ, pixel)) *
        (at(view.distance, pixel) === 0 ? 0.35 : smoothStep(0.01, 0.07, -depth));
      cover(sight, column, share, SNOW);
    }
  };
