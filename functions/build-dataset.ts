import { Readable } from 'node:stream';
import * as z from 'zod';
import { pageScript } from '../browser/script.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import {
  copyObject,
  findJson,
  readAllRows,
  readJson,
  readRows,
  writeCsv,
  writeJson,
  writeObject,
} from '../shared/aws/object-store.ts';
import { photoBase } from '../shared/aws/photos.ts';
import { annotationSession } from '../shared/dataset/annotation-sessions.ts';
import {
  ANNOTATION_COLUMNS,
  DATASET_IMAGE_COLUMNS,
  datasetValue,
  exportedImage,
  VALUE_COLUMNS,
  valueRow,
} from '../shared/dataset/columns.ts';
import { interpolate, observedSeries } from '../shared/dataset/observations.ts';
import { annotationLines, rankDataset } from '../shared/dataset/rank-dataset.ts';
import { type Dataset, observations, run, stationExport } from '../shared/execution/train-station-state.ts';
import { csvHeader, csvPieces, csvRows } from '../shared/formats/csv.ts';
import { formatInstant, inUtc, stationClock, wholeSecond } from '../shared/formats/local-time.ts';
import type { ObjectLocation } from '../shared/formats/object-location.ts';
import { objectsIn } from '../shared/formats/object-location.ts';
import { requireSameDataset } from '../shared/model-bucket/dataset-files.ts';
import { decisionsOf, type Judgment, judgmentsOf } from '../shared/predictions/judged-pairs.ts';
import { checkDataset } from '../shared/quality/dataset-quality.ts';
import { datasetPage } from '../shared/report/page/data-pages.ts';

const event = z.object({ run, export: stationExport, observations: observations.optional() });

const stationFile = z.object({ waterbody_type: z.string().nullish() });

/** Joins photos, observed values and annotation pairs into the dataset that the rest of the run works on. */
export const handler = lambdaHandler(
  event,
  async ({ run, export: exported, observations }): Promise<Dataset> => {
    const { keys, station, parameters } = run;
    const inModelBucket = objectsIn(run.buckets.model);

    const images = await readAllRows(inModelBucket(keys.export.images), exportedImage);
    const source = valueSource(observations?.count ?? 0, exported.fpe_values);
    const valuesKey = source === 'NWIS' ? keys.export.usgs_values : keys.export.fpe_values;
    const values = source ? await readAllRows(inModelBucket(valuesKey), datasetValue) : [];
    const timestamps = Float64Array.from(images, ({ timestamp }) => timestamp);
    const series = observedSeries(values, timestamps);
    const maxGapMs = parameters.max_gap_minutes * 60_000;
    const interpolated = interpolate(series, timestamps, maxGapMs);
    const valued = images.map((image, index) =>
      Object.assign(image, {
        timestamp: wholeSecond(image.timestamp),
        value: interpolated[index] ?? null,
      }),
    );

    const sessions = await readJson(inModelBucket(keys.export.annotations), z.array(annotationSession));
    const byId = new Map(valued.map((image) => [image.image_id, image]));
    const pairTimes: number[] = [];
    const judgments: Judgment[] = [];
    function* pairLines() {
      yield csvHeader(ANNOTATION_COLUMNS);
      for (const session of sessions) {
        const lines = annotationLines([session], byId, station);
        for (const line of lines)
          pairTimes.push(Date.parse(line['left.timestamp']), Date.parse(line['right.timestamp']));
        for (const judgment of judgmentsOf(lines)) judgments.push(judgment);
        if (lines.length > 0) yield csvRows(ANNOTATION_COLUMNS, lines);
      }
    }
    const constants = { station_name: station.name, station_id: station.id };
    const imageLine = (image: (typeof valued)[number]) => ({
      ...constants,
      ...image,
      timestamp: formatInstant(image.timestamp),
    });
    await writeCsv(
      inModelBucket(keys.dataset.images),
      Readable.from(csvPieces(DATASET_IMAGE_COLUMNS, valued, imageLine)),
    );
    await writeCsv(inModelBucket(keys.dataset.annotations), Readable.from(pairLines()));
    const valueTimes = Float64Array.from(values, ({ timestamp }) => timestamp);
    if (source) await writeValues(inModelBucket(valuesKey), inModelBucket(keys.dataset.values), valueTimes);
    await requireSameDataset(run);

    const dataset: Dataset = {
      images: images.length,
      images_with_value: valued.filter(({ value }) => value !== null).length,
      values: values.length,
      value_source: source,
      pairs: pairTimes.length / 2,
    };
    const checks = checkDataset({
      photos: valued,
      sameBytes: await findJson(inModelBucket(keys.export.same_bytes), z.array(z.array(z.string()))),
      series,
      decisions: decisionsOf(judgments),
      timezone: station.timezone,
      waterbodyType:
        (await readJson(inModelBucket(keys.dataset.station), stationFile)).waterbody_type ?? null,
      variableCode: parameters.variable_code,
      maxGapMs,
      startedAt: Date.parse(run.started_at),
    });
    await writeJson(inModelBucket(keys.dataset.quality), { checks });
    await writeObject(
      inModelBucket(keys.dataset.page),
      datasetPage(
        {
          run,
          photos: valued,
          judgments,
          dataset,
          exported,
          series,
          checks,
          photoBase: photoBase(run.buckets.storage),
        },
        pageScript(),
      ),
      'text/html; charset=utf-8',
    );
    await writeJson(inModelBucket(keys.dataset.summary), {
      ...rankDataset(run, dataset, stationClock(station.timezone), {
        images: timestamps,
        values: valueTimes,
        pairs: pairTimes,
      }),
      ...(observations?.note && { note: observations.note }),
    });
    return dataset;
  },
);

/** Fractions of seconds are cut off in values.csv; hardly any series has them, and a copy within S3 is made at once. */
async function writeValues(from: ObjectLocation, to: ObjectLocation, times: Float64Array): Promise<void> {
  if (times.every((timestamp) => timestamp === wholeSecond(timestamp)))
    return copyObject(from, to, 'text/csv');
  async function* lines() {
    yield csvHeader(VALUE_COLUMNS);
    for await (const rows of readRows(from, valueRow)) yield csvRows(VALUE_COLUMNS, rows.map(inUtc));
  }
  await writeCsv(to, Readable.from(lines()));
}

/** USGS where it has values, else FPE's own (Q-D6). */
const valueSource = (usgsValues: number, fpeValues: number): Dataset['value_source'] =>
  usgsValues > 0 ? 'NWIS' : fpeValues > 0 ? 'FPE' : null;
