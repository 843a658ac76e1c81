import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { makeFolder } from '../host/folder.ts';
import { ExportFolderInvalid } from '../shared/errors.ts';
import type { DrawingTask } from './draw-photos.ts';
import { type DemoStation, photoPaths, writeExport } from './export-folder.ts';
import type { Imageset } from './photographs.ts';

/** A thread builds the weather and its views before its first photo, which takes as long as a dozen photos. */
const LEAST_PER_THREAD = 12;

/** The file that says what a folder holds: `complete` once all of it is there, `unfinished` until then. */
export type Stamp = { name: string; complete: string; unfinished: string };

export type DrawingOptions = {
  /** Photos drawn so far, and photos in all. */
  onProgress?(done: number, total: number): void;
  /** Ends the work; the folder is then unfinished. */
  signal?: AbortSignal;
};

/**
 * Writes a station as an export of FPE, and draws its photos. A folder that already holds it is left as it is; an unfinished one, or
 * one of another stamp, is made anew.
 *
 * @param plan called if there is anything to write
 * @throws {ExportFolderInvalid} if the folder holds anything else; the signal's reason, if it was aborted
 */
export async function writeStation(
  folder: string,
  { seed, stamp, plan }: { seed: number; stamp: Stamp; plan: () => DemoStation },
  options: DrawingOptions,
): Promise<void> {
  const stampFile = join(folder, stamp.name);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp.complete) return;
  clear(folder, stamp.name);
  writeFileSync(stampFile, stamp.unfinished);
  const station = plan();
  writeExport(folder, seed, station);
  const { imagesets, photographs } = station;
  const photos = photographs.map((photograph) => ({
    photograph,
    ...photoPaths(folder, seed, imagesets[photograph.imageset] as Imageset, photograph),
  }));
  await draw({ seed, cameras: imagesets.map(({ camera }) => camera), photos }, options);
  writeFileSync(stampFile, stamp.complete);
}

/** Empties a folder that this generator has written, as its stamp tells; leaves any other folder alone. */
function clear(folder: string, stamp: string): void {
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
async function draw(task: DrawingTask, { onProgress, signal }: DrawingOptions): Promise<void> {
  const total = task.photos.length;
  const perThread = Math.max(LEAST_PER_THREAD, Math.ceil(total / Math.min(8, availableParallelism())));
  let done = 0;
  const workers: Worker[] = [];
  const finished: Promise<void>[] = [];
  for (let from = 0; from < total; from += perThread) {
    const workerData: DrawingTask = { ...task, photos: task.photos.slice(from, from + perThread) };
    const worker = new Worker(new URL('./draw-photos.ts', import.meta.url), { workerData });
    workers.push(worker);
    worker.on('message', () => onProgress?.(++done, total));
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
