import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import Papa from 'papaparse';
import type { Browser, Page } from 'playwright-core';
import { readText } from '../../shared/aws/object-store.ts';
import { kendallTauB } from '../../shared/statistics/kendall-tau.ts';
import { launchBrowser, SCREENSHOTS } from '../browser/open-page.ts';
import { runR } from '../reference/run-r.ts';
import { MODEL_CODE, type PublishedDemo, publishDemo } from './published-demo.ts';
import { Website } from './website.ts';

/** Waits without blocking: what this process has open with servers goes on meanwhile, closing included. */
const runProgram = promisify(execFile);
const MINUTE_MS = 60_000;
jest.setTimeout(10 * MINUTE_MS);
const ROOT = join(import.meta.dirname, '..', '..');
const PYTHON = join(ROOT, '.local', 'clients-python', 'bin', 'python');

type ModelRow = {
  code: string;
  default: boolean;
  predictions_url: string | null;
  diagnostics_url: string | null;
};
type Row = Record<string, string>;

const scratch = mkdtempSync(join(tmpdir(), 'fpe-clients-files-'));
let website: Website;
let demo: PublishedDemo;
let browser: Browser;
beforeAll(async () => {
  website = await Website.build(process.env.FPE as string);
  demo = await publishDemo((database) => website.migrate(database));
  await website.startApi(demo.stack.env);
  browser = await launchBrowser();
}, 25 * MINUTE_MS);
afterAll(async () => {
  await browser?.close();
  await website?.stop();
  await demo?.stop();
  rmSync(scratch, { recursive: true });
});

const storage = () => `${demo.stack.endpoints.s3}/${demo.stack.env.STORAGE_BUCKET}`;
const modelFolder = () => `rank/${demo.stationId}/models/${MODEL_CODE}/`;
const models = () => website.ask<ModelRow[]>(`/stations/${demo.stationId}/models`);
const drawn = async () => (await models()).filter((model) => model.predictions_url);
const rowsOf = (text: string): Row[] => Papa.parse<Row>(text, { header: true, skipEmptyLines: true }).data;
const published = async (): Promise<Row[]> => {
  const [model] = await drawn();
  const key = new URL(model?.predictions_url as string).pathname.slice(1);
  return rowsOf(await readText({ bucket: demo.stack.env.STORAGE_BUCKET as string, key }));
};

test('FPE’s migrations can be undone and made again on the database that the stack works with', async () => {
  await website.migrateOnceMore(demo.stack.env);

  expect(await models()).toHaveLength(1);
});

