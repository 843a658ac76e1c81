import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { makeFolder } from '../host/folder.ts';
import { ExportFolderInvalid } from '../shared/errors.ts';
import { annotate } from './annotators.ts';
import type { DrawingTask } from './draw-photos.ts';
import { photoPaths, writeExport } from './export-folder.ts';
import { simulateStream } from './hydrograph.ts';
import { observeFlow } from './observations.ts';
import { type Imageset, planPhotographs } from './photographs.ts';

/** Changes whenever the same seed gives other files. */
const VERSION = 7;
/** Names version, seed and days of what the folder holds; `complete` is written last. */
const STAMP = 'demo-station.json';
/** Midnight at the station's cameras, 1 February 2022. */
const START = Date.UTC(2022, 1, 1, 5);
const SEED = 1691;
const DAYS = 365;

export type DemoStationOptions = {
  seed?: number;
  /** Days of photos and observations, about three photos a day. */
  days?: number;
  /** Photos drawn so far, and photos in all. */
  onProgress?(done: number, total: number): void;
  /** Ends the work; the folder is then unfinished. */
  signal?: AbortSignal;
};

/**
 * Generates the demo station: the photos, annotations and observed flow of an imaginary stream, as an export of FPE for
 * `fpe import`. The same options give the same files. A folder that already holds them is left as it is; an
 * unfinished or older one is made anew.
 *
 * @throws {ExportFolderInvalid} if the folder holds anything else; the signal's reason, if it was aborted
 */
export async function generateDemoStation(folder: string, options: DemoStationOptions = {}): Promise<void> {
  const { seed = SEED, days = DAYS, onProgress = () => {}, signal } = options;
  const wanted = { version: VERSION, seed, days };
  const stamp = join(folder, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === stampText(wanted, true)) return;
  clear(folder);
  writeFileSync(stamp, stampText(wanted, false));

  const states = simulateStream(START, days, seed);
  const { imagesets, photographs } = planPhotographs(states, seed);
  writeExport(folder, seed, {
    imagesets,
    photographs,
    datasets: observeFlow(states, seed),
    sessions: annotate(photographs, seed),
  });
  const photos = photographs.map((photograph) => ({
    photograph,
    ...photoPaths(folder, seed, imagesets[photograph.imageset] as Imageset, photograph),
  }));
  await draw({ seed, cameras: imagesets.map(({ camera }) => camera), photos }, onProgress, signal);
  writeFileSync(stamp, stampText(wanted, true));
}

const stampText = (wanted: { version: number; seed: number; days: number }, complete: boolean): string =>
  `${JSON.stringify({ ...wanted, complete })}\n`;

/** Empties a folder that this generator has written, as its stamp tells; leaves any other folder alone. */
export function clear(folder: string, stamp: string = STAMP): void {
  makeFolder(folder);
  const names = readdirSync(folder);
  if (names.length > 0 && !names.includes(stamp))
    throw new ExportFolderInvalid({
      what: 'The demo station would overwrite other files',
      where: folder,
      found: `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`,
      expected: 'an empty folder, or an earlier demo station',
      fix: 'name another folder',
    });
  for (const name of names) rmSync(join(folder, name), { recursive: true });
}

/** Divides the photos among worker threads by time, so that each thread has few cameras, whose views it computes once. */
export async function draw(
  task: DrawingTask,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const total = task.photos.length;
  const perThread = Math.ceil(total / Math.min(8, availableParallelism()));
  let done = 0;
  const workers: Worker[] = [];
  const finished: Promise<void>[] = [];
  for (let from = 0; from < total; from += perThread) {
    const workerData: DrawingTask = { ...task, photos: task.photos.slice(from, from + perThread) };
    const worker = new Worker(new URL('./draw-photos.ts', import.meta.url), { workerData });
    workers.push(worker);
    worker.on('message', () => onProgress(++done, total));
    finished.push(
      new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', () => resolve());
      }),
    );
  }
  const stop = () => Promise.all(workers.map((worker) => worker.terminate()));
  signal?.addEventListener('abort', stop);
  try {
    await Promise.all(finished);
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', stop);
    await stop();
  }
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (!folder) {
    console.error('Usage: node demo-station/generate.ts FOLDER');
    process.exit(2);
  }
  await generateDemoStation(folder, {
    onProgress: (done, total) => {
      if (done % 100 === 0 || done === total) console.log(`${done} of ${total} photos`);
    },
  });
}
