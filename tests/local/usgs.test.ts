import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startUsgs, type Usgs, type UsgsFeature } from '../../local/usgs.ts';

const observation = (hour: number, parameter_code = '00060'): UsgsFeature => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [0, 0] },
  properties: {
    time_series_id: 'series',
    monitoring_location_id: 'USGS-01171100',
    parameter_code,
    time: `2025-01-01T0${hour}:00:00+00:00`,
    value: String(50 + hour),
    approval_status: 'Approved',
    qualifier: null,
  },
});
const recordings = [0, 1, 2, 3, 4].map((hour) => observation(hour)).concat(observation(1, '00065'));

let usgs: Usgs;
beforeAll(async () => {
  usgs = await startUsgs({ recordings });
});
afterAll(() => usgs.stop());

type Page = { features: UsgsFeature[]; links: { rel: string; href: string }[] };
const request = {
  f: 'json',
  monitoring_location_id: 'USGS-01171100',
  parameter_code: '00060',
  datetime: '2025-01-01T00:00:00Z/2025-12-31T23:59:59Z',
};
const get = (query: Record<string, string>) =>
  fetch(`${usgs.endpoint}/collections/continuous/items?${new URLSearchParams(query)}`);
const valuesOf = (page: Page) => page.features.map(({ properties }) => properties.value);

test('the values of one parameter within the interval are answered', async () => {
  const page = (await (
    await get({ ...request, datetime: '2025-01-01T01:00:00Z/2025-01-01T03:00:00Z' })
  ).json()) as Page;

  expect(valuesOf(page)).toEqual(['51', '52', '53']);
  expect(page.links).toEqual([]);
});

test('long answers come in pages that link to the next', async () => {
  const values = [];
  let response = await get({ ...request, limit: '2' });
  for (;;) {
    const page = (await response.json()) as Page;
    values.push(valuesOf(page));
    const next = page.links.find(({ rel }) => rel === 'next');
    if (!next) break;
    response = await fetch(next.href);
  }

  expect(values).toEqual([['50', '51'], ['52', '53'], ['54']]);
});

test('only the properties that were asked for are answered', async () => {
  const response = await get({ ...request, properties: 'time,value', skipGeometry: 'true', limit: '1' });

  expect(((await response.json()) as Page).features).toEqual([
    { type: 'Feature', geometry: null, properties: { time: '2025-01-01T00:00:00+00:00', value: '50' } },
  ]);
});

test.each([
  [{ monitoring_location_id: 'USGS-99' }, 404, 'no recording of USGS-99'],
  [{ sortby: 'time' }, 400, 'unknown query parameter: sortby'],
  [{ limit: '60000' }, 400, 'limit must be 1 to 50000'],
  [{ datetime: '2020-01-01T00:00:00Z/2025-01-01T00:00:00Z' }, 400, 'may span 1100 days'],
  [{ datetime: 'P7D' }, 400, 'datetime must be START/END'],
])('%j is refused with %i', async (change, status, description) => {
  const response = await get({ ...request, ...change });

  expect(response.status).toBe(status);
  expect(((await response.json()) as { description: string }).description).toContain(description);
});

test('other collections are refused', async () => {
  const response = await fetch(`${usgs.endpoint}/collections/daily/items`);

  expect(response.status).toBe(404);
});

test('scripted failures come once each, and every request is kept', async () => {
  const before = usgs.requests.length;
  usgs.script({ status: 429, headers: { 'retry-after': '1' } }, { status: 503, body: 'down' });

  const answers = [await get(request), await get(request), await get(request)];

  expect(answers.map(({ status }) => status)).toEqual([429, 503, 200]);
  expect(answers[0]?.headers.get('retry-after')).toBe('1');
  expect(usgs.requests.slice(before).map(({ url }) => url.searchParams.get('parameter_code'))).toEqual([
    '00060',
    '00060',
    '00060',
  ]);
});

test('a recording is read from its file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fpe-usgs-'));
  writeFileSync(join(folder, 'USGS-01171100.json'), JSON.stringify({ features: recordings }));
  const fromFiles = await startUsgs({ folder });

  const response = await fetch(
    `${fromFiles.endpoint}/collections/continuous/items?${new URLSearchParams(request)}`,
  );
  const page = (await response.json()) as Page;
  await fromFiles.stop();
  rmSync(folder, { recursive: true });

  expect(valuesOf(page)).toEqual(['50', '51', '52', '53', '54']);
});
