import type { MergeBatch, MergePlan } from '../execution/train-station-state.ts';
import { CsvRowEnds } from '../formats/csv-row-ends.ts';

/** A Map's items and results stay in the state: those of 100 batches take 16 KiB of the 32 that we allow ourselves. */
const MAX_BATCHES = 100;

/** What S3 takes of one prefix, at least: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html */
export const S3_GETS_PER_SECOND = 5_500;
/** In which S3 answers a request for a small object, at the soonest (same page: 100 to 200 ms). */
export const S3_SOONEST_ANSWER_SECONDS = 0.1;
/** More sockets of one process bring no more. */
const MAX_READS = 200;

/**
 * Requests that one merge may have in flight: with those of all batches that are merged at once, no more in a second than S3
 * takes of the one prefix where all answers of the job lie.
 *
 * @param mergeConcurrency batches that are merged at once
 */
export const readsAtOnce = (mergeConcurrency: number): number =>
  Math.max(
    1,
    Math.min(MAX_READS, Math.floor((S3_GETS_PER_SECOND * S3_SOONEST_ANSWER_SECONDS) / mergeConcurrency)),
  );

/**
 * Divides transform/images.csv into batches of rows with their byte ranges, so that each merge reads its own part only.
 *
 * @param images number of photos, which is known before the file is read
 * @param batchSize rows in one batch; larger where there would be more than MAX_BATCHES
 */
export async function planBatches(
  chunks: AsyncIterable<Uint8Array>,
  images: number,
  batchSize: number,
): Promise<MergePlan> {
  const size = Math.max(batchSize, Math.ceil(images / MAX_BATCHES));
  const rowEnds = new CsvRowEnds();
  const batches: MergeBatch[] = [];
  let rows = -1; // the header is not a row
  let start = 0;
  let end = 0;
  const close = () => {
    const skip = batches.length * size;
    batches.push({ skip, n: rows - skip, size, first_byte: start, last_byte: end - 1 });
    start = end;
  };
  for await (const chunk of chunks)
    rowEnds.read(chunk, (offset) => {
      rows += 1;
      end = offset;
      if (rows === 0) start = offset;
      else if (rows % size === 0) close();
    });
  if (end > start) close();
  return { images: Math.max(0, rows), batches };
}
