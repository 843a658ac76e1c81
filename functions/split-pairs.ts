import { Readable } from 'node:stream';
import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { copyObject, readStream, writeCsv, writeJson } from '../shared/aws/object-store.ts';
import { csvHeader, csvRows, formatCsv, readCsv } from '../shared/csv.ts';
import {
  ANNOTATION_COLUMNS,
  type AnnotationRow,
  annotationRow,
  type DatasetImage,
  datasetImage,
} from '../shared/dataset-files.ts';
import { type Run, run, type Split } from '../shared/execution-state.ts';
import { imageFilter } from '../shared/image-filter.ts';
import { imageSplitter } from '../shared/image-split.ts';
import { INPUT_IMAGE_COLUMNS, rankInput } from '../shared/input-files.ts';
import { extremes, formatInstant, stationClock } from '../shared/local-time.ts';
import { s3Uri } from '../shared/object-location.ts';
import { filterPairs, type RankedPair } from '../shared/pair-filter.ts';
import { PAIR_COLUMNS, pairLines } from '../shared/pair-lines.ts';
import { splitPairs } from '../shared/pair-split.ts';
import { seededRandom } from '../shared/seeded-random.ts';

const ROWS_PER_WRITE = 10_000;

/** Applies the filters of the input, divides the pairs into training and validation, and writes the model's input. */
export const handler = lambdaHandler(z.object({ run }), async ({ run }): Promise<Split> => {
  const { keys, parameters } = run;
  const inModelBucket = (key: string) => ({ bucket: run.buckets.model, key });
  const clock = stationClock(run.station.timezone);
  const random = seededRandom(parameters.seed);

  const { images, removed: images_filtered } = await readImages(run, clock);
  const { kept: pairs, removed: pairs_filtered } = filterPairs(
    await readAnnotations(run),
    new Set(images.map(({ image_id }) => image_id)),
    {
      start: parameters.annotations_start,
      end: parameters.annotations_end,
      maxN: parameters.annotations_max_n,
    },
    clock,
    random,
  );
  const sides = pairs.map((pair) => [pair['left.imageId'], pair['right.imageId']] as const);
  const { isTrain, method, leakedImages } = splitPairs(sides, parameters.train_frac, random, pairs_filtered);
  const splitOf = imageSplitter(pairs, isTrain, (epochMs) => clock.calendar(epochMs).date);

  const image_splits = { train: 0, val: 0, 'test-in': 0, 'test-out': 0 };
  function* imageLines() {
    yield csvHeader(INPUT_IMAGE_COLUMNS);
    for (let start = 0; start < images.length; start += ROWS_PER_WRITE) {
      const rows = images.slice(start, start + ROWS_PER_WRITE).map((image) => {
        const split = splitOf(image);
        image_splits[split] += 1;
        return { split, ...image, timestamp: formatInstant(image.timestamp) };
      });
      yield csvRows(INPUT_IMAGE_COLUMNS, rows, 'NA');
    }
  }
  await writeCsv(inModelBucket(keys.input.images), Readable.from(imageLines()));
  function* annotationLines() {
    yield csvHeader(ANNOTATION_COLUMNS);
    for (let start = 0; start < pairs.length; start += ROWS_PER_WRITE)
      yield csvRows(ANNOTATION_COLUMNS, withText(pairs.slice(start, start + ROWS_PER_WRITE)), 'NA');
  }
  await writeCsv(inModelBucket(keys.input.annotations), Readable.from(annotationLines()));
  const lines = formatCsv(PAIR_COLUMNS, pairLines(pairs, isTrain, formatInstant), 'NA');
  await writeCsv(inModelBucket(keys.input.pairs), lines);
  await copyObject(
    inModelBucket(keys.dataset.station),
    inModelBucket(keys.input.station),
    'application/json',
  );

  const train = isTrain.filter(Boolean).length;
  const split: Split = {
    images: images.length,
    images_filtered,
    image_splits,
    pairs: pairs.length,
    pairs_filtered,
    pair_splits: { train, val: pairs.length - train },
    method,
    leaked_images: leakedImages,
  };
  const pairTimes = pairs.flatMap((pair) => [pair['left.timestamp'], pair['right.timestamp']]);
  const summary = rankInput(run, split, clock, {
    images: [images[0]?.timestamp as number, images.at(-1)?.timestamp as number],
    pairs: extremes(pairTimes),
  });
  // Last, so that whoever finds it finds the whole input.
  await writeJson(inModelBucket(keys.input.summary), summary);
  return split;
});

async function readImages(run: Run, clock: ReturnType<typeof stationClock>) {
  const location = { bucket: run.buckets.model, key: run.keys.dataset.images };
  const filterOf = imageFilter(run.parameters, clock);
  const removed = { outside_dates: 0, outside_months: 0, outside_hours: 0 };
  const images: DatasetImage[] = [];
  for await (const rows of readCsv(await readStream(location), datasetImage, s3Uri(location)))
    for (const row of rows) {
      const filter = filterOf(row.timestamp);
      if (filter) removed[filter] += 1;
      else images.push(row);
    }
  return { images, removed };
}

async function readAnnotations(run: Run): Promise<AnnotationRow[]> {
  const location = { bucket: run.buckets.model, key: run.keys.dataset.annotations };
  const pairs: AnnotationRow[] = [];
  for await (const rows of readCsv(await readStream(location), annotationRow, s3Uri(location)))
    for (const row of rows) pairs.push(row);
  return pairs;
}

const withText = (pairs: readonly RankedPair[]) =>
  pairs.map((pair) => ({
    ...pair,
    'left.timestamp': formatInstant(pair['left.timestamp']),
    'right.timestamp': formatInstant(pair['right.timestamp']),
  }));
