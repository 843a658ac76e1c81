import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { pageScript } from '../../browser/script.ts';
import { reportData } from '../../shared/report/data/report-data.ts';
import { datasetPage } from '../../shared/report/page/data-pages.ts';
import { reportPage } from '../../shared/report/page/report-page.ts';
import { plantedChecks } from '../fixtures/planted-findings.ts';
import { syntheticReport } from '../fixtures/synthetic-report.ts';
import { launchBrowser, openPage, takePicture } from './open-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const sources = syntheticReport(2500, { pairCount: 500 });
const { state, photos, photoBase } = sources;
const pagePhotos = photos.keys.map((filename, row) => ({
  image_id: photos.imageIds[row] as number,
  timestamp: photos.timestamps[row] as number,
  filename,
  value: Number.isNaN(photos.values[row]) ? null : (photos.values[row] as number),
}));
const checks = plantedChecks(pagePhotos);
const series = { timestamps: new Float64Array(), values: new Float64Array() };
const PAGES = {
  dataset: () =>
    datasetPage(
      {
        run: state.run,
        photoBase,
        photos: pagePhotos,
        judgments: [],
        dataset: state.dataset,
        exported: state.export,
        series,
        checks: checks.filter(({ check }) => check !== 'darkness'),
      },
      pageScript(),
    ),
  report: () => reportPage(reportData({ ...sources, checks }), pageScript()),
};

describe.each(['dataset', 'report'] as const)('The data quality of the page of the %s', (name) => {
  test.each([
    ['wide', 1280],
    ['phone', 390],
  ])('shows each finding with its photos on a %s screen', async (screen, width) => {
    const { page, errors } = await openPage(browser, PAGES[name](), { width });

    await page.locator('#data-quality').scrollIntoViewIfNeeded();
    await page.waitForSelector('.noted .card');
    await takePicture(page.locator('#data-quality'), `data-quality-${name}-${screen}`);

    const findings = checks.flatMap(({ findings }) => findings);
    const shown = name === 'dataset' ? findings.filter(({ kind }) => !kind.startsWith('darkness')) : findings;
    expect(await page.locator('#data-quality .finding h3').allTextContents()).toEqual(
      shown.map(({ title }) => title),
    );
    const cards = await page
      .locator('.noted')
      .evaluateAll((places) => places.map((place) => place.children.length));
    expect(cards).toEqual(shown.flatMap(({ examples }) => examples.map(({ photos }) => photos.length)));
    expect(
      await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
    ).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('opens a photo of the page beside it, and one that is not on the page by its address', async () => {
    const { page, errors } = await openPage(browser, PAGES[name]());

    const button = page.locator('#finding-duplicates-bytes .noted button').first();
    await button.click();
    const title = await page.locator('#panel h2').textContent();
    await page.keyboard.press('Escape');

    expect(title).toBe(await button.locator('b').textContent());
    const link = page.locator('#finding-clock-reset .noted a').first();
    expect(await link.getAttribute('href')).toBe(
      `${photoBase}imagesets/9a/images/reset%20%3Cb%3E%22one%22%3C/b%3E.JPG`,
    );
    expect(await link.getAttribute('rel')).toBe('noopener');
    expect(errors).toEqual([]);
    await page.close();
  });

  test('names a photo that cannot be loaded, as text', async () => {
    const { page, errors } = await openPage(browser, PAGES[name](), { photos: false });

    await page.locator('#finding-clock-reset').scrollIntoViewIfNeeded();
    await page.waitForSelector('#finding-clock-reset .noted code');

    expect(await page.locator('#finding-clock-reset .noted code').first().textContent()).toBe(
      'imagesets/9a/images/reset <b>"one"</b>.JPG',
    );
    expect(errors).toEqual([]);
    await page.close();
  });
});
