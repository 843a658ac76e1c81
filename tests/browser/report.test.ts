import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCanvas } from '@napi-rs/canvas';
import type { Browser, Page } from 'playwright-core';
import { pageScript } from '../../browser/script.ts';
import { legibleText } from '../../shared/formats/legible-text.ts';
import { formatCount } from '../../shared/formats/numbers.ts';
import { rankIntervals, type ScoreError, scoreErrorOf } from '../../shared/predictions/score-intervals.ts';
import { dailyMeans, wallDate } from '../../shared/predictions/scored-photos.ts';
import { comparePrevious, type PreviousModel } from '../../shared/report/data/comparison.ts';
import { type ReportData, reportData } from '../../shared/report/data/report-data.ts';
import { SPLIT_GROUPS } from '../../shared/report/data/split-groups.ts';
import { agreements, overlapRanks } from '../../shared/report/data/statistics.ts';
import { shownTau } from '../../shared/report/data/text-tables.ts';
import { reportPage } from '../../shared/report/page/report-page.ts';
import { testReportState } from '../fixtures/report.ts';
import { syntheticReport } from '../fixtures/synthetic-report.ts';
import {
  actOnPage,
  chartIds,
  countPixels,
  drawFigure,
  eventually,
  findPoint,
  launchBrowser,
  type OpenPage,
  openPage,
  setPeriod,
  takePicture,
  takeScreenshot,
} from './open-page.ts';

const DAY_MS = 86_400_000;
const TRAIN_COLOR = '#d55e00';

let browser: Browser;
let report: ReportData;
let markup: string;
beforeAll(async () => {
  browser = await launchBrowser();
  report = reportData(syntheticReport(4000));
  markup = reportPage(report, pageScript());
});
afterAll(() => browser.close());

const onPage = (
  act: (opened: OpenPage) => Promise<void>,
  options: Parameters<typeof openPage>[2] = {},
  text = markup,
) => actOnPage(browser, text, act, options);

