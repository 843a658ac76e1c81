import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import Papa from 'papaparse';
import type { Browser, Page } from 'playwright-core';
import { pageScript } from '../../browser/script.ts';
import { calibration } from '../../shared/predictions/pair-accuracy.ts';
import { wallDate } from '../../shared/predictions/scored-photos.ts';
import { measures } from '../../shared/report/data/measures.ts';
import { type ReportData, reportData } from '../../shared/report/data/report-data.ts';
import { SPLIT_GROUPS, type SplitGroup } from '../../shared/report/data/split-groups.ts';
import { STRATIFICATIONS, strataOfGroup, stratumOfRows } from '../../shared/report/data/strata.ts';
import { calibrationTable, shownMeasures, strataTable } from '../../shared/report/data/text-tables.ts';
import { REPORT_FIGURES } from '../../shared/report/page/figure.ts';
import { reportPage } from '../../shared/report/page/report-page.ts';
import { plantedChecks } from '../fixtures/planted-findings.ts';
import { testReportState } from '../fixtures/report.ts';
import { syntheticReport } from '../fixtures/synthetic-report.ts';
import { findChromium } from './chromium.js';
import {
  actOnPage,
  chartIds,
  countPixels,
  drawFigure,
  eventually,
  FLAGS,
  findPoint,
  inkAtEdges,
  launchBrowser,
  type OpenPage,
  type openPage,
  SCREENSHOTS,
  setPeriod,
  showOnPaper,
  takeScreenshot,
  waitForIntervals,
} from './open-page.ts';

/** A telephone, a tablet, a laptop and a large screen. */
const WIDTHS = [390, 768, 1440, 2560];
const BUCKETS = { storage: 'storage', model: 'model' };
const MINUTE_MS = 60_000;
/** A browser that starts anew, and one that saves 32 files, on a busy machine. */
const SLOW_MS = 3 * MINUTE_MS;
/** Whose pictures and data are saved one after the other. */
const FIGURES_PER_PAGE = 8;

let browser: Browser;
let report: ReportData;
let markup: string;
beforeAll(async () => {
  browser = await launchBrowser();
  const sources = syntheticReport(3000, { pairCount: 700 });
  const checks = plantedChecks(
    sources.photos.keys.map((filename, row) => ({
      image_id: sources.photos.imageIds[row] as number,
      timestamp: sources.photos.timestamps[row] as number,
      filename,
      value: Number.isNaN(sources.photos.values[row]) ? null : (sources.photos.values[row] as number),
    })),
  );
  report = reportData({ ...sources, checks });
  markup = reportPage(report, pageScript());
});
afterAll(() => browser.close());

const onPage = (
  act: (opened: OpenPage) => Promise<void>,
  options: Parameters<typeof openPage>[2] = {},
  text = markup,
) => actOnPage(browser, text, act, options);

/** A saved drawing as another program would read and show it. */
async function readDrawing(page: Page, svg: string) {
  await page.setContent('<canvas></canvas>');
  return await page.evaluate<{
    faults: number;
    text: string;
    images: number;
    marks: number;
    colors: number;
  }>(`(async () => {
    const text = ${JSON.stringify(svg)};
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
    await image.decode();
    const canvas = document.querySelector('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let colors = 0;
    for (let at = 0; at < data.length; at += 4)
      if (Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]) > 50) colors += 1;
    return {
      faults: parsed.querySelectorAll('parsererror').length,
      text: [...parsed.querySelectorAll('text')].map((part) => part.textContent).join(' '),
      images: parsed.querySelectorAll('image, foreignObject, script').length,
      marks: parsed.querySelectorAll('path, circle, line, polyline, rect').length,
      colors,
    };
  })()`);
}

const periodOf = (page: Page) =>
  Promise.all(['from', 'to'].map((name) => page.locator(`input[name="${name}"]`).inputValue()));
const hashOf = (page: Page) => page.evaluate<string>('location.hash');
const textsOf = (page: Page, selector: string) => page.locator(selector).allTextContents();
const group = (id: SplitGroup['id']) => SPLIT_GROUPS.find((one) => one.id === id) as SplitGroup;

/** Photos of the report with the numbers of those outside the dates left out. */
function photosBetween(from: string, to: string) {
  const within = (numbers: Float64Array) =>
    numbers.map((number, row) => {
      const date = wallDate(report.wallMs[row] as number);
      return date >= from && date <= to ? number : Number.NaN;
    });
  const { photos, wallMs } = report;
  return { ...photos, timestamps: wallMs, values: within(photos.values), scores: within(photos.scores) };
}

/** The cells of a table of numbers, row by row. */
const cellsOf = (page: Page, name: string) =>
  page
    .locator(`[data-table="${name}"] tbody tr`)
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

/** Keeps what is written from now on: by chart and, under the name of none, into pictures that are made. */
const NOTE_WRITTEN = `(() => {
  window.written = {};
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    const chart = this.canvas.closest('[data-chart]')?.dataset.chart ?? '';
    (written[chart] ??= new Set()).add(text);
    return fillText.call(this, text, ...place);
  };
})()`;
/** Keeps where texts are written from now on, in pixels of the page; what a canvas was cleared of is forgotten. */
const NOTE_PLACES = `(() => {
  window.places = new Map();
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (x, y, width, height) {
    if (width >= this.canvas.width) places.delete(this.canvas);
    return clearRect.call(this, x, y, width, height);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const turn = this.getTransform();
    const size = this.measureText(text);
    const corners = [-size.actualBoundingBoxLeft, size.actualBoundingBoxRight].flatMap((right) =>
      [-size.actualBoundingBoxAscent, size.actualBoundingBoxDescent].map((down) =>
        new DOMPoint(x + right, y + down).matrixTransform(turn)));
    const [xs, ys] = ['x', 'y'].map((axis) => corners.map((corner) => corner[axis] / devicePixelRatio));
    const box = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    if (!places.has(this.canvas)) places.set(this.canvas, new Map());
    places.get(this.canvas).set([text, x, y, turn.e, turn.f].join(), { text, box });
    return fillText.call(this, text, x, y);
  };
})()`;
/** Of a chart, how many texts it has, and those that lie on each other or run into each other. */
const collidingIn = (page: Page, chart: string) =>
  page.evaluate<{ texts: number; colliding: string[] }>(`(() => {
    const all = [...places].filter(([canvas]) => canvas.closest('[data-chart]')?.dataset.chart === ${JSON.stringify(chart)})
      .flatMap(([, texts]) => [...texts.values()]);
    const isBeside = (one, other) => one.right + 2 < other.left || one.bottom - 1 < other.top;
    const colliding = all.flatMap((one, index) => all.slice(index + 1)
      .filter((other) => !isBeside(one.box, other.box) && !isBeside(other.box, one.box))
      .map((other) => one.text + ' and ' + other.text));
    return { texts: all.length, colliding };
  })()`);
