import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import * as z from 'zod';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { writeCsv } from '../shared/aws/object-store.ts';
import { readJsonSecret, readSecret } from '../shared/aws/secrets.ts';
import { formatCsv } from '../shared/csv.ts';
import { VALUE_COLUMNS } from '../shared/dataset-files.ts';
import { type Observations, type Run, run, stationExport } from '../shared/execution-state.ts';
import { formatInstant } from '../shared/local-time.ts';
import { chooseSeries, type Discharge, dischargesOf } from '../shared/usgs/discharge-page.ts';
import { dischargeRequests } from '../shared/usgs/discharge-request.ts';
import { readPages } from '../shared/usgs/water-data-client.ts';

const API_URL = 'https://api.waterdata.usgs.gov/ogcapi/v1';
/** Without a key the service allows few requests an hour; two at once halve the wait and do not look like an attack. */
const YEARS_AT_ONCE = 2;

/** Asks USGS for the discharge at the station's gage while photos were taken. */
export const handler = lambdaHandler(
  z.object({ run, export: stationExport }),
  async ({ run, export: { images_start, images_end } }): Promise<Observations> => {
    const nwisId = run.station.nwis_id as string;
    const period = { start: Date.parse(images_start), end: Date.parse(images_end) };
    const requests = dischargeRequests(optionalSetting('USGS_API_URL') ?? API_URL, nwisId, period);
    const client = { fetch, sleep, apiKey: await usgsApiKey() };
    const years = await pMap(
      requests,
      async (request) => {
        const found: Discharge[] = [];
        for await (const page of readPages(request, client)) found.push(...dischargesOf(page));
        return found;
      },
      { concurrency: YEARS_AT_ONCE },
    );
    const { timeSeriesId, values, others } = chooseSeries(years.flat());
    if (timeSeriesId === null)
      return {
        count: 0,
        time_series_id: null,
        note: `USGS has no discharge of gage ${nwisId} from ${images_start} to ${images_end}; FPE’s own values are used`,
      };
    await writeValues(run, values);
    const left = others.map(({ timeSeriesId, count }) => `${timeSeriesId} with ${count} values`).join(', ');
    const note = left
      ? `USGS has several discharge series of gage ${nwisId}: ${timeSeriesId} with ${values.length} values is used, ${left} left out`
      : null;
    return { count: values.length, time_series_id: timeSeriesId, note };
  },
);

const API_KEY_USE = {
  expected: 'the key alone, letters, digits, - and _, or {"api_key": "…"}',
  parameter: 'usgsApiKeySecret',
};
/** What does not fit would be quoted by fetch, which refuses it as a header. */
const apiKey = z.string().regex(/^[\w-]{6,200}$/, 'not 6 to 200 letters, digits, - and _');

/** Key of the water data API: the text of a secret as it is, or its member `api_key`; undefined without a secret. */
async function usgsApiKey(): Promise<string | undefined> {
  const secretId = optionalSetting('USGS_API_KEY_SECRET_ID');
  if (!secretId) return undefined;
  const secret = await readSecret(secretId, API_KEY_USE);
  if (apiKey.safeParse(secret).success) return secret;
  return (await readJsonSecret(secretId, API_KEY_USE, z.object({ api_key: apiKey }))).api_key;
}

/** In the format of values.csv, which BuildDataset copies. */
async function writeValues(run: Run, values: readonly Discharge[]): Promise<void> {
  const rows = values.map(({ timestamp, value, flag }) => ({
    station_name: run.station.name,
    station_id: run.station.id,
    dataset_id: 'NWIS',
    series_id: null,
    variable_id: run.parameters.variable_code,
    timestamp: formatInstant(timestamp),
    value,
    flag,
  }));
  await writeCsv(
    { bucket: run.buckets.model, key: run.keys.export.usgs_values },
    formatCsv(VALUE_COLUMNS, rows),
  );
}