const rowAt = (time: string) =>
  report.wallMs.findIndex((wallMs) => new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ') === time);

/** Taus as they are when all photos outside the dates are left out. */
function agreementsBetween(from: string, to: string) {
  const isWithin = (row: number) => {
    const date = wallDate(report.wallMs[row] as number);
    return date >= from && date <= to;
  };
  const within = (numbers: Float64Array) =>
    numbers.map((number, row) => (isWithin(row) ? number : Number.NaN));
  const photos = {
    ...report.photos,
    timestamps: report.wallMs,
    values: within(report.photos.values),
    scores: within(report.photos.scores),
  };
  return { photos: agreements(photos), days: agreements(dailyMeans(photos, wallDate)) };
}

async function shownTaus(page: Page, by: 'photos' | 'days') {
  const text = (attribute: string, id: string) =>
    page.locator(`table [data-${attribute}="${by}.${id}"]`).first().textContent();
  return Promise.all(SPLIT_GROUPS.map(async ({ id }) => [await text('tau', id), await text('n', id)]));
}

const expectedTaus = (agreement: ReturnType<typeof agreements>) =>
  SPLIT_GROUPS.map(({ id }) => [shownTau(agreement[id]), formatCount(agreement[id].n)]);

describe('The report', () => {
  test('draws every figure and asks for nothing until a photo comes into sight', () =>
    onPage(async ({ page, requests }) => {
      await drawFigure(page, 'images-timeseries');
      expect(requests).toEqual([]);

      for (const id of await chartIds(page)) {
        await drawFigure(page, id);
        const ink = await countPixels(page, id, '#57626b');
        expect({ id, hasInk: ink > 20 }).toEqual({ id, hasInk: true });
      }
      expect(await chartIds(page)).toHaveLength(17);
      expect(
        requests.filter((address) => !address.startsWith('https://storage.s3.amazonaws.com/imagesets/')),
      ).toEqual([]);
    }));

  test('says of a point of the learning curve what was learned from how many pairs', () =>
    onPage(async ({ page }) => {
      await drawFigure(page, 'learning-curve');
      await takePicture(page.locator('#more-training'), 'learning-curve');
      const focus = page.locator('[data-chart="learning-curve"]');
      await focus.press('ArrowRight');
      const tip = page.locator('[data-chart="learning-curve"] .tip:visible').first();

      expect(await tip.locator('tr').allTextContents()).toEqual([
        ...['Training pairs38', 'Shuffles3', 'Ordered right66 %', 'from – to62 % – 70 %', 'Loss0.6100'],
      ]);
    }));

  test('of a training without a learning curve says why there is none', () =>
    onPage(
      async ({ page }) => {
        expect(await page.locator('#learning-curve').textContent()).toContain(
          'There is no learning curve: 12 training pairs are fewer than 40.',
        );
        expect(await chartIds(page)).not.toContain('learning-curve');
      },
      {},
      reportPage(
        {
          ...report,
          training: {
            ...report.training,
            learningCurve: { valPairs: 0, points: [], missing: '12 training pairs are fewer than 40' },
          },
        },
        pageScript(),
      ),
    ));

  test('says of a point its time, split, value, score, ranks and residual', () =>
    onPage(async ({ page }) => {
      const { facts } = await findPoint(page, 'images-timeseries');

      const row = rowAt(facts.get('Time') as string);
      const { observed, predicted } = overlapRanks(report.photos);
      const percent = (share: number) => (Number.isNaN(share) ? 'NA' : `${(100 * share).toFixed(1)} %`);
      expect(row).toBeGreaterThanOrEqual(0);
      expect(Object.fromEntries(facts)).toEqual({
        Time: expect.any(String),
        Split: SPLIT_GROUPS.find(({ id }) => id === report.photos.splits[row])?.label,
        'Obs. Flow [cfs]': (report.photos.values[row] as number).toLocaleString('en-US', {
          maximumSignificantDigits: 3,
        }),
        Score: (report.photos.scores[row] as number).toFixed(3),
        'Obs. rank': percent(observed[row] as number),
        'Pred. rank': percent(predicted[row] as number),
        Residual: percent((observed[row] as number) - (predicted[row] as number)),
      });
    }));

  test('the panel of a photo tells how far its score and its rank may be off', () =>
    onPage(async ({ page }) => {
      const { x, y, facts } = await findPoint(page, 'images-timeseries');
      const row = rowAt(facts.get('Time') as string);
      const { halfWidth } = scoreErrorOf(report.pairs, report.photos.scores, 'val') as ScoreError;
      const { low, high } = rankIntervals(report.photos.scores, halfWidth);
      const [score, from, to] = [report.photos.scores[row], low[row], high[row]] as [number, number, number];

      await page.mouse.click(x, y);

      const shown = await page.locator('#panel dl > div').allTextContents();
      expect(shown.slice(-2)).toEqual([
        `Score, 90 %${(score - halfWidth).toFixed(3)} to ${(score + halfWidth).toFixed(3)}`,
        `Rank among all, 90 %${(100 * from).toFixed(1)} % to ${(100 * to).toFixed(1)} %`,
      ]);
    }));

  test.each([
    'images-timeseries',
    'predictions-timeseries',
    'scatter-plots',
    'residuals-timeseries',
    'residual-patterns',
    'daily-scores',
    'daily-rank-scatter',
    'annotation-pairs',
    'previous-ranks',
  ])('opens the photo behind a point of %s', (id) =>
    onPage(async ({ page }) => {
      const { x, y, facts } = await findPoint(page, id);

      await page.mouse.click(x, y);

      const time = (facts.get('Time') ?? facts.get('Day') ?? facts.get('Left')) as string;
      expect(await page.locator('#panel h2').textContent()).toContain(time.slice(0, 10));
    }),
  );

  test('draws little for a point that has no photo behind it', () =>
    onPage(async ({ page }) => {
      const { x, y, facts } = await findPoint(page, 'loss-function');
      await page.mouse.click(x, y);

      expect([...facts.keys()]).toEqual(['Epoch', 'Train', 'Val']);
      expect(await page.locator('#panel').isHidden()).toBe(true);
    }));

  test('says of bars what they count', () =>
    onPage(async ({ page }) => {
      const { facts } = await findPoint(page, 'tau-strata');

      expect([...facts.keys()]).toEqual(['Photos of', 'n', 'tau', '95 %']);
    }));
});

describe('A period', () => {
  test.each([
    ['2024-01-10', '2024-03-20'],
    ['2023-10-05', '2023-10-05'],
  ])('of %s to %s narrows the numbers to those of its photos', (from, to) =>
    onPage(async ({ page }) => {
      await setPeriod(page, from, to);

      const expected = agreementsBetween(from, to);
      expect(await shownTaus(page, 'photos')).toEqual(expectedTaus(expected.photos));
      expect(await shownTaus(page, 'days')).toEqual(expectedTaus(expected.days));
      expect(await page.locator('output[name="numbers"]').textContent()).toContain(
        `not seen: tau ${shownTau(expected.photos['test-all'])}`,
      );
    }),
  );

  test('that is dragged in the strip narrows figures, numbers and galleries', () =>
    onPage(async ({ page }) => {
      await drawFigure(page, 'images-timeseries');
      const before = await page.locator('[data-gallery="worst-photos"] b').allTextContents();
      const box = (await page.locator('[data-chart="images-timeseries"]').boundingBox()) as {
        x: number;
        y: number;
        width: number;
        height: number;
      };
      const y = box.y + box.height - 30;
      await page.mouse.move(box.x + box.width - 24, y);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.75, y, { steps: 8 });
      await page.mouse.move(box.x + box.width * 0.5, y, { steps: 8 });
      await page.mouse.up();
      const period = () =>
        Promise.all(['from', 'to'].map((name) => page.locator(`input[name="${name}"]`).inputValue()));
      // The chart tells of the drag in steps, of which the last may come after the button is released.
      await eventually(async () => {
        const [start, end] = (await period()) as [string, string];
        expect(Date.parse(end)).toBeLessThan(Date.parse('2024-05-01'));
        expect(await shownTaus(page, 'photos')).toEqual(expectedTaus(agreementsBetween(start, end).photos));
      });

      const [from, to] = await period();
      expect(from).toBe('2023-10-01');
      const times = await page.locator('[data-gallery="worst-photos"] b').allTextContents();
      expect(times.every((time) => time.slice(0, 10) <= (to as string))).toBe(true);
      expect(times).not.toEqual(before);
    }));

  test('gets intervals of its own after a moment, and the whole one its old ones back', () =>
    onPage(async ({ page }) => {
      const interval = page.locator('[data-interval="photos.overall"]');
      const whole = await interval.textContent();
      await setPeriod(page, '2023-12-20', '2024-03-20');
      await page.locator('[data-interval="photos.overall"]:not(:empty)').waitFor();
      const narrowed = await interval.textContent();

      await page.locator('button[name="whole"]').click();

      expect(narrowed).toMatch(/^\d\.\d\d – \d\.\d\d$/);
      expect(narrowed).not.toBe(whole);
      expect(await interval.textContent()).toBe(whole);
      expect(await shownTaus(page, 'photos')).toEqual(expectedTaus(report.agreement.photos));
    }));
});