/** Keeps the texts that are saved from now on, in the place of files. */
const NOTE_SAVED = `(() => {
  window.saved = [];
  URL.createObjectURL = (blob) => {
    saved.push(blob.text());
    return 'about:blank';
  };
  HTMLAnchorElement.prototype.click = () => {};
})()`;
const writtenIn = (page: Page, chart: string) =>
  page.evaluate<string>(`[...(written[${JSON.stringify(chart)}] ?? [])].join(' ')`);
const save = async (page: Page, id: string, format: string) => {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator(`#${id} .downloads button`, { hasText: format }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
};

describe('A period', () => {
  const [from, to] = ['2024-01-10', '2024-02-20'] as const;

  test('changes every number of its photos, and says of all others that it does not', () =>
    onPage(async ({ page }) => {
      await setPeriod(page, from, to);

      const photos = photosBetween(from, to);
      const found = measures(photos);
      for (const { id } of SPLIT_GROUPS)
        expect(await textsOf(page, `[data-measure^="${id}."]`)).toEqual(shownMeasures(found[id]));
      expect(await cellsOf(page, 'calibration')).toEqual(
        calibrationTable(calibration(report.pairs, photos.scores, 'val')).rows,
      );
      const strata = strataOfGroup(
        photos,
        stratumOfRows({ ...report.photos, timestamps: report.wallMs }),
        group('test-all'),
      );
      for (const by of STRATIFICATIONS)
        expect((await cellsOf(page, `strata.${by}`)).map((cells) => cells.slice(0, 3))).toEqual(
          strataTable(strata[by]).rows.map((cells) => cells.slice(0, 3)),
        );
      const notes = await textsOf(page, '.whole-run:visible');
      expect(notes.length).toBeGreaterThanOrEqual(5);
      expect(new Set(notes.map((note) => note.replace(/^.* of the whole/, 'of the whole')))).toEqual(
        new Set(['of the whole run, not of the chosen period.']),
      );
      await page.locator('button[name="whole"]').click();
      expect(await page.locator('.whole-run:visible').count()).toBe(0);
    }));

  test('gets intervals of its strata after a moment', () =>
    onPage(async ({ page }) => {
      const table = page.locator('[data-table="strata.hour"]');
      await setPeriod(page, from, '2024-05-20');
      expect(await table.getAttribute('aria-busy')).toBe('true');
      await waitForIntervals(page);

      const interval = table.locator('tbody td:last-child', { hasText: '–' }).first();
      expect(await interval.textContent()).toMatch(/^0\.\d\d – 0\.\d\d$/);
    }));

  test('of which from is after to is told, and changes nothing', () =>
    onPage(async ({ page }) => {
      await setPeriod(page, from, to);
      const before = await textsOf(page, '[data-tau]');
      await page.locator('input[name="from"]').fill('2024-03-01');

      expect(await page.getByRole('alert').textContent()).toBe(
        `From (2024-03-01) is after to (${to}). Shown is ${from} to ${to}.`,
      );
      expect(await page.locator('input[name="from"]').getAttribute('aria-invalid')).toBe('true');
      expect(await textsOf(page, '[data-tau]')).toEqual(before);
      await page.locator('input[name="from"]').fill(from);
      expect(await page.locator('.problem').textContent()).toBe('');
    }));

  test('that is typed where there are no photos is told, and changes nothing', () =>
    onPage(async ({ page }) => {
      const whole = await periodOf(page);
      await page.locator('input[name="to"]').fill('1999-02-01');
      await page.locator('input[name="from"]').fill('1999-01-01');

      expect(await page.getByRole('alert').textContent()).toBe(
        `There are no photos from 1999-01-01 to 1999-02-01: those of this page are from ${whole.join(' to ')}. Shown is ${whole.join(' to ')}.`,
      );
      expect(await hashOf(page)).toBe('');
    }));

  /** Three months between photos, in which nothing was taken. */
  const withGap = () => {
    const sources = syntheticReport(1500, { pairCount: 300 });
    const { photos } = sources;
    const timestamps = photos.timestamps.map((at, row) => (row < 700 ? at : at + 90 * 24 * 60 * MINUTE_MS));
    return reportPage(reportData({ ...sources, photos: { ...photos, timestamps } }), pageScript());
  };

  test.each([
    [
      'in a gap',
      '#from=2023-12-15&to=2024-01-15',
      'There are no photos from 2023-12-15 to 2024-01-15: the last before are of \\S+, the first after of \\S+\\.',
    ],
    ['without a split', '#splits=', 'No split is selected\\.'],
  ])('%s shows no empty axes but says why, and saves no empty figure', (_, hash, why) =>
    onPage(
      async ({ page }) => {
        await page.evaluate(NOTE_WRITTEN);
        await page.evaluate(`new Promise((resolve) => {
          addEventListener('hashchange', () => setTimeout(resolve));
          location.hash = ${JSON.stringify(hash)};
        })`);
        const always = ['loss-function', 'learning-curve'];
        const unlimited = hash === '#splits=' ? ['calibration', 'tau-strata'] : ['images-timeseries'];
        for (const id of await chartIds(page)) {
          if ([...always, ...unlimited].includes(id)) continue;
          await drawFigure(page, id);
          // The first figure had axes before, and is drawn anew once the browser has told that it is in sight.
          const written = expect.stringMatching(`${id === 'images-timeseries' ? '' : '^'}${why}$`);
          await eventually(async () =>
            expect({ id, written: await writtenIn(page, id) }).toEqual({ id, written }),
          );
        }
        const files: string[] = [];
        page.on('download', (download) => files.push(download.suggestedFilename()));
        const drawn = hash === '#splits=' ? [...always, ...unlimited] : always;
        for (const id of await chartIds(page)) {
          if (drawn.includes(id)) continue;
          for (const format of ['PNG', 'SVG', 'CSV']) {
            await page.locator(`#${id} .downloads button`, { hasText: format }).click();
            expect({ id, said: await page.locator(`#${id} .downloads output`).textContent() }).toEqual({
              id,
              said: expect.stringMatching(`^Not saved\\. (${why}|Fewer than 10 .*)$`),
            });
          }
        }
        await page.locator('#loss-function .downloads button', { hasText: 'CSV' }).click();
        await eventually(async () => expect(files).toHaveLength(1));
        if (hash !== '#splits=') {
          expect(await page.getByRole('alert').textContent()).toMatch(new RegExp(`^${why}$`));
          expect(await page.locator('button[name="browse"]').isDisabled()).toBe(true);
          expect(await page.locator('#images-timeseries .no-photos').isVisible()).toBe(true);
        }
        await page.evaluate("location.hash = '#splits=train&from=2023-10-05&to=2023-11-25'");
        await eventually(async () =>
          expect((await page.locator('.downloads').allTextContents()).join()).not.toContain('Not saved'),
        );
      },
      {},
      withGap(),
    ),
  );

  test('that is dragged in the strip takes back what the first figure said of another', () =>
    onPage(
      async ({ page }) => {
        await page.evaluate("location.hash = '#from=2023-12-15&to=2024-01-15'");
        const said = page.locator('#images-timeseries .downloads output');
        await eventually(async () => {
          await page.locator('#images-timeseries .downloads button', { hasText: 'CSV' }).click();
          expect(await said.textContent()).toMatch(/^Not saved\. There are no photos/);
        });
        await drawFigure(page, 'images-timeseries');
        const { x, y, width, height } = (await page
          .locator('[data-chart="images-timeseries"] canvas')
          .boundingBox()) as { x: number; y: number; width: number; height: number };
        const strip = y + height - 32;
        await page.mouse.move(x + 0.2 * width, strip);
        await page.mouse.down();
        await page.mouse.move(x + 0.3 * width, strip, { steps: 5 });
        await page.mouse.up();

        await eventually(async () => expect((await periodOf(page))[0]).toMatch(/^2023-1[01]/));
        expect(await said.textContent()).toBe('');
      },
      {},
      withGap(),
    ));

  test('of a single day shows no tau of the few photos of a split', () =>
    onPage(async ({ page }) => {
      await setPeriod(page, '2024-01-10', '2024-01-10');

      const shown = await Promise.all(
        SPLIT_GROUPS.map(async ({ id }) => [
          Number(await page.locator(`[data-n="photos.${id}"]`).textContent()),
          await page.locator(`[data-tau="photos.${id}"]`).textContent(),
        ]),
      );
      expect(shown.filter(([n]) => (n as number) > 0 && (n as number) < 10).length).toBeGreaterThan(0);
      for (const [n, tau] of shown) if ((n as number) < 10) expect(tau).toBe('too few');
    }));
});

describe('The address', () => {
  test('holds the selection, and a page opened with it shows the same', () =>
    onPage(async ({ page }) => {
      await setPeriod(page, '2024-01-10', '2024-03-20');
      await page.locator('input[value="train"]').uncheck();
      await page.locator('select[name="strata-split"]').selectOption('val');
      const hash = await hashOf(page);
      await waitForIntervals(page);
      const shown = await textsOf(page, '[data-tau], [data-interval], [data-table] td');

      await page.reload();
      await page.waitForSelector('html[data-ready]');
      await waitForIntervals(page);

      expect(hash).toBe('#from=2024-01-10&to=2024-03-20&splits=val,test-in,test-out&strata=val');
      expect(await periodOf(page)).toEqual(['2024-01-10', '2024-03-20']);
      expect(await page.locator('input[value="train"]').isChecked()).toBe(false);
      expect(await page.locator('select[name="strata-split"]').inputValue()).toBe('val');
      expect(await textsOf(page, '[data-tau], [data-interval], [data-table] td')).toEqual(shown);
      expect(shown.filter((text) => / – /.test(text)).length).toBeGreaterThan(STRATIFICATIONS.length);
    }));

  test('keeps the selection behind the section that a link leads to', () =>
    onPage(async ({ page }) => {
      await setPeriod(page, '2024-01-10', '2024-03-20');
      await page.locator('nav a[href="#model-training"]').click();
      await page.waitForURL(/model-training&from/);

      expect(await hashOf(page)).toBe('#model-training&from=2024-01-10&to=2024-03-20');
      await page.reload();
      await page.waitForSelector('html[data-ready]');
      await eventually(async () =>
        expect(await page.evaluate<number>(topOf('model-training'))).toBeLessThan(200),
      );
      await page.locator('button[name="whole"]').click();
      expect(await hashOf(page)).toBe('#model-training');
    }));

  test.each([
    '#from=2024-03-20&to=2024-01-10',
    '#from=yesterday&to=%00&splits=<b>&strata=x',
    '#from=1999-01-01&to=1999-02-01',
    '#&&==&from',
  ])('that makes no sense shows all: %s', (hash) =>
    onPage(async ({ page }) => {
      const whole = await periodOf(page);
      await page.evaluate(`new Promise((resolve) => {
        addEventListener('hashchange', () => setTimeout(resolve));
        location.hash = ${JSON.stringify(hash)};
      })`);

      expect(await periodOf(page)).toEqual(whole);
      expect(await page.locator('button[name="whole"]').isVisible()).toBe(false);
      expect(await page.locator('input[name="split"]:checked').count()).toBe(4);
      const said = await page.getByRole('alert').textContent();
      expect(said).toMatch(/=\d|=yes/.test(hash) ? / Shown is 2023-10-01 to 2024-06-06\.$/ : /can|^$/);
    }),
  );
});

describe('Taus by season, period, value, month and hour', () => {
  test('are of photos that the model has not seen, unless others are chosen', () =>
    onPage(async ({ page }) => {
      const shown = async (id: SplitGroup['id']) => {
        for (const by of STRATIFICATIONS)
          expect(await cellsOf(page, `strata.${by}`)).toEqual(strataTable(report.strata[id][by]).rows);
      };
      await shown('test-all');
      for (const id of ['train', 'val', 'test-in', 'test-out', 'overall'] as const) {
        await page.locator('select[name="strata-split"]').selectOption(id);
        await shown(id);
      }
    }));

  test('draw nothing of fewer than ten photos, which the table calls too few', () =>
    onPage(async ({ page }) => {
      const few = STRATIFICATIONS.flatMap((by) => report.strata.val[by]).filter(({ n }) => n < 10);
      await page.locator('select[name="strata-split"]').selectOption('val');

      expect(few.length).toBeGreaterThan(0);
      const cells = await textsOf(page, '[data-table^="strata"] td');
      expect(cells.filter((text) => text === 'too few')).toHaveLength(few.length);
      await drawFigure(page, 'tau-strata');
    }));
});

/** Longer than a smooth scroll takes to begin. */
const REST_MS = 400;

/** How far below the upper edge of the window something begins, pixels. */
const topOf = (id: string) => `document.getElementById(${JSON.stringify(id)}).getBoundingClientRect().top`;

/** Waits until the page has stood still for a moment: the end of one scroll may be told while the next has begun. */
const atRest = (page: Page) =>
  page.evaluate(`new Promise((resolve) => {
    let [last, since] = [scrollY, performance.now()];
    const look = () => {
      if (scrollY !== last) [last, since] = [scrollY, performance.now()];
      if (performance.now() - since > ${REST_MS}) resolve();
      else requestAnimationFrame(look);
    };
    look();
  })`);

describe('A link of the contents', () => {
  const leadsToEachSection = (options: { width: number; reducedMotion: 'reduce' | 'no-preference' }) =>
    onPage(async ({ page }) => {
      const targets = await page
        .locator('nav a')
        .evaluateAll((links) => links.map((link) => link.getAttribute('href')?.slice(1) as string));
      expect(targets.length).toBeGreaterThan(5);
      for (const id of targets.toReversed()) {
        await page.evaluate(`document.querySelector('nav a[href="#${id}"]').click()`);
        await atRest(page);

        const [top, tools, isAtEnd] = await page.evaluate<[number, number, boolean]>(
          `[${topOf(id)}, Math.max(0, document.getElementById('toolbar').getBoundingClientRect().bottom), innerHeight + scrollY >= document.documentElement.scrollHeight - 2]`,
        );
        const isBelow =
          (await page.evaluate<string>("getComputedStyle(document.getElementById('toolbar')).position")) ===
          'sticky';
        const isRight = top >= (isBelow ? tools - 1 : -1) && (isAtEnd || top < (isBelow ? tools : 0) + 60);
        expect({ ...options, id, top, tools, isRight }).toEqual({
          ...options,
          id,
          top,
          tools,
          isRight: true,
        });
      }
    }, options);

  // Side by side, as they mostly wait for pages to come to rest.
  test('leads to the beginning of its section, below the tools, at every width', async () => {
    await Promise.all(WIDTHS.map((width) => leadsToEachSection({ width, reducedMotion: 'reduce' })));
  });

  test('glides there', () => leadsToEachSection({ width: 1440, reducedMotion: 'no-preference' }));
});

describe('Paper', () => {
  const read = (pdf: string) => spawnSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' }).stdout;
  /** Words that only a drawn chart has, one for each of them. */
  const IN_CHARTS = [
    'Annotated',
    'Photos',
    'Share of photos',
    'Right photo',
    'Epoch',
    'Predicted score',
    'Pred. score',
    'Residual',
    'Day of year',
    'Predicted Model Score',
    'Rank(Predicted Model Score)',
    'Predicted',
    'Pred. rank',
    'Confidence of the model',
    'By tenth of observed values',
    'Rank by the model before',
  ];
  const expectWhole = (text: string) => {
    const titles = [...markup.matchAll(/<section id="[^"]+"><h2>([^<]+)<\/h2>/g)].map(
      ([, title]) => title as string,
    );
    expect(titles.length).toBeGreaterThan(9);
    for (const title of titles) expect(text).toContain(title.replaceAll('&#39;', "'"));
    for (const number of Object.values(REPORT_FIGURES)) expect(text).toContain(`Figure ${number}.`);
    for (const words of IN_CHARTS) expect(text).toContain(words);
    // The last words of the page.
    expect(text).toContain('model.tar.gz');
  };

  test.each(['light', 'dark'] as const)(
    'that a program prints holds every section and every chart (%s)',
    (colorScheme) =>
      onPage(
        async ({ page }) => {
          const path = join(SCREENSHOTS, `paper-${colorScheme}.pdf`);
          await page.pdf({ path, format: 'Letter', printBackground: true });

          expectWhole(read(path));
          await drawFigure(page, 'loss-function');
          expect(
            await countPixels(page, 'loss-function', colorScheme === 'dark' ? '#ff8a3d' : '#d55e00'),
          ).toBeGreaterThan(50);
        },
        { colorScheme },
      ),
  );

  test(
    'that Chromium makes of the file holds every section and every chart',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'fpe-paper-'));
      const [page, pdf] = [join(folder, 'report.html'), join(folder, 'report.pdf')];
      writeFileSync(page, markup);

      spawnSync(findChromium(), [
        '--headless',
        ...FLAGS,
        `--user-data-dir=${folder}`,
        `--print-to-pdf=${pdf}`,
        pathToFileURL(page).href,
      ]);

      expectWhole(read(pdf));
      rmSync(folder, { recursive: true });
    },
    SLOW_MS,
  );

  test.each(['Letter', 'A4'] as const)('parts no heading and no caption from what follows: %s', (format) =>
    onPage(async ({ page }) => {
      const path = join(SCREENSHOTS, `paper-${format}.pdf`);
      await page.pdf({ path, format, printBackground: true });
      const leading = await page
        .locator('h1, h2, h3, .finding p, .examples li, p:has(+ .gallery), p:has(+ .scroll), thead')
        // Of an example, without its photos.
        .evaluateAll((parts) =>
          parts.map((part) => (part.matches('li') ? part.firstChild : part)?.textContent ?? ''),
        );
      // Compared without spaces, which a table has more of on paper.
      const squeezed = (text: string) => text.replaceAll(/\s+/g, '');
      const texts = leading.map(squeezed);

      const lastLines = read(path)
        .split('\f')
        .map((sheet) => squeezed(sheet.trimEnd().split('\n').at(-1) ?? ''))
        // What stands below photos of findings is their time.
        .filter((line) => !/^(\d{4}-\d\d-\d\d\d\d:\d\d)*$/.test(line));
      expect(lastLines.length).toBeGreaterThan(10);
      expect(lastLines.filter((line) => texts.some((text) => text.includes(line)))).toEqual([]);
    }),
  );

  test('offers nothing that it cannot do', () =>
    onPage(async ({ page }) => {
      await setPeriod(page, '2024-01-10', '2024-03-20');
      await showOnPaper(page);
      await page.evaluate(NOTE_WRITTEN);
      await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);

      expect(await page.locator('main').innerText()).not.toMatch(/\b(drag|click|hover|tap)\b/i);
      // Its axis is that of the period, as no strip beside it says what is.
      expect(await writtenIn(page, 'images-timeseries')).toMatch(/Feb 2024/);
      expect(await writtenIn(page, 'images-timeseries')).not.toMatch(/2023/);
      expect(await page.locator('#tau-strata').innerText()).toContain('Photos: Test (All): in no pair');
    }));

  test('says what is selected, which nothing else on it does', () =>
    onPage(async ({ page }) => {
      const words = page.locator('[data-selection]');
      await setPeriod(page, '2024-01-10', '2024-03-20');
      await page.locator('input[value="train"]').uncheck();
      await page.locator('select[name="strata-split"]').selectOption('val');
      expect(await words.isVisible()).toBe(false);
      await showOnPaper(page);

      expect(await words.isVisible()).toBe(true);
      expect(await words.textContent()).toBe(
        'Selected: 2024-01-10 to 2024-03-20; splits Val, Test (In), Test (Out); tau by season, annotation period, value, month and hour of Val.',
      );
    }));

  test('says nothing of a selection where all is shown', () =>
    onPage(async ({ page }) => {
      await showOnPaper(page);

      expect(await page.locator('[data-selection]').isVisible()).toBe(false);
    }));

  test('is light and without tools', () =>
    onPage(
      async ({ page }) => {
        await showOnPaper(page, 'dark');

        expect(await countPixels(page, 'loss-function', '#d55e00')).toBeGreaterThan(50);
        for (const tool of ['#toolbar', '.downloads', '.choice', 'nav'])
          expect(await page.locator(tool).first().isVisible()).toBe(false);
      },
      { colorScheme: 'dark' },
    ));
});

