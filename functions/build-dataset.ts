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
import { type AnnotationSession, annotationSession } from '../shared/dataset/annotation-sessions.ts';
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
import {
  type Dataset,
  type Observations,
  observations,
  type Run,
  run,
  type StationExport,
  stationExport,
} from '../shared/execution/train-station-state.ts';
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
    const { keys } = run;
    const inModelBucket = objectsIn(run.buckets.model);
    const joined = await joinValues(run, exported, observations);
    const { photos, source, series } = joined;
    const sessions = await readJson(inModelBucket(keys.export.annotations), z.array(annotationSession));
    const pairs = new PairTable(photos, run.station);
    const images = csvPieces(DATASET_IMAGE_COLUMNS, photos, imageLine(run.station));
    await writeCsv(inModelBucket(keys.dataset.images), Readable.from(images));
    await writeCsv(inModelBucket(keys.dataset.annotations), Readable.from(pairs.lines(sessions)));
    if (source)
      await writeValues(inModelBucket(source.key), inModelBucket(keys.dataset.values), joined.times.values);
    await requireSameDataset(run);

    const dataset: Dataset = {
      images: photos.length,
      images_with_value: photos.filter(({ value }) => value !== null).length,
      values: joined.times.values.length,
      value_source: source?.name ?? null,
      pairs: pairs.times.length / 2,
    };
    const { judgments } = pairs;
    const checks = await checkQuality(run, joined, judgments);
    await writeJson(inModelBucket(keys.dataset.quality), { checks });
    const page = datasetPage(
      {
        run,
        photos,
        judgments,
        dataset,
        exported,
        series,
        checks,
        photoBase: photoBase(run.buckets.storage),
      },
      pageScript(),
    );
    await writeObject(inModelBucket(keys.dataset.page), page, 'text/html; charset=utf-8');
    await writeJson(inModelBucket(keys.dataset.summary), {
      ...rankDataset(run, dataset, stationClock(run.station.timezone), {
        ...joined.times,
        pairs: pairs.times,
      }),
      ...(observations?.note && { note: observations.note }),
    });
    return dataset;
  },
);

/** A station's photos with their observed values, and the source of the values. */
type ValuedPhotos = Awaited<ReturnType<typeof joinValues>>;

async function joinValues(run: Run, exported: StationExport, observations: Observations | undefined) {
  const inModelBucket = objectsIn(run.buckets.model);
  const images = await readAllRows(inModelBucket(run.keys.export.images), exportedImage);
  const source = valueSource(run, observations?.count ?? 0, exported.fpe_values);
  const values = source ? await readAllRows(inModelBucket(source.key), datasetValue) : [];
  const timestamps = Float64Array.from(images, ({ timestamp }) => timestamp);
  const series = observedSeries(values, timestamps);
  const interpolated = interpolate(series, timestamps, maxGapMsOf(run));
  const photos = images.map((image, index) =>
    Object.assign(image, { timestamp: wholeSecond(image.timestamp), value: interpolated[index] ?? null }),
  );
  const valueTimes = Float64Array.from(values, ({ timestamp }) => timestamp);
  return { photos, source, series, times: { images: timestamps, values: valueTimes } };
}

const maxGapMsOf = ({ parameters }: Run): number => parameters.max_gap_minutes * 60_000;

const imageLine = (station: Run['station']) => (image: ValuedPhotos['photos'][number]) => ({
  station_name: station.name,
  station_id: station.id,
  ...image,
  timestamp: formatInstant(image.timestamp),
});

/** Writes the lines of the annotation pairs and, along the way, keeps what the summary and the checks need from them. */
class PairTable {
  /** Times of both photos of each pair. */
  readonly times: number[] = [];
  readonly judgments: Judgment[] = [];
  readonly #photos: ReadonlyMap<number, ValuedPhotos['photos'][number]>;
  readonly #station: Run['station'];

  constructor(photos: ValuedPhotos['photos'], station: Run['station']) {
    this.#photos = new Map(photos.map((photo) => [photo.image_id, photo]));
    this.#station = station;
  }

  *lines(sessions: readonly AnnotationSession[]): Generator<string> {
    yield csvHeader(ANNOTATION_COLUMNS);
    for (const session of sessions) {
      const lines = annotationLines([session], this.#photos, this.#station);
      for (const line of lines)
        this.times.push(Date.parse(line['left.timestamp']), Date.parse(line['right.timestamp']));
      for (const judgment of judgmentsOf(lines)) this.judgments.push(judgment);
      if (lines.length > 0) yield csvRows(ANNOTATION_COLUMNS, lines);
    }
  }
}

async function checkQuality(run: Run, { photos, series }: ValuedPhotos, judgments: readonly Judgment[]) {
  const { keys, station, parameters } = run;
  const inModelBucket = objectsIn(run.buckets.model);
  const { waterbody_type } = await readJson(inModelBucket(keys.dataset.station), stationFile);
  return checkDataset({
    photos,
    sameBytes: await findJson(inModelBucket(keys.export.same_bytes), z.array(z.array(z.string()))),
    series,
    decisions: decisionsOf(judgments),
    timezone: station.timezone,
    waterbodyType: waterbody_type ?? null,
    variableCode: parameters.variable_code,
    maxGapMs: maxGapMsOf(run),
    startedAt: Date.parse(run.started_at),
  });
}

/** Fractions of seconds are truncated in values.csv; hardly any series has them, and a copy within S3 is instant. */
async function writeValues(from: ObjectLocation, to: ObjectLocation, times: Float64Array): Promise<void> {
  if (times.every((timestamp) => timestamp === wholeSecond(timestamp)))
    return copyObject(from, to, 'text/csv');
  async function* lines() {
    yield csvHeader(VALUE_COLUMNS);
    for await (const rows of readRows(from, valueRow)) yield csvRows(VALUE_COLUMNS, rows.map(inUtc));
  }
  await writeCsv(to, Readable.from(lines()));
}

/** USGS if it has values, otherwise FPE's own (Q-D6). */
function valueSource({ keys }: Run, usgsValues: number, fpeValues: number) {
  if (usgsValues > 0) return { name: 'NWIS', key: keys.export.usgs_values } as const;
  return fpeValues > 0 ? ({ name: 'FPE', key: keys.export.fpe_values } as const) : null;
}
