import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { pageScript } from '../../browser/script.ts';
import { datasetPage, inputPage } from '../../shared/report/page/data-pages.ts';
import { plantedChecks } from '../fixtures/planted-findings.ts';
import { syntheticReport } from '../fixtures/synthetic-report.ts';
import {
  chartIds,
  drawFigure,
  findPoint,
  inkAtEdges,
  launchBrowser,
  openPage,
  takeScreenshot,
} from './open-page.ts';

const RANKS = { 1: 'LEFT', [-1]: 'RIGHT', 0: 'SAME' } as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const { state, photos, pairs, photoBase } = syntheticReport(2500, { pairCount: 500 });
const sources = {
  run: state.run,
  photoBase,
  photos: photos.keys.map((filename, row) => ({
    image_id: photos.imageIds[row] as number,
    timestamp: photos.timestamps[row] as number,
    filename,
    value: Number.isNaN(photos.values[row]) ? null : (photos.values[row] as number),
  })),
  judgments: Array.from(pairs.left, (left, pair) => ({
    user_id: `annotator ${pairs.annotators[pair]}`,
    rank: RANKS[pairs.choices[pair] as 1],
    'left.imageId': photos.imageIds[left] as number,
    'right.imageId': photos.imageIds[pairs.right[pair] as number] as number,
  })),
};
const valued = photos.values.map((_, row) => row).filter((row) => !Number.isNaN(photos.values[row]));
const series = {
  timestamps: valued.map((row) => photos.timestamps[row] as number),
  values: valued.map((row) => photos.values[row] as number),
};
const splitOf = ({ image_id }: { image_id: number }) =>
  photos.splits[image_id - (photos.imageIds[0] as number)] ?? 'train';

const checks = plantedChecks(sources.photos).filter(({ check }) => check !== 'darkness');

const PAGES = {
  dataset: () =>
    datasetPage({ ...sources, dataset: state.dataset, exported: state.export, series, checks }, pageScript()),
  input: () =>
    inputPage(
      {
        ...sources,
        split: state.split,
        pairSplits: Array.from(pairs.splits, (split) => split === 0),
        splitOf,
      },
      pageScript(),
    ),
};

describe.each(['dataset', 'input'] as const)('The page of the %s', (name) => {
  test('draws every figure and opens the photo behind a point', async () => {
    const { page, errors } = await openPage(browser, PAGES[name]());

    await takeScreenshot(page, name);
    const { x, y, facts } = await findPoint(
      page,
      name === 'dataset' ? 'observed-values' : 'images-timeseries',
    );
    await page.mouse.click(x, y);

    expect(await page.locator('#panel h2').textContent()).toBe(facts.get('Time'));
    expect([...facts.keys()]).toEqual(
      name === 'dataset' ? ['Time', 'Obs. Flow [cfs]'] : ['Time', 'Split', 'Obs. Flow [cfs]'],
    );
    expect(errors).toEqual([]);
    await page.close();
  });

  test('narrows to a period, and cuts no label off', async () => {
    const { page, errors } = await openPage(browser, PAGES[name](), { width: 400 });

    await page.locator('input[name="to"]').fill('2023-11-15');
    for (const id of await chartIds(page)) {
      await drawFigure(page, id);
      expect({ id, ink: await inkAtEdges(page, id) }).toEqual({ id, ink: [0, 0] });
    }

    expect(await page.locator('button[name="whole"]').isVisible()).toBe(true);
    expect(
      await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
    ).toBeLessThanOrEqual(0);
    expect(errors).toEqual([]);
    await page.close();
  });
});
