import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../shared/statistics/seeded-random.ts';
import type { JudgedStation, StationPair } from './station-folder.ts';

/** One training: what is compared, and by what. */
export type Cell = {
  recipe: string;
  station: string;
  seed: number;
  /** Pairs to train and validate with; all that there are, if they are fewer. */
  pairs: number;
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
};

/** All cells; those of one seed and station come together, so that a run that is cut short can still compare. */
export function cellsOf({ recipes, stations, seeds, pairs, referencePairs }: CellOptions): Cell[] {
  const kinds =
    referencePairs === undefined
      ? pairs.flatMap((n) => recipes.map((recipe) => ({ recipe, pairs: n })))
      : [
          ...recipes.slice(0, 1).map((recipe) => ({ recipe, pairs: referencePairs })),
          ...pairs.flatMap((n) => recipes.slice(1).map((recipe) => ({ recipe, pairs: n }))),
        ];
  return seeds.flatMap((seed) =>
    stations.flatMap((station) => kinds.map(({ recipe, pairs: n }) => ({ recipe, station, seed, pairs: n }))),
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

/**
 * Epochs in which a training takes as many steps as one with more pairs takes in `epochs`: fewer pairs make shorter epochs.
 *
 * @param mostPairs of the training with more
 */
export function epochsOfSameSteps(
  epochs: number,
  { pairs }: JudgedStation,
  cell: Cell,
  mostPairs: number,
): number {
  const steps = (wanted: number) => pairParts(pairs, { ...cell, pairs: wanted }).train.length;
  return Math.round((epochs * steps(mostPairs)) / steps(cell.pairs));
}

/** Photos that a cell's network has been trained or validated with. */
export const seenPhotos = (station: JudgedStation, cell: Cell): Set<number> => {
  const { train, val } = pairParts(station.pairs, cell);
  return new Set([...train, ...val].flatMap(({ one, two }) => [one, two]));
};
