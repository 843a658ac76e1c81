import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Cell, cellsOf, neighborsOf } from '../../../benchmarks/evaluate/cells.ts';
import { evaluationPage } from '../../../benchmarks/evaluate/page.ts';
import { type RunOptions, runCells } from '../../../benchmarks/evaluate/run-cells.ts';
import { comparisonOf, csvTable, markdownTable } from '../../../benchmarks/evaluate/tables.ts';
import { judgedStation } from './judged-station.ts';

/** Scores photos by their place, backward for the recipe `backward`; fails for seed 2 of the recipe `failing`. */
const WORKER = `import { mkdirSync, readFileSync, readdirSync, writeFileSync, appendFileSync } from 'node:fs';
const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const lines = readFileSync(job.folder + '/values/pairs.csv', 'utf8').trim().split('\\n').length;
if (job.experiment === 'failing' && job.hyperparameters.random_seed === 2) {
  console.error('Traceback\\nMemoryError: no room for 48 photos');
  process.exit(3);
}
if (job.weights) {
  const [name, ...others] = readdirSync(job.weights);
  if (others.length > 0 || readFileSync(job.weights + '/' + name, 'utf8') !== 'weights') process.exit(4);
}
const sign = job.experiment === 'backward' ? -1 : 1;
const scores = job.filenames.map((_, index) => sign * index);
mkdirSync(job.folder + '/model');
writeFileSync(job.folder + '/model/model.pth', job.experiment + ' of ' + (job.start ?? 'chance'));
appendFileSync(process.env.EVALUATED, job.experiment + job.hyperparameters.random_seed + '\\n');
writeFileSync(job.folder + '/scores.json', JSON.stringify({ scores, epochs: [], device: 'cpu', torch: String(lines) }));`;

let folder: string;
let options: RunOptions;
let said: string[];
const cells = (recipes: string[], seeds = [1, 2]) =>
  cellsOf({ recipes, stations: ['a', 'b'], seeds, pairs: [20] });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fpe-run-cells-'));
  writeFileSync(join(folder, 'worker.mjs'), WORKER);
  process.env.EVALUATED = join(folder, 'evaluated');
  said = [];
  options = {
    stations: new Map(['a', 'b'].map((name) => [name, judgedStation(name)])),
    factsOf: () => ({ hyperparameters: { n_epochs: 1 } }),
    folder: join(folder, 'results'),
    worker: { command: process.execPath, arguments: [join(folder, 'worker.mjs')] },
    weights: null,
    start: null,
    keepModels: false,
    parallel: 2,
    say: (line) => said.push(line),
  };
});

afterEach(() => {
  delete process.env.EVALUATED;
  rmSync(folder, { recursive: true });
});

test('each cell is trained once with its pairs and their mirrors, and its result kept', async () => {
  const { results, failures, left } = await runCells(cells(['fpe']), options);

  expect([results.length, failures.length, left]).toEqual([4, 0, 0]);
  expect(results[0]).toMatchObject({ cell: cells(['fpe'])[0], torch: String(1 + 2 * 20) });
  expect(results[0]?.scores).toHaveLength(60);
  expect(said.at(-1)).toMatch(/^4 of 4 trainings, about 0 min left: fpe, [ab], seed [12], 20 pairs$/);
});

test('a training with neighbors has them among its pairs, mirrored as well', async () => {
  const [cell] = cells(['fpe']) as [Cell];

  const { results } = await runCells([cell, { ...cell, neighborHours: 8 }], options);

  const neighbors = neighborsOf(judgedStation('a'), { ...cell, neighborHours: 8 });
  expect(neighbors.length).toBeGreaterThan(0);
  expect(results.map(({ torch }) => Number(torch))).toEqual([1 + 2 * 20, 1 + 2 * (20 + neighbors.length)]);
});

test('a run that goes on trains only what is not there', async () => {
  await runCells(cells(['fpe']), options);
  const again = {
    ...options,
    worker: { command: process.execPath, arguments: ['--eval', 'process.exit(9)'] },
  };

  const { results, failures } = await runCells(cells(['fpe']), again);

  expect([results.length, failures.length]).toEqual([4, 0]);
  expect(said).toContain('4 of 4 trainings are there');
});

