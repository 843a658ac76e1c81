import { Readable } from 'node:stream';
import * as z from 'zod';
import { pageScript } from '../browser/script.ts';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import {
  copyObject,
  readAllRows,
  readRows,
  writeCsv,
  writeJson,
  writeObject,
} from '../shared/aws/object-store.ts';
import { photoBase } from '../shared/aws/photos.ts';
import {
  ANNOTATION_COLUMNS,
  annotationLine,
  annotationRow,
  type DatasetImage,
  datasetImage,
} from '../shared/dataset/columns.ts';
import { noneOf } from '../shared/dataset/reasons.ts';
import { type Run, run, type Split } from '../shared/execution/train-station-state.ts';
import { imageFilter } from '../shared/filters/filter-images.ts';
import { filterPairs, type RankedPair } from '../shared/filters/filter-pairs.ts';
import { IMAGE_FILTERS } from '../shared/filters/image-filters.ts';
import { csvPieces } from '../shared/formats/csv.ts';
import { extremes, formatInstant, stationClock } from '../shared/formats/local-time.ts';
import { objectsIn } from '../shared/formats/object-location.ts';
import { imageSplitter } from '../shared/model-input/image-split.ts';
import { PAIR_COLUMNS, pairLines } from '../shared/model-input/pair-lines.ts';
import { splitPairs } from '../shared/model-input/pair-split.ts';
import { INPUT_IMAGE_COLUMNS, rankInput } from '../shared/model-input/rank-input.ts';
import { inputPage } from '../shared/report/page/data-pages.ts';
import { seededRandom } from '../shared/statistics/seeded-random.ts';

/** Applies the filters of the input, divides the pairs into training and validation, and writes the model's input. */
export const handler = lambdaHandler(z.object({ run }), async ({ run }): Promise<Split> => {
  const { keys, parameters } = run;
  const inModelBucket = objectsIn(run.buckets.model);
  const clock = stationClock(run.station.timezone);
  const random = seededRandom(parameters.seed);

  const { images, removed: images_filtered } = await readImages(run, clock);
  const { kept: pairs, removed: pairs_filtered } = filterPairs(
    await readAllRows(inModelBucket(keys.dataset.annotations), annotationRow),
    parameters,
    { imageIds: new Set(images.map(({ image_id }) => image_id)), clock, random },
  );
  const sides = pairs.map((pair) => [pair['left.imageId'], pair['right.imageId']] as const);
  const { isTrain, method, leakedImages } = splitPairs(sides, parameters.train_frac, random, pairs_filtered);
  const splitOf = imageSplitter(pairs, isTrain, (epochMs) => clock.calendar(epochMs).date);

  const image_splits = await writeImages(run, images, splitOf);
  await writePairs(run, pairs, isTrain);
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
  const page = inputPage(
    {
      run,
      photos: images,
      splitOf,
      judgments: pairs,
      pairSplits: isTrain,
      split,
      photoBase: photoBase(run.buckets.storage),
    },
    pageScript(),
  );
  await writeObject(inModelBucket(keys.input.page), page, 'text/html; charset=utf-8');
  // Last, so that its presence means that the input is complete.
  await writeJson(inModelBucket(keys.input.summary), summary);
  return split;
});

/** @returns number of images in each split */
async function writeImages(
  { buckets, keys }: Run,
  images: readonly DatasetImage[],
  splitOf: ReturnType<typeof imageSplitter>,
): Promise<Split['image_splits']> {
  const counts = { train: 0, val: 0, 'test-in': 0, 'test-out': 0 };
  const imageLine = (image: DatasetImage) => {
    const split = splitOf(image);
    counts[split] += 1;
    return { split, ...image, timestamp: formatInstant(image.timestamp) };
  };
  const pieces = csvPieces(INPUT_IMAGE_COLUMNS, images, imageLine, 'NA');
  await writeCsv({ bucket: buckets.model, key: keys.input.images }, Readable.from(pieces));
  return counts;
}

/** Writes the pairs twice: as they were annotated, and as the training reads them. */
async function writePairs(
  { buckets, keys }: Run,
  pairs: readonly RankedPair[],
  isTrain: readonly boolean[],
): Promise<void> {
  const judged = csvPieces(ANNOTATION_COLUMNS, pairs, annotationLine, 'NA');
  await writeCsv({ bucket: buckets.model, key: keys.input.annotations }, Readable.from(judged));
  const lines = pairLines(pairs, isTrain, formatInstant);
  const divided = csvPieces(PAIR_COLUMNS, lines, (line) => line, 'NA');
  await writeCsv({ bucket: buckets.model, key: keys.input.pairs }, Readable.from(divided));
}

async function readImages(run: Run, clock: ReturnType<typeof stationClock>) {
  const location = { bucket: run.buckets.model, key: run.keys.dataset.images };
  const filterOf = imageFilter(run.parameters, clock);
  const removed = noneOf(IMAGE_FILTERS);
  const images: DatasetImage[] = [];
  for await (const rows of readRows(location, datasetImage))
    for (const row of rows) {
      const filter = filterOf(row);
      if (filter) removed[filter] += 1;
      else images.push(row);
    }
  return { images, removed };
}
