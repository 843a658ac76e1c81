import { randomSource } from './random.ts';

/** Side of the square textures, which repeat without a seam. */
export const TEXTURE_SIZE = 512;
export const TEXTURE_MASK = TEXTURE_SIZE - 1;

/** Smooth random relief from −1 to 1, of several octaves; the coarsest has `cells` cells across the texture. */
export function reliefTexture(cells: number, octaves: number, seed: number): Float32Array {
  const texture = new Float32Array(TEXTURE_SIZE * TEXTURE_SIZE);
  let weight = 1;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    addOctave(texture, cells * 2 ** octave, weight, seed + octave);
    total += weight;
    weight *= 0.55;
  }
  return texture.map((value) => Math.max(-1, Math.min(1, (value / total) * 1.4)));
}

function addOctave(texture: Float32Array, cells: number, weight: number, seed: number): void {
  const random = randomSource(seed);
  const lattice = Float32Array.from({ length: cells * cells }, () => random.uniform(-1, 1));
  const at = (column: number, row: number) => lattice[(row % cells) * cells + (column % cells)] as number;
  for (let y = 0; y < TEXTURE_SIZE; y++) {
    const row = Math.floor((y * cells) / TEXTURE_SIZE);
    const down = smooth((y * cells) / TEXTURE_SIZE - row);
    for (let x = 0; x < TEXTURE_SIZE; x++) {
      const column = Math.floor((x * cells) / TEXTURE_SIZE);
      const across = smooth((x * cells) / TEXTURE_SIZE - column);
      const above = at(column, row) * (1 - across) + at(column + 1, row) * across;
      const below = at(column, row + 1) * (1 - across) + at(column + 1, row + 1) * across;
      const pixel = y * TEXTURE_SIZE + x;
      texture[pixel] = (texture[pixel] as number) + weight * (above * (1 - down) + below * down);
    }
  }
}

/** Independent draws from −1 to 1, for the grain of a sensor. */
export function grainTexture(seed: number): Float32Array {
  const random = randomSource(seed);
  return Float32Array.from(
    { length: TEXTURE_SIZE * TEXTURE_SIZE },
    () => random.uniform(-1, 1) + random.uniform(-0.5, 0.5),
  );
}

/** Stones lying side by side, from 0 between them to 1 on their tops, and a shade of its own (0–1) for each stone. */
export function stoneTextures(cells: number, seed: number): { domes: Float32Array; shades: Float32Array } {
  const random = randomSource(seed);
  const stones = Array.from({ length: cells * cells }, () => ({
    x: random.uniform(0.1, 0.9),
    y: random.uniform(0.1, 0.9),
    reach: random.uniform(0.45, 0.85),
    shade: random.uniform(),
  }));
  const domes = new Float32Array(TEXTURE_SIZE * TEXTURE_SIZE);
  const shades = new Float32Array(TEXTURE_SIZE * TEXTURE_SIZE);
  for (let pixel = 0; pixel < domes.length; pixel++) {
    const across = ((pixel & TEXTURE_MASK) * cells) / TEXTURE_SIZE;
    const down = ((pixel >> 9) * cells) / TEXTURE_SIZE;
    const [column, row] = [Math.floor(across), Math.floor(down)];
    for (let neighbor = 0; neighbor < 9; neighbor++) {
      const [besideColumn, besideRow] = [column - 1 + (neighbor % 3), row - 1 + Math.floor(neighbor / 3)];
      const cell = ((besideRow + cells) % cells) * cells + ((besideColumn + cells) % cells);
      const stone = stones[cell] as (typeof stones)[number];
      const from = Math.hypot(across - besideColumn - stone.x, down - besideRow - stone.y) / stone.reach;
      const dome = Math.sqrt(Math.max(0, 1 - from * from));
      if (dome <= (domes[pixel] as number)) continue;
      domes[pixel] = dome;
      shades[pixel] = stone.shade;
    }
  }
  return { domes, shades };
}

/** Value of a texture at any place, in texels. */
export const texel = (texture: Float32Array, x: number, y: number): number =>
  texture[((Math.floor(y) & TEXTURE_MASK) << 9) | (Math.floor(x) & TEXTURE_MASK)] as number;

/** The same, interpolated between texels, for what is seen from close by. */
export function smoothTexel(texture: Float32Array, x: number, y: number): number {
  const [across, down] = [x - Math.floor(x), y - Math.floor(y)];
  const above = texel(texture, x, y) * (1 - across) + texel(texture, x + 1, y) * across;
  const below = texel(texture, x, y + 1) * (1 - across) + texel(texture, x + 1, y + 1) * across;
  return above * (1 - down) + below * down;
}

const smooth = (share: number): number => share * share * (3 - 2 * share);

/** 0 below `from`, 1 above `to`, smooth between. */
export const smoothStep = (from: number, to: number, value: number): number =>
  smooth(Math.max(0, Math.min(1, (value - from) / (to - from))));
