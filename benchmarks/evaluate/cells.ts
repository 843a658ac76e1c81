import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TIMEZONE } from '../../demo-station/annotators.ts';
import { stationClock } from '../../shared/formats/local-time.ts';
import { seededRandom } from '../../shared/statistics/seeded-random.ts';
import { neighborPairs } from './neighbor-pairs.ts';
import type { JudgedStation, StationPair } from './station-folder.ts';

/** One training: what is compared, and by what. */
export type Cell = {
  recipe: string;
  station: string;
  seed: number;
  /** Pairs to train and validate with; all that there are, if they are fewer. */
  pairs: number;
  /** Pairs of photos so near to each other are added to the training, as many as it has. */
  neighborHours?: number | undefined;
};
/** The first pairs of a shuffle are kept from training and validation, to be ordered by the trained network. */
const HELD_OUT_SHARE = 0.15;
const VALIDATION_SHARE = 0.2;

const ROOT = join(import.meta.dirname, '..', '..');

export type CellOptions = {
  /** The first is the reference. */
  recipes: readonly string[];
  stations: readonly string[];
  seeds: readonly number[];
  pairs: readonly number[];
  /** Pairs of the reference, if it is not trained with as many as the others. */
  referencePairs?: number;
  /** Recipe → hours between neighbors, for those that train with such pairs. */
  neighborHours?: ReadonlyMap<string, number>;
};

/** All cells; those of one seed and station come together, so that a run that is cut short can still compare. */
export function cellsOf(options: CellOptions): Cell[] {
  const { recipes, stations, seeds, pairs, referencePairs, neighborHours } = options;
  const kinds =
    referencePairs === undefined
      ? pairs.flatMap((n) => recipes.map((recipe) => ({ recipe, pairs: n })))
      : [
          ...recipes.slice(0, 1).map((recipe) => ({ recipe, pairs: referencePairs })),
          ...pairs.flatMap((n) => recipes.slice(1).map((recipe) => ({ recipe, pairs: n }))),
        ];
  const cellOf = (station: string, seed: number, recipe: string, n: number): Cell => {
    const hours = neighborHours?.get(recipe);
    return { recipe, station, seed, pairs: n, ...(hours !== undefined && { neighborHours: hours }) };
  };
  return seeds.flatMap((seed) =>
    stations.flatMap((station) => kinds.map(({ recipe, pairs: n }) => cellOf(station, seed, recipe, n))),
  );
}

export const cellName = ({ recipe, station, seed, pairs }: Cell): string =>
  `${recipe}, ${station}, seed ${seed}, ${pairs} pairs`;

/** Of the programs that train and score, so that results of other programs are not taken for theirs. */
export function codeHash(): string {
  const hash = createHash('sha256');
  const files = ['model/*.py', 'benchmarks/reference/training.py', 'benchmarks/evaluate/train_and_score.py'];
  for (const path of files.flatMap((pattern) => globSync(join(ROOT, pattern))).toSorted())
    hash.update(readFileSync(path));
  return hash.digest('hex');
}

/** Name of a cell's result: changes with the cell, and with everything (`facts`) that its result depends on. */
export const cellKey = (cell: Cell, facts: unknown): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([cell, facts]))
    .digest('hex')
    .slice(0, 12);
  return `${cell.recipe}.${cell.station}.${cell.seed}.${cell.pairs}.${hash}`;
};

export type PairParts = { train: StationPair[]; val: StationPair[]; heldOut: StationPair[] };

/** The same for every recipe. Fewer pairs are the first of more pairs. */
export function pairParts(pairs: readonly StationPair[], { seed, pairs: wanted }: Cell): PairParts {
  const shuffled = seededRandom(seed).shuffle(pairs);
  const heldOut = Math.round(shuffled.length * HELD_OUT_SHARE);
  const learned = shuffled.slice(heldOut, heldOut + wanted);
  const every = Math.round(1 / VALIDATION_SHARE);
  return {
    heldOut: shuffled.slice(0, heldOut),
    train: learned.filter((_, index) => index % every !== every - 1),
    val: learned.filter((_, index) => index % every === every - 1),
  };
}

/** Pairs of neighbors that a cell trains with, as ties. */
export function neighborsOf(station: JudgedStation, cell: Cell): StationPair[] {
  const { neighborHours: hours, seed } = cell;
  if (hours === undefined) return [];
  const { train, val } = pairParts(station.pairs, cell);
  const validating = new Set(val.flatMap(({ one, two }) => [one, two]));
  const clock = stationClock(TIMEZONE);
  const pairs = neighborPairs(station.photos, train.length, {
    hours,
    isEligible: ({ imageId, period }) => period === 'within' && !validating.has(imageId),
    localDate: (epochMs) => clock.calendar(epochMs).date,
    random: seededRandom(seed),
  });
  return pairs.map(([one, two]) => ({ one: one.imageId, two: two.imageId, label: 0 }));
}

/**
 * Epochs in which a training takes as many steps as one with other pairs takes in `epochs`: fewer pairs make shorter epochs,
 * neighbors longer ones.
 *
 * @param other the training that sets the number of steps
 */
export function epochsOfSameSteps(epochs: number, station: JudgedStation, cell: Cell, other: Cell): number {
  const steps = (one: Cell) => pairParts(station.pairs, one).train.length + neighborsOf(station, one).length;
  return Math.round((epochs * steps(other)) / steps(cell));
}

/** Photos that a cell's network has been trained or validated with. */
export const seenPhotos = (station: JudgedStation, cell: Cell): Set<number> => {
  const { train, val } = pairParts(station.pairs, cell);
  return new Set([...train, ...val, ...neighborsOf(station, cell)].flatMap(({ one, two }) => [one, two]));
};
