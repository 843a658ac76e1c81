import type { MergeBatch, MergePlan } from '../execution/train-station-state.ts';
import { CsvRowEnds } from '../formats/csv-row-ends.ts';
import { MAX_BATCHES } from '../limits/merge-batches.ts';

/**
 * Divides transform/images.csv into batches of rows with their byte ranges, so that each merge reads only its own part.
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
