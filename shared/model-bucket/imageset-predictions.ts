import pMap from 'p-map';
import { readRows, writeCsv } from '../aws/object-store.ts';
import { imagesetUuidOf } from '../dataset/photo-key.ts';
import { imagesetPredictionsKey } from '../execution/keys.ts';
import { formatCsv } from '../formats/csv.ts';
import type { StationClock } from '../formats/local-time.ts';
import type { ObjectLocation } from '../formats/object-location.ts';
import {
  IMAGESET_PREDICTION_COLUMNS,
  imagesetLine,
  type PredictedPhoto,
  predictedPhoto,
} from '../predictions/columns.ts';
import type { PhotoSet } from '../predictions/photo-set.ts';

const FILES_AT_ONCE = 10;
/** A station with a million photos is processed a part of its imagesets at a time. */
const ROWS_AT_ONCE = 200_000;

/**
 * Divides a model's predictions into a file for each imageset, as FPE's container writes them (contract 5.4): its scripts create
 * the public file from these alone.
 *
 * @param folder for the files, in the bucket of the predictions
 * @param hidden photos that are left out
 * @returns uuids of the imagesets that have a file
 */
export async function writeImagesetPredictions(
  predictions: ObjectLocation,
  folder: string,
  clock: StationClock,
  hidden: PhotoSet,
): Promise<string[]> {
  const shownRows = async function* () {
    for await (const rows of readRows(predictions, predictedPhoto))
      for (const row of rows) {
        const uuid = imagesetUuidOf(row.filename);
        if (uuid !== null && !hidden.has(row)) yield { uuid, row };
      }
  };
  const counts = new Map<string, number>();
  for await (const { uuid } of shownRows()) counts.set(uuid, (counts.get(uuid) ?? 0) + 1);
  for (const uuids of parts(counts, ROWS_AT_ONCE)) {
    const files = new Map(uuids.map((uuid) => [uuid, [] as PredictedPhoto[]]));
    for await (const { uuid, row } of shownRows()) files.get(uuid)?.push(row);
    await pMap(
      files,
      ([uuid, rows]) =>
        writeCsv(
          { bucket: predictions.bucket, key: imagesetPredictionsKey(folder, uuid) },
          formatCsv(IMAGESET_PREDICTION_COLUMNS, rows.map(imagesetLine(clock))),
        ),
      { concurrency: FILES_AT_ONCE },
    );
  }
  return [...counts.keys()];
}

/** Divides names into parts whose counts add up to at most `most`, or that consist of a single name. */
function parts(counts: ReadonlyMap<string, number>, most: number): string[][] {
  const found: string[][] = [];
  let sum = Number.POSITIVE_INFINITY;
  for (const [name, count] of counts) {
    if (sum + count > most) {
      found.push([]);
      sum = 0;
    }
    found.at(-1)?.push(name);
    sum += count;
  }
  return found;
}