describe('the page of the station', () => {
  type Series = { name: string; data: { date: string; value: number; rank: number }[] };
  type Shown = { images: { date: string; thumb_url: string }[]; series: Series[]; error: unknown };
  let page: Page;
  let shown: Shown;
  const errors: string[] = [];

  const open = async () => {
    page = await browser.newPage({ viewport: { width: 1400, height: 1400 } });
    page.on('pageerror', (error) => errors.push(String(error)));
    await website.open(page, demo.stationId, storage());
    await page.waitForSelector('.highcharts-series path.highcharts-graph', {
      timeout: MINUTE_MS,
      state: 'attached',
    });
    shown = await page.evaluate<Shown>(`(() => {
      const find = (component) => component.$options.name === 'StationPhotos' ? component : component.$children.map(find).find(Boolean);
      const { images, series, error } = find(document.querySelector('#app').__vue__);
      return JSON.parse(JSON.stringify({ images, series, error }));
    })()`);
  };
  const scores = () => shown.series.filter(({ name }) => name.startsWith('MODEL SCORE'));
  beforeAll(async () => {
    await open();
    mkdirSync(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, 'fpe-station.png'), fullPage: true });
  });

  test('draws observed values and the scores of one model', async () => {
    expect({ errors, error: shown.error }).toEqual({ errors: [], error: null });
    expect(shown.series.map(({ name }) => name)).toEqual([
      'OBS. FLOW_CFS [FPE]',
      `MODEL SCORE [${MODEL_CODE}]`,
    ]);
    const graphs = await page.locator('.highcharts-series path.highcharts-graph').count();
    expect(graphs).toBeGreaterThanOrEqual(2);
  });

  test('has each score on the day that the station’s clock showed, and days in the order of their scores', async () => {
    const days = Map.groupBy(await published(), ({ timestamp }) => (timestamp as string).slice(0, 10));
    const means = new Map(
      [...days].map(([date, rows]) => [
        date,
        rows.reduce((sum, { score }) => sum + Number(score), 0) / rows.length,
      ]),
    );
    const inOrder = [...means.keys()].toSorted((a, b) => (means.get(a) as number) - (means.get(b) as number));

    const [{ data }] = scores() as [Series];

    expect(data.map(({ date }) => date).toSorted()).toEqual([...means.keys()].toSorted());
    expect(data.toSorted((a, b) => a.rank - b.rank).map(({ date }) => date)).toEqual(inOrder);
    expect(data.every(({ value }) => Number.isFinite(value))).toBe(true);
  });

  test('shows the photos', async () => {
    const addresses = await page.evaluate<string[]>(
      'performance.getEntriesByType("resource").map(({ name }) => name)',
    );

    expect(shown.images.every(({ thumb_url }) => thumb_url)).toBe(true);
    expect(addresses.filter((address) => /\/imagesets\/.*\/thumbs\//.test(address)).length).toBeGreaterThan(
      0,
    );
    await expect(
      page.evaluate(`(() => {
      const canvas = document.querySelector('canvas');
      return new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size;
    })()`),
    ).resolves.toBeGreaterThan(50);
  });

  test('leads to the report, which opens', async () => {
    const [{ diagnostics_url }] = (await drawn()) as [ModelRow];
    const report = await browser.newPage();
    await report.route(/^https?:/, async (route) => {
      const answer = await fetch(`${storage()}${new URL(route.request().url()).pathname}`);
      return route.fulfill({
        status: answer.status,
        contentType: answer.headers.get('content-type') ?? '',
        body: Buffer.from(await answer.arrayBuffer()),
      });
    });

    await report.goto(diagnostics_url as string);

    await report.waitForSelector('html[data-ready]');
    expect(await report.locator('h1').first().textContent()).toContain('Mill Brook');
  });

  test('draws one model still when another one was not promoted', async () => {
    await demo.train({ model_code: `${MODEL_CODE}-2`, dataset_code: MODEL_CODE, promote: 'never' });
    await page.close();
    await open();

    expect((await drawn()).map(({ code }) => code)).toEqual([MODEL_CODE]);
    expect(
      scores()
        .filter(({ data }) => data.length > 0)
        .map(({ name }) => name),
    ).toEqual([`MODEL SCORE [${MODEL_CODE}]`]);
  });
});

