import { describe, expect, test } from '@jest/globals';
import {
  ConfigurationMissing,
  ObservationsRefused,
  ObservationsUnavailable,
} from '../../../shared/errors.ts';
import { type UsgsValue, valuePage, valuesOf } from '../../../shared/usgs/value-page.ts';
import { valueRequests } from '../../../shared/usgs/value-requests.ts';
import { joinSeries, valueSeries } from '../../../shared/usgs/value-series.ts';
import {
  readPages,
  WATER_DATA_LIMITS,
  type WaterDataClient,
} from '../../../shared/usgs/water-data-client.ts';
import { SILENCES, startSilentPeer } from '../../services/silent-peer.ts';

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

const SITE = { nwisId: '01171100', parameterCode: '00060' };
const period = (start: string, end: string) => ({ start: Date.parse(start), end: Date.parse(end) });
const intervalsOf = (years: { start: number; end: number }[]) =>
  valueRequests('https://api.example/ogcapi/v1', SITE, years).map((url) => url.searchParams.get('datetime'));

test('requests go by year with photos, from the day before the first photo to the day after the last', () => {
  const years = [
    period('1970-01-01T05:00:12Z', '1970-01-01T05:00:12Z'),
    period('2023-06-05T20:00:00Z', '2023-11-20T20:00:00Z'),
    period('2025-01-02T20:00:00Z', '2025-12-31T20:00:00Z'),
  ];

  const [first] = valueRequests('https://api.example/ogcapi/v1', SITE, years);

  expect(intervalsOf(years)).toEqual([
    '1969-12-31T00:00:00Z/1970-01-02T23:59:59Z',
    '2023-06-04T00:00:00Z/2023-11-21T23:59:59Z',
    '2025-01-01T00:00:00Z/2026-01-01T23:59:59Z',
  ]);
  expect(first?.searchParams.get('monitoring_location_id')).toBe('USGS-01171100');
  expect(first?.searchParams.get('parameter_code')).toBe('00060');
  expect(first?.searchParams.get('limit')).toBe('10000');
});

test('no day is asked for twice where photos go on over the turn of a year', () => {
  const years = [
    period('2024-06-05T20:00:00Z', '2024-12-31T20:00:00Z'),
    period('2025-01-01T20:00:00Z', '2025-03-01T20:00:00Z'),
    period('2026-01-01T20:00:00Z', '2026-01-01T21:00:00Z'),
  ];

  expect(intervalsOf(years)).toEqual([
    '2024-06-04T00:00:00Z/2025-01-01T23:59:59Z',
    '2025-01-02T00:00:00Z/2025-03-02T23:59:59Z',
    '2025-12-31T00:00:00Z/2026-01-02T23:59:59Z',
  ]);
  expect(intervalsOf([])).toEqual([]);
});

describe('values of a page', () => {
  const read = (...features: unknown[]) => valuesOf(valuePage.parse({ features }), ['ft^3/s', 'ft3/s']);
  const flagsOf = (properties: object) => read(feature(properties)).values.map(({ flag }) => flag);

  test('carry the qualifiers as flag, approved ones without any none', () => {
    expect(flagsOf({})).toEqual([null]);
    expect(flagsOf({ approval_status: 'Provisional' })).toEqual(['P']);
    expect(flagsOf({ approval_status: 'Provisional', qualifier: ['ICE', 'ESTIMATED'] })).toEqual([
      'P ICE ESTIMATED',
    ]);
    expect(flagsOf({ qualifier: 'ESTIMATED' })).toEqual(['ESTIMATED']);
  });

  test('are left out where missing', () => {
    const features = [{ value: null }, { value: '' }, { value: '-999999' }, { value: undefined }];

    expect(read(...features.map(feature))).toEqual({
      values: [],
      unusable: { 'in another unit': 0, 'not readable': 0 },
    });
  });

  test('are taken as numbers too, and from a series without an id', () => {
    const { values } = read(feature({ value: 52.3, time_series_id: null }));

    expect(values).toMatchObject([{ value: 52.3, time_series_id: 'without an id' }]);
  });

  test('that cannot be read cost no other value, and are counted', () => {
    const unreadable = [
      feature({ value: 'Ice' }),
      feature({ value: 'Infinity' }),
      feature({ time: 'yesterday' }),
      feature({ time: null }),
      { properties: null },
      null,
      'text',
    ];

    const { values, unusable } = read(
      ...unreadable,
      feature({ unit_of_measure: 'm^3/s' }),
      feature({ value: '7' }),
    );

    expect(values).toMatchObject([{ value: 7 }]);
    expect(unusable).toEqual({ 'in another unit': 1, 'not readable': unreadable.length });
  });
});

