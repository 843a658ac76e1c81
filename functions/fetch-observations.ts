import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import * as z from 'zod';
import { optionalSetting } from '../shared/aws/configuration.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { readRows, writeCsv } from '../shared/aws/object-store.ts';
import { readSecretAs } from '../shared/aws/secrets.ts';
import { exportedImage, VALUE_COLUMNS } from '../shared/dataset/columns.ts';
import { ObservationsRefused } from '../shared/errors.ts';
import {
  type Observations,
  type Run,
  run,
  type StationExport,
  stationExport,
} from '../shared/execution/train-station-state.ts';
import { csvPieces } from '../shared/formats/csv.ts';
import { DAY_MS } from '../shared/formats/durations.ts';
import { formatExactInstant, formatInstant } from '../shared/formats/local-time.ts';
import {
  describeOddYears,
  oddYears,
  type PhotoTime,
  type PhotoYear,
  photoYears,
} from '../shared/predictions/photo-years.ts';
import { API_KEY_SECRET, parseApiKey } from '../shared/usgs/api-key.ts';
import { UNUSABLE, type UnusableValues, type UsgsValue, valuesOf } from '../shared/usgs/value-page.ts';
import { valueRequests } from '../shared/usgs/value-requests.ts';
import { type JoinedSeries, joinSeries, valueSeries } from '../shared/usgs/value-series.ts';
import { readPages, WATER_DATA_LIMITS } from '../shared/usgs/water-data-client.ts';
import { findVariable, type UsgsParameter } from '../shared/variables.ts';

const API_URL = 'https://api.waterdata.usgs.gov/ogcapi/v1';
/** Without a key, the service allows few requests per hour; two at once halve the wait and do not look like an attack. */
const YEARS_AT_ONCE = 2;
/** For all requests together: two minutes less than the function's own timeout, so that it can still report why. */
export const WATER_DATA_TOTAL_MS = 780_000;

/** Requests from USGS the values of the variable at the station's gage for the years in which photos were taken. */
export const handler = lambdaHandler(
  z.object({ run, export: stationExport }),
  async ({ run, export: exported }): Promise<Observations> => {
    const gage = gageOf(run);
    const photos = await readPhotoTimes(run, exported);
    const startedAt = Date.parse(run.started_at);
    const years = photoYears(photos);
    const found = await readUsgsValues(
      gage,
      years.filter(({ first }) => first.timestamp <= startedAt + DAY_MS),
    );
    const maxGapMs = run.parameters.max_gap_minutes * 60_000;
    const timestamps = Float64Array.from(photos, ({ timestamp }) => timestamp);
    const { values, used, left } = joinSeries(valueSeries(found.values), timestamps, maxGapMs);
    const said = [describeUnusable(found.unusable), describeOddYears(oddYears(years, startedAt))];
    if (used.length === 0)
      return { count: 0, time_series_id: null, note: sentences(describeNone(gage, exported), ...said) };
    await writeValues(run, values);
    return {
      count: values.length,
      time_series_id: used.map(({ timeSeriesId }) => timeSeriesId).join(', '),
      note: sentences(describeSeries(gage, used, left), ...said),
    };
  },
);

/** The request: one parameter at one site. PrepareRun has checked that both exist. */
type Gage = { nwisId: string; parameter: UsgsParameter };

const gageOf = ({ station, parameters }: Run): Gage => ({
  nwisId: station.nwis_id as string,
  parameter: findVariable(parameters.variable_code)?.usgs as UsgsParameter,
});

/** The photos of the export by time. */
async function readPhotoTimes(run: Run, exported: StationExport): Promise<PhotoTime[]> {
  const { images, images_start, images_end } = exported;
  // The state holds the first and last photo of the file.
  if (images <= 2)
    return [images_start, images_end].map((at) => ({ image_id: null, timestamp: Date.parse(at) }));
  const photos: PhotoTime[] = [];
  const file = { bucket: run.buckets.model, key: run.keys.export.images };
  for await (const rows of readRows(file, exportedImage))
    for (const { image_id, timestamp } of rows) photos.push({ image_id, timestamp });
  return photos;
}

