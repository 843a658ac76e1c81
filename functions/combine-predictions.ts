import { Readable } from 'node:stream';
import * as z from 'zod';
import { lambdaHandler } from '../shared/aws/lambda-handler.ts';
import { publishScoring } from '../shared/aws/metrics.ts';
import { readRows, readStream, writeCsv } from '../shared/aws/object-store.ts';
import { PHOTO_FAULTS, sumCounts } from '../shared/dataset/reasons.ts';
import { PredictionsIncomplete } from '../shared/errors.ts';
import { stationInWords } from '../shared/execution/station.ts';
import {
  type MergedBatch,
  manifests,
  mergedBatch,
  type Predictions,
  type Run,
  run,
} from '../shared/execution/train-station-state.ts';
import { csvHeader, csvRows } from '../shared/formats/csv.ts';
import { CsvRowEnds } from '../shared/formats/csv-row-ends.ts';
import { inUtc } from '../shared/formats/local-time.ts';
import { type ObjectLocation, s3Uri } from '../shared/formats/object-location.ts';
import {
  chunkName,
  PREDICTION_COLUMNS,
  UNCLEAR_COLUMNS,
  unclearName,
  unclearPhoto,
} from '../shared/predictions/columns.ts';

/** Combines the chunks into predictions.csv: every photo has its row, otherwise the run fails (Q-M2). */
export const handler = lambdaHandler(
  z.object({ run, manifests, merged: z.array(mergedBatch) }),
  async ({ run, manifests, merged }): Promise<Predictions> => {
    const sum = (count: (batch: MergedBatch) => number) =>
      merged.reduce((total, batch) => total + count(batch), 0);
    const images = sum(({ n }) => n);
    const scored = sum((batch) => batch.scored);
    if (images !== manifests.transform_photos)
      throw incomplete(
        run,
        `${images} rows in ${merged.length} chunks`,
        `${manifests.transform_photos} rows`,
      );
    if (scored === 0) throw incomplete(run, `no score for any of ${images} photos`, 'scores');
    await writeCsv(
      { bucket: run.buckets.model, key: run.keys.transform.predictions },
      Readable.from(joinChunks(run, merged)),
    );
    const predictions = {
      images,
      scored,
      unreadable: sum(({ unreadable }) => unreadable),
      faults: sumCounts(
        PHOTO_FAULTS,
        merged.map(({ faults }) => faults),
      ),
      missing: sum(({ missing }) => missing),
      unclear: sum(({ unclear }) => unclear),
      unmeasured: sum(({ unmeasured }) => unmeasured),
    };
    if (predictions.unclear > 0) await writeUnclear(run, merged);
    publishScoring(predictions);
    return predictions;
  },
);

/** The photos of all batches that show nothing discernible, in one file. */
async function writeUnclear(run: Run, merged: readonly MergedBatch[]): Promise<void> {
  const at = (name: string) => ({
    bucket: run.buckets.model,
    key: `${run.keys.transform.run_prefix}/${name}`,
  });
  async function* lines() {
    yield csvHeader(UNCLEAR_COLUMNS);
    for (const batch of merged) {
      if (batch.unclear === 0) continue;
      for await (const rows of readRows(at(unclearName(batch)), unclearPhoto))
        yield csvRows(UNCLEAR_COLUMNS, rows.map(inUtc));
    }
  }
  await writeCsv(at(unclearName()), Readable.from(lines()));
}

/** The header once, then the rows of each chunk; a fault aborts the upload before anything becomes visible. */
async function* joinChunks(run: Run, merged: readonly MergedBatch[]): AsyncGenerator<Uint8Array> {
  const header = Buffer.from(csvHeader(PREDICTION_COLUMNS));
  yield header;
  for (const batch of merged) {
    const location = {
      bucket: run.buckets.model,
      key: `${run.keys.transform.run_prefix}/${chunkName(batch)}`,
    };
    yield* rowsOf(location, header, batch.n, run);
  }
}

async function* rowsOf(
  location: ObjectLocation,
  header: Buffer,
  n: number,
  run: Run,
): AsyncGenerator<Uint8Array> {
  const rowEnds = new CsvRowEnds();
  let rows = -1;
  let headerBytes = header.length;
  for await (const chunk of await readStream(location)) {
    rowEnds.read(chunk, () => {
      rows += 1;
    });
    const skipped = Math.min(headerBytes, chunk.length);
    headerBytes -= skipped;
    if (chunk.length > skipped) yield chunk.subarray(skipped);
  }
  if (rows !== n) throw incomplete(run, `${rows} rows in ${s3Uri(location)}`, `${n} rows`);
}

const incomplete = (run: Run, found: string, expected: string): PredictionsIncomplete =>
  new PredictionsIncomplete({
    what: 'The predictions are not complete',
    where: `${stationInWords(run.station)}, model ${run.model_code}`,
    found,
    expected,
    fix: 'check the log of the transform job, then start a new execution',
  });