describe('the series of a site', () => {
  const DAY = 86_400_000;
  /** A value each day. */
  const days = (time_series_id: string, from: number, to: number): UsgsValue[] =>
    Array.from({ length: to - from }, (_, index) => ({
      time_series_id,
      timestamp: (from + index) * DAY,
      value: index,
      flag: null,
    }));
  const join = (values: UsgsValue[], photos: number[] = []) =>
    joinSeries(
      valueSeries(values),
      Float64Array.from(photos, (day) => day * DAY),
      DAY,
    );
  const usedIds = ({ used }: ReturnType<typeof join>) => used.map(({ timeSeriesId }) => timeSeriesId);

  test('are joined where one ends and another goes on', () => {
    const joined = join([...days('new', 100, 120), ...days('old', 0, 100)], [50, 110]);

    expect(usedIds(joined)).toEqual(['old', 'new']);
    expect(joined.values.map(({ timestamp }) => timestamp / DAY)).toEqual(
      Array.from({ length: 120 }, (_, day) => day),
    );
    expect(joined.left).toEqual([]);
  });

  test('are not mixed where they overlap: the one that gives more photos a value is used, the other outside it', () => {
    const joined = join([...days('long', 0, 100), ...days('needed', 60, 140)], [90, 110, 120]);

    expect(usedIds(joined)).toEqual(['long', 'needed']);
    expect(joined.values.filter(({ time_series_id }) => time_series_id === 'long')).toHaveLength(60);
    expect(joined.left).toEqual([{ timeSeriesId: 'long', count: 40 }]);
  });

  test('that have values for the same photos are chosen by their number of values, then by id (Q-D6)', () => {
    const joined = join([...days('b', 0, 10), ...days('a', 0, 12), ...days('a', 0, 12)]);

    expect(usedIds(joined)).toEqual(['a']);
    expect(joined.values).toHaveLength(12);
    expect(joined.left).toEqual([{ timeSeriesId: 'b', count: 10 }]);
    expect(usedIds(join([...days('b', 0, 10), ...days('a', 0, 10)]))).toEqual(['a']);
  });

  test('fill a pause of months, but not of days', () => {
    const paused = [...days('a', 0, 50), ...days('a', 55, 100), ...days('a', 200, 300)];
    const joined = join([...paused, ...days('b', 0, 300)], [10, 60, 250]);

    // Both give all photos a value; b has more.
    expect(usedIds(joined)).toEqual(['b']);
    const needed = join([...paused, ...days('b', 40, 190)], [10, 60, 250]);
    expect(usedIds(needed)).toEqual(['a', 'b']);
    expect(needed.left).toEqual([{ timeSeriesId: 'b', count: 60 }]);
  });

  test('may be none', () => {
    expect(join([], [1])).toEqual({ values: [], used: [], left: [] });
  });
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
      limits: WATER_DATA_LIMITS,
      signal: new AbortController().signal,
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
  const readAll = (with_: WaterDataClient) => Array.fromAsync(readPages(first, with_));

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

  test('waits until the date that a busy service names, by its own clock', async () => {
    const headers = { 'retry-after': 'Thu, 26 Nov 2026 12:00:09 GMT', date: 'Thu, 26 Nov 2026 12:00:00 GMT' };
    const usgs = client([{ status: 429, body: '', headers }, { status: 408, body: '' }, {}]);

    await readAll(usgs);

    expect(usgs.waits).toEqual([9000, 2000]);
  });

  test('ends by name when every page names another one', async () => {
    let asked = 0;
    const usgs = client([{}]);
    const endless = (async () => {
      asked += 1;
      return Response.json(page([feature({})], `https://api.example/items?cursor=${asked}`));
    }) as unknown as typeof fetch;

    const reading = readAll({ ...usgs, fetch: endless, limits: { ...WATER_DATA_LIMITS, pages: 5 } });

    await expect(reading).rejects.toThrow(ObservationsRefused);
    await expect(reading).rejects.toThrow('5 pages, and a link to one more');
    expect(asked).toBe(5);
  });

  test('follows a relative link, and none that leads out of the web', async () => {
    const relative = client([{ body: page([], '/items?cursor=2') }, {}]);
    const file = client([{ body: page([], 'file:///etc/hosts') }]);

    expect(await readAll(relative)).toHaveLength(2);
    expect(relative.requests[1]?.url).toBe('https://api.example/items?cursor=2');
    await expect(readAll(file)).rejects.toThrow(ObservationsRefused);
    expect(file.requests).toHaveLength(1);
  });

  test('does not blame a key where there is none, nor where the answer is not about it', async () => {
    const withoutKey = client([{ status: 403, body: '{"error":{"code":"API_KEY_MISSING"}}' }]);
    const firewall = client([{ status: 403, body: '<html>Request blocked' }], 'secret');

    for (const usgs of [withoutKey, firewall]) {
      await expect(readAll(usgs)).rejects.toThrow(ObservationsRefused);
      await expect(readAll(usgs)).rejects.toThrow('does not let this network ask');
    }
  });

  test.each(['http://127.0.0.1:8086/ogcapi/v1', 'http://localhost:8086/ogcapi/v1'])(
    'does not blame the number where the local stack has no recording of the gage: %s',
    async (service) => {
      const unrecorded = client([{ status: 404, body: '{"code":"NotFound"}' }]);
      const reading = Array.fromAsync(readPages(new URL(`${service}/items`), unrecorded));

      await expect(reading).rejects.toThrow(ObservationsRefused);
      await expect(reading).rejects.toThrow(
        'start the local stack with USGS_API_URL=https://api.waterdata.usgs.gov',
      );
      await expect(reading).rejects.not.toThrow('on the FPE website');
    },
  );

  test('does not repeat a request that is refused, and names the gage or the key', async () => {
    const badSite = client([{ status: 400, body: '{"code":"InvalidParameterValue"}' }]);
    const badKey = client([{ status: 403, body: '{"error":{"code":"API_KEY_INVALID"}}' }], 'secret');

    await expect(readAll(badSite)).rejects.toThrow(ObservationsRefused);
    await expect(readAll(badSite)).rejects.toThrow('nwis_id');
    await expect(readAll(badSite)).rejects.toThrow('of the station on the FPE website');
    await expect(readAll(badKey)).rejects.toThrow(ConfigurationMissing);
    expect(badKey.requests).toEqual([{ url: first.href, headers: { 'X-Api-Key': 'secret' } }]);
  });
});

