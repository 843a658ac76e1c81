/**
 * How BuildDataset, SplitPairs, WriteManifests and PlanMerge grow with a station: n photos, 2 n values and n/5 pairs on
 * the local S3, each function in a process of its own, as in Lambda. The database is not part of it.
 *
 *     node_modules/.bin/node benchmarks/large-station.ts
 *
 * Exit code 1 unless ten times the photos take at most eleven times as long, within MAX_MB, in states below 32 KiB.
 */
import { Readable } from 'node:stream';
import { writeCsv, writeJson, writeObject } from '../shared/aws/object-store.ts';
import { EXPORTED_IMAGE_COLUMNS, VALUE_COLUMNS } from '../shared/dataset/columns.ts';
import { csvHeader, csvRows } from '../shared/formats/csv.ts';
import { formatInstant } from '../shared/formats/local-time.ts';
import { call, testRun } from '../tests/fixtures/run.ts';
import { type RunStep, runSteps } from './step-process.ts';

const SIZES = [100_000, 1_000_000] as const;
const MAX_RATIO = 11;
const MAX_MB = 1_600;
const MAX_STATE_BYTES = 32 * 1024;
/** What Node.js may use for objects; buffers come on top. */
const HEAP_MB = 1_100;
const ROWS = 1000;
const FIRST_PHOTO = Date.parse('2015-01-01T12:00:00Z');
const BUCKETS = { storage: 'storage', model: 'model' };

type Step = 'write' | 'build-dataset' | 'split-pairs' | 'write-manifests' | 'plan-merge';

const run = testRun({ id: 1 }, BUCKETS);
const inModelBucket = (key: string) => ({ bucket: BUCKETS.model, key });

async function main(runStep: RunStep<Step>): Promise<void> {
  const totals: number[] = [];
  let isWithin = true;
  for (const size of SIZES) {
    await runStep('write', size);
    let total = 0;
    for (const name of ['build-dataset', 'split-pairs', 'write-manifests', 'plan-merge'] as const) {
      const { seconds, megabytes, stateBytes } = await runStep(name, size);
      total += seconds;
      isWithin &&= megabytes <= MAX_MB && stateBytes <= MAX_STATE_BYTES;
      console.log(
        `${size.toLocaleString('en-US').padStart(9)} photos  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s ${String(megabytes).padStart(6)} MB  state ${stateBytes} bytes`,
      );
    }
    totals.push(total);
  }
  const ratio = (totals[1] as number) / (totals[0] as number);
  console.log(`Ten times the photos take ${ratio.toFixed(1)} times as long (at most ${MAX_RATIO}).`);
  if (ratio > MAX_RATIO || !isWithin) process.exitCode = 1;
}

const WORK: Record<Step, (size: number) => Promise<unknown>> = {
  write: writeExport,
  async 'build-dataset'(size) {
    const { handler } = await import('../functions/build-dataset.ts');
    const exported = {
      images_found: size,
      images_excluded: { imageset_not_done: 0, image_not_done: 0, no_timestamp: 0, pii: 0 },
      images: size,
      images_start: formatInstant(FIRST_PHOTO),
      images_end: formatInstant(FIRST_PHOTO),
      annotation_sessions: 1,
      annotation_pairs: 1,
      fpe_values: 2 * size,
    };
    return call(handler, { run, export: exported });
  },
  'split-pairs': async () => call((await import('../functions/split-pairs.ts')).handler, { run }),
  'write-manifests': async () => call((await import('../functions/write-manifests.ts')).handler, { run }),
  async 'plan-merge'(size) {
    const { handler } = await import('../functions/plan-merge.ts');
    return call(handler, { run, manifests: { training_photos: 1, transform_photos: size } });
  },
};

/** What ExportStation writes: a photo every quarter of an hour, a value twice as often, pairs of any two photos. */
async function writeExport(size: number): Promise<void> {
  function* batches<Row extends Record<string, string | number | null>>(
    columns: readonly (keyof Row & string)[],
    count: number,
    rowOf: (index: number) => Row,
  ) {
    yield csvHeader(columns);
    for (let start = 0; start < count; start += ROWS)
      yield csvRows(
        columns,
        Array.from({ length: Math.min(ROWS, count - start) }, (_, index) => rowOf(start + index)),
      );
  }
  const image = (index: number) => {
    const filename = `imagesets/3d6f0000-0000-4000-8000-000000000001/images/Mill Brook (${index}).JPG`;
    return {
      imageset_id: 1,
      image_id: index + 1,
      timestamp: formatInstant(FIRST_PHOTO + index * 900_000),
      filename,
      url: `https://storage.s3.amazonaws.com/${filename}`,
    };
  };
  const value = (index: number) => ({
    station_name: 'Mill Brook',
    station_id: 1,
    dataset_id: 1,
    series_id: 1,
    variable_id: 'FLOW_CFS',
    timestamp: formatInstant(FIRST_PHOTO + index * 450_000),
    value: Number((10 + 5 * Math.sin(index / 5000)).toFixed(3)),
    flag: null,
  });
  const pair = (index: number) => ({
    left: { imageId: 1 + ((index * 48_271) % size), attributes: [] },
    right: { imageId: 1 + ((index * 69_621 + 7) % size), attributes: [] },
    rank: index % 2 ? 'LEFT' : 'RIGHT',
    comment: null,
  });
  const sessions = Array.from({ length: size / 500 }, (_, session) => ({
    annotation_id: session + 1,
    user_id: 'user',
    duration_sec: 60,
    n: 100,
    url: null,
    pairs: Array.from({ length: 100 }, (_, index) => pair(session * 100 + index)),
  }));
  await writeCsv(
    inModelBucket(run.keys.export.images),
    Readable.from(batches(EXPORTED_IMAGE_COLUMNS, size, image)),
  );
  await writeCsv(
    inModelBucket(run.keys.export.fpe_values),
    Readable.from(batches(VALUE_COLUMNS, 2 * size, value)),
  );
  await writeObject(inModelBucket(run.keys.export.annotations), JSON.stringify(sessions), 'application/json');
  await writeJson(inModelBucket(run.keys.dataset.station), run.station);
}

await runSteps({ file: import.meta.filename, buckets: BUCKETS, heapMb: HEAP_MB, work: WORK, main });
