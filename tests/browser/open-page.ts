import { deepEqual } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { findChromium } from './chromium.js';

export const SCREENSHOTS = join(import.meta.dirname, '..', '..', '.local', 'screenshots');
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A name server that does not answer would hold each photo up for half a minute.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

export const launchBrowser = (flags: string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...flags] });

/** A page of ours as a reader opens it, and everything that must not happen on it. */
export type OpenPage = {
  page: Page;
  /** Errors of the console and of scripts. */
  errors: string[];
  /** Addresses that were asked for, besides the file itself. */
  requests: string[];
};

type Options = {
  width?: number;
  height?: number;
  colorScheme?: 'light' | 'dark';
  /** Whether the reader has asked for pages that do not glide. */
  reducedMotion?: 'reduce' | 'no-preference';
  /** Whether photos can be loaded. */
  photos?: boolean;
  /** Whether the test itself keeps some of them away. */
  lostPhotos?: boolean;
  /** Of the file, with folders. */
  path?: string;
};

/** Opens markup from a file, as one that was downloaded. */
export async function openPage(browser: Browser, markup: string, options: Options = {}): Promise<OpenPage> {
  const { width = 1280, height = 900, photos = true, lostPhotos = !photos, path = 'page.html' } = options;
  const { colorScheme = 'light', reducedMotion = 'no-preference' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'fpe-page-'));
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, markup);
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion });
  page.on('close', () => rmSync(folder, { recursive: true }));
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    const isLostPhoto = lostPhotos && /Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !isLostPhoto) errors.push(message.text());
  });
  page.on('dialog', (dialog) => {
    errors.push(`dialog ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.route(/^https?:/, (route) => {
    requests.push(route.request().url());
    return photos
      ? route.fulfill({ contentType: 'image/svg+xml', body: drawnPhoto(route.request().url()) })
      : route.abort();
  });
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html[data-ready]');
  return { page, errors, requests };
}

/** Opens, acts and closes; a console error fails whatever the test was about. */
export async function actOnPage(
  browser: Browser,
  markup: string,
  act: (opened: OpenPage) => Promise<void>,
  options: Options = {},
): Promise<void> {
  const opened = await openPage(browser, markup, options);
  try {
    await act(opened);
    // Not Jest's, as a benchmark opens pages as well.
    deepEqual(opened.errors, []);
  } finally {
    await opened.page.close();
  }
}

/** Limits a page to a period. @param from, to days, yyyy-mm-dd */
export async function setPeriod(page: Page, from: string, to: string): Promise<void> {
  await page.locator('input[name="to"]').fill(to);
  await page.locator('input[name="from"]').fill(from);
}

const SOON_MS = 15_000;

/** Assesses again until it holds, as a page that answers in its own time has no moment to wait for. Throws the last failure. */
export async function eventually(assess: () => Promise<void>): Promise<void> {
  const end = Date.now() + SOON_MS;
  for (;;)
    try {
      return await assess();
    } catch (failure) {
      if (Date.now() > end) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** Waits until the intervals of a chosen period, which follow once the reader has come to rest, are shown. */
export async function waitForIntervals(page: Page): Promise<void> {
  await eventually(async () => deepEqual(await page.locator('[aria-busy="true"]').count(), 0));
}

/** Shows a page as on paper, once all its figures are drawn. */
export async function showOnPaper(page: Page, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
  await page.emulateMedia({ media: 'print', colorScheme });
  await eventually(async () => deepEqual(await page.locator('[data-chart]:not([data-drawn])').count(), 0));
}

/** Scrolls to a figure, below the tools that stay at the top, and waits until it is drawn. */
export async function drawFigure(page: Page, id: string): Promise<void> {
  await page.evaluate(`(() => {
    const { top } = document.querySelector('[data-chart="${id}"]').getBoundingClientRect();
    scrollBy({ top: top - 110, behavior: 'instant' });
  })()`);
  await page.waitForSelector(`[data-chart="${id}"][data-drawn] canvas`);
}

/** Writes a picture of the whole page with all its figures. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  for (const id of await chartIds(page)) await drawFigure(page, id);
  await page.evaluate('scrollTo(0, 0)');
  await page.waitForTimeout(300);
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** Writes a picture of a part of the page, once its photos have come into sight. */
export async function takePicture(part: Locator, name: string): Promise<void> {
  for (const photo of await part.locator('img').all()) await photo.scrollIntoViewIfNeeded();
  mkdirSync(SCREENSHOTS, { recursive: true });
  await part.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

export const chartIds = (page: Page): Promise<string[]> =>
  page
    .locator('[data-chart]')
    .evaluateAll((places) => places.map((place) => place.getAttribute('data-chart') ?? ''));

/** How many pixels of a figure have about this color (#rrggbb). */
export function countPixels(page: Page, id: string, color: string): Promise<number> {
  const script = `(() => {
    const canvas = document.querySelector('[data-chart="${id}"] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const wanted = [1, 3, 5].map((at) => parseInt('${color}'.slice(at, at + 2), 16));
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at + 3] > 60 && wanted.every((part, index) => Math.abs(data[at + index] - part) < 12)) count += 1;
    return count;
  })()`;
  return page.evaluate<number>(script);
}

/** How much of a figure is drawn at its left and at its right edge, where a label would be cut off. */
export const inkAtEdges = (page: Page, id: string): Promise<number[]> =>
  page.evaluate<number[]>(`(() => {
    const canvas = document.querySelector('[data-chart="${id}"] canvas');
    const count = (left) => canvas.getContext('2d').getImageData(left, 0, 2, canvas.height)
      .data.filter((part, at) => at % 4 === 3 && part > 60).length;
    return [count(0), count(canvas.width - 2)];
  })()`);

/** Moves the pointer over the colored places of a figure until a point answers. @returns its place in the window, and what it says */
export async function findPoint(
  page: Page,
  id: string,
): Promise<{ x: number; y: number; facts: Map<string, string> }> {
  await drawFigure(page, id);
  const places = await page.evaluate<[number, number][]>(`(() => {
    const canvas = document.querySelector('[data-chart="${id}"] canvas');
    const { left, top, width } = canvas.getBoundingClientRect();
    const scale = canvas.width / width;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const isColored = (at) => data[at + 3] > 60 && Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]) > 70;
    const found = [];
    for (let y = Math.ceil(36 * scale); y < canvas.height; y += 2)
      for (let x = 60; x < canvas.width; x += 2) if (isColored((y * canvas.width + x) * 4)) found.push([left + x / scale, top + y / scale]);
    return found.filter(([x, y], index) => y > 110 && y < innerHeight - 20 && index % Math.ceil(found.length / 400) === 0);
  })()`);
  const tip = page.locator(`[data-chart="${id}"] .tip:visible`);
  for (const [x, y] of places) {
    await page.mouse.move(x, y);
    if ((await tip.count()) === 0) continue;
    const rows = await tip
      .first()
      .locator('tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
    return { x, y, facts: new Map(rows as [string, string][]) };
  }
  throw new Error(`No point of ${id} answers at ${places.length} places`);
}

/** A stream whose water and light differ from photo to photo. */
function drawnPhoto(address: string): string {
  const hue = [...address].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  const level = 130 + hue / 3;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" fill="hsl(${hue} 20% 60%)"/><path d="M0 ${level}Q100 ${level - 20} 200 ${level}T400 ${level}V300H0Z" fill="hsl(205 45% 45%)"/></svg>`;
}