describe('A split', () => {
  test('that is switched off leaves every figure, and comes back', () =>
    onPage(async ({ page }) => {
      await drawFigure(page, 'daily-rank-scatter');
      const before = await countPixels(page, 'daily-rank-scatter', TRAIN_COLOR);
      await page.locator('input[value="train"]').uncheck();
      await drawFigure(page, 'daily-rank-scatter');
      await eventually(async () =>
        expect(await countPixels(page, 'daily-rank-scatter', TRAIN_COLOR)).toBe(0),
      );
      await page.locator('input[value="train"]').check();
      await drawFigure(page, 'daily-rank-scatter');

      expect(before).toBeGreaterThan(100);
      await eventually(async () =>
        expect(await countPixels(page, 'daily-rank-scatter', TRAIN_COLOR)).toBeCloseTo(before, -3),
      );
    }));
});

describe('The photo', () => {
  const key = (row: number) => report.photos.keys[row] as string;
  const address = (photo: string) =>
    `https://storage.s3.amazonaws.com/${photo.split('/').map(encodeURIComponent).join('/')}`;

  test('comes as a thumbnail first, and full on demand', () =>
    onPage(async ({ page, requests }) => {
      await page.locator('button[name="browse"]').click();
      await page.waitForSelector('#panel img');
      await eventually(async () =>
        expect(requests).toContain(address(key(0).replace('/images/', '/thumbs/'))),
      );
      expect(requests).not.toContain(address(key(0)));

      await page.getByRole('button', { name: 'Full size' }).click();

      await eventually(async () => expect(requests).toContain(address(key(0))));
    }));

  test('stays small where the full one cannot be had', () =>
    onPage(
      async ({ page }) => {
        await page.route(address(key(0)), (route) => route.abort());
        await page.locator('button[name="browse"]').click();
        await page.waitForSelector('#panel img');

        await page.getByRole('button', { name: 'Full size' }).click();

        await eventually(async () =>
          expect(await page.locator('#panel img').getAttribute('src')).toContain('/thumbs/'),
        );
        expect(await page.locator('#panel .missing').count()).toBe(0);
      },
      { lostPhotos: true },
    ));

  test('leads to the next and the one before in time, by button and by key', () =>
    onPage(async ({ page }) => {
      const times = Array.from(report.wallMs.slice(0, 3), (wallMs) =>
        new Date(wallMs).toISOString().slice(0, 16).replace('T', ' '),
      );
      const heading = () => page.locator('#panel h2').textContent();
      await page.locator('button[name="browse"]').focus();
      await page.keyboard.press('Enter');
      const seen = [await heading()];
      await page.getByRole('button', { name: 'Next' }).click();
      seen.push(await heading());
      await page.keyboard.press('ArrowRight');
      seen.push(await heading());
      await page.keyboard.press('ArrowLeft');
      seen.push(await heading());

      expect(seen).toEqual([times[0], times[1], times[2], times[1]]);
      await page.keyboard.press('Escape');
      expect(await page.locator('#panel').isHidden()).toBe(true);
      expect(await page.evaluate<string>('document.activeElement.name')).toBe('browse');
    }));

  test('tells the pairs it was annotated in, and leads to the other photo', () =>
    onPage(async ({ page }) => {
      const pair = [...report.pairs.choices].indexOf(1);
      const [left, right] = [report.pairs.left[pair] as number, report.pairs.right[pair] as number];
      const time = (row: number) =>
        new Date(report.wallMs[row] as number).toISOString().slice(0, 16).replace('T', ' ');
      await setPeriod(page, time(left).slice(0, 10), time(left).slice(0, 10));
      await page.locator('button[name="browse"]').click();
      while ((await page.locator('#panel h2').textContent()) !== time(left))
        await page.keyboard.press('ArrowRight');

      const button = page.locator('#panel .pair', { hasText: time(right) }).first();
      expect(await button.textContent()).toMatch(
        new RegExp(
          `^Shows more than ${time(right)} \\(annotator \\d, (Train|Val)\\)\\. Model: \\d+ % likely more\\.$`,
        ),
      );
      await button.click();

      expect(await page.locator('#panel h2').textContent()).toBe(time(right));
      expect(
        await page
          .locator('#panel .pair', { hasText: time(left) })
          .first()
          .textContent(),
      ).toContain('Shows less than');
    }));

  test('that the page carries is shown although nothing can be loaded; the others of this computer say what is missing', async () => {
    const local = { ...report, photoBase: 'http://127.0.0.1:4566/storage/' };
    const [shown, other] = report.photos.keys as [string, string];
    const jpeg = createCanvas(4, 3).toBuffer('image/jpeg');
    const markup = reportPage(local, pageScript(), new Map([[shown, jpeg]]));
    const { page, errors } = await openPage(browser, markup, { photos: false });

    await page.locator('button[name="browse"]').click();
    await page.waitForSelector('#panel .view img');
    await page.waitForFunction("document.querySelector('#panel .view img').naturalWidth === 4");
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('#panel .view .missing');

    expect(await page.locator('#panel .view .missing').textContent()).toBe(
      `Photo cannot be loaded. It is shown while the local stack runs: ./fpe local${other}`,
    );
    expect(errors).toEqual([]);
    await page.close();
  });

  test('that cannot be loaded is named by its key', () =>
    onPage(
      async ({ page }) => {
        await page.locator('button[name="browse"]').click();
        await page.waitForSelector('#panel .missing');

        expect(await page.locator('#panel .missing').textContent()).toBe(`Photo cannot be loaded${key(0)}`);
        expect(await page.locator('#panel .key').textContent()).toContain(key(0));
      },
      { photos: false },
    ));

  test('with the largest residual is the first of the gallery', () =>
    onPage(async ({ page }) => {
      const { observed, predicted } = overlapRanks(report.photos);
      const sizes = observed.map((rank, row) => Math.abs(rank - (predicted[row] as number)) || 0);
      const worst = sizes.indexOf(Math.max(...sizes));
      const card = page.locator('[data-gallery="worst-photos"] .card').first();

      await card.click();

      expect(await page.locator('#panel .key').textContent()).toContain(key(worst));
      expect(await page.locator('[data-gallery="worst-photos"] .card').count()).toBe(24);
      expect(await page.locator('[data-gallery="contradicted"] .pair-card').count()).toBeGreaterThan(3);
    }));

  test('whose rank changed most since the model before is the first of its gallery', () =>
    onPage(async ({ page }) => {
      const { now, before } = comparePrevious(report.photos, report.previous as PreviousModel).ranks;
      const sizes = now.map((rank, row) => Math.abs(rank - (before[row] as number)) || 0);
      const most = sizes.indexOf(Math.max(...sizes));

      await page.locator('[data-gallery="moved-photos"] .card').first().click();

      expect(await page.locator('#panel .key').textContent()).toContain(key(most));
      expect(await page.locator('[data-gallery="moved-photos"] .card').count()).toBe(12);
    }));
});

