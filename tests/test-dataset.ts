import { writeCsv, writeJson } from '../shared/aws/object-store.ts';
import { ANNOTATION_COLUMNS, DATASET_IMAGE_COLUMNS } from '../shared/dataset/columns.ts';
import { annotationLines, type ValuedImage } from '../shared/dataset/rank-dataset.ts';
import type { Run } from '../shared/execution/train-station-state.ts';
import { formatCsv } from '../shared/formats/csv.ts';
import { formatInstant } from '../shared/formats/local-time.ts';

const HOUR_MS = 3_600_000;
/** Seven in the morning of the fifth of January in New York. */
const FIRST_PHOTO = Date.parse('2026-01-05T12:00:00Z');

export type DatasetPair = { left: number; right: number; rank: string | null; comment?: string };

/** `count` photos, one an hour, twelve a day from seven in the morning, with ids from 1 and values that rise. */
export const hourlyPhotos = (count: number): ValuedImage[] =>
  Array.from({ length: count }, (_, index) => {
    const filename = `imagesets/6f2c/images/Mill Brook (${index + 1}).JPG`;
    return {
      image_id: index + 1,
      timestamp: FIRST_PHOTO + (Math.floor(index / 12) * 24 + (index % 12)) * HOUR_MS,
      filename,
      url: `https://storage.s3.amazonaws.com/${filename}`,
      value: index % 10 === 9 ? null : index + 0.5,
    };
  });

/** `count` pairs of neighbouring photos, no photo in two of them. */
export const separatePairs = (count: number, rank: string | null = 'LEFT'): DatasetPair[] =>
  Array.from({ length: count }, (_, index) => ({ left: 2 * index + 2, right: 2 * index + 1, rank }));

/** Puts the files of BuildDataset where SplitPairs reads them; the pairs are one session. */
export async function writeTestDataset(
  run: Run,
  images: readonly ValuedImage[],
  pairs: readonly DatasetPair[],
): Promise<void> {
  const inModelBucket = (key: string) => ({ bucket: run.buckets.model, key });
  const constants = { station_name: run.station.name, station_id: run.station.id, imageset_id: 1 };
  const rows = images.map((image) => ({
    ...constants,
    ...image,
    timestamp: formatInstant(image.timestamp),
  }));
  const side = (imageId: number) => ({ imageId, attributes: [] });
  const session = {
    annotation_id: 1,
    user_id: 'b1946ac9',
    duration_sec: 60.5,
    n: pairs.length,
    url: 'https://storage.s3.amazonaws.com/annotations/c0ffee.json',
    elements: pairs.length,
    pairs: pairs.map(({ left, right, rank, comment = null }, index) => ({
      pair_id: index + 1,
      left: side(left),
      right: side(right),
      rank: rank as 'LEFT' | null,
      comment,
    })),
  };
  const lines = annotationLines(
    [session],
    new Map(images.map((image) => [image.image_id, image])),
    run.station,
  );
  await writeCsv(inModelBucket(run.keys.dataset.images), formatCsv(DATASET_IMAGE_COLUMNS, rows));
  await writeCsv(inModelBucket(run.keys.dataset.annotations), formatCsv(ANNOTATION_COLUMNS, lines));
  await writeJson(inModelBucket(run.keys.dataset.station), run.station);
}