describe('a service that is silent', () => {
  const HALF = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n${JSON.stringify(page([feature({})]))}`;
  const quick = { ...WATER_DATA_LIMITS, attempts: 3, answerMs: 200 };
  const clientOf = (limits: typeof quick, signal: AbortSignal): WaterDataClient => ({
    fetch,
    sleep: async () => undefined,
    apiKey: undefined,
    limits,
    signal,
  });

  test.each(SILENCES)('%s is asked again, and then given up', async (silence) => {
    const usgs = await startSilentPeer({ answer: HALF }, silence);
    const url = new URL(`http://127.0.0.1:${usgs.port}/items`);

    const reading = Array.fromAsync(readPages(url, clientOf(quick, new AbortController().signal)));

    await expect(reading).rejects.toThrow(ObservationsUnavailable);
    await expect(reading).rejects.toThrow('no whole answer within 0.2 s');
    expect(usgs.connections).toBeGreaterThanOrEqual(3);
    await usgs.stop();
  });

  test.each(SILENCES)('%s is given up when the function has no more time', async (silence) => {
    const usgs = await startSilentPeer({ answer: HALF }, silence);
    const url = new URL(`http://127.0.0.1:${usgs.port}/items`);

    const reading = Array.fromAsync(readPages(url, clientOf(WATER_DATA_LIMITS, AbortSignal.timeout(200))));

    await expect(reading).rejects.toThrow(ObservationsUnavailable);
    await expect(reading).rejects.toThrow('in the time that a function has');
    await usgs.stop();
  });
});
