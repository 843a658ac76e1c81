import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { writeDurably } from '../../host/durable-file.ts';
import { MalformedJson, parseJsonAs } from '../../shared/formats/json.ts';
import { pairsFile } from '../pairs-file.ts';
import { type Cell, cellKey, cellName, neighborsOf, pairParts } from './cells.ts';
import type { JudgedStation, StationPair } from './station-folder.ts';

/** What is kept of a training. */
const cellResult = z.object({
  cell: z.object({
    recipe: z.string(),
    station: z.string(),
    seed: z.number(),
    pairs: z.number(),
    neighborHours: z.number().optional(),
  }),
  facts: z.unknown(),
  seconds: z.number(),
  /** Of the station's photos, in their order. */
  scores: z.array(z.number().nullable()),
  epochs: z.unknown(),
  device: z.string(),
  torch: z.string(),
});
export type CellResult = z.output<typeof cellResult>;
export type CellFailure = { cell: Cell; reason: string };

/** So that programs beside this file import those of model/. */
export const PYTHON_ENVIRONMENT = { PYTHONPATH: join(import.meta.dirname, '..', '..', 'model') };

/** What trains and scores, given the file that describes the job; it writes scores.json into the job's folder. */
export type Worker = { command: string; arguments: readonly string[] };

export type RunOptions = {
  stations: ReadonlyMap<string, JudgedStation>;
  /** Everything besides the cell and its photos that a result depends on; part of its key. */
  factsOf(cell: Cell): { hyperparameters: Record<string, unknown> };
  /** Where results are kept. */
  folder: string;
  worker: Worker;
  /** The .pth that networks start from, if the hyperparameters say `pretrained`. */
  weights: string | null;
  /** The published model of another station that experiments with a `start` begin with. */
  start: string | null;
  /** Whether the model of each training is kept beside its result. */
  keepModels: boolean;
  /** Trainings at a time, each with a single thread. */
  parallel: number;
  say(line: string): void;
  /** No cell is begun after it, milliseconds since 1970. */
  until?: number;
};

/**
 * Trains what has no result yet, and returns all results in the order of the cells. A cell that fails is named, and the others go
 * on.
 */
export async function runCells(
  cells: readonly Cell[],
  options: RunOptions,
): Promise<{ results: CellResult[]; failures: CellFailure[]; left: number }> {
  const { folder, parallel, say, until = Number.POSITIVE_INFINITY } = options;
  mkdirSync(folder, { recursive: true });
  const pathOf = (cell: Cell) => join(folder, `${cellKey(cell, keyFacts(cell, options))}.json`);
  const results = new Map<Cell, CellResult>();
  for (const cell of cells) {
    const result = readResult(pathOf(cell), options.stations.get(cell.station) as JudgedStation, say);
    const complete = !options.keepModels || existsSync(modelPath(pathOf(cell)));
    if (result && complete) results.set(cell, result);
  }
  const open = cells.filter((cell) => !results.has(cell));
  if (open.length < cells.length) say(`${cells.length - open.length} of ${cells.length} trainings are there`);
  const failures: CellFailure[] = [];
  const started = Date.now();
  let [next, done] = [0, 0];
  const work = async () => {
    while (next < open.length && Date.now() < until) {
      const cell = open[next++] as Cell;
      try {
        const result = await trainCell(cell, options, pathOf(cell));
        writeDurably(pathOf(cell), JSON.stringify(result));
        results.set(cell, result);
      } catch (error) {
        failures.push({ cell, reason: (error as Error).message });
        say(`✘ ${cellName(cell)}: ${(error as Error).message}`);
      }
      done++;
      const left = ((Date.now() - started) / done) * (open.length - done);
      say(
        `${done} of ${open.length} trainings, about ${Math.ceil(left / 60_000)} min left: ${cellName(cell)}`,
      );
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return {
    results: cells.flatMap((cell) => results.get(cell) ?? []),
    failures,
    left: cells.length - results.size - failures.length,
  };
}

/** Null where there is none yet. One that is damaged is told of and removed, so that its training is repeated. */
function readResult(path: string, { photos }: JudgedStation, say: RunOptions['say']): CellResult | null {
  if (!existsSync(path)) return null;
  try {
    const result = parseJsonAs(readFileSync(path, 'utf8'), cellResult);
    if (result.scores.length === photos.length) return result;
  } catch (error) {
    if (!(error instanceof MalformedJson)) throw error;
  }
  say(`The result ${path} is damaged: its training is repeated`);
  rmSync(path);
  return null;
}

const keyFacts = (cell: Cell, { stations, factsOf }: RunOptions) => ({
  ...factsOf(cell),
  station: stations.get(cell.station)?.stamp,
});

async function trainCell(cell: Cell, options: RunOptions, path: string): Promise<CellResult> {
  const station = options.stations.get(cell.station) as JudgedStation;
  const facts = options.factsOf(cell);
  const folder = mkdtempSync(join(tmpdir(), 'fpe-evaluate-'));
  const started = Date.now();
  /** However this process ends, but for SIGKILL. */
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const { train, val } = pairParts(station.pairs, cell);
    const filenames = new Map(station.photos.map(({ imageId, filename }) => [imageId, filename]));
    const inSplit = (pairs: readonly StationPair[], split: 'train' | 'val') =>
      pairs.map((pair) => ({ ...pair, split }));
    const pairs = [...inSplit([...train, ...neighborsOf(station, cell)], 'train'), ...inSplit(val, 'val')];
    mkdirSync(join(folder, 'values'));
    writeFileSync(join(folder, 'values', 'pairs.csv'), pairsFile(pairs, filenames));
    const job = join(folder, 'job.json');
    const description = {
      experiment: cell.recipe,
      hyperparameters: { ...facts.hyperparameters, random_seed: cell.seed },
      images: station.storage,
      weights: weightsFolder(options.weights, folder),
      start: options.start,
      folder,
      filenames: [...filenames.values()],
    };
    writeFileSync(job, JSON.stringify(description));
    await runWorker(options.worker, job);
    const output = JSON.parse(readFileSync(join(folder, 'scores.json'), 'utf8'));
    if (options.keepModels) copyFileSync(join(folder, 'model', 'model.pth'), modelPath(path));
    return { cell, facts: keyFacts(cell, options), seconds: (Date.now() - started) / 1000, ...output };
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Of the result's model, if it is kept. */
const modelPath = (resultPath: string): string => resultPath.replace(/\.json$/, '.pth');

/** A channel of SageMaker is a folder, and holds this file alone. */
function weightsFolder(weights: string | null, folder: string): string | null {
  if (weights === null) return null;
  mkdirSync(join(folder, 'weights'));
  symlinkSync(weights, join(folder, 'weights', 'weights.pth'));
  return join(folder, 'weights');
}

function runWorker({ command, arguments: first }: Worker, job: string): Promise<void> {
  const child = spawn(command, [...first, job], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // a group of its own
    env: { ...process.env, ...PYTHON_ENVIRONMENT, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  });
  // With what it has started; before its folder is removed.
  const stop = () => child.pid && process.kill(-child.pid, 'SIGKILL');
  process.prependOnceListener('exit', stop);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('exit', stop);
      const last = errors.trim().split('\n').at(-1);
      if (code === 0) resolve();
      else reject(new Error(`The training ended with ${signal ?? `exit code ${code}`}: ${last}`));
    });
  });
}