/** @throws ObservationsUnavailable, ObservationsRefused, ConfigurationMissing, SecretInvalid */
async function readUsgsValues({ nwisId, parameter }: Gage, years: readonly PhotoYear[]) {
  const apiUrl = optionalSetting('USGS_API_URL') ?? API_URL;
  const periods = years.map(({ first, last }) => ({ start: first.timestamp, end: last.timestamp }));
  const requests = valueRequests(apiUrl, { nwisId, parameterCode: parameter.code }, periods);
  const signal = AbortSignal.timeout(WATER_DATA_TOTAL_MS);
  const client = {
    fetch,
    sleep: (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined),
    apiKey: await usgsApiKey(),
    limits: WATER_DATA_LIMITS,
    signal,
  };
  const values: UsgsValue[] = [];
  const unusable: UnusableValues = { 'in another unit': 0, 'not readable': 0 };
  await pMap(
    requests,
    async (request) => {
      for await (const page of readPages(request, client)) {
        const found = valuesOf(page, parameter.units);
        for (const value of found.values) values.push(value);
        for (const reason of UNUSABLE) unusable[reason] += found.unusable[reason];
      }
    },
    { concurrency: YEARS_AT_ONCE },
  );
  if (values.length === 0 && unusable['not readable'] > 0) throw unreadable({ nwisId, parameter }, unusable);
  return { values, unusable };
}

const unreadable = ({ nwisId, parameter }: Gage, unusable: UnusableValues): ObservationsRefused =>
  new ObservationsRefused({
    what: 'USGS answers in a form that this pipeline does not know',
    where: `${parameter.noun} of gage ${nwisId}`,
    found: `${unusable['not readable']} values, of which none can be read`,
    expected: 'time, value and time_series_id of each value, as the water data API documents them',
    fix: 'empty the USGS number (nwis_id) of the station to use FPE’s own values, then start a new execution',
  });

const sentences = (...said: (string | null)[]): string | null => said.filter(Boolean).join(' ') || null;

const describeNone = ({ nwisId, parameter }: Gage, { images_start, images_end }: StationExport): string =>
  `USGS has no ${parameter.noun} of gage ${nwisId} for the photos from ${images_start} to ${images_end}; FPE’s own values are used.`;

/** Which series were joined and which were left out; null for a single series. */
function describeSeries(
  { nwisId, parameter }: Gage,
  used: JoinedSeries['used'],
  left: JoinedSeries['left'],
): string | null {
  if (used.length === 1 && left.length === 0) return null;
  const parts = used.map(
    ({ timeSeriesId, count, start, end }) =>
      `${timeSeriesId} with ${count} values from ${formatInstant(start)} to ${formatInstant(end)}`,
  );
  const joined =
    used.length === 1
      ? `${parts[0]} is used`
      : `${parts.join(' and ')} are joined, as they do not overlap there`;
  const others = left.map(({ timeSeriesId, count }) => `${timeSeriesId} with ${count} values`).join(', ');
  const leftOut = others && `; ${others} left out, as the other gives more photos a value`;
  return `USGS has several ${parameter.noun} series of gage ${nwisId}: ${joined}${leftOut}.`;
}

function describeUnusable(unusable: UnusableValues): string | null {
  const found = UNUSABLE.filter((reason) => unusable[reason] > 0);
  if (found.length === 0) return null;
  return `Of USGS left out: ${found.map((reason) => `${unusable[reason]} values ${reason}`).join(', ')}.`;
}

/** Key of the water data API; undefined without a secret. */
async function usgsApiKey(): Promise<string | undefined> {
  const secretId = optionalSetting('USGS_API_KEY_SECRET_ID');
  if (!secretId) return undefined;
  return readSecretAs(secretId, API_KEY_SECRET, parseApiKey);
}

/** In the format of values.csv, which BuildDataset creates from it. */
async function writeValues(run: Run, values: readonly UsgsValue[]): Promise<void> {
  const line = ({ timestamp, value, flag }: UsgsValue) => ({
    station_name: run.station.name,
    station_id: run.station.id,
    dataset_id: 'NWIS',
    series_id: null,
    variable_id: run.parameters.variable_code,
    timestamp: formatExactInstant(timestamp),
    value,
    flag,
  });
  await writeCsv(
    { bucket: run.buckets.model, key: run.keys.export.usgs_values },
    Readable.from(csvPieces(VALUE_COLUMNS, values, line)),
  );
}
