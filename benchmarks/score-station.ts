/**
 * What it takes to put the scores of 2,000 new photos into the predictions of 100,000: SelectPhotos (without the database)
 * and ExtendPredictions on the local S3, each in a process of its own, as in Lambda. The reference is one plain pass that
 * reads each row of the file and writes it back; another file of five times as many rows tells what memory depends on.
 *
 *     node_modules/.bin/node benchmarks/score-station.ts
 *
 * Exit code 1 unless extending takes at most MAX_RATIO times as long as the pass, and memory grows by at most MAX_GROWTH.
 */
import { Readable } from 'node:stream';
import { readRows, writeCsv } from '../shared/aws/object-store.ts';
import { csvHeader, csvRows } from '../shared/formats/csv.ts';
import { formatInstant } from '../shared/formats/local-time.ts';
import { takeClaim } from '../shared/model-bucket/run-claim.ts';
import { PREDICTION_COLUMNS, predictedPhoto } from '../shared/predictions/columns.ts';
import { readPredictedPhotos, selectPhotos } from '../shared/predictions/photo-selection.ts';
import { call } from '../tests/fixtures/run.ts';
import { testScoringRun } from '../tests/fixtures/scoring-run.ts';
import { type RunStep, runSteps, type StepResult } from './step-process.ts';

const NEW = 2_000;
const SIZES = [100_000, 500_000] as const;
/** It writes two files where the pass writes one. */
const MAX_RATIO = 2;
/** The parts of an upload wait in memory, up to 64 MiB of both files, which the smaller ones do not fill. */
const MAX_GROWTH = 1.5;
/** What Node.js may use for objects; buffers come on top. */
const HEAP_MB = 100;
const ROWS = 1000;
const IMAGESET = 5_000;
const FIRST_PHOTO = Date.parse('2015-01-01T12:00:00Z');
const BUCKETS = { storage: 'storage', model: 'model' };

type Step = 'write' | 'pass' | 'select' | 'extend';

const run = testScoringRun({ id: 1 }, BUCKETS);
const inModelBucket = (key: string) => ({ bucket: BUCKETS.model, key });

async function main(runStep: RunStep<Step>): Promise<void> {
  const measured: Record<string, StepResult>[] = [];
  for (const size of SIZES) {
    await runStep('write', size);
    const results: Record<string, StepResult> = {};
    for (const name of ['pass', 'select', 'extend'] as const) {
      const result = await runStep(name, size);
      results[name] = result;
      console.log(
        `${size.toLocaleString('en-US').padStart(9)} rows  ${name.padEnd(8)} ${result.seconds.toFixed(2).padStart(6)} s ${String(result.megabytes).padStart(5)} MB`,
      );
    }
    measured.push(results);
  }
  const [small, large] = measured as [Record<Step, StepResult>, Record<Step, StepResult>];
  const ratio = small.extend.seconds / small.pass.seconds;
  const growth = large.extend.megabytes / small.extend.megabytes;
  console.log(
    `Extending takes ${ratio.toFixed(2)} times as long as one pass over the file (at most ${MAX_RATIO}); five times the rows take ${growth.toFixed(2)} times the memory (at most ${MAX_GROWTH}).`,
  );
  if (ratio > MAX_RATIO || growth > MAX_GROWTH) process.exitCode = 1;
}

const WORK: Record<Step, (size: number) => Promise<unknown>> = {
  write: writePredictions,
  async pass() {
    async function* lines() {
      yield csvHeader(PREDICTION_COLUMNS);
      for await (const rows of readRows(inModelBucket(run.keys.version.predictions), predictedPhoto))
        yield csvRows(
          PREDICTION_COLUMNS,
          rows.map((row) => ({ ...row, timestamp: formatInstant(row.timestamp) })),
        );
    }
    await writeCsv(inModelBucket('copy.csv'), Readable.from(lines()));
  },
  async select(size) {
    const isOfModel = () => true;
    const predicted = await readPredictedPhotos(
      readRows(inModelBucket(run.keys.version.predictions), predictedPhoto),
    );
    const { added } = await selectPhotos(predicted, storedPhotos(size + NEW), isOfModel);
    if (added.length !== NEW) throw new Error(`${added.length} photos are new`);
  },
  async extend(size) {
    const { handler } = await import('../functions/extend-predictions.ts');
    const extended = await call(handler, {
      run,
      selection: {
        work: 'score',
        transform_photos: NEW,
        removed: 0,
        to_withdraw: 0,
        vanished: 0,
        known: size,
        images: size,
        snapshot_at: run.started_at,
        predictions: inModelBucket(run.keys.version.predictions),
        is_sorted: true,
      },
      merged: [{ skip: 0, n: NEW, size: 5000, scored: NEW, unreadable: 0, missing: 0 }],
    });
    if (extended.images !== size + NEW) throw new Error(`${extended.images} predictions`);
  },
};

/** A photo every quarter of an hour. */
function photo(index: number) {
  const imageset = `3d6f0000-0000-4000-8000-${String(Math.floor(index / IMAGESET)).padStart(12, '0')}`;
  const filename = `imagesets/${imageset}/images/Mill Brook (${index}).JPG`;
  return {
    image_id: index + 1,
    timestamp: formatInstant(FIRST_PHOTO + index * 900_000),
    filename,
    url: `https://storage.s3.amazonaws.com/${filename}`,
  };
}
const prediction = (index: number) => ({
  ...photo(index),
  split: 'test-in',
  value: Number((10 + 5 * Math.sin(index / 5000)).toFixed(3)),
  score: Math.sin(index / 700),
});

/** As the database hands them over. */
async function* storedPhotos(count: number) {
  const ROWS_PER_FETCH = 20_000;
  for (let start = 0; start < count; start += ROWS_PER_FETCH)
    yield Array.from({ length: Math.min(ROWS_PER_FETCH, count - start) }, (_, row) => {
      const { image_id, filename, url } = photo(start + row);
      return {
        imageset_id: 1,
        image_id,
        epoch_seconds: FIRST_PHOTO / 1000 + (start + row) * 900,
        bucket: BUCKETS.storage,
        key: filename,
        url,
        exclusion: null,
        has_pii: false,
      };
    });
}

/** Predictions of `size` photos, and of the next NEW ones as MergePredictions leaves them. */
async function writePredictions(size: number): Promise<void> {
  function* lines(first: number, end: number) {
    yield csvHeader(PREDICTION_COLUMNS);
    for (let start = first; start < end; start += ROWS)
      yield csvRows(
        PREDICTION_COLUMNS,
        Array.from({ length: Math.min(ROWS, end - start) }, (_, row) => prediction(start + row)),
      );
  }
  await writeCsv(inModelBucket(run.keys.version.predictions), Readable.from(lines(0, size)));
  await writeCsv(
    inModelBucket(`${run.keys.transform.run_prefix}/predictions-00000-04999.csv`),
    Readable.from(lines(size, size + NEW)),
  );
  const { execution_arn, started_at, model_uuid, job_suffix } = run;
  await takeClaim(
    inModelBucket(run.keys.claim),
    { execution_arn, started_at, model_uuid, job_suffix },
    { overwrite: true, isRunning: async () => false },
  );
}

await runSteps({ file: import.meta.filename, buckets: BUCKETS, heapMb: HEAP_MB, work: WORK, main });
