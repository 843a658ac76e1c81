import { reliefTexture, smoothStep, texel } from './noise.ts';
import { randomSource } from './random.ts';

/** The ground is known on a grid, in meters: x across the stream, y upstream; heights are above the stream's bed. */
const LEFT = -14;
const NEAR = 1;
const CELL = 0.04;
const COLUMNS = 700;
const ROWS = 850;
const ROCKS = 170;

/** How a valley differs from that of the demo's brook: width of its channel, height of its bank, number of its rocks. */
export type Valley = { width: number; bank: number; rocks: number };
const BROOK: Valley = { width: 1, bank: 1, rocks: 1 };

export type Terrain = {
  /** Meters above the bed; outside the grid that of its edge. */
  height(x: number, y: number): number;
  /** How much of the ground here is bare rock, 0–1. */
  rock(x: number, y: number): number;
};

/** A meandering channel between a steep bank and a gravel bar, with rocks of all sizes: some drown only in floods. */
export function buildTerrain(seed: number, valley: Valley = BROOK): Terrain {
  const coarse = reliefTexture(8, 5, seed);
  const heights = new Float32Array(COLUMNS * ROWS);
  const rocks = new Float32Array(COLUMNS * ROWS);
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) {
      const x = LEFT + column * CELL;
      const y = NEAR + row * CELL;
      heights[row * COLUMNS + column] = channelHeight(x, y, valley) + roughness(coarse, x, y);
    }
  for (const rock of scatterRocks(seed, valley)) placeRock(heights, rocks, coarse, rock);
  return { height: (x, y) => sample(heights, x, y), rock: (x, y) => sample(rocks, x, y) };
}

/** Distance of the channel's middle from the y axis, meters. */
export const channelCenter = (y: number): number => 0.9 * Math.sin(y / 5.5 + 0.5) + 0.05 * y;

function channelHeight(x: number, y: number, { width, bank: height }: Valley): number {
  const across = (x - channelCenter(y)) / ((2.1 + 0.3 * Math.sin(y / 2.7)) * width);
  const bed = 0.1 * Math.min(1, across * across) - 0.04;
  const bank =
    across < 0
      ? 1.25 * smoothStep(0.75, 2.1, -across)
      : 0.46 * Math.max(0, Math.min(1, (across + 0.05) / 2.5)) + 0.8 * smoothStep(2.5, 3.7, across);
  return bed + bank * height + 0.16 * Math.max(0, Math.abs(x) - 6) + 0.02 * Math.max(0, y - 12);
}

/** Cobbles in the channel, hummocks on the banks. */
function roughness(coarse: Float32Array, x: number, y: number): number {
  const onBank = smoothStep(1.2, 3.5, Math.abs(x - channelCenter(y)));
  return (0.05 + 0.1 * onBank) * texel(coarse, x * 60, y * 60) + 0.05 * texel(coarse, x * 23 + 90, y * 23);
}

type Rock = { x: number; y: number; radius: number; height: number; stretch: number };

function scatterRocks(seed: number, { width, rocks }: Valley): Rock[] {
  const random = randomSource(seed + 77);
  return Array.from({ length: Math.round(ROCKS * rocks) }, (_, index) => {
    const large = index < 9;
    const y = (large ? 7 : 2.5) + random.uniform() ** 1.3 * 22;
    const radius = large ? random.uniform(0.3, 0.55) : 0.07 + 0.25 * random.uniform() ** 2.2;
    const x = channelCenter(y) + random.normal(1.8 * width);
    return { x, y, radius, height: radius * random.uniform(0.6, 1.1), stretch: random.uniform(0.7, 1.4) };
  });
}

function placeRock(
  heights: Float32Array,
  rocks: Float32Array,
  coarse: Float32Array,
  { x, y, radius, height, stretch }: Rock,
): void {
  const reach = Math.ceil((radius * 1.5) / CELL);
  const [middleColumn, middleRow] = [Math.round((x - LEFT) / CELL), Math.round((y - NEAR) / CELL)];
  const base = sample(heights, x, y) - 0.05;
  for (let row = Math.max(0, middleRow - reach); row < Math.min(ROWS, middleRow + reach); row++)
    for (
      let column = Math.max(0, middleColumn - reach);
      column < Math.min(COLUMNS, middleColumn + reach);
      column++
    ) {
      const across = ((column - middleColumn) * CELL * stretch) / radius;
      const along = ((row - middleRow) * CELL) / (radius * stretch);
      const bumps = 0.16 * texel(coarse, column * 2.6, row * 2.6);
      const from = Math.max(0, Math.hypot(across, along) + bumps);
      if (from >= 1) continue;
      const cell = row * COLUMNS + column;
      const top = base + height * Math.sqrt(1 - from ** 2.6);
      if (top <= (heights[cell] as number)) continue;
      heights[cell] = top;
      rocks[cell] = 1;
    }
}

function sample(grid: Float32Array, x: number, y: number): number {
  const column = Math.max(0, Math.min(COLUMNS - 1.001, (x - LEFT) / CELL));
  const row = Math.max(0, Math.min(ROWS - 1.001, (y - NEAR) / CELL));
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const [across, down] = [column - left, row - top];
  const cell = top * COLUMNS + left;
  const above = (grid[cell] as number) * (1 - across) + (grid[cell + 1] as number) * across;
  const below =
    (grid[cell + COLUMNS] as number) * (1 - across) + (grid[cell + COLUMNS + 1] as number) * across;
  return above * (1 - down) + below * down;
}
