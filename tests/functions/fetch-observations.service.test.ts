import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { handler as fetchObservations, WATER_DATA_TOTAL_MS } from '../../functions/fetch-observations.ts';
import type { JsonApi } from '../../local/json-api.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { startUsgs, type Usgs, type UsgsFeature } from '../../local/usgs.ts';
import { readText, writeCsv } from '../../shared/aws/object-store.ts';
import { EXPORTED_IMAGE_COLUMNS } from '../../shared/dataset/columns.ts';
import { ObservationsRefused } from '../../shared/errors.ts';
import { formatCsv } from '../../shared/formats/csv.ts';
import { call, testRun } from '../fixtures/run.ts';
import { createTestBuckets } from '../fixtures/station.ts';
import { environmentCredentials } from '../support/environment-credentials.ts';

const recorded = (site: string, time_series_id: string, time: string, more: object = {}): UsgsFeature => ({
  type: 'Feature',
  properties: {
    time_series_id,
    monitoring_location_id: `USGS-${site}`,
    parameter_code: '00060',
    time,
    value: '52.3',
    unit_of_measure: 'ft^3/s',
    approval_status: 'Approved',
    qualifier: null,
    ...more,
  },
});

let buckets: { storage: string; model: string };
let usgs: Usgs;
beforeAll(async () => {
  buckets = await createTestBuckets();
  usgs = await startUsgs({
    recordings: [
      recorded('01171100', 'a', '2025-12-31T23:45:00+00:00'),
      recorded('01171100', 'a', '2026-01-01T00:00:00+00:00', { value: '7', approval_status: 'Provisional' }),
      recorded('01171100', 'a', '2026-01-01T00:15:00+00:00', { value: null }),
      recorded('01171100', 'b', '2026-01-01T00:15:00+00:00'),
      ...[2021, 2023, 2025].map((year) =>
        recorded('01171300', year < 2024 ? 'old' : 'new', `${year}-06-01T12:00:00+00:00`),
      ),
      recorded('01171300', 'new', '2025-06-01T12:15:00+00:00', { value: 'Eqp' }),
      // As the API answers for gage height: another code, and a unit of its own.
      ...[0, 15].map((minute) =>
        recorded('01171100', 'stage', `2026-01-01T00:${String(minute).padStart(2, '0')}:00+00:00`, {
          parameter_code: '00065',
          value: `1.${minute}`,
          unit_of_measure: 'ft',
        }),
      ),
      recorded('01171100', 'stage', '2026-01-01T00:30:00+00:00', {
        parameter_code: '00065',
        unit_of_measure: 'm',
      }),
      recorded('01171200', 'c', '2010-01-01T00:15:00+00:00'),
    ],
  });
  process.env.USGS_API_URL = usgs.endpoint;
});
afterAll(() => usgs.stop());

const exported = {
  images_found: 2,
  images_excluded: { imageset_not_done: 0, image_not_done: 0, no_timestamp: 0, pii: 0 },
  images: 2,
  images_start: '2025-12-31T12:00:00Z',
  images_end: '2026-01-01T12:00:00Z',
  annotation_sessions: 1,
  annotation_pairs: 1,
  fpe_values: 0,
  snapshot_at: '2026-01-01T12:00:20.000Z',
};
const runOf = (id: number, nwis_id: string, variable_code = 'FLOW_CFS') => {
  const run = testRun({ id }, buckets, { variable_code });
  return { ...run, station: { ...run.station, nwis_id } };
};

/** What ExportStation leaves of photos at these times. */
async function exportOf(run: ReturnType<typeof runOf>, times: string[]) {
  const rows = times.map((timestamp, index) => ({
    imageset_id: 1,
    image_id: 100 + index,
    timestamp,
    filename: `imagesets/1/images/${index}.jpg`,
    url: null,
  }));
  const file = { bucket: buckets.model, key: run.keys.export.images };
  await writeCsv(file, formatCsv(EXPORTED_IMAGE_COLUMNS, rows));
  return {
    ...exported,
    images: times.length,
    images_start: times[0] as string,
    images_end: times.at(-1) as string,
  };
}

test('writes the values of the series over the turn of a year, asked for by year, and says which', async () => {
  const run = runOf(1, '01171100');

  const observations = await call(fetchObservations, { run, export: exported });

  expect(observations).toMatchObject({ count: 3, time_series_id: 'a, b' });
  expect(observations.note).toBe(
    'USGS has several discharge series of gage 01171100: a with 2 values from 2025-12-31T23:45:00Z to 2026-01-01T00:00:00Z and b with 1 values from 2026-01-01T00:15:00Z to 2026-01-01T00:15:00Z are joined, as they do not overlap there.',
  );
  expect(usgs.requests).toHaveLength(2);
  expect(await readText({ bucket: buckets.model, key: run.keys.export.usgs_values })).toBe(
    [
      'station_name,station_id,dataset_id,series_id,variable_id,timestamp,value,flag',
      'Mill Brook,1,NWIS,,FLOW_CFS,2025-12-31T23:45:00Z,52.3,',
      'Mill Brook,1,NWIS,,FLOW_CFS,2026-01-01T00:00:00Z,7,P',
      'Mill Brook,1,NWIS,,FLOW_CFS,2026-01-01T00:15:00Z,52.3,',
      '',
    ].join('\n'),
  );
});

