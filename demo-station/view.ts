import { reliefTexture, smoothStep, smoothTexel, stoneTextures, texel } from './noise.ts';
import { buildTerrain, channelCenter, type Terrain, type Valley } from './terrain.ts';

/** Where a camera hangs and where it looks. */
export type Camera = {
  /** Meters: to the right of the y axis, and above the stream's bed. */
  x: number;
  height: number;
  /** Degrees: to the right, and below the horizon. */
  yaw: number;
  pitch: number;
  /** Degrees, from the left to the right edge. */
  fieldOfView: number;
  /** What it looks at, if not the demo's brook. */
  valley?: Valley;
  /** Of the ground, if not the station's: after a flood that has moved rocks and bank. */
  groundSeed?: number;
};

/**
 * What each pixel of a camera shows, row by row: all that does not change from photo to photo. Lengths are in meters,
 * x across the stream, y upstream; directions have length 1; shares go from 0 to 1.
 */
export type CameraView = ReturnType<typeof emptyView>;

const FARTHEST = 32;
/** How far stones and pebbles stand out of the ground. */
const STONE_HEIGHT = 0.07;
const PEBBLE_HEIGHT = 0.02;

function emptyView(width: number, height: number) {
  const layer = () => new Float32Array(width * height);
  return {
    width,
    height,
    x: layer(),
    y: layer(),
    /** Stage at which the water reaches this place. */
    level: layer(),
    /** From the camera; 0 where the ray meets no ground. */
    distance: layer(),
    normalX: layer(),
    normalY: layer(),
    normalZ: layer(),
    /** Color of the ground with nothing on it. */
    red: layer(),
    green: layer(),
    blue: layer(),
    /** Share of plants, and how light each leaf is (around 1). */
    plants: layer(),
    leaf: layer(),
    /** Order in which places are covered by fallen leaves or snow: 1 first, 0 last. */
    speckle: layer(),
    /** How much the ground breaks the water that flows over it. */
    roughness: layer(),
    /** Direction in which still water reflects the camera's ray. */
    mirrorX: layer(),
    mirrorY: layer(),
    mirrorZ: layer(),
    /** How far above the tree tops that direction points; negative within the trees. */
    skyGate: layer(),
    /** Share of light that still water reflects here. */
    fresnel: layer(),
    /** Leaves right in front of the camera: they are visible when the trees bear more leaves than this value. */
    twigs: layer(),
  };
}

/** Works out a camera's view of the stream's valley. */
export function buildView(camera: Camera, width: number, height: number, seed: number): CameraView {
  const view = emptyView(width, height);
  const valley = {
    terrain: buildTerrain(camera.groundSeed ?? seed, camera.valley),
    surface: buildSurface(seed),
  };
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column;
      const ray = rayThrough(camera, view, column, row);
      const distance = castRay(valley.terrain, camera, ray);
      placeTwigs(view, valley.surface, pixel, column / width, row / height);
      if (distance === 0) placeForest(view, valley.surface, pixel, ray);
      else placeGround(view, valley, camera, pixel, ray, distance);
    }
  return view;
}

type Direction = readonly [x: number, y: number, up: number];

/** Direction of a pixel's ray, of length 1. */
function rayThrough(camera: Camera, view: CameraView, column: number, row: number): Direction {
  const radians = Math.PI / 180;
  const scale = Math.tan((camera.fieldOfView / 2) * radians) / (view.width / 2);
  const right = (column - view.width / 2) * scale;
  const down = (row - view.height / 2) * scale;
  const [sinPitch, cosPitch] = [Math.sin(camera.pitch * radians), Math.cos(camera.pitch * radians)];
  const forward = cosPitch - down * sinPitch;
  const up = -sinPitch - down * cosPitch;
  const [sinYaw, cosYaw] = [Math.sin(camera.yaw * radians), Math.cos(camera.yaw * radians)];
  const x = right * cosYaw + forward * sinYaw;
  const y = forward * cosYaw - right * sinYaw;
  const length = Math.hypot(x, y, up);
  return [x / length, y / length, up / length];
}

/** Meters to the ground along a ray; 0 if it meets none. Steps get shorter near the ground; then the last one is halved repeatedly. */
function castRay(terrain: Terrain, camera: Camera, [rayX, rayY, rayZ]: Direction): number {
  const gapAt = (distance: number) =>
    camera.height + rayZ * distance - terrain.height(camera.x + rayX * distance, rayY * distance);
  let near = 1.2;
  let far = near;
  for (;;) {
    const gap = gapAt(far);
    if (gap < 0) break;
    near = far;
    far += Math.max(0.02, Math.min(0.5, gap * 0.45)) * (1 + far * 0.02);
    if (far > FARTHEST) return 0;
  }
  for (let halving = 0; halving < 6; halving++) {
    const middle = (near + far) / 2;
    if (gapAt(middle) < 0) far = middle;
    else near = middle;
  }
  return far;
}

type Surface = ReturnType<typeof buildSurface>;

function buildSurface(seed: number) {
  return {
    stones: stoneTextures(26, seed + 11),
    pebbles: stoneTextures(64, seed + 12),
    leaves: stoneTextures(90, seed + 13),
    patches: reliefTexture(6, 5, seed + 14),
    grit: reliefTexture(128, 2, seed + 15),
  };
}