describe('Hostile names', () => {
  test('of station, files and notes run nothing, wherever they are shown', async () => {
    const hostile = `"><img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
    const sources = syntheticReport(300, {
      pairCount: 60,
      state: testReportState({ storage: 'storage', model: 'model' }, { id: 29, name: hostile }),
    });
    sources.photos.keys = sources.photos.keys.map((_, index) => `imagesets/1/images/${index}${hostile}.jpg`);
    sources.summary.notes = hostile;
    await onPage(
      async ({ page }) => {
        const { x, y } = await findPoint(page, 'images-timeseries');
        await page.mouse.click(x, y);
        await page.waitForSelector('#panel .missing');
        await drawFigure(page, 'tau-strata');

        expect(await page.title()).toContain('<script>');
        expect(await page.locator('h1').textContent()).toContain(hostile);
        expect(await page.locator('#panel .key').textContent()).toContain(hostile);
        expect(await page.locator('img[src="x"]').count()).toBe(0);
      },
      { photos: false },
      reportPage(reportData(sources), pageScript()),
    );
  });
});

describe('A name that reverses what follows', () => {
  /** Where in the window the number of the station begins, and its name. */
  const places = `(() => {
    const [name, id] = [document.querySelector('h1').firstChild, document.querySelector('h1 .id')];
    const range = document.createRange();
    range.selectNodeContents(name);
    return [range.getBoundingClientRect().left, id.getBoundingClientRect().left];
  })()`;

  test.each([
    ['by an override', 'Mill\u202e Brook'],
    ['by its letters', 'נחל דן'],
  ])('%s reverses nothing on the page, and nothing of the photo panel', async (_, name) => {
    const sources = syntheticReport(300, {
      pairCount: 60,
      state: testReportState({ storage: 'storage', model: 'model' }, { id: 29, name }),
    });
    sources.photos.keys = sources.photos.keys.map((__, index) => `imagesets/1/images/${index}${name}.jpg`);
    sources.summary.notes = name;
    await onPage(
      async ({ page }) => {
        const { x, y } = await findPoint(page, 'images-timeseries');
        await page.mouse.click(x, y);
        await page.waitForSelector('#panel .missing');
        const shown = `${await page.title()}\n${await page.locator('body').innerText()}`;

        expect(await page.locator('#panel .key').textContent()).toContain(legibleText(name));
        expect(shown.replaceAll(/\u2068[^\u2068\u2069\n]+\u2069/g, '')).not.toMatch(
          /[\p{Bidi_Control}\p{Script=Hebrew}]/u,
        );
        const [ofName, ofId] = await page.evaluate<[number, number]>(places);
        expect(ofId).toBeGreaterThan(ofName);
      },
      { photos: false },
      reportPage(reportData(sources), pageScript()),
    );
  });
});

describe('Stations that are not like others', () => {
  const PICTURED = new Set(['no observed value', 'zeros']);
  const valuesOf = (change: (value: number, row: number) => number) => {
    const sources = syntheticReport(600, { pairCount: 120 });
    sources.photos.values = sources.photos.values.map(change);
    return reportPage(reportData(sources), pageScript());
  };
  test.each([
    ['no observed value', () => Number.NaN],
    ['zeros', (value: number, row: number) => (row % 3 === 0 ? 0 : value)],
    ['values below zero', (value: number) => value - 30],
    ['nothing but zeros', () => 0],
    ['one value', (value: number, row: number) => (row === 5 ? value || 1 : Number.NaN)],
    ['the same value everywhere', () => 7],
  ])('draw every figure: %s', (name, change) =>
    onPage(
      async ({ page }) => {
        if (PICTURED.has(name)) await takeScreenshot(page, `station-with-${name.replaceAll(' ', '-')}`);
        for (const id of await chartIds(page)) await drawFigure(page, id);

        expect(await page.locator('[data-chart]:not([data-drawn])').count()).toBe(0);
      },
      {},
      valuesOf(change),
    ),
  );

  test('draw every figure: one photo', () => {
    const sources = syntheticReport(1, { pairCount: 0 });
    return onPage(
      async ({ page }) => {
        for (const id of await chartIds(page)) await drawFigure(page, id);
      },
      {},
      reportPage(reportData({ ...sources, previous: null }), pageScript()),
    );
  });
});

describe('Light and dark', () => {
  test.each([390, 768, 1440, 2560])('fit into a window %d pixels wide', (width) =>
    onPage(
      async ({ page }) => {
        await takeScreenshot(page, `report-${width}`);

        expect(
          await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
        ).toBeLessThanOrEqual(0);
      },
      { width },
    ),
  );

  test('dark has colors of its own, also after the reader changes over', () =>
    onPage(
      async ({ page }) => {
        await drawFigure(page, 'loss-function');
        const dark = await countPixels(page, 'loss-function', '#ff8a3d');
        await takeScreenshot(page, 'report-dark');
        await page.emulateMedia({ colorScheme: 'light' });
        await drawFigure(page, 'loss-function');

        expect(dark).toBeGreaterThan(50);
        await eventually(async () =>
          expect(await countPixels(page, 'loss-function', TRAIN_COLOR)).toBeGreaterThan(50),
        );
      },
      { colorScheme: 'dark' },
    ));
});

test('The period stays within the photos, whose first and last days it begins with', () =>
  onPage(async ({ page }) => {
    const [first, last] = [wallDate(report.wallMs[0] as number), wallDate(report.wallMs.at(-1) as number)];

    const values = await Promise.all(
      ['from', 'to'].map((name) => page.locator(`input[name="${name}"]`).inputValue()),
    );

    expect(values).toEqual([first, last]);
    await setPeriod(page, wallDate((report.wallMs[0] as number) + 3 * DAY_MS), last);
    expect(await page.locator('button[name="whole"]').isVisible()).toBe(true);
  }));

describe('The report of a local run', () => {
  const code = testReportState({ storage: 'storage', model: 'model' }).run.model_code;
  const beside = ['metrics.json', 'predictions-intervals.csv', 'input.html', 'dataset.html'];
  const local = () => reportPage({ ...report, jobPlace: 'one computer' }, pageScript());

  test('links to numbers and pages where npm start has left them beside it', () =>
    onPage(
      async ({ page }) => {
        const links = page.locator('[data-beside] a:visible');

        expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual(
          beside,
        );
        const published = page.locator('[data-published] a:visible');
        expect(await published.allTextContents()).toEqual([
          'predictions.csv',
          'images.csv',
          'annotations.csv',
        ]);
      },
      { path: `.local/results/${code}/${code}.html` },
      local(),
    ));

  test('has no such links elsewhere, where they would lead nowhere', () =>
    onPage(
      async ({ page }) => {
        expect(await page.locator('[data-beside]').count()).toBe(1);
        expect(await page.locator('[data-beside]').isVisible()).toBe(false);
        expect(await page.locator('a[href="predictions.csv"]:visible').count()).toBe(0);
      },
      { path: `downloads/${code}.html` },
      local(),
    ));
});
