/**
 * The report of a station with n photos: how long it takes to build, how large it is, and how long a reader waits in
 * Chromium for the first chart.
 *
 *     node_modules/.bin/node benchmarks/report.ts [n, default 30565]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pageScript } from '../browser/script.ts';
import { csvHeader, csvRows, readCsv } from '../shared/formats/csv.ts';
import { formatInstant } from '../shared/formats/local-time.ts';
import { PREDICTION_COLUMNS, prediction } from '../shared/predictions/columns.ts';
import { collectPhotos } from '../shared/predictions/scored-photos.ts';
import { reportData } from '../shared/report/data/report-data.ts';
import { metricsFile } from '../shared/report/metrics/file.ts';
import { reportPage } from '../shared/report/page/report-page.ts';
import { launchBrowser } from '../tests/browser/open-page.ts';
import { syntheticReport } from '../tests/fixtures/synthetic-report.ts';

/** Of each figure the median of this many. */
const REPETITIONS = 5;
const TARGETS = { buildSeconds: 3, megabytes: 3, firstChartSeconds: 1.5 };
/** Targets are those of a station of this many photos. */
const TARGET_PHOTOS = 30_565;
const PHOTOS_AN_HOUR = 4;

const n = Number(process.argv[2] ?? TARGET_PHOTOS);
const sources = syntheticReport(n, { photosAnHour: PHOTOS_AN_HOUR });
const csv = predictionsCsv();
// Built once, as a deployed function has it ready.
const script = pageScript();

const builds: number[] = [];
let page = '';
for (let repetition = 0; repetition < REPETITIONS; repetition++) {
  const startedAt = performance.now();
  const photos = await collectPhotos(readCsv(once(csv), prediction, 'predictions.csv'));
  const data = reportData({ ...sources, photos });
  page = reportPage(data, script);
  JSON.stringify(metricsFile(data));
  builds.push((performance.now() - startedAt) / 1000);
}
const megabytes = Buffer.byteLength(page) / 1e6;
const { firstChartSeconds, periodSeconds } = await openInBrowser();
const buildSeconds = median(builds);

console.table({
  photos: { value: n, target: '' },
  'built from predictions.csv, s': { value: round(buildSeconds), target: `≤ ${TARGETS.buildSeconds}` },
  'size, MB': { value: round(megabytes), target: `≤ ${TARGETS.megabytes}` },
  'first chart after opening, s': {
    value: round(firstChartSeconds),
    target: `≤ ${TARGETS.firstChartSeconds}`,
  },
  'numbers of another period, s': { value: round(periodSeconds), target: '' },
});
const isReached =
  buildSeconds <= TARGETS.buildSeconds &&
  megabytes <= TARGETS.megabytes &&
  firstChartSeconds <= TARGETS.firstChartSeconds;
if (n === TARGET_PHOTOS && !isReached) process.exitCode = 1;

async function openInBrowser(): Promise<{ firstChartSeconds: number; periodSeconds: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  const browser = await launchBrowser();
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, page);
    const firstCharts: number[] = [];
    const periods: number[] = [];
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      await tab.route(/^https?:/, (route) => route.abort());
      const openedAt = performance.now();
      await tab.goto(pathToFileURL(file).href, { waitUntil: 'commit' });
      await tab.waitForSelector('[data-drawn] canvas');
      firstCharts.push((performance.now() - openedAt) / 1000);
      await tab.waitForSelector('html[data-ready]');
      const changedAt = performance.now();
      await tab.locator('input[name="from"]').fill('2023-11-01');
      await tab.waitForSelector('button[name="whole"]:visible');
      await tab.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
      periods.push((performance.now() - changedAt) / 1000);
      await tab.close();
    }
    return { firstChartSeconds: median(firstCharts), periodSeconds: median(periods) };
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}

function predictionsCsv(): Uint8Array {
  const { timestamps, values, scores, splits, keys, imageIds } = sources.photos;
  const rows = keys.map((filename, row) => ({
    split: splits[row] as string,
    image_id: imageIds[row] as number,
    timestamp: formatInstant(timestamps[row] as number),
    filename,
    url: `https://storage.s3.amazonaws.com/${filename}`,
    value: values[row] as number,
    score: scores[row] as number,
  }));
  return Buffer.from(csvHeader(PREDICTION_COLUMNS) + csvRows(PREDICTION_COLUMNS, rows));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[(numbers.length - 1) / 2] as number;
}

function round(number: number): number {
  return Number(number.toFixed(2));
}