function placeGround(
  view: CameraView,
  { terrain, surface }: { terrain: Terrain; surface: Surface },
  camera: Camera,
  pixel: number,
  [rayX, rayY, rayZ]: Direction,
  distance: number,
): void {
  const [x, y] = [camera.x + rayX * distance, rayY * distance];
  const rock = smoothStep(0.2, 0.8, terrain.rock(x, y));
  const patch = texel(surface.patches, x * 30, y * 30);
  const aside = Math.abs(x - channelCenter(y) - 0.6) / (camera.valley?.width ?? 1) + 0.5 * patch;
  const plants = (1 - rock) * smoothStep(2.9, 4.3, aside);
  // Stones smaller than a pixel would only flicker.
  const stony = (1 - plants) * (1 - rock) * smoothStep(22, 7, distance);
  const pebbly = (1 - plants) * (1 - 0.6 * rock) * smoothStep(11, 4, distance);
  const relief = (atX: number, atY: number) =>
    terrain.height(atX, atY) +
    STONE_HEIGHT * stony * (smoothTexel(surface.stones.domes, atX * 110, atY * 110) - 0.45) +
    PEBBLE_HEIGHT * pebbly * (smoothTexel(surface.pebbles.domes, atX * 130, atY * 130) - 0.45);

  const ground = relief(x, y);
  const reach = 0.008 + 0.004 * distance;
  const slopeX = (relief(x + reach, y) - relief(x - reach, y)) / (2 * reach);
  const slopeY = (relief(x, y + reach) - relief(x, y - reach)) / (2 * reach);
  const length = Math.hypot(slopeX, slopeY, 1);
  view.x[pixel] = x;
  view.y[pixel] = y;
  view.distance[pixel] = distance;
  view.level[pixel] = ground;
  view.normalX[pixel] = -slopeX / length;
  view.normalY[pixel] = -slopeY / length;
  view.normalZ[pixel] = 1 / length;

  const shade = texel(surface.stones.shades, x * 110, y * 110) * stony + 0.5 * (1 - stony);
  const grit =
    texel(surface.grit, x * 170 + ground * 90, y * 170 - ground * 150) * smoothStep(16, 4, distance);
  const gaps = 1 - 0.55 * stony * (1 - smoothTexel(surface.stones.domes, x * 110, y * 110));
  const light = (0.72 + 0.55 * shade + 0.12 * grit + 0.18 * patch) * gaps;
  const [red, green, blue] = rock > 0.5 ? [0.3, 0.29, 0.27] : [0.29, 0.25, 0.19];
  view.red[pixel] = light * (red * (1 - plants) + 0.19 * plants);
  view.green[pixel] = light * (green * (1 - plants) + 0.14 * plants);
  view.blue[pixel] = light * (blue * (1 - plants) + 0.095 * plants);
  view.plants[pixel] = plants;
  const leafScale = 90 / (1 + distance * 0.1);
  view.leaf[pixel] =
    0.45 +
    0.75 * texel(surface.leaves.shades, x * leafScale + ground * 60, y * leafScale * 0.6 - ground * 190) +
    0.3 * patch;
  view.speckle[pixel] = 0.5 + 0.3 * patch + 0.35 * (texel(surface.leaves.shades, x * 75, y * 75) - 0.5);
  view.roughness[pixel] = Math.min(1, Math.hypot(slopeX, slopeY) * (0.35 + 0.65 * rock));

  view.mirrorX[pixel] = rayX;
  view.mirrorY[pixel] = rayY;
  view.mirrorZ[pixel] = -rayZ;
  view.skyGate[pixel] = -rayZ - treeTops(surface, rayX);
  view.fresnel[pixel] = 0.03 + 0.97 * (1 + rayZ) ** 5;
}

/** Height of the tree tops over the stream, as the upward share of a direction: the valley is open upstream. */
const treeTops = (surface: Surface, rayX: number): number =>
  0.12 + 1.5 * Math.min(0.4, Math.abs(rayX + 0.05)) + 0.16 * texel(surface.patches, rayX * 260, 40);

/** Trunks and crowns where a ray leaves the valley, with gaps through which the sky shines. */
function placeForest(view: CameraView, surface: Surface, pixel: number, [rayX, , rayZ]: Direction): void {
  const trunk = smoothStep(0.25, 0.5, texel(surface.patches, rayX * 900, rayZ * 40 + 7));
  const crown = texel(surface.leaves.shades, rayX * 900, rayZ * 900);
  const light = 0.5 + 0.5 * crown - 0.3 * trunk;
  view.red[pixel] = 0.17 * light;
  view.green[pixel] = 0.14 * light;
  view.blue[pixel] = 0.11 * light;
  view.plants[pixel] = 0.9 * (1 - trunk);
  view.leaf[pixel] = 0.25 + 0.9 * crown;
  view.normalZ[pixel] = 1;
  view.speckle[pixel] = 0.15;
  view.skyGate[pixel] = rayZ - 0.06 + 0.16 * texel(surface.patches, rayX * 500, rayZ * 300) - 0.1 * trunk;
}

/** Leaves of a near tree hang into the upper left corner. */
function placeTwigs(view: CameraView, surface: Surface, pixel: number, across: number, down: number): void {
  const corner = smoothStep(0.52, 0.05, Math.hypot(across, down * 1.5));
  const leaf = texel(surface.leaves.domes, across * 420, down * 300) - 0.35;
  const branch = texel(surface.patches, across * 190, down * 140);
  view.twigs[pixel] = 1.25 - 0.95 * corner - 0.3 * leaf - 0.35 * branch;
}