describe('A chart', () => {
  test.each([320, ...WIDTHS])('cuts no label off at its edges, at %d pixels', (width) =>
    onPage(
      async ({ page }) => {
        for (const id of await chartIds(page)) {
          await drawFigure(page, id);
          const ink = await inkAtEdges(page, id);
          expect({ id, ink }).toEqual({ id, ink: [0, 0] });
        }
      },
      { width },
    ),
  );

  const TIMED = [
    'images-timeseries',
    'annotation-pairs',
    'predictions-timeseries',
    'residuals-timeseries',
    'daily-scores',
  ];
  /** The second one has a last day of February and a first one of March beside each other. */
  const PERIODS = ['from=2023-11-01&to=2024-05-20', 'from=2024-02-03&to=2024-03-21'];
  const writesNothingOverEachOther = async (page: Page, ids: readonly string[]) => {
    await page.evaluate(NOTE_PLACES);
    for (const period of PERIODS) {
      await page.evaluate(`places.clear(); location.hash = ${JSON.stringify(period)}`);
      for (const id of ids) {
        await drawFigure(page, id);
        await eventually(async () => expect((await collidingIn(page, id)).texts).toBeGreaterThan(3));
        const { colliding } = await collidingIn(page, id);
        expect({ id, period, colliding }).toEqual({ id, period, colliding: [] });
      }
    }
  };
  test.each(WIDTHS)('writes no label of an axis of time over another one, at %d pixels', (width) =>
    onPage(({ page }) => writesNothingOverEachOther(page, TIMED), { width }),
  );

  test.each(WIDTHS)('writes none over another one without observed values either, at %d pixels', (width) => {
    const sources = syntheticReport(3000, { pairCount: 700 });
    sources.photos.values.fill(Number.NaN);
    const without = reportPage(reportData(sources), pageScript());
    return onPage(({ page }) => writesNothingOverEachOther(page, ['annotation-pairs']), { width }, without);
  });

  test('names only splits that have something to show', () =>
    onPage(
      async ({ page }) => {
        for (const id of ['images-timeseries', 'predictions-timeseries', 'value-frequencies']) {
          await drawFigure(page, id);
          expect(await countPixels(page, id, '#d55e00')).toBe(0);
          expect(await countPixels(page, id, '#c4609a')).toBeGreaterThan(20);
        }
      },
      {},
      reportPage(reportData(syntheticReport(300, { pairCount: 0 })), pageScript()),
    ));

  test.each(WIDTHS)('says which color is which split, at %d pixels', (width) =>
    onPage(
      async ({ page }) => {
        await page.evaluate(NOTE_WRITTEN);
        for (const id of ['scatter-plots', 'residuals-timeseries', 'residual-patterns', 'previous-ranks']) {
          await drawFigure(page, id);
          for (const split of ['Train', 'Val', 'Test (In)', 'Test (Out)'])
            expect({ id, written: await writtenIn(page, id) }).toEqual({
              id,
              written: expect.stringContaining(split),
            });
        }
      },
      { width },
    ),
  );

  test('names only choices that a pair has', () =>
    onPage(
      async ({ page }) => {
        await page.evaluate(NOTE_WRITTEN);
        await drawFigure(page, 'annotation-pairs');

        expect(await writtenIn(page, 'annotation-pairs')).toContain('Left shows more');
        expect(await writtenIn(page, 'annotation-pairs')).not.toContain('The same');
      },
      {},
      reportPage(
        { ...report, pairs: { ...report.pairs, choices: report.pairs.choices.map((choice) => choice || 1) } },
        pageScript(),
      ),
    ));

  test('is walked with the arrow keys, and Enter opens the photo behind the point', () =>
    onPage(async ({ page }) => {
      await drawFigure(page, 'scatter-plots');
      await page.locator('[data-chart="scatter-plots"]').focus();
      const said = () => page.locator('.said').textContent();
      const heard: (string | null)[] = [];
      for (const key of [
        'ArrowRight',
        'ArrowRight',
        'ArrowLeft',
        'End',
        'Home',
        'PageDown',
        'ArrowDown',
        'ArrowDown',
      ]) {
        await page.keyboard.press(key);
        heard.push(await said());
      }
      const tip = await page.locator('[data-chart="scatter-plots"] .tip td').first().textContent();
      await page.keyboard.press('Enter');

      expect(heard.every((text) => text?.startsWith('Time 20'))).toBe(true);
      expect(heard[2]).toBe(heard[0]);
      expect(heard[4]).toBe(heard[0]);
      expect(new Set(heard).size).toBe(5);
      expect(tip).toBe(heard.at(-1)?.slice('Time '.length, 'Time 2024-01-01 12:00'.length));
      expect(await page.locator('#panel h2').textContent()).toBe(tip);
      await page.keyboard.press('Escape');
      expect(await page.evaluate<string>('document.activeElement.dataset.chart')).toBe('scatter-plots');
    }));

  test.each([390, 1440])(
    'is a stop of the Tab key before it is drawn, and drawn once it has the focus, at %d pixels',
    (width) =>
      onPage(
        async ({ page }) => {
          const ids = await chartIds(page);
          const heard: Record<string, string | null> = {};
          await page.locator('#toolbar input').first().focus();
          // To the end of the page, where the focus leaves it.
          for (let stops = 0; stops < 1000; stops++) {
            await page.keyboard.press('Tab');
            const id = await page.evaluate<string | null>(
              "document.activeElement === document.body ? null : document.activeElement.dataset.chart ?? ''",
            );
            if (id === null) break;
            if (id === '') continue;
            await page.keyboard.press('ArrowRight');
            expect(await page.evaluate<string>('document.activeElement.dataset.chart')).toBe(id);
            expect(await page.locator(`[data-chart="${id}"] canvas`).count()).toBe(1);
            heard[id] = await page.locator('.said').textContent();
          }

          // Its lines have no points.
          expect(Object.keys(heard)).toEqual(ids.filter((id) => id !== 'value-frequencies'));
          for (const said of Object.values(heard)) expect(said).toMatch(/\w+ .+/);
          const labels = await page
            .locator('[data-chart][tabindex="0"]')
            .evaluateAll((places) => places.map((place) => place.getAttribute('aria-label')));
          for (const label of labels) expect(label).toContain('Arrow keys walk its points');
        },
        { width },
      ),
  );

  test('takes the focus where its points tell something, and every part that scrolls does', () =>
    onPage(
      async ({ page }) => {
        for (const id of await chartIds(page)) {
          await drawFigure(page, id);
          const isFocusable = (await page.locator(`[data-chart="${id}"]`).getAttribute('tabindex')) === '0';
          if (isFocusable) {
            await page.locator(`[data-chart="${id}"]`).focus();
            await page.keyboard.press('ArrowRight');
            expect({ id, said: await page.locator('.said').textContent() }).not.toEqual({ id, said: '' });
            const label = await page.locator(`[data-chart="${id}"]`).getAttribute('aria-label');
            await page.keyboard.press('Enter');
            const isOpen = await page.locator('#panel').isVisible();
            expect({ id, isOpen }).toEqual({ id, isOpen: /Enter opens the photo/.test(label ?? '') });
            await page.keyboard.press('Escape');
          } else expect(id).toBe('value-frequencies');
        }
        const unreachable = await page.evaluate<string[]>(`[...document.querySelectorAll('main *')]
          .filter((part) => part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflowX === 'auto' && part.tabIndex < 0)
          .map((part) => part.className)`);
        expect(unreachable).toEqual([]);
      },
      { width: 390 },
    ));

  test('has the same data however wide it is drawn', () =>
    onPage(async ({ page }) => {
      await page.evaluate(NOTE_SAVED);
      const ids = await chartIds(page);
      const savedAt = async (width: number) => {
        await page.setViewportSize({ width, height: 900 });
        for (const id of ids) await page.locator(`#${id} .downloads button`, { hasText: 'CSV' }).click();
        return page.evaluate<string[]>('Promise.all(saved.splice(0))');
      };
      const wide = await savedAt(1440);

      expect(wide).toHaveLength(ids.length);
      for (const width of [390, 768]) {
        const texts = await savedAt(width);
        expect({ width, differing: ids.filter((_, at) => texts[at] !== wide[at]) }).toEqual({
          width,
          differing: [],
        });
      }
      const { data } = Papa.parse<{ panel: string; y: string }>(wide[0] as string, {
        ...{ header: true, skipEmptyLines: true },
      });
      expect(wide[ids.indexOf('tau-strata')]).toMatch(
        /,By month,By month,Jan,[\d.]+,Jan,\d+,[\d.]+,too few weeks\r/,
      );
      const panels = Map.groupBy(data, ({ panel }) => panel);
      expect([...panels.keys()]).toEqual(['Obs. Flow [cfs]', 'Photos']);
      expect(panels.get('Obs. Flow [cfs]')?.filter(({ y }) => !(Number(y) > 0))).toEqual([]);
      expect(new Set(panels.get('Photos')?.map(({ y }) => y))).toEqual(new Set(['Unannotated', 'Annotated']));
    }));

  test(
    'can be saved as a picture, and its data as CSV',
    async () => {
      let ids: string[] = [];
      await onPage(async ({ page }) => {
        ids = await chartIds(page);
      });
      const savesSoundly = async (page: Page, id: string) => {
        await drawFigure(page, id);
        await page.evaluate(NOTE_WRITTEN);
        const [picture, data] = [await save(page, id, 'PNG'), await save(page, id, 'CSV')];
        const heading = await page.locator(`#${id} h3`).textContent();

        expect(picture.name).toBe(`29_RANK-FLOW-20260401_${id}.png`);
        expect(picture.bytes.subarray(1, 4).toString()).toBe('PNG');
        expect(await writtenIn(page, '')).toContain(`${heading} West Brook (29) · model RANK-FLOW-20260401`);
        expect(data.name).toBe(`29_RANK-FLOW-20260401_${id}.csv`);
        const lines = data.bytes.toString().trimEnd().split('\r\n');
        expect(lines[0]).toMatch(/^station_id,model_code,figure,selection,panel,series,x,y/);
        expect(lines.length).toBeGreaterThan(3);
        for (const line of lines.slice(1)) expect(line).toMatch(`29,RANK-FLOW-20260401,${id},`);
        expect(data.bytes.toString()).not.toMatch(/NaN|undefined|\[object/);
      };
      expect(ids.length).toBeGreaterThan(10);
      // Several pages, each of few files: of many files of one page, Chromium loses the thirty-first now and then.
      for (let first = 0; first < ids.length; first += FIGURES_PER_PAGE)
        await onPage(async ({ page }) => {
          for (const id of ids.slice(first, first + FIGURES_PER_PAGE)) await savesSoundly(page, id);
        });
      await onPage(async ({ page }) => {
        await setPeriod(page, '2024-01-10', '2024-03-20');
        for (const id of ['images-timeseries', 'predictions-timeseries']) {
          await drawFigure(page, id);
          const text = (await save(page, id, 'CSV')).bytes.toString();
          const { data } = Papa.parse<{ x: string }>(text, { header: true, skipEmptyLines: true });
          const dates = data.map(({ x }) => x.slice(0, 10));
          expect(dates.length).toBeGreaterThan(100);
          expect(dates.filter((date) => date < '2024-01-10' || date > '2024-03-20')).toEqual([]);
        }
        await page.locator('select[name="strata-split"]').selectOption('val');
        await drawFigure(page, 'tau-strata');
        expect((await save(page, 'tau-strata', 'CSV')).name).toBe(
          '29_RANK-FLOW-20260401_tau-strata_from-2024-01-10_to-2024-03-20_strata-val.csv',
        );
      });
      await onPage(async ({ page }) => {
        await drawFigure(page, 'tau-strata');
        const strata = (await save(page, 'tau-strata', 'CSV')).bytes.toString();
        const [season] = report.strata['test-all'].season;
        expect(strata).toContain(
          `By season,By season,${season?.label},${season?.tau},${season?.label},${season?.n},`,
        );
        await drawFigure(page, 'scatter-plots');
        const scatter = (await save(page, 'scatter-plots', 'CSV')).bytes.toString().split('\r\n');
        const row = report.photos.splits.findIndex(
          (split, at) =>
            split === 'train' &&
            !Number.isNaN((report.photos.values[at] as number) + (report.photos.scores[at] as number)),
        );
        expect(scatter[1]).toContain(`Train,${report.photos.values[row]},${report.photos.scores[row]},`);
      });
    },
    SLOW_MS,
  );

  test(
    'can be saved as a drawing of shapes, which shows as much as the picture and says as much of its origin',
    async () => {
      const named = reportPage(
        reportData({
          ...report,
          state: testReportState(BUCKETS, {
            id: 29,
            name: 'Brook <b>&\u0001 "Mill"\u202e נחל',
            synthetic: true,
          }),
        }),
        pageScript(),
      );
      const drawings = new Map<string, string>();
      let selected = '';
      await onPage(
        async ({ page }) => {
          for (const id of Object.keys(REPORT_FIGURES)) {
            await drawFigure(page, id);
            const { name, bytes } = await save(page, id, 'SVG');
            expect(name).toBe(`29_RANK-FLOW-20260401_${id}.svg`);
            drawings.set(id, bytes.toString());
          }
          await setPeriod(page, '2024-01-10', '2024-03-20');
          await drawFigure(page, 'scatter-plots');
          selected = (await save(page, 'scatter-plots', 'SVG')).bytes.toString();
        },
        {},
        named,
      );

      const reader = await browser.newPage();
      for (const [id, svg] of drawings) {
        const { faults, text, images, marks, colors } = await readDrawing(reader, svg);
        expect({ id, faults, images }).toEqual({ id, faults: 0, images: 0 });
        expect(text).toContain(
          'Brook <b>& "Mill" \u2068נחל\u2069 (29), synthetic station · model RANK-FLOW-20260401',
        );
        expect(text).toContain(`Figure ${REPORT_FIGURES[id]}. `);
        expect({ id, hasMarks: marks > 10 && colors > 100 }).toEqual({ id, hasMarks: true });
        expect(svg.length).toBeLessThan(8_000_000);
      }
      await reader.close();
      expect(selected).toContain('Selected: 2024-01-10 to 2024-03-20');
    },
    SLOW_MS,
  );

  test('keeps every point of a picture, also of more than charts draw one by one, on a screen of the least scale', () =>
    onPage(
      async ({ page }) => {
        for (const id of ['images-timeseries', 'scatter-plots']) {
          await drawFigure(page, id);
          const picture = await loadImage((await save(page, id, 'PNG')).bytes);
          const context = createCanvas(picture.width, picture.height).getContext('2d');
          context.drawImage(picture, 0, 0);
          const { data } = context.getImageData(0, 0, picture.width, picture.height);
          let green = 0;
          for (let at = 0; at < data.length; at += 4) {
            const [red, greenness, blue] = data.subarray(at, at + 3) as unknown as [number, number, number];
            if (greenness > red + 40 && greenness > blue + 10) green += 1;
          }

          // That of Test (In), which most photos are.
          expect({ id, isDrawn: green > 5000 }).toEqual({ id, isDrawn: true });
        }
      },
      {},
      reportPage(reportData(syntheticReport(14_000)), pageScript()),
    ));

  test('says in a drawing that points are left out, where there are more than it can hold', () =>
    onPage(
      async ({ page }) => {
        await drawFigure(page, 'scatter-plots');
        const drawing = (await save(page, 'scatter-plots', 'SVG')).bytes.toString();

        expect(drawing).toContain('Of each series 3,000 points at most are drawn');
        expect(drawing.length).toBeLessThan(5_000_000);
      },
      {},
      reportPage(reportData(syntheticReport(12_000)), pageScript()),
    ));
});

describe('The calibration', () => {
  test('draws no share of fewer than ten pairs, as its table shows none', () => {
    const few = reportData(syntheticReport(1000, { pairCount: 240 }));
    const enough = few.calibration.filter(({ n }) => n >= 10);
    expect(enough.length).toBeGreaterThan(0);
    expect(few.calibration.filter(({ n }) => n > 0 && n < 10).length).toBeGreaterThan(0);
    return onPage(
      async ({ page }) => {
        await drawFigure(page, 'calibration');
        await page.locator('[data-chart="calibration"]').focus();
        const heard = new Set<string | null>();
        for (const _ of few.calibration) {
          await page.keyboard.press('ArrowRight');
          heard.add(await page.locator('.said').textContent());
        }

        expect([...heard].map((text) => Number(/Pairs (\d+)/.exec(text ?? '')?.[1]))).toEqual(
          enough.map(({ n }) => n),
        );
        const cells = await cellsOf(page, 'calibration');
        expect(cells.filter(([, , confidence]) => confidence !== 'too few')).toHaveLength(enough.length);
      },
      {},
      reportPage(few, pageScript()),
    );
  });
});

describe('The photo panel', () => {
  const covers = async (page: Page, { x, y }: { x: number; y: number }) => {
    const box = (await page.locator('#panel').boundingBox()) as {
      x: number;
      y: number;
      width: number;
      height: number;
    };
    return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
  };

  test.each(WIDTHS)('leaves what was clicked in sight, at %d pixels', (width) =>
    onPage(
      async ({ page }) => {
        for (const id of ['scatter-plots', 'images-timeseries', 'daily-rank-scatter']) {
          const point = await findPoint(page, id);
          await page.mouse.click(point.x, point.y);
          expect({ id, covers: await covers(page, point) }).toEqual({ id, covers: false });
          await page.keyboard.press('Escape');
        }
        const cards = page.locator('[data-gallery="worst-photos"] .card');
        for (const card of [cards.first(), cards.nth(4), cards.last()]) {
          await card.scrollIntoViewIfNeeded();
          await page.waitForTimeout(600);
          const box = (await card.boundingBox()) as { x: number; y: number; width: number; height: number };
          const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
          await page.mouse.click(middle.x, middle.y);
          expect(await covers(page, middle)).toBe(false);
          await page.keyboard.press('Escape');
        }
      },
      { width },
    ),
  );

  test('keeps the focus where a key was pressed, though the photo is another', () =>
    onPage(async ({ page }) => {
      const focus = () =>
        page.evaluate<string>('document.activeElement.textContent || document.activeElement.tagName');
      await page.locator('[data-gallery="worst-photos"] .card').nth(2).click();
      await page.getByRole('button', { name: 'Next' }).focus();
      await page.keyboard.press('Enter');
      expect(await focus()).toBe('Next →');
      await page.keyboard.press('Enter');
      expect(await focus()).toBe('Next →');
      await page.getByRole('button', { name: 'Full size' }).focus();
      await page.keyboard.press('Enter');
      expect(await page.evaluate<string>('document.activeElement.id')).toBe('panel');

      await setPeriod(page, '2024-01-10', '2024-03-20');
      await page.locator('#panel .close').focus();
      await page.keyboard.press('Enter');
      expect(await page.evaluate<string>('document.activeElement.name')).toBe('browse');
      await page.locator('button[name="whole"]').focus();
      await page.keyboard.press('Enter');
      expect(await page.evaluate<string>('document.activeElement.name')).toBe('from');
    }));

  test('walks the gallery that it was opened from, and time where it was opened from a chart', () =>
    onPage(async ({ page }) => {
      const heading = () => page.locator('#panel h2').textContent();
      const times = await textsOf(page, '[data-gallery="worst-photos"] .card b');
      await page.locator('[data-gallery="worst-photos"] .card').nth(2).click();
      const seen = [await heading()];
      await page.getByRole('button', { name: 'Next' }).click();
      seen.push(await heading());
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      seen.push(await heading());

      expect(seen).toEqual([times[2], times[3], times[1]]);
      expect(await page.locator('#panel .note').first().textContent()).toBe('2 of 24: worst disagreements');
      await page.keyboard.press('ArrowLeft');
      expect(await page.getByRole('button', { name: 'Previous' }).isDisabled()).toBe(true);
      await page.keyboard.press('ArrowLeft');
      expect(await heading()).toBe(times[0]);
      await page.keyboard.press('Escape');

      const { x, y, facts } = await findPoint(page, 'scatter-plots');
      await page.mouse.click(x, y);
      await page.keyboard.press('ArrowRight');
      const step = Date.parse(`${await heading()}Z`) - Date.parse(`${facts.get('Time')}Z`);
      expect(step).toBeGreaterThanOrEqual(0);
      expect(step).toBeLessThan(24 * 60 * MINUTE_MS);
    }));
});

describe('Numbers and their words', () => {
  test('stand whole on a telephone', () =>
    onPage(
      async ({ page }) => {
        await page
          .locator('summary')
          .evaluateAll((all) => all.map((one) => (one as unknown as { click(): void }).click()));
        for (const table of ['unseen', 'performance', 'measures', 'parameters', 'counts'])
          expect(
            await page.evaluate<string[]>(`[...document.querySelectorAll('table.${table}')]
              .filter((table) => table.getBoundingClientRect().right > innerWidth || [...table.querySelectorAll('td, th')].some((cell) => cell.scrollWidth > cell.clientWidth + 1))
              .map((table) => table.className)`),
          ).toEqual([]);
      },
      { width: 390 },
    ));

  test('break within a name such as max_gap_minutes after its underscores alone', () =>
    onPage(
      async ({ page }) => {
        const broken = await page.evaluate<string[]>(`(() => {
          const texts = document.createTreeWalker(document.getElementById('parameters'), NodeFilter.SHOW_TEXT);
          const found = [];
          for (let text = texts.nextNode(); text; text = texts.nextNode()) {
            const range = document.createRange();
            range.selectNodeContents(text);
            const isName = text.parentElement.tagName === 'TH';
            if (isName && range.getClientRects().length > 1) found.push(text.data);
          }
          return found;
        })()`);

        expect(await textsOf(page, '#parameters th')).toContain('transform_instance_count');
        expect(broken).toEqual([]);
      },
      { width: 320 },
      reportPage({ ...report, jobPlace: 'one computer' }, pageScript()),
    ));

  test('that go on beyond the edge of a table say so by the shade of that edge', () =>
    onPage(
      async ({ page }) => {
        const wide = page.locator('#private-files .scroll');
        await wide.scrollIntoViewIfNeeded();
        const shades = async () => {
          const picture = await loadImage(await wide.screenshot());
          const context = createCanvas(picture.width, picture.height).getContext('2d');
          context.drawImage(picture, 0, 0);
          // The lowest line of pixels but one lies below all words.
          const line = context.getImageData(0, picture.height - 3, picture.width, 1).data;
          const isShaded = (at: number) => (line[4 * at] as number) < 240;
          return { left: isShaded(0), right: isShaded(picture.width - 1) };
        };

        expect(await shades()).toEqual({ left: false, right: true });
        await wide.evaluate((region) => region.scrollTo(10_000, 0));
        expect(await shades()).toEqual({ left: true, right: false });
      },
      { width: 390 },
    ));

  test('of figures count from one, in the order of the page; what is new among upstream’s has a letter', () =>
    onPage(async ({ page }) => {
      const numbers = await textsOf(page, 'figure h3 .number');

      expect(await chartIds(page)).toEqual(Object.keys(REPORT_FIGURES));
      expect(numbers).toEqual(Object.values(REPORT_FIGURES).map((number) => `Figure ${number}.`));
      expect(numbers.filter((number) => !number.includes('b'))).toEqual(
        Array.from({ length: 16 }, (_, index) => `Figure ${index + 1}.`),
      );
    }));
});

describe('The rules of accessibility', () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const violations = async (page: Page) => {
    await page.evaluate(axe);
    return page.evaluate<
      string[]
    >(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))`);
  };

  test.each(
    WIDTHS.flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme }))),
  )('hold at $width pixels, $colorScheme', ({ width, colorScheme }) =>
    onPage(
      async ({ page }) => {
        await takeScreenshot(page, `instrument-${width}-${colorScheme}`);
        expect(await violations(page)).toEqual([]);

        await setPeriod(page, '2024-02-01', '2024-03-20');
        await page
          .locator('summary')
          .evaluateAll((all) => all.map((one) => (one as unknown as { click(): void }).click()));
        await page.locator('button[name="browse"]').click();
        await page.waitForSelector('#panel .buttons');
        expect(await violations(page)).toEqual([]);
      },
      { width, colorScheme },
    ),
  );

  test('hold on paper', () =>
    onPage(async ({ page }) => {
      await showOnPaper(page);

      expect(await violations(page)).toEqual([]);
    }));
});