test.each([
  ['cut off', () => '{"cell":{"recipe":"fpe"'],
  ['of another shape', () => '{"scores":[]}'],
  ['of fewer photos', (text: string) => text.replace(/"scores":\[0,/, '"scores":[')],
])('a result that is %s is told of, and its training repeated', async (_, damage) => {
  await runCells(cells(['fpe']), options);
  const [file] = readdirSync(options.folder).map((name) => join(options.folder, name)) as [string];
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, damage(whole));

  const { results, failures } = await runCells(cells(['fpe']), options);

  expect([results.length, failures.length]).toEqual([4, 0]);
  expect(said).toContain(`The result ${file} is damaged: its training is repeated`);
  expect(JSON.parse(readFileSync(file, 'utf8')).scores).toEqual(JSON.parse(whole).scores);
});

test.each([
  ['other settings', { factsOf: () => ({ hyperparameters: { n_epochs: 2 } }) }],
  [
    'another station of that name',
    { stations: new Map(['a', 'b'].map((name) => [name, { ...judgedStation(name), stamp: '2' }])) },
  ],
])('with %s all are trained anew, and the former results stay', async (_, changed) => {
  await runCells(cells(['fpe']), options);

  await runCells(cells(['fpe']), { ...options, ...changed });

  expect(readdirSync(join(folder, 'results'))).toHaveLength(8);
});

test('a training that fails is named with what it said, and the others go on', async () => {
  const { results, failures } = await runCells(cells(['fpe', 'failing']), options);

  expect(results).toHaveLength(6);
  expect(failures.map(({ cell }) => cell)).toEqual(
    expect.arrayContaining([
      { recipe: 'failing', station: 'a', seed: 2, pairs: 20 },
      { recipe: 'failing', station: 'b', seed: 2, pairs: 20 },
    ]),
  );
  expect(said).toContain(
    '✘ failing, b, seed 2, 20 pairs: The training ended with exit code 3: MemoryError: no room for 48 photos',
  );
  expect(readdirSync(join(folder, 'results'))).toHaveLength(6);
});

test('no training begins after the time is up', async () => {
  const { results, left } = await runCells(cells(['fpe']), { ...options, until: Date.now() - 1 });

  expect([results.length, left]).toEqual([0, 4]);
});

test('the tables compare each recipe with the reference', async () => {
  const { results } = await runCells(cells(['fpe', 'backward'], [1, 2, 3]), options);

  const comparison = comparisonOf(results, options.stations, 'backward');

  expect(comparison.figures.slice(0, 2)).toEqual(['tau within', 'tau after']);
  const fpe = comparison.rows.find(({ recipe }) => recipe === 'fpe');
  expect(fpe?.figures.get('tau after')).toMatchObject({
    estimate: { mean: 1, n: 6 },
    difference: { mean: 2, low: 2, high: 2 },
  });
  expect(fpe?.isBetter).toBe(true);
  const [line] = markdownTable(comparison)
    .split('\n')
    .filter((text) => text.startsWith('| fpe'));
  expect(line).toContain('| +2.000 (+2.000 to +2.000) |');
  expect(line).toMatch(/\| yes \|$/);
  expect(csvTable(comparison)).toContain('fpe,20,tau after,6,1,1,1,2,2,2,a,2\n');
});

test('a recipe with fewer pairs is compared with the reference of more, where that is asked for', async () => {
  const few = cells(['fpe'], [1, 2, 3]).map((cell) => ({ ...cell, pairs: 10 }));
  const { results } = await runCells([...cells(['backward'], [1, 2, 3]), ...few], options);

  const [asked, unasked] = [20, undefined].map((referencePairs) =>
    comparisonOf(results, options.stations, 'backward', referencePairs).rows.find(
      ({ recipe }) => recipe === 'fpe',
    ),
  );

  expect(asked).toMatchObject({ pairs: 10 });
  expect(asked?.figures.get('tau after')?.difference).toMatchObject({ mean: 2, n: 6 });
  expect(unasked?.figures.get('tau after')?.difference).toBeNull();
});

test('the page shows every figure and carries no foreign markup', async () => {
  const { results } = await runCells(cells(['fpe', 'backward']), options);
  const comparison = comparisonOf(results, options.stations, 'backward');

  const page = evaluationPage(comparison, ['2 cores <script>']);

  for (const figure of comparison.figures) expect(page).toContain(`<caption>${figure}</caption>`);
  expect(page).toContain('2 cores &lt;script>');
  expect(page).toContain('aria-label="+2.000 (+2.000 to +2.000)"');
});

