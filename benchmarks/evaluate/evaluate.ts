/**
 * Compares ways to train: recipes × stations × seeds × numbers of pairs, each a training of its own; `--help` says how.
 * What is there already is not trained again, so that a run can be interrupted and extended.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { describeError } from '../../cli/describe-error.ts';
import { makeFolder } from '../../host/folder.ts';
import { pythonCommand } from '../../local/python.ts';
import { type Cell, cellsOf, codeHash, epochsOfSameSteps } from './cells.ts';
import { evaluationPage } from './page.ts';
import { PYTHON_ENVIRONMENT, runCells } from './run-cells.ts';
import { smoothedResult } from './smoothed-result.ts';
import { type JudgedStation, readStation } from './station-folder.ts';
import { generateStation, QUICK_STATIONS, STATIONS } from './stations.ts';
import { comparisonOf, csvTable, markdownTable } from './tables.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const ALL_PAIRS = 400;
/** As npm start trains, in fewer epochs. */
const FULL = { n_epochs: 10, learning_rate: 0.01, batch_size: 16, unfreeze_after: 0, input_size: 96 };
const QUICK = { ...FULL, n_epochs: 4, input_size: 64 };
const WEIGHTS = 'torchvision’s resnet18-f37072fd.pth (README, “ImageNet weights”)';
const COMMON = { num_image_stats: 200, pretrained: false };

type Options = {
  quick: boolean;
  recipes?: string[];
  stations?: string[];
  seeds?: number[];
  pairs?: number[];
  referencePairs?: number;
  sameSteps: boolean;
  epochs?: number;
  size?: number;
  minutes?: number;
  weights?: string;
  start?: string;
  keepModels: boolean;
  smooth?: number[];
  folder: string;
};

/** A whole number. @throws InvalidArgumentError */
const numberFrom =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
/** Several of a kind, with commas between. */
const listOf =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value[] => [...new Set(text.split(',').map((part) => parse(part.trim())))];
const name = (text: string): string => text;

const program = new Command('evaluate')
  .description('Compare ways to train, at generated stations whose true flow is known')
  .usage('[options], after npm run evaluate --')
  .option(
    '--quick',
    'fpe and 2026 at two stations, one seed, 64 pixels: at most ten minutes on two cores',
    false,
  )
  .option(
    '--recipes <names>',
    'the first is the reference; all: each of benchmarks/evaluate/experiments.py',
    listOf(name),
  )
  .option('--stations <names>', Object.keys(STATIONS).join(', '), listOf(name))
  .option('--seeds <numbers>', 'of pairs and of the training', listOf(numberFrom(0, 2 ** 31 - 1)))
  .option('--pairs <numbers>', 'to train and validate with', listOf(numberFrom(10, 1_000_000)))
  .option(
    '--reference-pairs <number>',
    'of the reference alone: the others are compared with it, whatever theirs',
    numberFrom(10, 1_000_000),
  )
  .option(
    '--same-steps',
    'trainings with fewer pairs have more epochs, so that all take as many steps as that of the reference',
    false,
  )
  .option(
    '--weights <file>',
    'ImageNet weights of ResNet-18 (.pth) to start from, as FPE’s models do; without them networks start from chance',
  )
  .option(
    '--start <file>',
    'model.pth of another station that experiments with “started” in their names begin with, a published one or one that --keep-models has kept',
  )
  .option('--keep-models', 'keep the model of each training beside its result', false)
  .option('--epochs <number>', 'of a training', numberFrom(1, 1000))
  .option('--size <pixels>', 'height of the photos in a training', numberFrom(32, 1024))
  .option(
    '--minutes <number>',
    'begin no training after so many; those that are there are compared',
    numberFrom(0, 100_000),
  )
  .option(
    '--smooth <hours>',
    'compare smoothed scores of each training, too: standard deviation of the Gaussian',
    listOf(numberFrom(1, 168)),
  )
  .option('--folder <folder>', 'of stations, results and tables', join(ROOT, '.local', 'evaluate'))
  .addHelpText(
    'after',
    '\nA training whose result is there is not repeated: a run can be interrupted, and extended.',
  );

