import { describe, expect, test } from '@jest/globals';
import { ConfigurationMissing, ObservationsRefused, ObservationsUnavailable } from '../../shared/errors.ts';
import { chooseSeries, dischargePage, dischargesOf } from '../../shared/usgs/discharge-page.ts';
import { dischargeRequests } from '../../shared/usgs/discharge-request.ts';
import { readPages } from '../../shared/usgs/water-data-client.ts';

const feature = (properties: object) => ({
  properties: {
    time_series_id: 'a',
    time: '2025-01-01T00:15:00+00:00',
    value: '52.3',
    unit_of_measure: 'ft^3/s',
    approval_status: 'Approved',
    qualifier: null,
    ...properties,
  },
});
const page = (features: object[], next?: string) => ({
  features,
  links: next ? [{ rel: 'next', href: next }] : [],
});

test('requests go by calendar year, from the day before the first photo to the day after the last', () => {
  const images = { start: Date.parse('2023-06-05T20:00:00Z'), end: Date.parse('2025-12-31T20:00:00Z') };

  const urls = dischargeRequests('https://api.example/ogcapi/v1', '01171100', images);

  expect(urls.map((url) => url.searchParams.get('datetime'))).toEqual([
    '2023-06-04T00:00:00Z/2023-12-31T23:59:59Z',
    '2024-01-01T00:00:00Z/2024-12-31T23:59:59Z',
    '2025-01-01T00:00:00Z/2025-12-31T23:59:59Z',
    '2026-01-01T00:00:00Z/2026-01-01T23:59:59Z',
  ]);
  expect(urls[0]?.searchParams.get('monitoring_location_id')).toBe('USGS-01171100');
  expect(urls[0]?.searchParams.get('limit')).toBe('10000');
});

describe('values of a page', () => {
  const flagsOf = (properties: object) =>
    dischargesOf(dischargePage.parse(page([feature(properties)]))).map(({ flag }) => flag);

  test('carry the qualifiers as flag, approved ones without any none', () => {
    expect(flagsOf({})).toEqual([null]);
    expect(flagsOf({ approval_status: 'Provisional' })).toEqual(['P']);
    expect(flagsOf({ approval_status: 'Provisional', qualifier: ['ICE', 'ESTIMATED'] })).toEqual([
      'P ICE ESTIMATED',
    ]);
    expect(flagsOf({ qualifier: 'ESTIMATED' })).toEqual(['ESTIMATED']);
  });

  test('are left out where missing or in another unit', () => {
    const features = [{ value: null }, { value: '' }, { value: '-999999' }, { unit_of_measure: 'm^3/s' }];

    expect(features.flatMap(flagsOf)).toEqual([]);
  });
});

test('of several series the one with most values is taken, each time once (Q-D6)', () => {
  const discharge = (time_series_id: string, timestamp: number) => ({
    time_series_id,
    timestamp,
    value: timestamp,
    flag: null,
  });
  const discharges = [
    discharge('b', 1),
    discharge('a', 2),
    discharge('a', 1),
    discharge('a', 2),
    discharge('b', 1),
  ];

  const { timeSeriesId, values, others } = chooseSeries(discharges);

  expect(timeSeriesId).toBe('a');
  expect(values.map(({ timestamp }) => timestamp)).toEqual([1, 2]);
  expect(others).toEqual([{ timeSeriesId: 'b', count: 1 }]);
  expect(chooseSeries([])).toEqual({ timeSeriesId: null, values: [], others: [] });
});

describe('reading pages', () => {
  type Answer = { status?: number; body?: unknown; headers?: Record<string, string> } | Error;

  /** Answers in turn; the last one again and again. */
  function client(answers: Answer[], apiKey?: string) {
    const waits: number[] = [];
    const requests: { url: string; headers: unknown }[] = [];
    return {
      waits,
      requests,
      apiKey,
      sleep: async (ms: number) => waits.push(ms),
      fetch: (async (url: string, init: { headers: unknown }) => {
        requests.push({ url, headers: init.headers });
        const answer = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
        if (answer instanceof Error) throw answer;
        const { status = 200, body = page([feature({})]), headers = {} } = answer;
        return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
      }) as unknown as typeof fetch,
    };
  }
  const first = new URL('https://api.example/items?limit=1');
  const readAll = (with_: ReturnType<typeof client>) => Array.fromAsync(readPages(first, with_));

  test('follows next links as they are, and ends at one that it has read', async () => {
    const second = 'https://api.example/items?cursor=abc%2F&limit=1';
    const usgs = client([{ body: page([], second) }, { body: page([], first.href) }]);

    const pages = await readAll(usgs);

    expect(pages).toHaveLength(2);
    expect(usgs.requests.map(({ url }) => url)).toEqual([first.href, second]);
  });

  test('waits and asks again after 429, 5xx, a lost connection and a broken answer', async () => {
    const usgs = client([
      { status: 429, body: '', headers: { 'retry-after': '7' } },
      { status: 503, body: 'busy' },
      new TypeError('fetch failed'),
      { body: '<html>sorry' },
      {},
    ]);

    const pages = await readAll(usgs);

    expect(pages).toHaveLength(1);
    expect(usgs.waits).toEqual([7000, 2000, 4000, 8000]);
  });

  test('gives up after seven attempts, with what it found last', async () => {
    const usgs = client([{ status: 503, body: 'busy' }]);

    await expect(readAll(usgs)).rejects.toThrow(ObservationsUnavailable);
    await expect(readAll(usgs)).rejects.toThrow('status 503: busy');
    expect(usgs.requests).toHaveLength(14);
  });

  test('does not wait an hour for its quota inside a function that is paid for', async () => {
    const usgs = client([{ status: 429, body: 'over limit', headers: { 'retry-after': '3600' } }]);

    await expect(readAll(usgs)).rejects.toThrow(ObservationsUnavailable);
    expect(usgs.waits).toEqual([]);
  });

  test('does not repeat a request that is refused, and names the gage or the key', async () => {
    const badSite = client([{ status: 400, body: '{"code":"InvalidParameterValue"}' }]);
    const badKey = client([{ status: 403, body: '{"error":{"code":"API_KEY_INVALID"}}' }], 'secret');

    await expect(readAll(badSite)).rejects.toThrow(ObservationsRefused);
    await expect(readAll(badSite)).rejects.toThrow('nwis_id');
    await expect(readAll(badKey)).rejects.toThrow(ConfigurationMissing);
    expect(badKey.requests).toEqual([{ url: first.href, headers: { 'X-Api-Key': 'secret' } }]);
  });
});