test('the page has in bold what is better, and that alone', async () => {
  const { results } = await runCells(cells(['fpe', 'backward'], [1, 2, 3]), options);

  const page = evaluationPage(comparisonOf(results, options.stations, 'backward'), []);

  expect(page).toContain('<th scope="row" class="better">fpe</th>');
  expect(page).toContain('<th scope="row">backward</th>');
  expect(page).toMatch(
    /th\[scope=row\] \{ font-weight: 400 \}\n[\s\S]*th\.better\[scope=row\] \{ font-weight: 700 \}/,
  );
});

test.each([
  [1, false],
  [2, false],
  [3, true],
])('of %d trainings an interval is shown: %s', async (n, isShown) => {
  const some = { stations: ['a'], seeds: [1, 2, 3].slice(0, n), pairs: [20] };
  const { results } = await runCells(cellsOf({ recipes: ['fpe', 'backward'], ...some }), options);

  const comparison = comparisonOf(results, options.stations, 'backward');

  expect(markdownTable(comparison).includes('| +2.000 |')).toBe(!isShown);
  expect(/\d – /.test(evaluationPage(comparison, []))).toBe(isShown);
  expect(evaluationPage(comparison, []).includes('stroke-width="2"')).toBe(isShown);
  expect(csvTable(comparison)).toContain(`fpe,20,tau after,${n},1,${isShown ? '1,1,2,2,2' : ',,2,,'},a,2\n`);
});

test('a training starts from the weights, in a folder that has no other file', async () => {
  const weights = join(folder, 'some-resnet18.pth');
  writeFileSync(weights, 'weights');

  const { failures } = await runCells(cells(['fpe']).slice(0, 1), { ...options, weights });

  expect(failures).toEqual([]);
});

test('models are kept beside the results where that is asked for, and a result without its model is trained again', async () => {
  const [cell] = cells(['fpe']);
  const kept = { ...options, start: '/models/of-another.pth', keepModels: true };
  await runCells([cell as Cell], options);
  const before = readdirSync(options.folder);

  await runCells([cell as Cell], kept);
  await runCells([cell as Cell], kept);

  const [result] = before as [string];
  const model = result.replace(/json$/, 'pth');
  expect(before).toEqual([expect.stringMatching(/^fpe\.a\.1\.20\.[0-9a-f]{12}\.json$/)]);
  expect(readdirSync(options.folder).toSorted()).toEqual([result, model]);
  expect(readFileSync(join(options.folder, model), 'utf8')).toBe('fpe of /models/of-another.pth');
  expect(readFileSync(join(folder, 'evaluated'), 'utf8')).toBe('fpe1\nfpe1\n');
});

test('an interrupted run leaves neither trainings nor their folders behind', async () => {
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  const [evaluate, station] = ['../../../benchmarks/evaluate/run-cells.ts', './judged-station.ts'].map(
    (path) => JSON.stringify(join(import.meta.dirname, path)),
  );
  const sign = join(folder, 'sign-of-life');
  const lives = `setInterval(() => require('node:fs').appendFileSync(${JSON.stringify(sign)}, 'x'), 20)`;
  const script = `import { runCells } from ${evaluate};
import { judgedStation } from ${station};
process.once('SIGTERM', () => process.exit(143));
await runCells([{ recipe: 'fpe', station: 'a', seed: 1, pairs: 20 }], {
  stations: new Map([['a', judgedStation('a')]]), factsOf: () => ({ hyperparameters: {} }), weights: null, start: null, keepModels: false,
  parallel: 1, say() {},
  folder: ${JSON.stringify(join(folder, 'results'))}, worker: { command: process.execPath, arguments: ['--eval', ${JSON.stringify(lives)}] },
});`;
  writeFileSync(join(folder, 'interrupted.ts'), script);
  const child = spawn(process.execPath, ['--no-warnings', join(folder, 'interrupted.ts')], {
    env: { ...process.env, TMPDIR: temporary },
  });
  while (!existsSync(sign)) await sleep(50);

  child.kill('SIGTERM');

  const [code] = await once(child, 'close');
  expect(code).toBe(143);
  expect(readdirSync(temporary)).toEqual([]);
  const signs = readFileSync(sign, 'utf8').length;
  await sleep(500);
  expect(readFileSync(sign, 'utf8')).toHaveLength(signs);
});