async function main(values: Options): Promise<void> {
  const python = pythonCommand();
  const experiments = JSON.parse(
    execFileSync(python, [join(import.meta.dirname, 'experiments.py')], {
      encoding: 'utf8',
      env: { ...process.env, ...PYTHON_ENVIRONMENT },
    }),
  );
  const recipes =
    values.recipes ?? (values.quick || values.weights ? ['fpe', '2026'] : ['upstream', 'fpe', '2026']);
  // A name of digits would come before all others among the keys.
  const others = Object.keys(experiments).filter(
    (one) => (one !== 'upstream' || !values.weights) && (values.start || experiments[one].start === null),
  );
  const all = [...new Set(['upstream', 'fpe', ...others])].filter((one) => others.includes(one));
  const options = {
    recipes: [...new Set(recipes.flatMap((one) => (one === 'all' ? all : [one])))],
    stations: values.stations ?? (values.quick ? QUICK_STATIONS : Object.keys(STATIONS)),
    seeds: values.seeds ?? (values.quick ? [1] : [1, 2, 3]),
    pairs: values.pairs ?? (values.quick ? [200] : [ALL_PAIRS]),
    ...(values.referencePairs !== undefined && { referencePairs: values.referencePairs }),
  };
  if (values.referencePairs !== undefined && options.recipes.length < 2)
    program.error(
      'error: --reference-pairs needs a recipe besides the reference: --recipes upstream,2026, for example',
    );
  requireNames('recipe', options.recipes, [...Object.keys(experiments), 'all']);
  requireNames('station', options.stations, Object.keys(STATIONS));
  if (values.weights) requireFile(values.weights, WEIGHTS);
  if (values.start) requireFile(values.start, 'the model.pth of a station');
  const started = options.recipes.filter((one) => experiments[one].start !== null);
  if (started.length > 0 && !values.start)
    program.error(
      `error: ${started.join(' and ')} ${started.length === 1 ? 'begins' : 'begin'} with another station’s model. Name one: --start model.pth; --keep-models keeps those of trainings`,
    );
  if (values.weights && options.recipes.includes('upstream'))
    program.error(
      'error: upstream is trained without ImageNet weights (benchmarks/reference/training.py), and would not compare. Leave it out: --recipes fpe,2026',
    );
  const hyperparameters = {
    ...(values.quick ? QUICK : FULL),
    ...COMMON,
    ...(values.epochs && { n_epochs: values.epochs }),
    ...(values.weights && { pretrained: true }),
    ...(values.size && { input_size: values.size }),
  };
  makeFolder(values.folder);

  const stations = new Map<string, JudgedStation>();
  for (const [index, name] of options.stations.entries()) {
    console.log(`Station ${index + 1} of ${options.stations.length}: ${name}, drawn unless it is there`);
    const folder = join(values.folder, 'stations', name);
    await generateStation(name, folder);
    stations.set(name, readStation(folder));
  }
  const code = codeHash();
  const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const weights = values.weights && hashOf(values.weights);
  const start = values.start && hashOf(values.start);
  const neighborHours = new Map(
    options.recipes.flatMap((one) =>
      experiments[one].neighbor_hours === null
        ? []
        : [[one, experiments[one].neighbor_hours as number] as const],
    ),
  );
  const cells = cellsOf({ ...options, neighborHours });
  const referenceOf = ({ station, seed }: Cell) =>
    cells
      .filter((one) => one.recipe === options.recipes[0] && one.station === station && one.seed === seed)
      .toSorted((one, other) => other.pairs - one.pairs)[0] as Cell;
  const epochsOf = (cell: Cell) => {
    const station = stations.get(cell.station) as JudgedStation;
    return epochsOfSameSteps(hyperparameters.n_epochs, station, cell, referenceOf(cell));
  };
  const begun = Date.now();
  const { results, failures, left } = await runCells(cells, {
    stations,
    factsOf: (cell) => ({
      hyperparameters: values.sameSteps ? { ...hyperparameters, n_epochs: epochsOf(cell) } : hyperparameters,
      experiment: experiments[cell.recipe],
      code,
      ...(weights && { weights }),
      ...(experiments[cell.recipe].start && { start }),
    }),
    folder: join(values.folder, 'results'),
    worker: { command: python, arguments: [join(import.meta.dirname, 'train_and_score.py')] },
    weights: values.weights ? resolve(values.weights) : null,
    start: values.start ? resolve(values.start) : null,
    keepModels: values.keepModels,
    parallel: availableParallelism(),
    say: console.log,
    ...(values.minutes !== undefined && { until: begun + values.minutes * 60_000 }),
  });
  if (failures.length > 0) process.exitCode = 1;
  if (results.length === 0) {
    console.log(
      `\nNo training is complete, of ${failures.length + left}: there is nothing to compare, and nothing was written.`,
    );
    return;
  }
  const smoothed = (values.smooth ?? []).flatMap((hours) =>
    results.map((result) => smoothedResult(result, stations, hours)),
  );
  const comparison = comparisonOf(
    [...results, ...smoothed],
    stations,
    options.recipes[0] as string,
    options.referencePairs,
  );
  const about = [
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
    `stations ${options.stations.join(', ')}; seeds ${options.seeds.join(', ')}`,
    `${JSON.stringify(hyperparameters)}${values.sameSteps ? '; more epochs of fewer pairs, so that all take as many steps' : ''}`,
    `${results.length} trainings, ${failures.length} failed, ${left} left out`,
  ];
  const write = (name: string, text: string) => writeFileSync(join(values.folder, name), text);
  write('evaluation.md', `${markdownTable(comparison)}\n${about.map((line) => `- ${line}`).join('\n')}\n`);
  write('evaluation.csv', csvTable(comparison));
  write('evaluation.html', evaluationPage(comparison, about));
  console.log(
    `\n${markdownTable(comparison)}\n${about.at(-1)}\nWritten: ${join(values.folder, 'evaluation.{md,csv,html}')}`,
  );
}

function requireNames(kind: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((one) => !known.includes(one));
  if (unknown.length > 0)
    program.error(
      `error: no ${kind} is called ${unknown.join(' or ')}. Expected: any of ${known.join(', ')}`,
    );
}

function requireFile(path: string, expected: string): void {
  if (!path.endsWith('.pth') || !statSync(path, { throwIfNoEntry: false })?.isFile())
    program.error(`error: ${path} is no file of weights. Expected: ${expected}`);
}

// Trainings end with this process, and their folders are removed: both happen when it exits.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => {
    console.error('\nInterrupted. The same command goes on after the trainings that are complete.');
    process.exit(code);
  });

await main(program.parse().opts<Options>()).catch((error) => program.error(`error: ${describeError(error)}`));