describe('FPE’s scoring container', () => {
  test('scores each photo as the pipeline has', async () => {
    const folder = join(scratch, 'src');
    const sources = join(process.env.FPE_MODEL as string, 'src');
    const torchHome = join(scratch, 'torch', 'hub', 'checkpoints');
    mkdirSync(torchHome, { recursive: true });
    // The container has ImageNet weights in its cache; the model's own replace them.
    await runProgram(PYTHON, [
      '-c',
      `import torch, torchvision; torch.save(torchvision.models.resnet18().state_dict(), '${torchHome}/resnet18-f37072fd.pth')`,
    ]);
    const imagesets = await website.ask<{ uuid: string }[]>(`/stations/${demo.stationId}/imagesets`);
    const { env } = demo.stack;

    const { stdout } = await runProgram(
      PYTHON,
      [
        join(sources, 'predict-imageset.py'),
        ...['--station-id', String(demo.stationId), '--model-code', MODEL_CODE, '--num-workers', '0'],
        ...['--imageset-uuids', imagesets.map(({ uuid }) => uuid).join(',')],
      ],
      {
        env: {
          ...process.env,
          ...env,
          PYTHONDONTWRITEBYTECODE: '1',
          TORCH_HOME: join(scratch, 'torch'),
          FPE_S3_STORAGE_BUCKET: env.STORAGE_BUCKET,
          FPE_S3_MODEL_BUCKET: env.MODEL_BUCKET,
        },
        maxBuffer: 2 ** 26,
      },
    );

    expect(stdout).toContain(`done: ${imagesets.length} of ${imagesets.length} imagesets scored`);
    await demo.download(modelFolder(), folder);
    const ours = new Map(
      rowsOf(readFileSync(join(folder, 'transform', 'predictions.csv'), 'utf8')).map((row) => [
        row.image_id,
        row.score,
      ]),
    );
    const theirs = imagesets.flatMap(({ uuid }) =>
      rowsOf(readFileSync(join(folder, 'transform', 'imagesets', uuid, 'predictions.csv'), 'utf8')),
    );
    expect(theirs.map(({ image_id }) => image_id)).toEqual(expect.arrayContaining([...ours.keys()]));
    for (const { image_id, score } of theirs) {
      // Photos without a byte are left out here before the job, and get no score there either.
      if (!ours.get(image_id)) expect({ image_id, score }).toEqual({ image_id, score: '' });
      else expect(Math.abs(Number(score) - Number(ours.get(image_id)))).toBeLessThan(1e-5);
    }
  });
});

describe('readers of the files', () => {
  test('pandas reads the published times as the README says', async () => {
    const rows = await published();
    writeFileSync(join(scratch, 'predictions.csv'), Papa.unparse(rows));
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const lines = (/\bIn Python:\n\n((?: {4}.*\n)+)/.exec(readme)?.[1] ?? '').replaceAll(/^ {4}/gm, '');
    expect(lines).toContain('pandas.read_csv');

    const { stdout } = await runProgram(
      PYTHON,
      [
        '-c',
        `import pandas\n${lines}\nprint("\\n".join(str(int(time.timestamp())) for time in scores["timestamp"]))`,
      ],
      { cwd: scratch },
    );

    expect(stdout.trim().split('\n').map(Number)).toEqual(
      rows.map(({ timestamp }) => Date.parse(timestamp as string) / 1000),
    );
  });

  test('the R report loads the model’s files, and computes the same Kendall tau', async () => {
    const folder = join(scratch, 'rank', String(demo.stationId), 'models', MODEL_CODE);
    await demo.download(modelFolder(), folder);
    // As upstream's scripts unpack what a training leaves.
    mkdirSync(join(folder, 'output'));
    const { stdout } = await runProgram('find', [join(folder, 'jobs'), '-name', 'output.tar.gz']);
    await runProgram('tar', ['-xzf', stdout.trim(), '-C', join(folder, 'output')]);
    const rows = rowsOf(readFileSync(join(folder, 'transform', 'predictions.csv'), 'utf8'));
    const number = (text: string | undefined) => (text ? Number(text) : Number.NaN);

    const source = readFileSync(join(process.env.FPE_MODEL as string, 'r', 'qmd', 'rank-report.qmd'), 'utf8');
    const chunk = (name: string) =>
      new RegExp(`\n\`\`\`\\{r ${name}[^}]*\\}\n([^]*?)\n\`\`\``).exec(source)?.[1] as string;

    const [photos, , tau] = runR(`
      params <- list(directory = '${join(scratch, 'rank')}', station_id = ${demo.stationId}, model_code = '${MODEL_CODE}')
      ${chunk('setup')}
      ${chunk('load')}
      cat(sum(!is.na(predictions$image_id)), n_ranks, formatC(tau[["total"]], digits = 17), sep = "\\n")
    `);

    expect(existsSync(join(folder, 'output', 'metrics.csv'))).toBe(true);
    expect(photos).toBe(rows.length);
    expect(tau).toBeCloseTo(
      kendallTauB(
        Float64Array.from(rows, ({ value }) => number(value)),
        Float64Array.from(rows, ({ score }) => number(score)),
      ) as number,
      10,
    );
  });
});
