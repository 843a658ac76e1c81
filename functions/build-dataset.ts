import { Readable } from 'node:stream';
import * as z from 'zod';
import { annotationSession } from '../shared/annotation-sessions.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { copyObject, readJson, readText, writeCsv, writeJson } from '../shared/aws/object-store.ts';
import { csvHeader, csvRows, formatCsv, parseCsv } from '../shared/csv.ts';
import { annotationLines } from '../shared/dataset.ts';
import {
  ANNOTATION_COLUMNS,
  DATASET_IMAGE_COLUMNS,
  datasetValue,
  exportedImage,
} from '../shared/dataset-files.ts';
import { type Dataset, observations, run, stationExport } from '../shared/execution-state.ts';
import { formatInstant, stationClock } from '../shared/local-time.ts';
import { s3Uri } from '../shared/object-location.ts';
import { interpolate, medianStepMinutes, observedSeries } from '../shared/observations.ts';

const event = z.object({ run, export: stationExport, observations: observations.optional() });
const ROWS_PER_WRITE = 10_000;

/** Joins photos, observed values and annotation pairs into the dataset that the rest of the run works on. */
export const handler = lambdaHandler(
  event,
  async ({ run, export: exported, observations }): Promise<Dataset> => {
    const { keys, station, parameters } = run;
    const inModelBucket = (key: string) => ({ bucket: run.buckets.model, key });
    const read = async <Row>(key: string, row: z.ZodType<Row, Record<string, string | null>>) =>
      parseCsv(await readText(inModelBucket(key)), row, s3Uri(inModelBucket(key)));

    const images = await read(keys.export.images, exportedImage);
    const source = valueSource(observations?.count ?? 0, exported.fpe_values);
    const valuesKey = source === 'NWIS' ? keys.export.usgs_values : keys.export.fpe_values;
    const values = source ? await read(valuesKey, datasetValue) : [];
    const timestamps = Float64Array.from(images, ({ timestamp }) => timestamp);
    const series = observedSeries(values, timestamps);
    const interpolated = interpolate(series, timestamps, parameters.max_gap_minutes * 60_000);
    const valued = images.map((image, index) => ({ ...image, value: interpolated[index] ?? null }));

    const sessions = await readJson(inModelBucket(keys.export.annotations), z.array(annotationSession));
    const byId = new Map(valued.map((image) => [image.image_id, image]));
    const pairs = annotationLines(sessions, byId, station);

    function* imageLines() {
      yield csvHeader(DATASET_IMAGE_COLUMNS);
      const constants = { station_name: station.name, station_id: station.id };
      for (let start = 0; start < valued.length; start += ROWS_PER_WRITE)
        yield csvRows(
          DATASET_IMAGE_COLUMNS,
          valued
            .slice(start, start + ROWS_PER_WRITE)
            .map((image) => ({ ...constants, ...image, timestamp: formatInstant(image.timestamp) })),
        );
    }
    await writeCsv(inModelBucket(keys.dataset.images), Readable.from(imageLines()));
    await writeCsv(inModelBucket(keys.dataset.annotations), formatCsv(ANNOTATION_COLUMNS, pairs));
    if (source) await copyObject(inModelBucket(valuesKey), inModelBucket(keys.dataset.values), 'text/csv');

    const clock = stationClock(station.timezone);
    const period = (instants: readonly number[]) => ({
      start: clock.iso(instants[0] as number),
      end: clock.iso(instants[instants.length - 1] as number),
    });
    const missing = valued.filter(({ value }) => value === null).length;
    const pairTimes = pairs
      .flatMap((pair) => [
        Date.parse(String(pair['left.timestamp'])),
        Date.parse(String(pair['right.timestamp'])),
      ])
      .sort((a, b) => a - b);
    const valueTimes = values.map(({ timestamp }) => timestamp).sort((a, b) => a - b);
    await writeJson(inModelBucket(keys.dataset.summary), {
      dataset_code: run.dataset_code,
      station_id: station.id,
      variable_id: parameters.variable_code,
      images: {
        count: images.length,
        count_missing_value: missing,
        ...period(images.map(({ timestamp }) => timestamp)),
      },
      values:
        source && values.length > 0
          ? { source, count: values.length, ...period(valueTimes), freq: medianStepMinutes(series) }
          : { count: 0 },
      annotations: pairs.length > 0 ? { count: pairs.length, ...period(pairTimes) } : { count: 0 },
      args: {
        options: {
          help: false,
          directory: '.',
          station_id: station.id,
          variable_id: parameters.variable_code,
          maxgap: parameters.max_gap_minutes,
          overwrite: parameters.overwrite,
        },
        args: run.dataset_code,
      },
      created: clock.iso(Date.parse(run.started_at)),
      ...(observations?.note && { note: observations.note }),
    });
    return {
      images: images.length,
      images_with_value: images.length - missing,
      values: values.length,
      value_source: source,
      pairs: pairs.length,
    };
  },
);

/** USGS where it has values, else FPE's own (Q-D6). */
const valueSource = (usgsValues: number, fpeValues: number): Dataset['value_source'] =>
  usgsValues > 0 ? 'NWIS' : fpeValues > 0 ? 'FPE' : null;
