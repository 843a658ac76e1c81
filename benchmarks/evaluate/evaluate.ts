/**
 * Compares ways to train: recipes × stations × seeds × numbers of pairs, each a training of its own; `--help` says how.
 * What is there already is not trained again, so that a run can be interrupted and extended.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonCommand } from '../../local/python.ts';
import { cellsOf, codeHash } from './cells.ts';
import { evaluationPage } from './page.ts';
import { PYTHON_ENVIRONMENT, runCells } from './run-cells.ts';
import { type JudgedStation, readStation } from './station-folder.ts';
import { generateStation, QUICK_STATIONS, STATIONS } from './stations.ts';
import { comparisonOf, csvTable, markdownTable } from './tables.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const ALL_PAIRS = 400;
/** As npm start trains, in fewer epochs. */
const FULL = { n_epochs: 10, learning_rate: 0.01, batch_size: 16, unfreeze_after: 0, input_size: 96 };
const QUICK = { ...FULL, n_epochs: 4, input_size: 64 };
const COMMON = { num_image_stats: 200, pretrained: false };

const HELP = `Usage: npm run evaluate -- [--quick] [--recipes fpe,adamw] [--stations brook-7] [--seeds 1,2] [--pairs 400,200]

  --quick      fpe and 2026 at two stations, one seed, 64 pixels: at most ten minutes on two cores
  --recipes    by name, the first is the reference; all: each of benchmarks/evaluate/experiments.py
  --stations   by name: ${Object.keys(STATIONS).join(', ')}
  --seeds      of pairs and of the training
  --pairs      to train and validate with
  --weights    ImageNet weights of ResNet-18 (.pth) to start from, as FPE's models do; without them networks start from chance
  --epochs, --size   of a training, and its photos' height in pixels
  --minutes    begin no training after so many; those that are there are compared
  --folder     of stations, results and tables; default .local/evaluate
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      recipes: { type: 'string' },
      stations: { type: 'string' },
      seeds: { type: 'string' },
      pairs: { type: 'string' },
      epochs: { type: 'string' },
      size: { type: 'string' },
      minutes: { type: 'string' },
      weights: { type: 'string' },
      folder: { type: 'string', default: join(ROOT, '.local', 'evaluate') },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const python = pythonCommand();
  const experiments = JSON.parse(
    execFileSync(python, [join(import.meta.dirname, 'experiments.py')], {
      encoding: 'utf8',
      env: { ...process.env, ...PYTHON_ENVIRONMENT },
    }),
  );
  const list = (text: string | undefined, otherwise: readonly string[]) => text?.split(',') ?? otherwise;
  const recipes = list(values.recipes, values.quick ? ['fpe', '2026'] : ['upstream', 'fpe', '2026']);
  const options = {
    recipes: recipes.includes('all') ? Object.keys(experiments) : recipes,
    stations: list(values.stations, values.quick ? QUICK_STATIONS : Object.keys(STATIONS)),
    seeds: list(values.seeds, values.quick ? ['1'] : ['1', '2', '3']).map(Number),
    pairs: list(values.pairs, values.quick ? ['200'] : [String(ALL_PAIRS)]).map(Number),
  };
  requireNames('recipe', options.recipes, Object.keys(experiments));
  requireNames('station', options.stations, Object.keys(STATIONS));
  const hyperparameters: Record<string, unknown> = { ...(values.quick ? QUICK : FULL), ...COMMON };
  if (values.epochs) hyperparameters.n_epochs = Number(values.epochs);
  if (values.weights) hyperparameters.pretrained = true;
  if (values.size) hyperparameters.input_size = Number(values.size);

  const stations = new Map<string, JudgedStation>();
  for (const name of options.stations) {
    const folder = join(values.folder, 'stations', name);
    await generateStation(name, folder);
    stations.set(name, readStation(folder));
  }
  const code = codeHash();
  const started = Date.now();
  const { results, failures, left } = await runCells(cellsOf(options), {
    stations,
    factsOf: ({ recipe }) => ({ hyperparameters, experiment: experiments[recipe], code }),
    folder: join(values.folder, 'results'),
    worker: { command: python, arguments: [join(import.meta.dirname, 'train_and_score.py')] },
    weights: values.weights ? dirname(resolve(values.weights)) : null,
    parallel: availableParallelism(),
    say: console.log,
    ...(values.minutes && { until: started + Number(values.minutes) * 60_000 }),
  });
  const comparison = comparisonOf(results, stations, options.recipes[0] as string);
  const about = [
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
    `stations ${options.stations.join(', ')}; seeds ${options.seeds.join(', ')}`,
    JSON.stringify(hyperparameters),
    `${results.length} trainings, ${failures.length} failed, ${left} left out`,
  ];
  mkdirSync(values.folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(values.folder, name), text);
  write('evaluation.md', `${markdownTable(comparison)}\n${about.map((line) => `- ${line}`).join('\n')}\n`);
  write('evaluation.csv', csvTable(comparison));
  write('evaluation.html', evaluationPage(comparison, about));
  console.log(`\n${markdownTable(comparison)}\nWritten: ${join(values.folder, 'evaluation.{md,csv,html}')}`);
  if (failures.length > 0) process.exitCode = 1;
}

function requireNames(kind: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`No ${kind} is called ${unknown.join(' or ')}; expected any of ${known.join(', ')}`);
}

await main();