test('stage is asked for by its own code and read in its own unit, as discharge is', async () => {
  const run = runOf(9, '01171100', 'STAGE_FT');
  const asked = usgs.requests.length;

  const observations = await call(fetchObservations, { run, export: exported });

  const codes = usgs.requests.slice(asked).map(({ url }) => url.searchParams.get('parameter_code'));
  expect(codes).toEqual(['00065', '00065']);
  expect(observations).toMatchObject({
    count: 2,
    time_series_id: 'stage',
    note: 'Of USGS left out: 1 values in another unit.',
  });
  expect(await readText({ bucket: buckets.model, key: run.keys.export.usgs_values })).toBe(
    [
      'station_name,station_id,dataset_id,series_id,variable_id,timestamp,value,flag',
      'Mill Brook,9,NWIS,,STAGE_FT,2026-01-01T00:00:00Z,1,',
      'Mill Brook,9,NWIS,,STAGE_FT,2026-01-01T00:15:00Z,1.15,',
      '',
    ].join('\n'),
  );

  const none = await call(fetchObservations, { run: runOf(10, '01171200', 'STAGE_FT'), export: exported });
  expect(none.note).toContain('USGS has no gage height of gage 01171200 for the photos');
});

test('asks only for years with photos, joins an ended series with its successor, and names a photo with an odd clock', async () => {
  const run = runOf(7, '01171300');
  const years = [2021, 2021, 2025, 2025];
  const times = years.map((year, index) => `${year}-06-01T1${index}:00:00Z`);
  const asked = usgs.requests.length;

  const observations = await call(fetchObservations, {
    run,
    export: await exportOf(run, ['1970-01-01T05:00:12Z', ...times, '2031-01-01T05:00:12Z']),
  });

  const requests = usgs.requests.slice(asked).map(({ url }) => url.searchParams.get('datetime'));
  expect(requests.sort()).toEqual([
    '1969-12-31T00:00:00Z/1970-01-02T23:59:59Z',
    '2021-05-31T00:00:00Z/2021-06-02T23:59:59Z',
    '2025-05-31T00:00:00Z/2025-06-02T23:59:59Z',
  ]);
  expect(observations).toMatchObject({ count: 2, time_series_id: 'old, new' });
  expect(observations.note).toContain('Of USGS left out: 1 values not readable.');
  expect(observations.note).toContain(
    'hardly true: photo 100 of 1970-01-01T05:00:12Z, photo 105 of 2031-01-01T05:00:12Z; a clock of their camera was reset',
  );
});

test('a service of which no value can be read is told apart from one that has none', async () => {
  const usgsOf = await startUsgs({ recordings: [] });
  usgsOf.script({ status: 200, body: '{"features": [{"properties": {"when": "noon"}}]}' });
  usgsOf.script({ status: 200, body: '{"features": []}' });
  process.env.USGS_API_URL = usgsOf.endpoint;

  const attempt = call(fetchObservations, { run: runOf(8, '01171400'), export: exported });

  await expect(attempt).rejects.toThrow(ObservationsRefused);
  await expect(attempt).rejects.toThrow('1 values, of which none can be read');
  process.env.USGS_API_URL = usgs.endpoint;
  await usgsOf.stop();
});

test('all requests together end before the function does', () => {
  const text = readFileSync('resources/functions.yml', 'utf8');
  const { fetchObservations: definition } = parse(text) as Record<string, { timeout: number }>;

  expect(WATER_DATA_TOTAL_MS + 60_000).toBeLessThan(Number(definition?.timeout) * 1000);
});

test('says so when USGS has nothing for the period (Q-D6)', async () => {
  const observations = await call(fetchObservations, { run: runOf(2, '01171200'), export: exported });

  expect(observations).toMatchObject({ count: 0, time_series_id: null });
  expect(observations.note).toContain('FPE’s own values are used');
});

test('asks again after a failure that passes', async () => {
  usgs.script({ status: 503, body: 'busy' });

  const observations = await call(fetchObservations, { run: runOf(3, '01171100'), export: exported });

  expect(observations.count).toBe(3);
});

test('names a gage that USGS does not know', async () => {
  const attempt = call(fetchObservations, { run: runOf(4, '99'), export: exported });

  await expect(attempt).rejects.toThrow(ObservationsRefused);
  await expect(attempt).rejects.toThrow('USGS-99');
});

describe('the key of the water data API', () => {
  let secrets: JsonApi;
  beforeAll(async () => {
    secrets = await startSecretsManager(
      new Map([
        ['plain', 'abc-123\n'],
        ['json', '{"api_key": "abc-123"}'],
      ]),
      { credentials: environmentCredentials() },
    );
    process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = secrets.endpoint;
  });
  afterAll(async () => {
    delete process.env.USGS_API_KEY_SECRET_ID;
    await secrets.stop();
  });

  test.each(['plain', 'json'])('is read from a secret (%s) and sent with each request', async (secret) => {
    process.env.USGS_API_KEY_SECRET_ID = secret;

    await call(fetchObservations, { run: runOf(5, '01171100'), export: exported });

    expect(usgs.requests.at(-1)?.headers['x-api-key']).toBe('abc-123');
  });

  test('is not sent where the stage names no secret', async () => {
    process.env.USGS_API_KEY_SECRET_ID = '';

    await call(fetchObservations, { run: runOf(6, '01171100'), export: exported });

    expect(usgs.requests.at(-1)?.headers).not.toHaveProperty('x-api-key');
  });
});
